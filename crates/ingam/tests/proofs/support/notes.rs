//! What the program acknowledged, as its clients noted it: the list against which a restart is held.

use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// What is known of one verification.
#[derive(Debug, Clone, Default)]
pub struct Noted {
    /// The reference under which it was opened.
    pub reference: String,
    /// An end that was told.
    pub end: Option<String>,
    /// The highest version that was told to the person.
    pub version: u64,
}

/// The clients' notes. Cheap to clone; clones are the same notes.
#[derive(Clone, Default)]
pub struct Notes(Arc<Mutex<BTreeMap<String, Noted>>>);

impl Notes {
    fn change(&self, id: &str, change: impl FnOnce(&mut Noted)) {
        change(self.0.lock().unwrap().entry(id.to_owned()).or_default());
    }

    /// The API told of a verification.
    pub fn told(&self, object: &Value) {
        let text = |name: &str| object[name].as_str().unwrap_or_default().to_owned();
        let (reference, status) = (text("reference"), text("status"));
        self.change(&text("id"), |noted| {
            noted.reference = reference;
            if matches!(status.as_str(), "verified" | "refused" | "expired" | "cancelled") {
                noted.end = Some(status);
            }
        });
    }

    /// The page told of a version.
    pub fn seen(&self, id: &str, version: u64) {
        self.change(id, |noted| noted.version = noted.version.max(version));
    }

    /// All of it.
    pub fn all(&self) -> BTreeMap<String, Noted> {
        self.0.lock().unwrap().clone()
    }

    /// These notes as they stand now; what is noted later does not change them.
    pub fn copied(&self) -> Notes {
        Notes(Arc::new(Mutex::new(self.all())))
    }

    /// Holds the program to its word: `found` are the verifications that it lists now. Nothing that it told is
    /// gone or undone, and no reference was opened twice.
    pub fn hold(&self, found: &[Value]) {
        let by_id: BTreeMap<&str, &Value> = found.iter().map(|v| (v["id"].as_str().unwrap(), v)).collect();
        let mut opened: BTreeMap<&str, u32> = BTreeMap::new();
        for one in found {
            *opened.entry(one["reference"].as_str().unwrap()).or_default() += 1;
        }
        for (reference, times) in opened {
            assert_eq!(times, 1, "{reference} was opened {times} times");
        }
        for (id, noted) in self.all() {
            let now = by_id.get(id.as_str()).unwrap_or_else(|| panic!("{id} was acknowledged and is gone"));
            assert_eq!(now["reference"], noted.reference, "{id}");
            if let Some(end) = noted.end {
                assert_eq!(now["status"], end, "{id} had ended");
            }
        }
    }
}

//! What the studio's server says, and who stands in the studio: `texts.ko.toml` as data. No text stands in code.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The texts.
pub static TEXTS: LazyLock<Texts> =
    LazyLock::new(|| toml::from_str(include_str!("texts.ko.toml")).expect("a test reads the built-in texts"));

/// All of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Texts {
    /// The demo institution.
    pub institution: House,
    /// The institutions outside, by id.
    pub outside: BTreeMap<String, Outside>,
    /// What the institution's program does.
    pub program: Program,
    call: BTreeMap<String, String>,
    answer: BTreeMap<String, String>,
    fault: BTreeMap<String, String>,
    webhook: BTreeMap<String, String>,
    /// Who can be held before the camera.
    pub people: Vec<Cast>,
}

/// The demo institution, as its persons see it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)] // Each as in an institution's profile and policy.
pub struct House {
    pub name: String,
    pub phone: String,
    pub hours: String,
    pub policy: String,
    pub purpose: String,
}

/// An institution outside.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Outside {
    pub name: String,
    pub role: String,
}

/// What the institution's program does.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs)]
pub struct Program {
    pub open: String,
    pub result: String,
}

/// Someone who can be held before the camera.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cast {
    /// Id in the sandbox's catalogue.
    pub id: String,
    /// `good`, `wait`, `look` or `stop`.
    pub fate_state: String,
    /// How the card is held; see specimen-camera.js.
    #[serde(default)]
    pub scene: Option<serde_json::Value>,
}

impl Texts {
    /// What a call to the outside is called.
    pub fn call(&self, operation: &str) -> String {
        self.call.get(operation).cloned().unwrap_or_else(|| operation.to_owned())
    }

    /// What an answer says.
    pub fn answer(&self, operation: &str, code: &str, fault: Option<&str>, state: &str) -> String {
        let known = fault.and_then(|fault| self.fault.get(fault));
        let known = known.or_else(|| self.answer.get(&format!("{operation}.{code}")));
        let known = known.or_else(|| self.answer.get(code)).or_else(|| self.answer.get(state));
        known.cloned().unwrap_or_else(|| code.to_owned())
    }

    /// What a webhook says.
    pub fn webhook(&self, event_type: &str) -> String {
        let known = self.webhook.get(event_type).or_else(|| self.webhook.get("other"));
        known.cloned().unwrap_or_else(|| event_type.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingam_cases::verification::Event;
    use ingam_sandbox::catalogue::Catalogue;

    #[test]
    fn everyone_in_the_studio_has_a_story_and_a_card() {
        let catalogue = Catalogue::built_in();
        assert_eq!(TEXTS.people.len(), 12, "one for each key");
        for cast in &TEXTS.people {
            assert!(catalogue.person(&cast.id).is_some(), "{}", cast.id);
            assert!(
                ingam_sandbox::cards::people().iter().any(|p| p.id == cast.id),
                "{} has no card",
                cast.id
            );
            assert!(["good", "wait", "look", "stop"].contains(&cast.fate_state.as_str()), "{}", cast.id);
        }
    }

    #[test]
    fn every_event_and_every_answer_of_the_catalogue_has_words() {
        for event_type in Event::PUBLIC_TYPES {
            assert!(TEXTS.webhook.contains_key(event_type), "{event_type}");
        }
        for case in Catalogue::built_in().cases {
            let said = TEXTS.answer(&case.operation, &case.code, None, "stop");
            assert_ne!(said, case.code, "{} {}", case.operation, case.code);
        }
        // Those that the program asks.
        for institution in [ingam_sandbox::Institution::Mois, ingam_sandbox::Institution::Kftc] {
            assert!(TEXTS.outside.contains_key(institution.as_str()));
        }
    }
}

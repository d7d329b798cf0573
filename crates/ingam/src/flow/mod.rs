//! From a command to what is recorded: load, decide, commit, and again where someone else was faster.
//!
//! The only place that turns events into entries, limits into claims and work into tasks.

pub mod document;
pub mod door;
pub mod form;
pub mod institution;
pub mod link;
pub mod look;
pub mod media;
pub mod open;
pub mod person;
pub mod persons;
pub mod phone;
pub mod plaintext;
pub mod reviews;
pub mod staff;
pub mod verification;

use crate::fault::Fault;
use ingam_cases::refusal::Refusal;
use ingam_ledger::{RetentionClass, SealedField};
use serde_json::{Map, Value};

/// Why something that was asked for did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// The rules say no.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// What was given can't be used.
    #[error("{field}: {code}")]
    Invalid {
        /// Which field.
        field: &'static str,
        /// Stable code of what is wrong with it.
        code: &'static str,
    },
    /// An answer to a question of a form can't be taken.
    #[error("{question}: {code}")]
    BadAnswer {
        /// The question's id.
        question: String,
        /// Stable code of what is wrong with it.
        code: &'static str,
    },
    /// A claim of the caller's is held by someone: the note that its holder left.
    #[error("held")]
    Held {
        /// The note.
        note: Option<Value>,
    },
    /// Its time has not come.
    #[error("too early")]
    Early,
    /// A case that is written beside this one moved on: look at it again.
    #[error("overtaken")]
    Overtaken,
    /// What was asked for has been destroyed.
    #[error("destroyed")]
    Destroyed,
    /// The machine failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Values to be sealed, each for one kind of event.
#[derive(Clone, Default)]
pub struct Secrets(Vec<(&'static str, &'static str, RetentionClass, Value)>);

impl Secrets {
    /// Adds a value to be sealed as a field of the event of that kind.
    pub fn with(
        mut self,
        kind: &'static str,
        name: &'static str,
        class: RetentionClass,
        value: impl Into<Value>,
    ) -> Self {
        self.0.push((kind, name, class, value.into()));
        self
    }

    /// Adds a value where there is one.
    pub fn maybe(
        self,
        kind: &'static str,
        name: &'static str,
        class: RetentionClass,
        value: Option<impl Into<Value>>,
    ) -> Self {
        match value {
            Some(value) => self.with(kind, name, class, value),
            None => self,
        }
    }

    fn for_kind(&self, kind: &str, subject: &str) -> Vec<SealedField> {
        self.0
            .iter()
            .filter(|(k, ..)| *k == kind)
            .map(|(_, name, class, value)| SealedField {
                name: (*name).to_owned(),
                subject: subject.to_owned(),
                class: *class,
                value: value.clone(),
            })
            .collect()
    }
}

/// An event as an entry keeps it: its kind and its clear fields.
pub fn clear_parts(event: &impl serde::Serialize) -> Result<(String, Map<String, Value>), Fault> {
    let Value::Object(mut fields) = serde_json::to_value(event).map_err(Fault::internal)? else {
        return Err(Fault::internal("an event is an object"));
    };
    match fields.remove("kind") {
        Some(Value::String(kind)) => Ok((kind, fields)),
        _ => Err(Fault::internal("an event has a kind")),
    }
}

/// The event that an entry keeps.
pub fn read_event<E: serde::de::DeserializeOwned>(
    kind: &str,
    clear: &Map<String, Value>,
) -> Result<E, Fault> {
    let mut fields = clear.clone();
    fields.insert("kind".into(), Value::String(kind.to_owned()));
    serde_json::from_value(Value::Object(fields)).map_err(Fault::internal)
}

impl From<ingam_ledger::Fault> for ActError {
    fn from(fault: ingam_ledger::Fault) -> Self {
        Self::Fault(fault.into())
    }
}

//! What may be asked of a store, and cursors. Refuses joins: a screen that needs one gets its own table.

use jiff::Timestamp;

use crate::entry::Stream;
use crate::text;

/// Whose cases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Owner {
    /// Those of one institution.
    Institution(String),
    /// Those that belong to no institution.
    Nobody,
    /// All of them; never for an institution's eyes.
    Anybody,
}

/// A page of cases that have a view, newest first (`created_at`, then id, both falling).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    /// The kind of case.
    pub case_kind: String,
    /// Whose.
    pub owner: Owner,
    /// Only with this status.
    pub status: Option<String>,
    /// Only with this reference.
    pub reference: Option<String>,
    /// Only created at or after this time.
    pub created_from: Option<Timestamp>,
    /// Only created before this time.
    pub created_before: Option<Timestamp>,
    /// After the last one of the page before.
    pub after: Option<Cursor>,
    /// At most so many.
    pub limit: u32,
}

impl ListQuery {
    /// The newest `limit` cases of a kind.
    pub fn new(case_kind: impl Into<String>, owner: Owner, limit: u32) -> Self {
        ListQuery {
            case_kind: case_kind.into(),
            owner,
            status: None,
            reference: None,
            created_from: None,
            created_before: None,
            after: None,
            limit,
        }
    }
}

/// A place in a list. Its text is opaque to institutions and carries nothing that they did not see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor {
    /// Creation time of the last case, milliseconds since 1970.
    pub created_ms: i64,
    /// Id of the last case.
    pub case: String,
}

impl Cursor {
    /// Reads a cursor that came from outside; `None` for anything else.
    pub fn parse(from_outside: &str) -> Option<Cursor> {
        let bytes = text::from_base64(from_outside)?;
        let (created, case) = bytes.split_first_chunk::<8>()?;
        Some(Cursor {
            created_ms: i64::from_be_bytes(*created),
            case: String::from_utf8(case.to_vec())
                .ok()
                .filter(|case| !case.is_empty() && case.len() <= 200)?,
        })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut bytes = self.created_ms.to_be_bytes().to_vec();
        bytes.extend_from_slice(self.case.as_bytes());
        f.write_str(&text::to_base64(&bytes))
    }
}

/// What cases to read.
#[derive(Debug, Clone)]
pub enum CaseQuery {
    /// A page for people, newest first; see [`ListQuery`].
    List(ListQuery),
    /// All cases, with a view or without, by id: for the audit.
    Scan {
        /// After this id.
        after: Option<String>,
        /// At most so many.
        limit: u32,
    },
}

/// What entries to read.
#[derive(Debug, Clone)]
pub enum EntryQuery {
    /// Those with these ids, in the order of the list; unknown ids are left out.
    Ids(Vec<String>),
    /// Those of one case, by version.
    Case {
        /// The case.
        case: String,
        /// After this version.
        after: u64,
        /// At most so many.
        limit: u32,
    },
    /// Those of several cases, by case (its bytes) and version.
    Cases {
        /// The cases.
        cases: Vec<String>,
        /// At most so many in all.
        limit: u32,
    },
    /// Those with a number, by number.
    Numbered {
        /// The stream.
        stream: Stream,
        /// Only those of this institution.
        institution: Option<String>,
        /// After this number.
        after: u64,
        /// At most so many.
        limit: u32,
    },
    /// Those without a number, in an order that keeps each case's order.
    Pending {
        /// The stream.
        stream: Stream,
        /// At most so many.
        limit: u32,
    },
}

/// What tasks to read.
#[derive(Debug, Clone)]
pub enum TaskQuery {
    /// Those of one case.
    Case(String),
    /// Those that were parked.
    Dead {
        /// After this id.
        after: Option<String>,
        /// At most so many.
        limit: u32,
    },
    /// All of them: for the audit.
    All {
        /// After this id.
        after: Option<String>,
        /// At most so many.
        limit: u32,
    },
}

//! Numbers that were given after a backup's moment: whoever follows the numbers outside has seen them, and their
//! entries are lost. Each gets an entry that says so, so that no number means two things and none is missing.

use crate::given::{MachineClock, SystemEntropy};
use ingam_cases::id::{EntryId, body};
use ingam_ledger::{Commit, Entry, Fault, Ledger, Stream, Write};
use serde_json::{Map, Value};
use std::str::FromStr;

/// The kind of such an entry.
const LOST: &str = "restore.number_lost/1";
/// The kind of the case that they belong to; it has no state.
const CASE: &str = "restore";
/// Entries in one commit.
const BATCH: u64 = 500;
/// More than this is a typing error rather than a loss.
const MOST: u64 = 10_000_000;

/// Up to which number entries may be known outside.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given {
    pub(super) stream: Stream,
    pub(super) number: u64,
}

impl FromStr for Given {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (stream, number) = text.split_once('=').ok_or("not STREAM=NUMBER")?;
        let stream = Stream::ALL
            .into_iter()
            .find(|known| known.word() == stream)
            .ok_or("the streams are main and access")?;
        let number = number.parse().map_err(|_| "not a number")?;
        Ok(Self { stream, number })
    }
}

/// Records all numbers after the ledger's head up to one as lost; answers how many.
pub(super) async fn record(
    ledger: &Ledger,
    stream: Stream,
    through: u64,
    clock: &MachineClock,
    entropy: &SystemEntropy,
) -> Result<u64, Fault> {
    let first = ledger.head(stream).await?;
    if through.saturating_sub(first) > MOST {
        return Err(Fault::Invalid("more than ten million numbers would be lost"));
    }
    let case = format!("rst_{}", body(clock.now().as_millisecond(), entropy.draw()));
    let mut head = first;
    let mut version = 0;
    while head < through {
        let now = clock.now();
        let count = BATCH.min(through - head);
        let entry = |number: u64| {
            let mut clear = Map::new();
            clear.insert("number".into(), Value::from(number));
            Entry {
                id: EntryId::new(now.as_millisecond(), entropy.draw()).to_string(),
                kind: LOST.into(),
                institution: None,
                time: now,
                clear,
                sealed: Vec::new(),
            }
        };
        let entries: Vec<Entry> = (head + 1..=head + count).map(entry).collect();
        let ids: Vec<String> = entries.iter().map(|entry| entry.id.clone()).collect();
        let write = Write {
            case: case.clone(),
            case_kind: CASE.into(),
            expected_version: version,
            entries,
            view: None,
            stream,
        };
        // Nobody else has this ledger.
        let committed = ledger.commit(Commit { writes: vec![write], ..Commit::default() }).await?;
        committed.map_err(|_| Fault::Invalid("somebody else writes to the restored ledger"))?;
        let numbered = ledger.number(stream, head, &ids, Vec::new()).await?;
        head = numbered.map_err(|_| Fault::Invalid("somebody else numbers the restored ledger"))?;
        version += count;
    }
    Ok(head - first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_and_a_number_are_read_and_nothing_else() {
        let given: Given = "access=12".parse().unwrap();
        assert_eq!((given.stream, given.number), (Stream::Access, 12));
        for wrong in ["main", "main=", "main=-1", "other=1", "=1", "main=1=2"] {
            assert!(wrong.parse::<Given>().is_err(), "{wrong}");
        }
    }
}

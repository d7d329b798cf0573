//! Wrapped keys in memory. The contract is [`Keys`].

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use async_trait::async_trait;

use super::Memory;
use super::door::Door;
use super::layers::{Place, Room};
use crate::entry::RetentionClass;
use crate::error::Fault;
use crate::keys::{Kept, KeyName, Keys, NewKey, OldKey};
use crate::store::{Destruction, JournalMark};

#[derive(Clone)]
pub(super) struct Ring {
    data: BTreeMap<KeyName, KeyRow>,
    rows: i64,
    everywhere: BTreeSet<(String, RetentionClass)>,
    index: BTreeMap<(String, u32), Vec<u8>>,
    mark: JournalMark,
}

#[derive(Clone)]
struct KeyRow {
    row: i64,
    /// `None` once it was destroyed or forgotten.
    live: Option<(String, Vec<u8>)>,
    destroyed: bool,
    created_ms: i64,
}

impl Default for Ring {
    fn default() -> Self {
        Ring {
            data: BTreeMap::new(),
            rows: 0,
            everywhere: BTreeSet::new(),
            index: BTreeMap::new(),
            mark: crate::journal::NOTHING,
        }
    }
}

/// What can happen to the keys.
pub(super) enum Change {
    Insert { keys: Vec<NewKey>, now_ms: i64 },
    Destroy { destruction: Destruction, mark: JournalMark },
    Forget(Vec<i64>),
    AddIndexKey { purpose: String, version: u32, wrapped: Vec<u8> },
}

impl Place for Ring {
    type Change = Change;
    /// Of an insertion: which are new.
    type Answer = Option<Vec<bool>>;

    fn apply(&mut self, change: &Change) -> Option<Vec<bool>> {
        match change {
            Change::Insert { keys, now_ms } => return self.insert(keys, *now_ms),
            Change::Destroy { destruction, mark } => self.destroy(destruction, *mark),
            Change::Forget(rows) => {
                for row in self.data.values_mut().filter(|row| rows.contains(&row.row)) {
                    row.live = None;
                }
            }
            Change::AddIndexKey { purpose, version, wrapped } => {
                self.index.entry((purpose.clone(), *version)).or_insert_with(|| wrapped.clone());
            }
        }
        None
    }
}

impl Ring {
    fn gone(&self, name: &KeyName) -> bool {
        let everywhere = self.everywhere.contains(&(name.subject.clone(), name.class));
        everywhere || self.data.get(name).is_some_and(|row| row.destroyed)
    }

    fn insert(&mut self, keys: &[NewKey], now_ms: i64) -> Option<Vec<bool>> {
        if keys.iter().any(|key| self.gone(&key.name)) {
            return None;
        }
        let mut new = Vec::with_capacity(keys.len());
        for key in keys {
            let lives = self.data.get(&key.name).is_some_and(|row| row.live.is_some());
            new.push(!lives);
            if !lives {
                self.rows += 1;
                let live = Some((key.key_id.clone(), key.wrapped.clone()));
                let row = KeyRow { row: self.rows, live, destroyed: false, created_ms: now_ms };
                self.data.insert(key.name.clone(), row);
            }
        }
        Some(new)
    }

    fn destroy(&mut self, destruction: &Destruction, mark: JournalMark) {
        for class in &destruction.classes {
            match &destruction.institution {
                Some(institution) => {
                    let name = KeyName {
                        subject: destruction.subject.clone(),
                        institution: Some(institution.clone()),
                        class: *class,
                    };
                    let row = KeyRow { row: 0, live: None, destroyed: true, created_ms: 0 };
                    self.data.insert(name, row);
                }
                None => {
                    self.everywhere.insert((destruction.subject.clone(), *class));
                }
            }
        }
        for (name, row) in &mut self.data {
            if name.subject == destruction.subject
                && destruction.covers(name.institution.as_deref(), name.class)
            {
                row.live = None;
                row.destroyed = true;
            }
        }
        if mark.count > self.mark.count {
            self.mark = mark;
        }
    }
}

/// A node's way to the keys.
pub(super) struct MemoryKeys(pub(super) Door);

fn keys(memory: &Memory) -> &Room<Ring> {
    &memory.keys
}

#[async_trait]
impl Keys for MemoryKeys {
    fn shared(&self) -> bool {
        true
    }

    async fn insert(&self, new: Vec<NewKey>, now_ms: i64) -> Result<Option<Vec<bool>>, Fault> {
        self.0.change(keys, "keep_keys", Change::Insert { keys: new, now_ms }).await
    }

    async fn get(&self, name: &KeyName) -> Result<Kept, Fault> {
        self.0
            .read(keys, "key", |keys| match keys.data.get(name).and_then(|row| row.live.clone()) {
                _ if keys.gone(name) => Kept::Destroyed,
                Some((key_id, wrapped)) => Kept::Live { key_id, wrapped },
                None => Kept::Missing,
            })
            .await
    }

    async fn destroy(&self, destruction: Destruction, mark: JournalMark) -> Result<(), Fault> {
        self.0.change(keys, "destroy_keys", Change::Destroy { destruction, mark }).await.map(|_| ())
    }

    async fn journal_mark(&self) -> Result<JournalMark, Fault> {
        self.0.read(keys, "keys_mark", |keys| keys.mark).await
    }

    async fn made_within(
        &self,
        made_ms: Range<i64>,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<OldKey>, Fault> {
        let after = after.and_then(|id| id.parse().ok()).unwrap_or(0);
        self.0
            .read(keys, "old_keys", |keys| {
                let mut old: Vec<(i64, &str)> = keys
                    .data
                    .iter()
                    .filter(|(_, row)| {
                        row.live.is_some() && made_ms.contains(&row.created_ms) && row.row > after
                    })
                    .map(|(name, row)| (row.row, name.subject.as_str()))
                    .collect();
                old.sort_unstable();
                old.truncate(limit as usize);
                old.into_iter()
                    .map(|(row, subject)| OldKey { id: row.to_string(), subject: subject.to_owned() })
                    .collect()
            })
            .await
    }

    async fn forget(&self, ids: Vec<String>) -> Result<(), Fault> {
        let rows = ids.iter().filter_map(|id| id.parse().ok()).collect();
        self.0.change(keys, "forget_keys", Change::Forget(rows)).await.map(|_| ())
    }

    async fn index_keys(&self, purpose: &str) -> Result<Vec<(u32, Vec<u8>)>, Fault> {
        self.0
            .read(keys, "index_keys", |keys| {
                let of_purpose = keys.index.iter().filter(|((of, _), _)| of == purpose);
                of_purpose.map(|((_, version), wrapped)| (*version, wrapped.clone())).collect()
            })
            .await
    }

    async fn add_index_key(&self, purpose: &str, version: u32, wrapped: Vec<u8>) -> Result<(), Fault> {
        let change = Change::AddIndexKey { purpose: purpose.to_owned(), version, wrapped };
        self.0.change(keys, "keep_index_key", change).await.map(|_| ())
    }
}

//! The vault: data keys, unwrapped for a while in memory, and index keys. Refuses to know what is sealed.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::commit::IndexValue;
use crate::entry::RetentionClass;
use crate::error::Fault;
use crate::given::{Entropy, TopKey, draw};
use crate::keys::{Kept, KeyName, Keys, NewKey, OldKey};
use crate::leaf;
use crate::store::{Destruction, JournalMark};
use crate::text;

/// Unwrapped data keys in memory, about 300 bytes each.
const CACHED: usize = 20_000;

/// A data key, unwrapped. Its bytes are zeroed when the last holder drops it.
pub(crate) struct DataKey {
    pub(crate) id: String,
    pub(crate) key: Zeroizing<[u8; 32]>,
}

/// What became of a request for a data key.
#[derive(Clone)]
pub(crate) enum Found {
    Key(Arc<DataKey>),
    Destroyed,
    Missing,
}

#[derive(Default)]
struct Cache {
    keys: HashMap<KeyName, Arc<DataKey>>,
    order: VecDeque<KeyName>,
    /// Moves with each destruction: what was read before one must not be cached after it.
    generation: u64,
    index: HashMap<String, IndexKeys>,
}

/// The keys of one purpose, oldest first.
type IndexKeys = Arc<Vec<Arc<IndexKey>>>;

struct IndexKey {
    version: u32,
    key: Zeroizing<[u8; 32]>,
}

impl Cache {
    fn put(&mut self, name: KeyName, key: Arc<DataKey>) {
        while self.keys.len() >= CACHED {
            match self.order.pop_front() {
                Some(oldest) => self.keys.remove(&oldest),
                None => return,
            };
        }
        if self.keys.insert(name.clone(), key).is_none() {
            self.order.push_back(name);
        }
    }
}

/// Data keys and index keys, wrapped by the top key.
pub(crate) struct Vault {
    keys: Box<dyn Keys>,
    top: Arc<dyn TopKey>,
    entropy: Arc<dyn Entropy>,
    cache: Mutex<Cache>,
}

impl Vault {
    pub(crate) fn new(keys: Box<dyn Keys>, top: Arc<dyn TopKey>, entropy: Arc<dyn Entropy>) -> Vault {
        Vault { keys, top, entropy, cache: Mutex::default() }
    }

    /// Whether other processes make and destroy keys, too.
    pub(crate) fn shared(&self) -> bool {
        self.keys.shared()
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        // A panic elsewhere leaves at worst a key uncached.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the data keys of a subject; those that are there stay. `false`: destroyed before.
    pub(crate) async fn open_subject(
        &self,
        subject: &str,
        institution: Option<&str>,
        classes: &[RetentionClass],
        now: Timestamp,
    ) -> Result<bool, Fault> {
        let mut fresh = Vec::with_capacity(classes.len());
        let mut wrapped = Vec::with_capacity(classes.len());
        for class in classes {
            let name = KeyName {
                subject: subject.to_owned(),
                institution: institution.map(str::to_owned),
                class: *class,
            };
            let random = Zeroizing::new(draw::<48>(&*self.entropy));
            let (id, key) = random.split_at(16);
            let mut bytes = Zeroizing::new([0; 32]);
            bytes.copy_from_slice(key);
            let key_id = format!("dk_{}", text::to_base64(id));
            let sealed = self.top.wrap(&name.aad(&key_id), &bytes).await?;
            wrapped.push(NewKey { name, key_id: key_id.clone(), wrapped: sealed });
            fresh.push(Arc::new(DataKey { id: key_id, key: bytes }));
        }
        let names: Vec<KeyName> = wrapped.iter().map(|key| key.name.clone()).collect();
        let generation = self.cache().generation;
        let Some(new) = self.keys.insert(wrapped, now.as_millisecond()).await? else { return Ok(false) };
        let mut cache = self.cache();
        if cache.generation == generation {
            for ((name, key), new) in names.into_iter().zip(fresh).zip(new) {
                if new {
                    cache.put(name, key);
                }
            }
        }
        Ok(true)
    }

    /// A key to seal with. Where other processes destroy keys, too, it may be gone already: the store refuses what
    /// was sealed under it.
    pub(crate) async fn key(&self, name: &KeyName) -> Result<Found, Fault> {
        let cached = self.cache().keys.get(name).cloned();
        match cached {
            Some(key) => Ok(Found::Key(key)),
            None => self.known_key(name).await,
        }
    }

    /// A key to open with. What another process destroyed is destroyed here in the same moment.
    pub(crate) async fn key_to_open(&self, name: &KeyName) -> Result<Found, Fault> {
        if self.keys.shared() { self.known_key(name).await } else { self.key(name).await }
    }

    /// A key as the key store has it; unwrapped only where it was not before.
    async fn known_key(&self, name: &KeyName) -> Result<Found, Fault> {
        let (cached, generation) = {
            let cache = self.cache();
            (cache.keys.get(name).cloned(), cache.generation)
        };
        match self.keys.get(name).await? {
            Kept::Destroyed => {
                self.drop_cached(|cached| cached == name);
                Ok(Found::Destroyed)
            }
            Kept::Missing => Ok(Found::Missing),
            Kept::Live { key_id, wrapped } => {
                if let Some(key) = cached.filter(|cached| cached.id == key_id) {
                    return Ok(Found::Key(key));
                }
                let key = self.top.unwrap(&name.aad(&key_id), &wrapped).await?;
                let key = Arc::new(DataKey { id: key_id, key });
                let mut cache = self.cache();
                if cache.generation == generation {
                    cache.put(name.clone(), key.clone());
                }
                Ok(Found::Key(key))
            }
        }
    }

    /// Follows one record of the journal.
    pub(crate) async fn destroy(&self, destruction: &Destruction, mark: JournalMark) -> Result<(), Fault> {
        self.forget_cached(destruction);
        self.keys.destroy(destruction.clone(), mark).await?;
        // A reader may have put a key back between the two.
        self.forget_cached(destruction);
        Ok(())
    }

    fn forget_cached(&self, destruction: &Destruction) {
        self.drop_cached(|name| {
            name.subject == destruction.subject && destruction.covers(name.institution.as_deref(), name.class)
        });
    }

    fn drop_cached(&self, covered: impl Fn(&KeyName) -> bool) {
        let mut cache = self.cache();
        cache.generation += 1;
        if cache.keys.keys().any(&covered) {
            cache.keys.retain(|name, _| !covered(name));
            cache.order.retain(|name| !covered(name));
        }
    }

    /// A page of keys made in a span of time.
    pub(crate) async fn made_within(
        &self,
        made_ms: Range<i64>,
        after: Option<String>,
        limit: u32,
    ) -> Result<Vec<OldKey>, Fault> {
        self.keys.made_within(made_ms, after, limit).await
    }

    /// Forgets keys that no case ever used.
    pub(crate) async fn forget(&self, keys: Vec<OldKey>) -> Result<(), Fault> {
        let (ids, subjects): (Vec<String>, std::collections::HashSet<String>) =
            keys.into_iter().map(|key| (key.id, key.subject)).unzip();
        self.keys.forget(ids).await?;
        self.drop_cached(|name| subjects.contains(&name.subject));
        Ok(())
    }

    /// The HMAC of a value under the newest key of a purpose.
    pub(crate) async fn index_value(&self, purpose: &str, value: &[u8]) -> Result<IndexValue, Fault> {
        let keys = self.index_keys(purpose).await?;
        let newest = keys.last().ok_or(Fault::Damaged("an index key"))?;
        Ok(newest.hmac(value))
    }

    /// The HMACs of a value under all keys of a purpose, the newest first.
    pub(crate) async fn index_values(&self, purpose: &str, value: &[u8]) -> Result<Vec<IndexValue>, Fault> {
        let keys = self.index_keys(purpose).await?;
        Ok(keys.iter().rev().map(|key| key.hmac(value)).collect())
    }

    /// Makes a new key for a purpose; the old ones still find what was indexed under them.
    pub(crate) async fn rotate_index_key(&self, purpose: &str) -> Result<u32, Fault> {
        let newest = self.index_keys(purpose).await?.last().map_or(0, |key| key.version);
        self.add_index_key(purpose, newest + 1).await?;
        self.cache().index.remove(purpose);
        Ok(newest + 1)
    }

    async fn index_keys(&self, purpose: &str) -> Result<IndexKeys, Fault> {
        let cached = self.cache().index.get(purpose).cloned();
        // Another process may have made a newer one, under which it indexes from now on.
        if let Some(keys) = cached.as_ref().filter(|_| !self.keys.shared()) {
            return Ok(keys.clone());
        }
        let mut wrapped = self.keys.index_keys(purpose).await?;
        if wrapped.is_empty() {
            self.add_index_key(purpose, 1).await?;
            // Somebody else may have been first; what stands in the store is the key.
            wrapped = self.keys.index_keys(purpose).await?;
        }
        let cached = cached.unwrap_or_default();
        let mut keys = Vec::with_capacity(wrapped.len());
        for (version, wrapped) in wrapped {
            keys.push(match cached.iter().find(|key| key.version == version) {
                Some(key) => key.clone(),
                None => {
                    let key = self.top.unwrap(&index_aad(purpose, version), &wrapped).await?;
                    Arc::new(IndexKey { version, key })
                }
            });
        }
        let keys = Arc::new(keys);
        self.cache().index.insert(purpose.to_owned(), keys.clone());
        Ok(keys)
    }

    async fn add_index_key(&self, purpose: &str, version: u32) -> Result<(), Fault> {
        let key = Zeroizing::new(draw::<32>(&*self.entropy));
        let wrapped = self.top.wrap(&index_aad(purpose, version), &key).await?;
        self.keys.add_index_key(purpose, version, wrapped).await
    }
}

impl IndexKey {
    fn hmac(&self, value: &[u8]) -> IndexValue {
        let mac = leaf::hmac_sha256(&*self.key, value);
        IndexValue { key_version: self.version, hex: text::to_hex(&mac) }
    }
}

fn index_aad(purpose: &str, version: u32) -> Vec<u8> {
    text::bound("ingam-index-key-v1", &[purpose, &version.to_string()])
}

//! Reading what is sealed. Every read commits who, when, from where, whose, which fields and why, as an
//! entry in a stream of its own, before the answer leaves. Refuses to know who may read: the program
//! decides that before it asks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use crate::blobs::{self, BlobRef};
use crate::commit::{Commit, Refused, Write};
use crate::entry::{Entry, EntryRow, RetentionClass, SealedField, Stream};
use crate::error::Fault;
use crate::jcs;
use crate::keys::KeyName;
use crate::ledger::{Ledger, check_id, for_bytes};
use crate::proof::{Opening, Proof, open_proof};
use crate::query::EntryQuery;
use crate::seal_fields::{clear_openings, open_field};
use crate::vault::Found;

/// The kind of an access record's entry.
pub const ACCESS_READ: &str = "access.read";
/// The kind of the case that an access record is.
pub const ACCESS_CASE: &str = "access";

/// Who reads, from where, and why: what the access record says.
#[derive(Debug, Clone)]
pub struct Access {
    /// Who: for instance `institution_key`, `staff`, `person`, `system`.
    pub actor_kind: String,
    /// Which one of them, as an id.
    pub actor: String,
    /// From where.
    pub from: Origin,
    /// Why, as a stable code or a reviewer's words without personal data.
    pub reason: String,
    /// The case because of which it is read, where that is another one than the entry's.
    pub case: Option<String>,
    /// The institution in whose name.
    pub institution: Option<String>,
    /// The id of the record, made by the caller: a case of its own, of kind `access`.
    pub access_id: String,
    /// The id of the record's entry, made by the caller.
    pub entry_id: String,
}

/// From where a read came.
#[derive(Clone)]
pub enum Origin {
    /// From the program itself: a worker, a command.
    Inside,
    /// The network address of staff or of an institution's server; kept clear.
    Address(String),
    /// The network address of a person; sealed to the subject as contact data, under the access's
    /// institution. Once those data are destroyed the address is no longer kept.
    Person {
        /// The address.
        address: String,
        /// Whose address.
        subject: String,
    },
}

impl std::fmt::Debug for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Origin::Inside => f.write_str("Inside"),
            Origin::Address(address) => write!(f, "Address({address})"),
            Origin::Person { subject, .. } => write!(f, "Person({subject})"),
        }
    }
}

/// What became of a sealed field.
#[derive(Clone, PartialEq)]
pub enum Opened<T> {
    /// Its value.
    Value(T),
    /// Its data key was destroyed.
    Destroyed,
    /// There is no such field (or entry).
    Absent,
}

impl<T> Opened<T> {
    /// The value, where there is one.
    pub fn value(self) -> Option<T> {
        match self {
            Opened::Value(value) => Some(value),
            Opened::Destroyed | Opened::Absent => None,
        }
    }
}

impl<T> std::fmt::Debug for Opened<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Opened::Value(_) => "Value(…)",
            Opened::Destroyed => "Destroyed",
            Opened::Absent => "Absent",
        })
    }
}

/// Opened fields by name.
pub type OpenedFields = BTreeMap<String, Opened<Value>>;

/// Why a read was refused: the record of it could not be written.
type Read<T> = Result<Result<T, Refused>, Fault>;

impl Ledger {
    /// Opens sealed fields of one entry.
    pub async fn open_fields(&self, entry: &str, names: &[&str], access: Access) -> Read<OpenedFields> {
        let wanted = [(entry.to_owned(), names.iter().map(|name| (*name).to_owned()).collect())];
        Ok(self.open_many(&wanted, access).await?.map(|mut opened| opened.pop().unwrap_or_default()))
    }

    /// Opens sealed fields of several entries under one access record; answers in the same order. Without
    /// names all sealed fields of an entry are meant. Refused only where `access_id` was used before.
    pub async fn open_many(
        &self,
        wanted: &[(String, Vec<String>)],
        access: Access,
    ) -> Read<Vec<OpenedFields>> {
        let rows = self.rows(wanted.iter().map(|(id, _)| id.clone()).collect()).await?;
        let mut items = Vec::with_capacity(wanted.len());
        let mut subjects = BTreeSet::new();
        let mut names_of: Vec<Vec<&str>> = Vec::with_capacity(wanted.len());
        for (id, names) in wanted {
            let row = rows.get(id);
            let names: Vec<&str> = match row {
                Some(row) if names.is_empty() => row.sealed.iter().map(|field| field.name.as_str()).collect(),
                _ => names.iter().map(String::as_str).collect(),
            };
            if let Some(row) = row {
                let fields = row.sealed.iter().filter(|field| names.contains(&field.name.as_str()));
                subjects.extend(fields.map(|field| field.subject.clone()));
            }
            items.push(json!({"entry": id, "case": row.map(|row| row.case.as_str()), "fields": &names}));
            names_of.push(names);
        }
        if let Err(refused) = self.record(access, subjects, "entries", items).await? {
            return Ok(Err(refused));
        }
        let mut answer = Vec::with_capacity(wanted.len());
        for ((id, _), names) in wanted.iter().zip(names_of) {
            let mut fields = OpenedFields::new();
            for name in names {
                let opened = match rows.get(id) {
                    Some(row) => self.open_row(row, name).await?,
                    None => Opened::Absent,
                };
                let value = match opened {
                    Opened::Value(opening) => Opened::Value(opening.value),
                    Opened::Destroyed => Opened::Destroyed,
                    Opened::Absent => Opened::Absent,
                };
                fields.insert(name.to_owned(), value);
            }
            answer.push(fields);
        }
        Ok(Ok(answer))
    }

    /// Opens a blob.
    pub async fn open_blob(&self, blob: &BlobRef, access: Access) -> Read<Opened<Zeroizing<Vec<u8>>>> {
        let item = json!({"blob": blob.id, "sha256": blob.sha256});
        if let Err(refused) = self.record(access, [blob.subject.clone()].into(), "blobs", vec![item]).await? {
            return Ok(Err(refused));
        }
        let name = KeyName {
            subject: blob.subject.clone(),
            institution: blob.institution.clone(),
            class: blob.class,
        };
        Ok(Ok(match self.inner.vault.key_to_open(&name).await? {
            Found::Key(key) => {
                let kept = self.inner.blobs.get(blob).await?;
                let (blob, len) = (blob.clone(), kept.sealed.len());
                Opened::Value(for_bytes(len, move || blobs::open(&blob, &kept, &key)).await?)
            }
            Found::Destroyed => Opened::Destroyed,
            Found::Missing => Opened::Absent,
        }))
    }

    /// Makes a proof about one entry that opens these fields, clear or sealed, and hides the rest; the
    /// opened values leave in it, so it is a read like any other. `Destroyed` where one of the fields is.
    pub async fn prove(
        &self,
        entry: &str,
        names: &[&str],
        show_header: bool,
        access: Access,
    ) -> Read<Opened<Proof>> {
        let mut rows = self.rows(vec![entry.to_owned()]).await?;
        let row = rows.remove(entry);
        let subjects =
            row.iter().flat_map(|row| &row.sealed).filter(|field| names.contains(&field.name.as_str()));
        let subjects = subjects.map(|field| field.subject.clone()).collect();
        let item =
            json!({"entry": entry, "case": row.as_ref().map(|row| row.case.as_str()), "fields": names});
        if let Err(refused) = self.record(access, subjects, "proofs", vec![item]).await? {
            return Ok(Err(refused));
        }
        let Some(row) = row else { return Ok(Ok(Opened::Absent)) };
        let mut openings: Vec<Opening> = clear_openings(&row)?
            .into_iter()
            .filter(|opening| names.contains(&opening.name.as_str()))
            .collect();
        for name in names
            .iter()
            .filter(|name| !openings.iter().any(|opening| opening.name == **name))
            .collect::<Vec<_>>()
        {
            match self.open_row(&row, name).await? {
                Opened::Value(opening) => openings.push(opening),
                Opened::Destroyed => return Ok(Ok(Opened::Destroyed)),
                Opened::Absent => return Ok(Ok(Opened::Absent)),
            }
        }
        let proof = open_proof(&row.header(), show_header, &row.commitment_list(), &openings);
        Ok(Ok(Opened::Value(proof.map_err(|_| Fault::Damaged("the commitments of an entry"))?)))
    }

    async fn rows(&self, ids: Vec<String>) -> Result<BTreeMap<String, EntryRow>, Fault> {
        let rows = self.inner.store.entries(EntryQuery::Ids(ids)).await?;
        Ok(rows.into_iter().map(|row| (row.id.clone(), row)).collect())
    }

    pub(crate) async fn open_row(&self, row: &EntryRow, name: &str) -> Result<Opened<Opening>, Fault> {
        let Some(field) = row.sealed.iter().find(|field| field.name == name) else {
            return Ok(Opened::Absent);
        };
        let key = KeyName {
            subject: field.subject.clone(),
            institution: row.institution.clone(),
            class: field.class,
        };
        match self.inner.vault.key_to_open(&key).await? {
            Found::Key(key) => Ok(Opened::Value(open_field(&row.id, field, &key)?)),
            Found::Destroyed => Ok(Opened::Destroyed),
            // The entry was sealed under a key, so a key that was never there is a lost key store.
            Found::Missing => Err(Fault::KeyMissing),
        }
    }

    /// Commits the record of a read. It is durable when this answers.
    async fn record(
        &self,
        access: Access,
        subjects: BTreeSet<String>,
        what: &str,
        items: Vec<Value>,
    ) -> Result<Result<(), Refused>, Fault> {
        check_id(&access.actor_kind)?;
        check_id(&access.actor)?;
        let mut clear = Map::new();
        clear.insert("actor".into(), json!({"kind": access.actor_kind, "id": access.actor}));
        clear.insert("subjects".into(), json!(subjects));
        clear.insert(what.into(), Value::Array(items));
        clear.insert("reason".into(), Value::String(access.reason));
        if let Some(case) = access.case {
            clear.insert("case".into(), Value::String(case));
        }
        let mut sealed = Vec::new();
        let from = match access.from {
            Origin::Inside => json!({"kind": "inside"}),
            Origin::Address(address) => json!({"kind": "address", "address": address}),
            Origin::Person { address, subject } => {
                let name = KeyName {
                    subject: subject.clone(),
                    institution: access.institution.clone(),
                    class: RetentionClass::Contact,
                };
                match self.inner.vault.key_to_open(&name).await? {
                    Found::Key(_) => {
                        let value = Value::String(address);
                        let class = RetentionClass::Contact;
                        sealed.push(SealedField { name: "from_address".into(), subject, class, value });
                        json!({"kind": "person", "address": "sealed"})
                    }
                    Found::Destroyed => json!({"kind": "person", "address": "destroyed"}),
                    Found::Missing => return Err(Fault::KeyMissing),
                }
            }
        };
        clear.insert("from".into(), from);
        debug_assert!(clear.values().all(jcs::readable));
        let entry = Entry {
            id: access.entry_id,
            kind: ACCESS_READ.into(),
            institution: access.institution,
            time: self.now(),
            clear,
            sealed,
        };
        let write = Write {
            case: access.access_id,
            case_kind: ACCESS_CASE.into(),
            expected_version: 0,
            entries: vec![entry],
            view: None,
            stream: Stream::Access,
        };
        let committed = self.commit(Commit { writes: vec![write], ..Commit::default() }).await?;
        Ok(committed.map(|_| ()))
    }
}

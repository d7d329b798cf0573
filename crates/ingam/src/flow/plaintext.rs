//! Reading what is sealed: always through a record of who read what and why.

use super::document::{Confirmed, FieldTexts};
use super::{ActError, read_event};
use crate::app::App;
use crate::fault::Fault;
use crate::fresh;
use ingam_cases::id::{AccessId, BlobId, EntryId, KeyId, VerificationId};
use ingam_cases::refusal::Refusal;
use ingam_cases::values::{AccountNumber, DocumentField, DocumentKind};
use ingam_cases::verification::command::KeptPicture;
use ingam_cases::verification::{Event, Verification};
use ingam_ledger::{Access, BlobRef, ClearEntry, Opened, Origin, RetentionClass};
use serde_json::{Map, Value};
use std::net::IpAddr;

/// The entry in which what the card says was read.
pub const READ: &str = "verification.card_read/1";
/// The entry in which the person confirmed it.
pub const CONFIRMED: &str = "verification.card_confirmed/1";

/// The entry in which the bank named an account's holder.
pub const HOLDER: &str = "verification.holder_answered/1";

/// Who reads, and why.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    /// `system`, `person`, `institution_key`, `staff`.
    pub actor_kind: &'a str,
    /// Which one: a kind of task, a session, a key's id.
    pub actor: &'a str,
    /// Where from.
    pub origin: ReadFrom,
    /// A stable word for the reason.
    pub reason: &'a str,
}

impl<'a> Reader<'a> {
    /// A task of the program itself.
    pub fn task(actor: &'a str, reason: &'a str) -> Self {
        Self { actor_kind: "system", actor, origin: ReadFrom::Inside, reason }
    }

    /// An institution's server with one of its keys.
    pub fn key(key: &'a KeyId, from: IpAddr, reason: &'a str) -> Self {
        Self { actor_kind: "institution_key", actor: key.as_str(), origin: ReadFrom::Server(from), reason }
    }
}

/// Where a reader sits.
#[derive(Debug, Clone)]
pub enum ReadFrom {
    /// In the program itself.
    Inside,
    /// At an institution's server.
    Server(IpAddr),
    /// At the person's own device: the address is the person's data, and sealed as such.
    Person(IpAddr),
}

/// Where 1 won is sent, and for whom its limits count.
#[derive(Debug, Clone)]
pub struct GivenAccount {
    /// The account.
    pub account: AccountNumber,
    /// The device's cookie, if it had one.
    pub device: Option<String>,
    /// The network address.
    pub address: Option<String>,
}

impl App {
    /// The newest entry of a kind in a verification.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn newest(&self, id: &VerificationId, kind: &str) -> Result<Option<ClearEntry>, Fault> {
        let entries = self.ledger.entries(id.as_str(), 0, u32::MAX).await?;
        Ok(entries.into_iter().rev().find(|e| e.kind == kind))
    }

    /// Sealed fields of the newest entry of a kind, once the access is recorded.
    ///
    /// # Errors
    /// `Refused(Unknown)` where there is none, `Destroyed`, or a fault.
    pub async fn sealed(
        &self,
        id: &VerificationId,
        kind: &str,
        names: &[&str],
        reader: Reader<'_>,
    ) -> Result<Map<String, Value>, ActError> {
        let entry = self.newest(id, kind).await?.ok_or(Refusal::Unknown)?;
        let current = self.verification(id).await?.ok_or(Refusal::Unknown)?;
        let access = self.access(&current.state, reader);
        let opened = self.ledger.open_fields(&entry.id, names, access).await?;
        let mut fields = Map::new();
        for (name, value) in opened.map_err(|refused| Fault::internal(refused.code()))? {
            match value {
                Opened::Value(value) => {
                    fields.insert(name, value);
                }
                Opened::Destroyed => return Err(ActError::Destroyed),
                Opened::Absent => {}
            }
        }
        Ok(fields)
    }

    /// An access record to be committed before anything is opened.
    pub fn access(&self, v: &Verification, reader: Reader<'_>) -> Access {
        Access {
            actor_kind: reader.actor_kind.to_owned(),
            actor: reader.actor.to_owned(),
            from: match reader.origin {
                ReadFrom::Inside => Origin::Inside,
                ReadFrom::Server(address) => Origin::Address(address.to_string()),
                ReadFrom::Person(address) => {
                    Origin::Person { address: address.to_string(), subject: v.subject.to_string() }
                }
            },
            reason: reader.reason.to_owned(),
            case: None,
            institution: Some(v.institution.to_string()),
            access_id: fresh!(self, AccessId).to_string(),
            entry_id: fresh!(self, EntryId).to_string(),
        }
    }

    /// Opens a picture of a verification, once the access is recorded.
    ///
    /// # Errors
    /// `Destroyed`, or a fault.
    pub async fn open_picture(
        &self,
        v: &Verification,
        picture: &KeptPicture,
        reader: Reader<'_>,
    ) -> Result<Vec<u8>, ActError> {
        let blob = blob_ref(v, picture);
        let opened = self.ledger.open_blob(&blob, self.access(v, reader)).await?;
        match opened.map_err(|refused| Fault::internal(refused.code()))? {
            Opened::Value(bytes) => Ok(bytes.to_vec()),
            Opened::Destroyed => Err(ActError::Destroyed),
            Opened::Absent => Err(Refusal::Unknown.into()),
        }
    }

    /// Removes a picture that is no longer needed.
    ///
    /// # Errors
    /// A fault.
    pub async fn forget_picture(&self, v: &Verification, picture: &KeptPicture) -> Result<(), Fault> {
        Ok(self.ledger.remove_blob(&blob_ref(v, picture)).await?)
    }

    /// Seals and keeps a picture of a verification; it is on disk when this returns.
    ///
    /// # Errors
    /// `Destroyed`, or a fault.
    pub async fn keep_picture(
        &self,
        v: &Verification,
        what: &str,
        bytes: Vec<u8>,
    ) -> Result<KeptPicture, ActError> {
        let blob = fresh!(self, BlobId);
        let kept = self
            .ledger
            .put_blob(
                blob.as_str(),
                v.id.as_str(),
                v.subject.as_str(),
                Some(v.institution.as_str()),
                RetentionClass::Picture,
                bytes,
            )
            .await?
            .map_err(|_| ActError::Destroyed)?;
        Ok(KeptPicture { what: what.to_owned(), blob, sha256: kept.sha256, len: kept.len })
    }

    /// What the person confirmed of the document.
    ///
    /// # Errors
    /// As [`App::sealed`].
    pub async fn confirmed(&self, id: &VerificationId, reader: Reader<'_>) -> Result<Confirmed, ActError> {
        let (kind, texts) = self.document_texts(id, CONFIRMED, reader).await?;
        Confirmed::parse(kind, &texts)
            .map_err(|(field, why)| Fault::internal(format_args!("{}: {why}", field.as_str())).into())
    }

    /// The texts of a document's fields, as they were read or confirmed last, and its kind.
    ///
    /// # Errors
    /// As [`App::sealed`].
    pub async fn document_texts(
        &self,
        id: &VerificationId,
        entry_kind: &str,
        reader: Reader<'_>,
    ) -> Result<(DocumentKind, FieldTexts), ActError> {
        let entry = self.newest(id, entry_kind).await?.ok_or(Refusal::Unknown)?;
        let kind = match read_event(&entry.kind, &entry.clear)? {
            Event::CardRead { document, .. } | Event::CardConfirmed { document, .. } => document,
            _ => return Err(Fault::internal("an entry of another kind").into()),
        };
        let fields = || kind.needs().iter().chain(kind.takes());
        let names: Vec<&str> = fields().map(|field| field.as_str()).collect();
        let opened = self.sealed(id, entry_kind, &names, reader).await?;
        let text = |field: &DocumentField| {
            let value = opened.get(field.as_str()).and_then(Value::as_str)?;
            Some((*field, value.to_owned()))
        };
        Ok((kind, fields().filter_map(text).collect()))
    }

    /// The account that the person named last.
    ///
    /// # Errors
    /// As [`App::sealed`].
    pub async fn given_account(
        &self,
        id: &VerificationId,
        reader: Reader<'_>,
    ) -> Result<GivenAccount, ActError> {
        let fields = self
            .sealed(id, "verification.account_given/1", &["account_number", "device", "address"], reader)
            .await?;
        let optional = |name: &str| fields.get(name).and_then(Value::as_str).map(str::to_owned);
        Ok(GivenAccount {
            account: AccountNumber::parse(text(&fields, "account_number")?).map_err(Fault::internal)?,
            device: optional("device"),
            address: optional("address"),
        })
    }

    /// The pictures kept of the card that was read last, by what they show.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub async fn kept_picture(&self, id: &VerificationId, what: &str) -> Result<Option<KeptPicture>, Fault> {
        let Some(entry) = self.newest(id, "verification.card_read/1").await? else { return Ok(None) };
        let event: Event = read_event(&entry.kind, &entry.clear)?;
        Ok(match event {
            Event::CardRead { kept, .. } => kept.into_iter().find(|k| k.what == what),
            _ => None,
        })
    }
}

fn blob_ref(v: &Verification, picture: &KeptPicture) -> BlobRef {
    BlobRef {
        id: picture.blob.to_string(),
        subject: v.subject.to_string(),
        institution: Some(v.institution.to_string()),
        class: RetentionClass::Picture,
        len: picture.len,
        sha256: picture.sha256.clone(),
    }
}

/// A text among opened fields.
pub fn text<'f>(fields: &'f Map<String, Value>, name: &'static str) -> Result<&'f str, Fault> {
    fields.get(name).and_then(Value::as_str).ok_or_else(|| Fault::internal(format_args!("no field {name}")))
}

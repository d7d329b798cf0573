//! Reading a picture of a card. What is kept afterwards is masked; the picture that was handed in is removed.

use super::{Held, Outcome, recorded, with};
use crate::app::App;
use crate::eyes::day_in_korea;
use crate::fault::Fault;
use crate::flow::document::{CROSS_CHECKED, canonical};
use crate::flow::plaintext::{READ, Reader};
use crate::flow::verification::{Act, LimitKeys};
use crate::flow::{ActError, Secrets, read_event};
use ingam_cases::id::{BlobId, VerificationId};
use ingam_cases::values::{DocumentField, DocumentKind};
use ingam_cases::verification::command::{KeptPicture, Reading};
use ingam_cases::verification::{CardStep, Command, Event, Verification};
use ingam_ledger::{ClearEntry, RetentionClass};
use ingam_vision::{CardReading, Kind};
use std::collections::BTreeMap;

pub(super) async fn read_card(
    app: &App,
    task: &Held,
    id: &VerificationId,
    blob: BlobId,
) -> Result<Outcome, ActError> {
    let Some(current) = app.verification(id).await? else { return Ok(Outcome::Over) };
    if !matches!(&current.state.card, CardStep::Reading { blob: asked, .. } if *asked == blob) {
        return Ok(Outcome::Over);
    }
    let original = submitted(app, id).await?;
    let picture =
        app.open_picture(&current.state, &original, Reader::task("task:read_card", "read_card")).await?;
    let card = match app.eyes.read(picture, day_in_korea(app.now())).await? {
        Ok(card) => card,
        Err(unreadable) if unreadable.is_fault() => return Err(Fault::internal(unreadable).into()),
        // It was decoded when it came in; should it fail now, it is a picture that can't be read.
        Err(unreadable) => {
            let reading =
                Reading::Unreadable { quality: vec![unreadable.code().into()], reader: "none".into() };
            return finish(app, task, id, &blob, reading, Secrets::default()).await;
        }
    };
    metrics::histogram!("ingam_reading_seconds").record(card.elapsed_ms.total / 1000.0);
    let (reading, secrets) = judge(app, &current.state, &card).await?;
    finish(app, task, id, &blob, reading, secrets).await
}

/// Removes the picture that was handed in. A task of its own, so that a crash between reading and removing leaves
/// no picture behind.
pub(super) async fn forget_picture(
    app: &App,
    id: &VerificationId,
    blob: &BlobId,
) -> Result<Outcome, ActError> {
    let Some(current) = app.verification(id).await? else { return Ok(Outcome::Over) };
    for entry in app.ledger.entries(id.as_str(), 0, u32::MAX).await? {
        if entry.kind == SUBMITTED
            && let Some(picture) = handed_in(&entry)?
            && picture.blob == *blob
        {
            app.forget_picture(&current.state, &picture).await?;
        }
    }
    Ok(Outcome::Over)
}

async fn finish(
    app: &App,
    task: &Held,
    id: &VerificationId,
    blob: &BlobId,
    reading: Reading,
    secrets: Secrets,
) -> Result<Outcome, ActError> {
    let result = app
        .act(id, with(task), |_, _| {
            Ok(Act {
                command: Command::CardRead { blob: blob.clone(), reading: reading.clone() },
                secrets: secrets.clone(),
                keys: LimitKeys::default(),
            })
        })
        .await;
    recorded(result)
}

/// The picture that was handed in last.
async fn submitted(app: &App, id: &VerificationId) -> Result<KeptPicture, ActError> {
    let entry =
        app.newest(id, SUBMITTED).await?.ok_or_else(|| Fault::internal("a picture that nobody handed in"))?;
    Ok(handed_in(&entry)?.ok_or_else(|| Fault::internal("an entry of another kind"))?)
}

const SUBMITTED: &str = "verification.card_submitted/1";

fn handed_in(entry: &ClearEntry) -> Result<Option<KeptPicture>, Fault> {
    Ok(match read_event(&entry.kind, &entry.clear)? {
        Event::CardSubmitted { blob, sha256, len, .. } => {
            Some(KeptPicture { what: "original".into(), blob, sha256, len })
        }
        _ => None,
    })
}

/// What the reader's fields mean for a verification: the values that the issuer needs, and which of them are in doubt.
async fn judge(app: &App, v: &Verification, card: &CardReading) -> Result<(Reading, Secrets), ActError> {
    let reader = card.model.clone();
    let mut quality: Vec<String> = card.quality.iter().map(|q| q.code.to_owned()).collect();
    quality.dedup();
    let Some(document) = kind(card, v.plan.documents()) else {
        return Ok((Reading::WrongKind { reader }, Secrets::default()));
    };
    let found = found(card, document);
    let sure = |field: &DocumentField| found.get(field).is_some_and(|(_, sure)| *sure);
    let missing = document.needs().iter().filter(|field| !found.contains_key(field)).count();
    // Who would have to type most of a resident card had better take a clear picture. Other documents are read as far
    // as the reader knows their layout; what it can't read of them the person types.
    if document == DocumentKind::Resident && missing > 1 {
        if quality.is_empty() {
            quality.push("unreadable".into());
        }
        return Ok((Reading::Unreadable { quality, reader }, Secrets::default()));
    }
    let fields = document.needs().iter().chain(document.takes());
    let doubtful: Vec<DocumentField> = fields.filter(|field| !sure(field)).copied().collect();
    let mut secrets = Secrets::default();
    for field in document.needs().iter().chain(document.takes()) {
        let as_read = card.fields.get(field.as_str()).map(|read| &read.value).filter(|text| !text.is_empty());
        if let Some(text) = as_read.or_else(|| found.get(field).map(|(text, _)| text)) {
            secrets = secrets.with(READ, field.as_str(), RetentionClass::Identity, text.as_str());
        }
    }
    // Whatever else was read is nobody's business, but what a typed number has to agree with.
    for name in CROSS_CHECKED.into_iter().filter(|_| document == DocumentKind::Passport) {
        if let Some(sure) = card.fields.get(name).filter(|field| !field.doubtful) {
            secrets = secrets.with(READ, name, RetentionClass::Identity, sure.value.as_str());
        }
    }
    let mut kept = vec![app.keep_picture(v, "masked", card.masked_jpeg.clone()).await?];
    // The crop of a number would be the number: it is not kept.
    for field in DocumentField::ALL.into_iter().filter(|field| !field.is_number()) {
        if let Some(crop) = card.crops.get(field.as_str()) {
            kept.push(app.keep_picture(v, &format!("crop.{}", field.as_str()), crop.clone()).await?);
        }
    }
    let forgery = card.forgery.iter().map(|f| f.code.to_owned()).collect();
    Ok((Reading::Readable { document, doubtful, quality, forgery, reader, kept }, secrets))
}

/// The kind of document. A passport tells by its state whose it is; what can't be told is taken for the only kind that
/// the policy takes, so that a picture without its title is not in vain.
fn kind(card: &CardReading, taken: &[DocumentKind]) -> Option<DocumentKind> {
    match card.kind {
        Kind::Resident => Some(DocumentKind::Resident),
        Kind::Driver => Some(DocumentKind::Driver),
        Kind::Alien => Some(DocumentKind::Alien),
        Kind::Passport => {
            let state = card.fields.get("nationality").map(|field| field.value.as_str());
            Some(if state.is_none_or(|s| s == "KOR") {
                DocumentKind::Passport
            } else {
                DocumentKind::ForeignPassport
            })
        }
        Kind::Unknown => match taken {
            [only] => Some(*only),
            // Where many are taken the reader goes by the resident card's layout.
            many => many.contains(&DocumentKind::Resident).then_some(DocumentKind::Resident),
        },
    }
}

/// What was read of the fields that the issuer takes, with whether it is sure. A text that is none of its field is not
/// there.
fn found(card: &CardReading, document: DocumentKind) -> BTreeMap<DocumentField, (String, bool)> {
    let read = |name: &str| {
        card.fields.get(name).filter(|f| !f.value.is_empty()).map(|f| (f.value.clone(), !f.doubtful))
    };
    let name = || match document {
        // Other states print no Korean name, and banks write the rest as the passport does.
        DocumentKind::ForeignPassport => {
            let (surname, given) = (read("surname")?, read("given_names"));
            let (given, sure) = given.unwrap_or_default();
            Some((format!("{} {given}", surname.0).trim().to_owned(), surname.1 && sure))
        }
        _ => read("name"),
    };
    let fields = document.needs().iter().chain(document.takes());
    fields
        .filter_map(|field| {
            let (text, sure) = match field {
                DocumentField::Name => name()?,
                field => read(field.as_str())?,
            };
            canonical(*field, &text).map(|_| (*field, (text, sure)))
        })
        .collect()
}

//! Reading a picture of a card. What is kept afterwards is masked; the picture that was handed in is removed.

use super::{Held, Outcome, recorded, with};
use crate::app::App;
use crate::fault::Fault;
use crate::flow::plaintext::Reader;
use crate::flow::verification::{Act, LimitKeys};
use crate::flow::{ActError, Secrets, read_event};
use ingam_cases::id::{BlobId, VerificationId};
use ingam_cases::values::{PersonName, ResidentNumber, parse_date};
use ingam_cases::verification::command::{KeptPicture, Reading};
use ingam_cases::verification::{CardStep, Command, DocumentField, Event};
use ingam_ledger::{ClearEntry, RetentionClass};
use ingam_vision::{CardReading, Kind};

/// Fields that the issuer's check needs. More than one missing means that the picture is no good.
const NEEDED: [(&str, DocumentField); 3] = [
    ("name", DocumentField::Name),
    ("resident_number", DocumentField::ResidentNumber),
    ("issue_date", DocumentField::IssueDate),
];

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
    let card = match app.eyes.read(picture).await? {
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

async fn judge(
    app: &App,
    v: &ingam_cases::verification::Verification,
    card: &CardReading,
) -> Result<(Reading, Secrets), ActError> {
    let reader = card.model.clone();
    let mut quality: Vec<String> = card.quality.iter().map(|q| q.code.to_owned()).collect();
    quality.dedup();
    if matches!(card.kind, Kind::Driver | Kind::Alien | Kind::Passport) {
        return Ok((Reading::WrongKind { reader }, Secrets::default()));
    }
    let value = |name: &str| card.fields.get(name).map(|f| f.value.as_str()).filter(|v| !v.is_empty());
    let usable = |name: &str, value: &str| match name {
        "name" => PersonName::parse(value).is_ok(),
        "resident_number" => ResidentNumber::parse(value).is_ok(),
        _ => parse_date(value).is_ok(),
    };
    let doubtful: Vec<DocumentField> = NEEDED
        .iter()
        .filter(|(name, _)| {
            !value(name).is_some_and(|v| usable(name, v))
                || card.fields.get(name).is_none_or(|field| field.doubtful)
        })
        .map(|(_, field)| *field)
        .collect();
    let missing = NEEDED.iter().filter(|(name, _)| !value(name).is_some_and(|v| usable(name, v))).count();
    if missing > 1 {
        if quality.is_empty() {
            quality.push("unreadable".into());
        }
        return Ok((Reading::Unreadable { quality, reader }, Secrets::default()));
    }
    const KIND: &str = "verification.card_read/1";
    let mut secrets = Secrets::default();
    for (name, field) in &card.fields {
        if !field.value.is_empty() {
            secrets = secrets.with(KIND, name, RetentionClass::Identity, field.value.as_str());
        }
    }
    let mut kept = vec![app.keep_picture(v, "masked", card.masked_jpeg.clone()).await?];
    // The number's own crop would be the number: it is not kept.
    for name in ["name", "issue_date"] {
        if let Some(crop) = card.crops.get(name) {
            kept.push(app.keep_picture(v, &format!("crop.{name}"), crop.clone()).await?);
        }
    }
    let forgery = card.forgery.iter().map(|f| f.code.to_owned()).collect();
    Ok((Reading::Readable { doubtful, quality, forgery, reader, kept }, secrets))
}

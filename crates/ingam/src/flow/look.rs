//! What a reviewer sees of a refused verification: as little as a decision needs, and each look on record.

use super::document::shown;
use super::plaintext::{CONFIRMED, HOLDER, READ, Reader};
use super::{ActError, read_event};
use crate::app::App;
use ingam_cases::refusal::Refusal;
use ingam_cases::values::{DocumentField, DocumentKind, PersonName};
use ingam_cases::verification::{Event, Verification};

/// How much is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clarity {
    /// Names with their middle hidden.
    Masked,
    /// Names as they are. Numbers stay masked: no decision needs them.
    Clear,
}

/// What a reviewer sees.
#[derive(Debug, Default)]
pub struct Look {
    /// The kind of the document that was shown last.
    pub document: Option<DocumentKind>,
    /// Its fields, as they were confirmed last, or read where nothing was.
    pub fields: Vec<(DocumentField, String)>,
    /// The account holder's name as the bank wrote it, where it is similar to the one on the document.
    pub holder: Option<String>,
    /// Codes of what hints at forgery.
    pub forgery: Vec<String>,
    /// Whether a picture is kept.
    pub picture: bool,
    /// What was there has been destroyed.
    pub destroyed: bool,
}

impl App {
    /// Looks at a refused verification.
    ///
    /// # Errors
    /// Where the ledger or the vault fails.
    pub async fn look(
        &self,
        v: &Verification,
        clarity: Clarity,
        reader: Reader<'_>,
    ) -> Result<Look, ActError> {
        let mut look =
            Look { picture: self.kept_picture(&v.id, "masked").await?.is_some(), ..Look::default() };
        let (read, confirmed) = (self.newest(&v.id, READ).await?, self.newest(&v.id, CONFIRMED).await?);
        if let Some(read) = &read
            && let Event::CardRead { forgery, .. } = read_event(&read.kind, &read.clear)?
        {
            look.forgery = forgery;
        }
        let newest = [confirmed, read].into_iter().flatten().max_by_key(|entry| entry.version);
        let Some(newest) = newest else { return Ok(look) };
        match self.document_texts(&v.id, &newest.kind, reader.clone()).await {
            Ok((kind, texts)) => {
                look.document = Some(kind);
                let field =
                    |(field, text): (DocumentField, String)| Some((field, told(field, &text, clarity)?));
                look.fields = texts.into_iter().filter_map(field).collect();
            }
            Err(ActError::Destroyed) => look.destroyed = true,
            Err(other) => return Err(other),
        }
        if v.similar_at.is_some() {
            look.holder = match self.sealed(&v.id, HOLDER, &["holder_name"], reader).await {
                Ok(fields) => fields
                    .get("holder_name")
                    .and_then(|name| told(DocumentField::Name, name.as_str()?, clarity)),
                Err(ActError::Destroyed | ActError::Refused(Refusal::Unknown)) => None,
                Err(other) => return Err(other),
            };
        }
        Ok(look)
    }

    /// The masked picture of the document that was shown last, once the access is recorded.
    ///
    /// # Errors
    /// `Refused(Unknown)` where there is none, `Destroyed`, or a fault.
    pub async fn look_at_picture(&self, v: &Verification, reader: Reader<'_>) -> Result<Vec<u8>, ActError> {
        let kept = self.kept_picture(&v.id, "masked").await?.ok_or(Refusal::Unknown)?;
        self.open_picture(v, &kept, reader).await
    }
}

fn told(field: DocumentField, text: &str, clarity: Clarity) -> Option<String> {
    match (field, clarity) {
        (DocumentField::Name, Clarity::Masked) => Some(PersonName::parse(text).ok()?.masked()),
        _ => shown(field, text),
    }
}

//! What a person does on the page, each as one command. Whatever needs plaintext is compared here, before it.

use super::document::{CROSS_CHECKED, Confirmed, FieldTexts, age, canonical, shown};
use super::plaintext::{CONFIRMED, READ, ReadFrom, Reader};
use super::verification::{Act, Along, Blocked, Current, LimitKeys};
use super::{ActError, Secrets};
use crate::app::App;
use crate::codes;
use crate::fault::Fault;
use crate::fresh;
use ingam_cases::id::{CallId, KeyId, VerificationId};
use ingam_cases::policy::PictureSource;
use ingam_cases::refusal::Refusal;
use ingam_cases::review::AskedBy;
use ingam_cases::values::{
    AccountNumber, BankCode, DocumentField, DocumentKind, Malformed, ResidentNumber, parse_date,
};
use ingam_cases::verification::command::{ConsentAnswer, Hindrance, ShownText};
use ingam_cases::verification::{AccountStep, CardStep, Command};
use ingam_ledger::{RetentionClass, Take};
use jiff::civil::Date;
use serde_json::Value;
use std::net::IpAddr;

/// A person at the page: one session of one verification.
pub struct Person<'a> {
    pub(super) app: &'a App,
    pub(super) id: VerificationId,
    pub(super) session: u32,
    device: Option<String>,
    address: IpAddr,
    handed_in: Option<HandedIn>,
    claims: Vec<Take>,
}

/// An institution's server that acts for the person on its own screens.
struct HandedIn {
    key: KeyId,
    from: IpAddr,
}

/// What the person is asked to confirm.
#[derive(Debug, Clone)]
pub struct CardToConfirm {
    /// What kind of document it is.
    pub document: DocumentKind,
    /// The day of birth that it states.
    pub birth_date: Option<Date>,
    /// Its fields as a screen may show them: days as `2020-01-01`, numbers masked.
    pub shown: FieldTexts,
}

/// What the person changed; a field that is missing or empty stays as it was read.
pub type Edits = FieldTexts;

/// What became of a typed code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TriedCode {
    /// It was the one.
    Right,
    /// It was not.
    Wrong {
        /// How often it may still be typed.
        tries_left: u32,
    },
    /// Its time was over.
    Lapsed,
}

impl App {
    /// A person at the page.
    pub fn person(
        &self,
        id: &VerificationId,
        session: u32,
        device: Option<String>,
        address: IpAddr,
    ) -> Person<'_> {
        Person { app: self, id: id.clone(), session, device, address, handed_in: None, claims: vec![] }
    }
}

impl Person<'_> {
    /// The same, handed in by an institution's server for the person; reads are recorded as its own.
    pub fn handed_in_by(mut self, key: KeyId, from: IpAddr) -> Self {
        self.handed_in = Some(HandedIn { key, from });
        self
    }

    /// The same, with claims that are committed together with whatever is done.
    pub fn claiming(mut self, claims: Vec<Take>) -> Self {
        self.claims = claims;
        self
    }

    pub(super) fn along(&self) -> Along {
        Along { take: self.claims.clone(), ..Along::default() }
    }

    pub(super) fn reads<'r>(&'r self, reason: &'r str) -> Reader<'r> {
        if let Some(HandedIn { key, from }) = &self.handed_in {
            return Reader::key(key, *from, reason);
        }
        Reader {
            actor_kind: "person",
            actor: self.id.as_str(),
            origin: ReadFrom::Person(self.address),
            reason,
        }
    }

    async fn plain(&self, make: impl Fn() -> Command + Send + Sync) -> Result<Current, ActError> {
        self.app.act(&self.id, self.along(), |_, _| Ok(Act::plain(make()))).await
    }

    /// Answers the safety question.
    ///
    /// # Errors
    /// As [`App::act`]; so for every method here.
    pub async fn answer_safety(&self, text: ShownText, told_to: bool) -> Result<Current, ActError> {
        let session = self.session;
        self.plain(|| Command::AnswerSafety { session, text: text.clone(), told_to }).await
    }

    /// Answers the consents.
    pub async fn answer_consents(&self, answers: Vec<ConsentAnswer>) -> Result<Current, ActError> {
        let session = self.session;
        self.plain(|| Command::AnswerConsents { session, answers: answers.clone() }).await
    }

    /// Hands in a picture. The same `upload_id` again is the same picture: nothing happens twice.
    pub async fn submit_card(
        &self,
        picture: Vec<u8>,
        source: PictureSource,
        upload_id: Option<String>,
    ) -> Result<Current, ActError> {
        let current = self.app.verification(&self.id).await?.ok_or(Refusal::Unknown)?;
        if picture.len() > self.app.config.http.picture_bytes {
            return Err(ActError::Invalid { field: "picture", code: "image_too_large" });
        }
        if source == PictureSource::File && !self.app.config.policy.picture_files {
            return Err(Refusal::SourceNotAllowed.into());
        }
        let take = match upload_id {
            Some(upload)
                if upload.len() <= 64 && upload.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') =>
            {
                vec![Take {
                    base: format!("upload:{}:{upload}", self.id),
                    slots: None,
                    holder: self.id.to_string(),
                    expires_at: Some(current.state.expires_at),
                    note: None,
                }]
            }
            Some(_) => return Err(ActError::Invalid { field: "upload_id", code: "malformed" }),
            None => vec![],
        };
        let uploaded = !take.is_empty();
        // A picture that can't be taken now must not cost a write: the state is looked at before the blob.
        if current.state.session != self.session {
            return Err(Refusal::OtherSession.into());
        }
        if let Some(upload) = take.first()
            && !self.app.ledger.claims(&upload.base).await?.is_empty()
        {
            return Ok(current);
        }
        if !matches!(current.state.card, CardStep::Picture { .. }) {
            return Err(Refusal::NotNow.into());
        }
        let picture = self.app.checked_picture(picture).await?;
        let kept = self.app.keep_picture(&current.state, "original", picture).await?;
        let session = self.session;
        let done = self
            .app
            .act(
                &self.id,
                Along { take: [take, self.claims.clone()].concat(), ..Along::default() },
                |_, _| {
                    Ok(Act::plain(Command::SubmitCard {
                        session,
                        blob: kept.blob.clone(),
                        sha256: kept.sha256.clone(),
                        len: kept.len,
                        source,
                    }))
                },
            )
            .await;
        match done {
            Err(ActError::Held { .. }) if uploaded => Ok(current),
            other => other,
        }
    }

    /// What was read, for the person to confirm.
    pub async fn card_to_confirm(&self) -> Result<CardToConfirm, ActError> {
        self.card_to_confirm_because("show_to_person").await
    }

    /// The same for a reason that the reader gives.
    pub async fn card_to_confirm_because(&self, reason: &str) -> Result<CardToConfirm, ActError> {
        let (kind, texts) = self.as_it_stands(reason).await?;
        let born = [DocumentField::ResidentNumber, DocumentField::RegistrationNumber];
        let number = born.iter().find_map(|f| ResidentNumber::parse(texts.get(f)?).ok());
        let stated = texts.get(&DocumentField::BirthDate).and_then(|day| parse_date(day).ok());
        Ok(CardToConfirm {
            document: kind,
            birth_date: number.as_ref().map(ResidentNumber::birth_date).or(stated),
            shown: texts.iter().filter_map(|(f, text)| Some((*f, shown(*f, text)?))).collect(),
        })
    }

    /// The document's fields as they stand: confirmed before, else as read.
    async fn as_it_stands(&self, reason: &str) -> Result<(DocumentKind, FieldTexts), ActError> {
        let current = self.app.verification(&self.id).await?.ok_or(Refusal::Unknown)?;
        if current.state.end().is_some() {
            return Err(Refusal::NotNow.into());
        }
        let entry = match current.state.card {
            CardStep::Confirm { again: Some(_), .. } => CONFIRMED,
            CardStep::Confirm { again: None, .. } => READ,
            CardStep::Screening { .. }
            | CardStep::Asking { .. }
            | CardStep::Later { .. }
            | CardStep::Passed => CONFIRMED,
            _ => return Err(Refusal::NotNow.into()),
        };
        self.app.document_texts(&self.id, entry, self.reads(reason)).await
    }

    /// A kept picture: `masked`, or `crop.issue_date` and the like.
    pub async fn picture(&self, what: &str) -> Result<Option<Vec<u8>>, ActError> {
        let Some(kept) = self.app.kept_picture(&self.id, what).await? else { return Ok(None) };
        let current = self.app.verification(&self.id).await?.ok_or(Refusal::Unknown)?;
        self.app.open_picture(&current.state, &kept, self.reads("show_to_person")).await.map(Some)
    }

    /// Says that this is what the card says, with changes where it was read wrong.
    pub async fn confirm_card(&self, edits: Edits) -> Result<Current, ActError> {
        let (kind, read) = self.as_it_stands("confirm_card").await?;
        let mut texts = read.clone();
        let fields: Vec<DocumentField> = kind.needs().iter().chain(kind.takes()).copied().collect();
        texts.extend(edits.into_iter().filter(|(f, text)| fields.contains(f) && !text.trim().is_empty()));
        let confirmed = Confirmed::parse(kind, &texts)
            .map_err(|(field, why)| ActError::Invalid { field: field.as_str(), code: malformed_code(why) })?;
        let today = ingam_connectors::kst_date(self.app.now());
        if let Some(field) = confirmed.impossible_day(today) {
            return Err(ActError::Invalid { field: field.as_str(), code: "date" });
        }
        if kind == DocumentKind::Passport {
            let stated = self.app.sealed(&self.id, READ, &CROSS_CHECKED, self.reads("confirm_card")).await?;
            let [birth_date, sex] = CROSS_CHECKED.map(|name| stated.get(name).and_then(Value::as_str));
            if confirmed.number_differs(birth_date, sex) {
                let field = DocumentField::ResidentNumber.as_str();
                return Err(ActError::Invalid { field, code: "differs" });
            }
        }
        let texts = confirmed.texts();
        let as_read = |field: &DocumentField| read.get(field).and_then(|text| canonical(*field, text));
        let edited: Vec<DocumentField> = fields
            .into_iter()
            .filter(|f| as_read(f) != texts.get(f).filter(|text| !text.is_empty()).cloned())
            .collect();
        let keys = LimitKeys { card: Some(self.app.card_key(&confirmed).await?), ..LimitKeys::default() };
        let (session, call) = (self.session, fresh!(self.app, CallId));
        self.app
            .act(&self.id, self.along(), |current, blocked| {
                let min_age = current.map_or(0, |c| i16::from(c.state.plan.min_age));
                let hindrance = if blocked == Some(Blocked::WrongDate) {
                    Some(Hindrance::TriesTaken)
                } else if age(confirmed.birth_date(), today) < min_age {
                    Some(Hindrance::TooYoung)
                } else if confirmed.document.expires().is_some_and(|last| last < today) {
                    Some(Hindrance::Expired)
                } else {
                    None
                };
                let mut secrets = Secrets::default();
                for (field, text) in &texts {
                    let class = RetentionClass::Identity;
                    secrets = secrets.with(CONFIRMED, field.as_str(), class, text.as_str());
                }
                Ok(Act {
                    command: Command::ConfirmCard {
                        session,
                        edited: edited.clone(),
                        hindrance,
                        call: call.clone(),
                    },
                    secrets,
                    keys: keys.clone(),
                })
            })
            .await
    }

    /// Wants to take another picture.
    pub async fn retake_card(&self) -> Result<Current, ActError> {
        let session = self.session;
        self.plain(|| Command::RetakeCard { session }).await
    }

    /// Names an account.
    pub async fn give_account(&self, bank: &str, account: &str) -> Result<Current, ActError> {
        let bank = BankCode::parse(bank)
            .ok()
            .filter(|code| ingam_connectors::banks::find(*code).is_some())
            .ok_or(ActError::Invalid { field: "bank", code: "unknown_bank" })?;
        let account = AccountNumber::parse(account)
            .map_err(|why| ActError::Invalid { field: "account_number", code: malformed_code(why) })?;
        let (session, call) = (self.session, fresh!(self.app, CallId));
        self.app
            .act(&self.id, self.along(), |_, _| {
                const KIND: &str = "verification.account_given/1";
                Ok(Act {
                    command: Command::GiveAccount { session, bank, call: call.clone() },
                    secrets: Secrets::default()
                        .with(KIND, "account_number", RetentionClass::Identity, account.expose())
                        .with(KIND, "address", RetentionClass::Contact, self.address.to_string())
                        .maybe(KIND, "device", RetentionClass::Contact, self.device.clone()),
                    keys: LimitKeys::default(),
                })
            })
            .await
    }

    /// Types the code.
    pub async fn try_code(&self, typed: &str) -> Result<(TriedCode, Current), ActError> {
        if typed.trim().is_empty() || typed.chars().count() > 32 {
            return Err(ActError::Invalid { field: "code", code: "length" });
        }
        let before = self.app.verification(&self.id).await?.ok_or(Refusal::Unknown)?;
        let AccountStep::Code { call: sent, .. } = before.state.account else {
            return Err(Refusal::NotNow.into());
        };
        let right = codes::same_code(typed, &codes::won_code(&self.app.ledger, &sent).await?);
        let session = self.session;
        let current = self
            .app
            .act(&self.id, self.along(), |current, _| {
                let current = current.ok_or(Refusal::Unknown)?;
                // A new code may have been sent meanwhile: then this one was typed for another.
                match &current.state.account {
                    AccountStep::Code { call, .. } if *call == sent => {}
                    _ => return Err(Refusal::NotNow.into()),
                }
                Ok(Act::plain(Command::TryCode { session, right }))
            })
            .await?;
        let tried = match &current.state.account {
            AccountStep::Passed { .. } => TriedCode::Right,
            AccountStep::Code { tries_left, .. } => TriedCode::Wrong { tries_left: *tries_left },
            AccountStep::Resend {
                problem: ingam_cases::verification::ResendProblem::TriesUsedUp, ..
            } => TriedCode::Wrong { tries_left: 0 },
            _ => TriedCode::Lapsed,
        };
        Ok((tried, current))
    }

    /// Wants 1 won again.
    pub async fn resend(&self) -> Result<Current, ActError> {
        let keys = self.app.send_keys(&self.id, self.reads("send_limits")).await?;
        let (session, call) = (self.session, fresh!(self.app, CallId));
        self.app
            .act(&self.id, self.along(), |_, blocked| {
                let withheld_until = match blocked {
                    Some(Blocked::Sends(until)) => Some(until),
                    _ => None,
                };
                Ok(Act {
                    command: Command::Resend { session, call: call.clone(), withheld_until },
                    secrets: Secrets::default(),
                    keys: keys.clone(),
                })
            })
            .await
    }

    /// Wants another account.
    pub async fn change_account(&self) -> Result<Current, ActError> {
        let session = self.session;
        self.plain(|| Command::ChangeAccount { session }).await
    }

    /// Wants to be told when it goes on.
    pub async fn ask_notice(&self) -> Result<Current, ActError> {
        let session = self.session;
        self.plain(|| Command::AskNotice { session }).await
    }

    /// Wants a new link.
    pub async fn ask_link(&self) -> Result<Current, ActError> {
        self.plain(|| Command::AskLink).await
    }

    /// Takes a consent back.
    pub async fn withdraw_consent(&self, text_id: &str) -> Result<Current, ActError> {
        self.plain(|| Command::WithdrawConsent { text_id: text_id.to_owned() }).await
    }

    /// Wants a person at the institution to look at the refusal, or at two names that differ a little.
    pub async fn ask_review(&self) -> Result<Current, ActError> {
        self.plain(|| Command::AskReview { by: AskedBy::Person }).await
    }
}

impl App {
    /// A picture that can be decoded: what can't is refused here, where its sender can still put it right.
    async fn checked_picture(&self, picture: Vec<u8>) -> Result<Vec<u8>, ActError> {
        let looked = self.eyes.look(picture).await?;
        looked.map_err(|problem| ActError::Invalid { field: "picture", code: problem.code() })
    }

    /// The key under which a document's wrong tries are counted, over all institutions.
    ///
    /// # Errors
    /// Where the vault fails.
    pub async fn card_key(&self, confirmed: &Confirmed) -> Result<String, Fault> {
        Ok(self.ledger.index_value("wrong_date", confirmed.document.counted_by().as_bytes()).await?.hex)
    }

    /// What a send of 1 won counts for.
    ///
    /// # Errors
    /// As [`App::sealed`].
    pub async fn send_keys(&self, id: &VerificationId, reader: Reader<'_>) -> Result<LimitKeys, ActError> {
        let current = self.verification(id).await?.ok_or(Refusal::Unknown)?;
        let bank = current.state.account.bank().ok_or(Refusal::NotNow)?;
        let given = self.given_account(id, reader.clone()).await?;
        let person = self.confirmed(id, reader).await?.found_by();
        let limits = &self.config.limits;
        let mut sends = Vec::new();
        let mut count = async |of: &str, value: &str, most: u32| {
            let key = self.ledger.index_value("won_limit", format!("{of}/{value}").as_bytes()).await?.hex;
            sends.push((format!("won:{of}:{key}"), most));
            Ok::<_, ingam_ledger::Fault>(())
        };
        let account = format!("{bank}/{}", given.account.expose());
        count("account", &account, limits.sends_per_account_day).await?;
        count("person", &person, limits.sends_per_person_day).await?;
        if let Some(device) = &given.device {
            count("device", device, limits.sends_per_device_day).await?;
        }
        if let Some(address) = &given.address {
            count("address", address, limits.sends_per_address_day).await?;
        }
        Ok(LimitKeys { sends, ..LimitKeys::default() })
    }
}

pub(super) fn malformed_code(why: Malformed) -> &'static str {
    match why {
        Malformed::Empty => "empty",
        Malformed::TooLong(_) => "too_long",
        Malformed::Character => "character",
        Malformed::Length => "length",
        Malformed::Date => "date",
    }
}

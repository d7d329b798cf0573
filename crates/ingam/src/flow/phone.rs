//! The phone: named, asked about, and its code typed. Number, code and the owner's identifier are sealed.

use super::document::Confirmed;
use super::person::{Person, malformed_code};
use super::plaintext::{Reader, text};
use super::verification::{Act, Blocked, Current, LimitKeys};
use super::{ActError, Secrets};
use crate::app::App;
use crate::fault::Fault;
use crate::fresh;
use ingam_cases::id::{CallId, VerificationId};
use ingam_cases::refusal::Refusal;
use ingam_cases::values::{Ci, PhoneNumber, TelecomName};
use ingam_cases::verification::Command;
use ingam_ledger::RetentionClass;

/// The entry in which the person named a phone.
const GIVEN: &str = "verification.phone_given/1";
/// The entry in which they typed a code.
const TYPED: &str = "verification.phone_code_typed/1";
/// The entry in which the telecom confirmed it.
pub const CONFIRMED: &str = "verification.phone_confirmed/1";

/// Shortest and longest code that is passed on. Agencies send six digits; what is no code costs no try.
const CODE_CHARS: std::ops::RangeInclusive<usize> = 4..=8;

/// A phone as the person named it.
#[derive(Debug)]
pub struct GivenPhone {
    /// Its number.
    pub number: PhoneNumber,
    /// Who runs it.
    pub telecom: TelecomName,
}

impl Person<'_> {
    /// Names a phone: a message with a code goes to it.
    ///
    /// # Errors
    /// As [`App::act`]; `SendsUsedUp` where phone or person had enough messages for today.
    pub async fn give_phone(&self, telecom: &str, number: &str) -> Result<Current, ActError> {
        let given = TelecomName::ALL.into_iter().find(|name| name.as_str() == telecom);
        let telecom = given.ok_or(ActError::Invalid { field: "telecom", code: "unknown_telecom" })?;
        let number = PhoneNumber::parse(number)
            .map_err(|why| ActError::Invalid { field: "phone_number", code: malformed_code(why) })?;
        let confirmed = match self.app.confirmed(&self.id, self.reads("count_messages")).await {
            // Before the card is confirmed there is nobody to compare the owner with.
            Err(ActError::Refused(Refusal::Unknown)) => return Err(Refusal::NotNow.into()),
            confirmed => confirmed?,
        };
        let keys = self.app.message_keys(&number, &confirmed).await?;
        let (session, call) = (self.session, fresh!(self.app, CallId));
        self.app
            .act(&self.id, self.along(), |_, blocked| {
                if let Some(Blocked::Sends(_)) = blocked {
                    return Err(Refusal::SendsUsedUp.into());
                }
                let class = RetentionClass::Contact;
                Ok(Act {
                    command: Command::GivePhone { session, call: call.clone() },
                    secrets: Secrets::default().with(GIVEN, "phone_number", class, number.expose()).with(
                        GIVEN,
                        "telecom",
                        class,
                        telecom.as_str(),
                    ),
                    keys: keys.clone(),
                })
            })
            .await
    }

    /// Types the code of the message; the telecom is asked what it makes of it.
    ///
    /// # Errors
    /// As [`App::act`].
    pub async fn type_phone_code(&self, typed: &str) -> Result<Current, ActError> {
        let code: String = typed.chars().filter(|c| !c.is_whitespace()).collect();
        if !CODE_CHARS.contains(&code.chars().count()) || !code.bytes().all(|b| b.is_ascii_digit()) {
            return Err(ActError::Invalid { field: "code", code: "length" });
        }
        let session = self.session;
        self.app
            .act(&self.id, self.along(), |_, _| {
                Ok(Act {
                    command: Command::TypePhoneCode { session },
                    secrets: Secrets::default().with(TYPED, "code", RetentionClass::Contact, code.as_str()),
                    keys: LimitKeys::default(),
                })
            })
            .await
    }

    /// Wants another phone, or another message.
    ///
    /// # Errors
    /// As [`App::act`].
    pub async fn change_phone(&self) -> Result<Current, ActError> {
        let session = self.session;
        let act = |_: Option<&Current>, _| Ok(Act::plain(Command::ChangePhone { session }));
        self.app.act(&self.id, self.along(), act).await
    }
}

impl App {
    /// The phone that the person named last.
    ///
    /// # Errors
    /// As [`App::sealed`].
    pub async fn given_phone(&self, id: &VerificationId, reader: Reader<'_>) -> Result<GivenPhone, ActError> {
        let fields = self.sealed(id, GIVEN, &["phone_number", "telecom"], reader).await?;
        let telecom = text(&fields, "telecom")?;
        let known = TelecomName::ALL.into_iter().find(|name| name.as_str() == telecom);
        Ok(GivenPhone {
            number: PhoneNumber::parse(text(&fields, "phone_number")?).map_err(Fault::internal)?,
            telecom: known.ok_or_else(|| Fault::internal("a telecom was looked at when it was given"))?,
        })
    }

    /// The code that the person typed last.
    ///
    /// # Errors
    /// As [`App::sealed`].
    pub async fn typed_phone_code(
        &self,
        id: &VerificationId,
        reader: Reader<'_>,
    ) -> Result<String, ActError> {
        let fields = self.sealed(id, TYPED, &["code"], reader).await?;
        Ok(text(&fields, "code")?.to_owned())
    }

    /// The identifier that the telecom gave for the phone's owner.
    ///
    /// # Errors
    /// As [`App::sealed`].
    pub async fn owner(&self, id: &VerificationId, reader: Reader<'_>) -> Result<Option<Ci>, ActError> {
        let fields = match self.sealed(id, CONFIRMED, &["ci"], reader).await {
            Err(ActError::Refused(Refusal::Unknown)) => return Ok(None),
            fields => fields?,
        };
        let ci = fields.get("ci").and_then(|ci| ci.as_str()).map(Ci::parse).transpose();
        Ok(ci.map_err(Fault::internal)?)
    }

    /// What a message counts for.
    ///
    /// # Errors
    /// Where the vault fails.
    pub async fn message_keys(
        &self,
        number: &PhoneNumber,
        confirmed: &Confirmed,
    ) -> Result<LimitKeys, Fault> {
        let limits = &self.config.limits;
        let counted = [
            ("phone", number.expose().to_owned(), limits.messages_per_phone_day),
            ("person", confirmed.found_by(), limits.messages_per_person_day),
        ];
        let mut sends = Vec::with_capacity(counted.len());
        for (of, value, most) in counted {
            let key = self.ledger.index_value("message_limit", format!("{of}/{value}").as_bytes()).await?.hex;
            sends.push((format!("message:{of}:{key}"), most));
        }
        Ok(LimitKeys { sends, ..LimitKeys::default() })
    }
}

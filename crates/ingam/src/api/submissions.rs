//! Handing in for a person: an institution that has screens of its own sends what the person did there.
//!
//! The same steps, checks and limits as on the hosted page, by the same functions; a picture counts as `file`, and
//! what is read is on record under the institution's key.

use super::body::{self, PathId, Raw};
use super::code::Code;
use super::idempotency::replayed;
use super::object::{VerificationObject, verification_object};
use super::problem::Problem;
use super::verifications::{own, told};
use crate::app::App;
use crate::flow::ActError;
use crate::flow::form::FormAnswers;
use crate::flow::person::{Edits, Person};
use crate::flow::verification::{Act, Along, Current};
use axum::Json;
use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ingam_cases::policy::PictureSource;
use ingam_cases::values::DocumentField;
use ingam_cases::verification::Command;
use ingam_cases::verification::command::{ConsentAnswer, ConsentTerms, ShownText};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use utoipa::ToSchema;

/// What a person did on the institution's own screens. Say in `step` what it is; `next` of the verification says
/// which step is possible.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum Submission {
    /// Answered whether somebody tells them to do this.
    Safety {
        /// The text that was shown.
        text: TextShown,
        /// "Yes, somebody tells me to": ends the verification as refused, `stopped_by_person`.
        told_to: bool,
    },
    /// Answered the consents that the policy asks for.
    Consents {
        /// One for each text.
        answers: Vec<ConsentGiven>,
    },
    /// Photographed the card. Large pictures are better sent as multipart/form-data.
    Card {
        /// JPEG or PNG, base64.
        #[schema(content_encoding = "base64", content_media_type = "image/jpeg")]
        picture: String,
    },
    /// Said that this is what the card says. A field that is not given stays as it was read.
    Confirm {
        /// The name, where it was read wrong.
        name: Option<String>,
        /// The resident registration number, where it was read wrong.
        resident_number: Option<String>,
        /// The day of issue, where it was read wrong.
        #[schema(example = "2020-01-01")]
        issue_date: Option<String>,
        /// The number of a driver licence, where it was read wrong.
        #[schema(example = "11-19-123456-61")]
        licence_number: Option<String>,
        /// The serial code of a driver licence, where it was read wrong.
        #[schema(example = "9WSWRQ")]
        serial_code: Option<String>,
        /// The number of a passport, where it was read wrong.
        #[schema(example = "M123A4567")]
        passport_number: Option<String>,
        /// The last day of a passport, where it was read wrong.
        #[schema(example = "2032-01-03")]
        expiry_date: Option<String>,
        /// The day of birth in a foreign passport, where it was read wrong.
        #[schema(example = "1990-01-01")]
        birth_date: Option<String>,
        /// The state that issued a foreign passport, where it was read wrong.
        #[schema(example = "VNM")]
        nationality: Option<String>,
        /// The registration number of a foreigner, where it was read wrong.
        registration_number: Option<String>,
    },
    /// Wants to take another picture.
    Retake {},
    /// Named an account of theirs.
    Account {
        /// The bank's code.
        #[schema(example = "088")]
        bank: String,
        /// The number; hyphens and spaces don't matter.
        account_number: String,
        /// An id of the person's device, for the limits of 1 won.
        #[schema(max_length = 64)]
        device: Option<String>,
        /// The network address of the person's device, for the limits of 1 won; yours unless given.
        #[schema(example = "192.0.2.7")]
        address: Option<String>,
    },
    /// Typed the code that came with 1 won.
    Code {
        /// As typed.
        #[schema(example = "가나다라")]
        code: String,
    },
    /// Wants 1 won again.
    Resend {},
    /// Wants another account.
    ChangeAccount {},
    /// Answered the policy's questions.
    Form {
        /// By the questions' ids: the id of an option or a list of them, `true` or `false`, a text, a number, a day as
        /// `2026-11-23`. What may be left open may be missing.
        #[schema(value_type = Object, example = json!({ "purpose": "salary", "owner": true }))]
        answers: BTreeMap<String, Value>,
    },
    /// Typed a code of the access medium. A wrong one is no error: the answer says how many tries are left.
    Device {
        /// As typed: a one-time password, or the four digits that a security card's challenge asks for.
        #[schema(example = "287082")]
        code: String,
    },
    /// Named a phone: a message with a code goes to it.
    Phone {
        /// `skt`, `kt`, `lgu` or `mvno`.
        #[schema(example = "skt")]
        telecom: String,
        /// The number.
        #[schema(example = "010-0000-0001")]
        phone_number: String,
    },
    /// Typed the code of the message.
    PhoneCode {
        /// As typed.
        #[schema(example = "123456")]
        code: String,
    },
    /// Wants another phone, or another message.
    ChangePhone {},
}

/// A text as the institution showed it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TextShown {
    /// Its id.
    #[schema(example = "safety.told_to")]
    text_id: String,
    /// Its version, from 1.
    #[schema(example = 1, minimum = 1)]
    version: u32,
    /// BCP 47 language.
    #[schema(example = "ko")]
    language: String,
    /// SHA-256 of the text's UTF-8 bytes, 64 hexadecimal digits in lower case.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    sha256: String,
}

/// A consent text and the person's answer.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentGiven {
    /// The text.
    text: TextShown,
    /// Stable word for what the consent is for.
    #[schema(example = "identity_verification")]
    purpose: String,
    /// Whether it was required, as the policy says.
    required: bool,
    /// The answer.
    answer: bool,
}

/// The same for a card, as multipart/form-data.
#[derive(ToSchema)]
#[allow(dead_code)] // The document's picture of the form.
pub struct CardForm {
    /// Always `card`.
    #[schema(example = "card")]
    step: String,
    /// JPEG or PNG.
    #[schema(content_media_type = "image/jpeg")]
    picture: Vec<u8>,
}

impl TextShown {
    fn checked(self, pointer: &str) -> Result<ShownText, Problem> {
        let word = |text: &str, most: usize, extra: &str| {
            (1..=most).contains(&text.len())
                && text.bytes().all(|b| b.is_ascii_alphanumeric() || extra.as_bytes().contains(&b))
        };
        let wrong = |field: &str| Problem::field(format!("{pointer}/{field}"), "malformed");
        if !word(&self.text_id, 64, "._-") {
            return Err(wrong("text_id"));
        }
        if self.version == 0 {
            return Err(wrong("version"));
        }
        if !word(&self.language, 35, "-") {
            return Err(wrong("language"));
        }
        if self.sha256.len() != 64 || !self.sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(wrong("sha256"));
        }
        let Self { text_id, version, language, sha256 } = self;
        Ok(ShownText { text_id, version, language, sha256 })
    }
}

impl ConsentGiven {
    fn checked(self, i: usize) -> Result<ConsentAnswer, Problem> {
        let text = self.text.checked(&format!("/answers/{i}/text"))?;
        let purpose = self.purpose;
        let fits = (1..=64).contains(&purpose.len())
            && purpose.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if !fits {
            return Err(Problem::field(format!("/answers/{i}/purpose"), "malformed"));
        }
        // The institution's own screen showed its own text: what it is about stands there.
        let terms = ConsentTerms::default();
        Ok(ConsentAnswer { text, purpose, required: self.required, answer: self.answer, terms })
    }
}

/// Hands in one step for the person, from an institution's own screens. A wrong code is no error: the answer says
/// how many tries are left.
#[utoipa::path(
    post, path = "/v1/verifications/{id}/submit", tag = "verifications",
    params(("id" = String, Path, description = "The verification.", example = "ver_01m9yr1e00e8abmcypx2tvb0zk")),
    request_body(content((Submission = "application/json"), (CardForm = "multipart/form-data"))),
    responses((status = 200, description = "Taken; as it stands now.", body = VerificationObject))
)]
pub async fn submit_verification(
    State(app): State<Arc<App>>,
    PathId(id): PathId,
    request: Request,
) -> Result<Response, Problem> {
    // A picture in base64 is a third longer; the rest of the body is small.
    let limit = app.config.http.picture_bytes / 3 * 4 + app.config.http.body_bytes;
    let raw = Raw::read(request, &app, limit).await?;
    let current = own(&app, &raw.auth.caller.institution.id, &id).await?;
    let given = read(&app, &raw).await?;
    let (app, from, id) = (&*app, raw.auth.from, current.state.id.clone());
    let key = raw.auth.caller.key.clone();
    let done = raw
        .once
        .act(app, id.as_str(), |take| async move {
            let current = begun(app, current).await?;
            let (device, address) = given.origin();
            let person = app
                .person(&current.state.id, current.state.session, device, address.unwrap_or(from))
                .handed_in_by(key, from)
                .claiming(take);
            given.hand_in(&person).await
        })
        .await?;
    let (state, before) = told(app, done).await?;
    Ok(replayed(Json(verification_object(app, &state).await?), before))
}

/// The page's session under which the institution acts: the one that is there, or the first.
async fn begun(app: &App, current: Current) -> Result<Current, ActError> {
    if current.state.session > 0 || current.state.end().is_some() {
        return Ok(current);
    }
    let id = current.state.id.clone();
    app.act(&id, Along::default(), |current, _| {
        let take_over = current.is_some_and(|c| c.state.session > 0);
        Ok(Act::plain(Command::TakeSession { take_over }))
    })
    .await
}

/// A submission whose fields have been checked.
enum Given {
    Safety(ShownText, bool),
    Consents(Vec<ConsentAnswer>),
    Card(Vec<u8>),
    Confirm(Edits),
    Retake,
    Account { bank: String, account: String, device: Option<String>, address: Option<IpAddr> },
    Code(String),
    Resend,
    ChangeAccount,
    Form(FormAnswers),
    Device(String),
    Phone(String, String),
    PhoneCode(String),
    ChangePhone,
}

impl Given {
    fn origin(&self) -> (Option<String>, Option<IpAddr>) {
        match self {
            Self::Account { device, address, .. } => (device.clone(), *address),
            _ => (None, None),
        }
    }

    async fn hand_in(self, person: &Person<'_>) -> Result<Current, ActError> {
        match self {
            Self::Safety(text, told_to) => person.answer_safety(text, told_to).await,
            Self::Consents(answers) => person.answer_consents(answers).await,
            Self::Card(picture) => person.submit_card(picture, PictureSource::File, None).await,
            Self::Confirm(edits) => person.confirm_card(edits).await,
            Self::Retake => person.retake_card().await,
            Self::Account { bank, account, .. } => person.give_account(&bank, &account).await,
            Self::Code(code) => person.try_code(&code).await.map(|(_, current)| current),
            Self::Resend => person.resend().await,
            Self::ChangeAccount => person.change_account().await,
            Self::Form(answers) => person.answer_form(&answers).await,
            Self::Phone(telecom, number) => person.give_phone(&telecom, &number).await,
            Self::PhoneCode(code) => person.type_phone_code(&code).await,
            Self::ChangePhone => person.change_phone().await,
            Self::Device(code) => person.try_device(&code).await.map(|(_, current)| current),
        }
    }
}

async fn read(app: &App, raw: &Raw) -> Result<Given, Problem> {
    match body::media_type(&raw.headers).as_deref() {
        Some("application/json") => checked(app, body::json(&raw.bytes)?),
        Some("multipart/form-data") => form(raw).await,
        _ => Err(Problem::new(Code::UnsupportedMediaType)
            .detail("Send JSON as `application/json`, or a card as `multipart/form-data`.")),
    }
}

fn checked(app: &App, submission: Submission) -> Result<Given, Problem> {
    Ok(match submission {
        Submission::Safety { text, told_to } => Given::Safety(text.checked("/text")?, told_to),
        Submission::Consents { answers } => {
            let answers = answers.into_iter().enumerate().map(|(i, answer)| answer.checked(i));
            Given::Consents(answers.collect::<Result<_, _>>()?)
        }
        Submission::Card { picture } => {
            let picture = STANDARD.decode(picture).map_err(|_| Problem::field("/picture", "malformed"))?;
            if picture.len() > app.config.http.picture_bytes {
                return Err(Problem::field("/picture", "image_too_large"));
            }
            Given::Card(picture)
        }
        Submission::Confirm {
            name,
            resident_number,
            issue_date,
            licence_number,
            serial_code,
            passport_number,
            expiry_date,
            birth_date,
            nationality,
            registration_number,
        } => {
            use DocumentField as F;
            let given = [
                (F::Name, name),
                (F::ResidentNumber, resident_number),
                (F::IssueDate, issue_date),
                (F::LicenceNumber, licence_number),
                (F::SerialCode, serial_code),
                (F::PassportNumber, passport_number),
                (F::ExpiryDate, expiry_date),
                (F::BirthDate, birth_date),
                (F::Nationality, nationality),
                (F::RegistrationNumber, registration_number),
            ];
            let given = given.into_iter().filter_map(|(field, text)| Some((field, text?)));
            Given::Confirm(given.collect())
        }
        Submission::Retake {} => Given::Retake,
        Submission::Account { bank, account_number, device, address } => {
            let fits = |d: &String| (1..=64).contains(&d.len()) && d.bytes().all(|b| b.is_ascii_graphic());
            if device.as_ref().is_some_and(|d| !fits(d)) {
                return Err(Problem::field("/device", "malformed"));
            }
            let address = address.map(|text| text.parse::<IpAddr>()).transpose();
            let address = address.map_err(|_| Problem::field("/address", "malformed"))?;
            Given::Account { bank, account: account_number, device, address }
        }
        Submission::Code { code } => Given::Code(code),
        Submission::Resend {} => Given::Resend,
        Submission::ChangeAccount {} => Given::ChangeAccount,
        Submission::Form { answers } => Given::Form(form_answers(answers)?),
        Submission::Device { code } => Given::Device(code),
        Submission::Phone { telecom, phone_number } => Given::Phone(telecom, phone_number),
        Submission::PhoneCode { code } => Given::PhoneCode(code),
        Submission::ChangePhone {} => Given::ChangePhone,
    })
}

/// Answers as a person would give them: each a list of texts.
fn form_answers(answers: BTreeMap<String, Value>) -> Result<FormAnswers, Problem> {
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(yes) => Some(yes.to_string()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let read = |(id, value): (String, Value)| {
        let texts = match &value {
            Value::Array(values) => values.iter().map(text).collect::<Option<Vec<_>>>(),
            one => text(one).map(|text| vec![text]),
        };
        let wrong = || Problem::field(format!("/answers/{}", id.escape_default()), "wrong_type");
        Ok((id.clone(), texts.ok_or_else(wrong)?))
    };
    answers.into_iter().map(read).collect()
}

async fn form(raw: &Raw) -> Result<Given, Problem> {
    let malformed = || Problem::new(Code::InvalidMultipart);
    let kind = raw.headers.get(CONTENT_TYPE).ok_or_else(malformed)?;
    let request = Request::builder().header(CONTENT_TYPE, kind).body(Body::from(raw.bytes.clone()));
    let mut form =
        Multipart::from_request(request.map_err(|_| malformed())?, &()).await.map_err(|_| malformed())?;
    let (mut step, mut picture) = (None, None);
    while let Some(field) = form.next_field().await.map_err(|_| malformed())? {
        let slot = match field.name() {
            Some("step") => &mut step,
            Some("picture") => &mut picture,
            _ => return Err(malformed()),
        };
        let bytes = field.bytes().await.map_err(|_| malformed())?;
        if slot.replace(bytes).is_some() {
            return Err(malformed());
        }
    }
    match (step.as_deref(), picture) {
        (Some(b"card"), Some(picture)) => Ok(Given::Card(picture.to_vec())),
        (None, _) => Err(Problem::field("/step", "required")),
        (Some(b"card"), None) => Err(Problem::field("/picture", "required")),
        (Some(_), _) => Err(Problem::field("/step", "wrong_type")),
    }
}

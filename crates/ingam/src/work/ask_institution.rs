//! Asking an institution whether a verification goes on: a signed message to the endpoint that its policy names, and an
//! answer in its body. The message keeps its id, so asking again changes nothing there.

use super::deliver::message;
use super::{Held, Outcome, recorded, with};
use crate::app::App;
use crate::fault::Fault;
use crate::flow::verification::Act;
use crate::flow::{ActError, Secrets};
use axum::http::StatusCode;
use ingam_cases::answers::{Answer, InstitutionCode};
use ingam_cases::id::{CallId, VerificationId};
use ingam_cases::policy::Words;
use ingam_cases::verification::{Command, InstitutionStep, Verification};
use ingam_ledger::RetentionClass;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;

/// The entry beside which the institution's text is sealed.
pub const ANSWERED: &str = "verification.institution_answered/1";
/// The type of the message.
pub const MESSAGE: &str = "verification.institution_check";
/// Longest answer that is read, in bytes.
const MOST_BYTES: usize = 16 * 1024;
/// Longest text for the person, in characters.
const MAX_TEXT: usize = 300;
/// Longest that an institution may ask to wait before it is asked again, in seconds.
const MOST_WAIT_S: u32 = 86_400;

/// What an institution answers.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct InstitutionAnswer {
    /// Whether it goes on: `pass`, `stop`, or `unknown` where that is not known yet.
    pub answer: Said,
    /// What the person reads, at most 300 characters: after `stop` why and what to do, after `unknown` what is waited
    /// for. Sealed.
    #[serde(default)]
    #[schema(nullable = false)]
    pub text: Option<TextForPerson>,
    /// After `unknown`: in how many seconds to ask again; a growing pause unless given.
    #[serde(default)]
    #[schema(maximum = 86400, nullable = false)]
    pub retry_after_s: Option<u32>,
}

/// A text in the languages that it was given in.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TextForPerson {
    /// In Korean.
    #[schema(example = "지점에서 확인이 필요해요. 1588-0000으로 전화해 주세요.", max_length = 300)]
    pub ko: String,
    /// In English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "Please call 1588-0000.", max_length = 300, nullable = false)]
    pub en: Option<String>,
}

/// Whether it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// Go on.
    Pass,
    /// Do not.
    Stop,
    /// Not known yet.
    Unknown,
}

pub(super) async fn ask_institution(
    app: &App,
    task: &Held,
    id: &VerificationId,
    call: CallId,
) -> Result<Outcome, ActError> {
    let Some(current) = app.verification(id).await? else { return Ok(Outcome::Over) };
    match &current.state.institution_check {
        InstitutionStep::Asking { call: asked, .. } if *asked == call => {}
        _ => return Ok(Outcome::Over),
    }
    let started = app.now();
    let said = ask(app, &current.state, &call).await?;
    let (code, text, wait_s) = match said {
        Some(InstitutionAnswer { answer, text, retry_after_s }) => {
            let code = match answer {
                Said::Pass => InstitutionCode::Pass,
                Said::Stop => InstitutionCode::Stop,
                Said::Unknown => InstitutionCode::Unknown,
            };
            (code, text, retry_after_s)
        }
        None => (InstitutionCode::Unavailable, None, None),
    };
    let now = app.now();
    let answer = Answer {
        code,
        provider: "institution".to_owned(),
        provider_ref: None,
        provider_code: None,
        retry_at: wait_s.map(|wait_s| now + SignedDuration::from_secs(i64::from(wait_s.min(MOST_WAIT_S)))),
        told_at: None,
        elapsed_ms: u64::try_from(now.duration_since(started).as_millis()).unwrap_or(0),
    };
    let text = text.map(|text| serde_json::to_string(&text).map_err(Fault::internal)).transpose()?;
    let result = app
        .act(id, with(task), |_, _| {
            Ok(Act {
                command: Command::InstitutionAnswered { call: call.clone(), answer: answer.clone() },
                secrets: Secrets::default().maybe(ANSWERED, "text", RetentionClass::Identity, text.clone()),
                keys: Default::default(),
            })
        })
        .await;
    recorded(result)
}

/// The institution's answer; nothing where there is none that can be relied on.
async fn ask(app: &App, v: &Verification, call: &CallId) -> Result<Option<InstitutionAnswer>, ActError> {
    let Some(institution) = app.institution(&v.institution).await? else { return Ok(None) };
    let Some((id, endpoint)) = v.asked_endpoint().and_then(|id| Some((id, institution.endpoints.get(id)?)))
    else {
        tracing::warn!(institution = %v.institution, "the endpoint of an institution check was removed");
        return Ok(None);
    };
    let body = json!({
        "id": call,
        "type": MESSAGE,
        "timestamp": app.now().to_string(),
        "data": crate::api::verification_object(app, v).await?,
    });
    let request = message(app, id, endpoint, call.as_str(), &body.to_string()).await?;
    let answer = match app.webhooks.send(request).await {
        Ok(answer) if answer.status() == StatusCode::OK => answer,
        Ok(answer) => {
            tracing::info!(endpoint = %id, status = answer.status().as_u16(), "an institution check was refused");
            return Ok(None);
        }
        Err(broken) => {
            tracing::info!(endpoint = %id, ?broken, "an institution check had no answer");
            return Ok(None);
        }
    };
    let read = read(answer).await;
    if read.is_none() {
        tracing::info!(endpoint = %id, "the answer to an institution check was not understood");
    }
    Ok(read)
}

async fn read(mut answer: reqwest::Response) -> Option<InstitutionAnswer> {
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MOST_BYTES {
            return None;
        }
    }
    understood(&bytes)
}

/// An answer of the right shape, whose text can be shown; anything else is none.
fn understood(bytes: &[u8]) -> Option<InstitutionAnswer> {
    let answer: InstitutionAnswer = serde_json::from_slice(bytes).ok()?;
    let fits = |text: &str| {
        (1..=MAX_TEXT).contains(&text.trim().chars().count()) && !text.chars().any(char::is_control)
    };
    let shown = answer.text.as_ref().is_none_or(|t| fits(&t.ko) && t.en.as_deref().is_none_or(fits));
    shown.then_some(answer)
}

impl App {
    /// What the institution wants the person to read, after its last answer.
    ///
    /// # Errors
    /// As [`App::sealed`].
    pub async fn institution_text(
        &self,
        id: &VerificationId,
        reader: crate::flow::plaintext::Reader<'_>,
    ) -> Result<Option<Words>, ActError> {
        let fields = self.sealed(id, ANSWERED, &["text"], reader).await?;
        let text = fields.get("text").and_then(serde_json::Value::as_str);
        text.map(|text| serde_json::from_str(text).map_err(|fault| Fault::internal(fault).into())).transpose()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_answer_of_the_right_shape_is_one() {
        let check = |text: &str, expected: Option<Said>| {
            assert_eq!(understood(text.as_bytes()).map(|a| a.answer), expected, "{text}");
        };
        check(r#"{"answer":"pass"}"#, Some(Said::Pass));
        check(r#"{"answer":"stop","text":{"ko":"지점에 문의해 주세요."}}"#, Some(Said::Stop));
        check(r#"{"answer":"unknown","retry_after_s":60}"#, Some(Said::Unknown));
        check(r#"{"answer":"yes"}"#, None);
        check(r#"{"answer":"pass","note":1}"#, None);
        check(r#"{"answer":"stop","text":{"ko":" "}}"#, None);
        check(r#"{"answer":"stop","text":{"ko":"가","en":"a\u0007"}}"#, None);
        check(&format!(r#"{{"answer":"stop","text":{{"ko":"{}"}}}}"#, "가".repeat(301)), None);
        check("", None);
        check("pass", None);
    }
}

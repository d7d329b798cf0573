//! Error answers: `application/problem+json` (RFC 9457) with a stable code and the request's id.
//!
//! A [`Problem`] knows no request: [`super::request`] adds the id, writes the body and logs a fault once. What is
//! sent never holds a cause, and never a value that was received.

use super::code::Code;
use crate::fault::Fault;
use crate::flow::ActError;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ingam_cases::refusal::Refusal;
use serde::Serialize;
use std::borrow::Cow;
use std::sync::Arc;
use utoipa::ToSchema;

/// Seconds after which a caller may try again when the machine could not answer.
const RETRY_AFTER_S: &str = "2";

/// Why a request is not answered as asked.
#[derive(Debug, Clone)]
pub struct Problem {
    /// What it is about.
    pub code: Code,
    /// What to do about it, where the code's own words are not enough.
    pub detail: Option<Cow<'static, str>>,
    /// Which fields.
    pub errors: Vec<FieldProblem>,
    /// What failed, for the log alone.
    pub fault: Option<Arc<Fault>>,
}

/// What is wrong with one field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldProblem {
    /// JSON pointer into the body (RFC 6901), or the name of a query parameter.
    #[schema(example = "/return_url")]
    pub field: String,
    /// Stable code.
    #[schema(example = "https_required")]
    pub code: String,
    /// What to do about it, for a developer.
    #[schema(example = "The address must be https.")]
    pub detail: String,
}

/// An error answer (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct ProblemBody<'a> {
    /// `urn:ingam:problem:` and the code.
    #[schema(example = "urn:ingam:problem:invalid")]
    pub r#type: String,
    /// The same words for every occurrence.
    #[schema(example = "Invalid fields")]
    pub title: &'a str,
    /// The HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// What to do about it, for a developer.
    #[schema(example = "Some fields can't be used. See `errors`.")]
    pub detail: &'a str,
    /// Stable code.
    #[schema(example = "invalid")]
    pub code: &'a str,
    /// This request, as in `X-Request-Id`.
    #[schema(example = "req_01m9yr1e00e8abmcypx2tvb0zk")]
    pub request_id: &'a str,
    /// Which fields; empty where the problem is not about fields.
    pub errors: &'a [FieldProblem],
}

impl Problem {
    /// A problem in its code's own words.
    pub fn new(code: Code) -> Self {
        Self { code, detail: None, errors: Vec::new(), fault: None }
    }

    /// Whether it is of this code.
    pub fn is(&self, code: Code) -> bool {
        self.code == code
    }

    /// The same with other words about what to do. They hold nothing that was received.
    pub fn detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// One field of the body that can't be used; `pointer` begins with a slash.
    pub fn field(pointer: impl Into<String>, code: &'static str) -> Self {
        Self::new(Code::Invalid).and(pointer, code)
    }

    /// The same with one more field.
    pub fn and(mut self, pointer: impl Into<String>, code: &'static str) -> Self {
        self.errors.push(FieldProblem::new(pointer, code));
        self
    }

    /// One query parameter that can't be used.
    pub fn query(name: impl Into<String>, code: &'static str) -> Self {
        Self::new(Code::InvalidQuery).and(name, code)
    }

    /// An error answer without words of ours, as the framework makes them, by its status.
    pub fn of_status(status: StatusCode) -> Self {
        Self::new(match status {
            StatusCode::NOT_FOUND => Code::RouteNotFound,
            StatusCode::METHOD_NOT_ALLOWED => Code::MethodNotAllowed,
            StatusCode::PAYLOAD_TOO_LARGE => Code::BodyTooLarge,
            StatusCode::UNSUPPORTED_MEDIA_TYPE => Code::UnsupportedMediaType,
            StatusCode::SERVICE_UNAVAILABLE => Code::Unavailable,
            status if status.is_client_error() => Code::InvalidJson,
            _ => Code::Internal,
        })
    }

    /// The body, once the request is known.
    pub(super) fn body(&self, request_id: &str) -> Vec<u8> {
        let body = ProblemBody {
            r#type: format!("urn:ingam:problem:{}", self.code.as_str()),
            title: self.code.title(),
            status: self.code.status(),
            detail: self.detail.as_deref().unwrap_or(self.code.detail()),
            code: self.code.as_str(),
            request_id,
            errors: &self.errors,
        };
        // A struct of texts and numbers always becomes JSON.
        serde_json::to_vec(&body).unwrap_or_default()
    }
}

impl FieldProblem {
    /// A field with a code of the table, in the table's words.
    pub fn new(pointer: impl Into<String>, code: &'static str) -> Self {
        let words = super::code::FIELD_CODES.iter().find(|(c, _)| *c == code).map_or("", |(_, words)| words);
        Self { field: pointer.into(), code: code.to_owned(), detail: words.to_owned() }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        match self.code {
            Code::Unavailable => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
            }
            // RFC 6750 §3: an attempt with a token that is not taken says so, none at all does not.
            Code::Unauthorized => {
                let challenge = HeaderValue::from_static("Bearer realm=\"ingam\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            Code::WrongEnvironment => {
                let challenge = HeaderValue::from_static("Bearer realm=\"ingam\", error=\"invalid_token\"");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            _ => {}
        }
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        use ingam_ledger::Fault as Ledger;
        let code = match &fault {
            Fault::Ledger(
                Ledger::Unavailable(_)
                | Ledger::Store(_)
                | Ledger::File { .. }
                | Ledger::Closed
                | Ledger::Locked
                | Ledger::Injected,
            ) => Code::Unavailable,
            _ => Code::Internal,
        };
        Self { fault: Some(Arc::new(fault)), ..Self::new(code) }
    }
}

impl From<ingam_ledger::Fault> for Problem {
    fn from(fault: ingam_ledger::Fault) -> Self {
        Fault::from(fault).into()
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::new(if refusal == Refusal::Unknown { Code::NotFound } else { Code::Refused(refusal) })
    }
}

impl From<ActError> for Problem {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Refused(refusal) => refusal.into(),
            ActError::Invalid { field, code } => Self::field(format!("/{field}"), code),
            ActError::Destroyed => Self::new(Code::Destroyed),
            ActError::Fault(fault) => fault.into(),
            // Only a claim of the API's own could be held, and those are looked at where they are taken.
            ActError::Held { .. } => Fault::internal("a claim is held that nobody expected").into(),
            ActError::BadAnswer { question, code } => Self::field(format!("/answers/{question}"), code),
            ActError::Overtaken => Fault::internal("a case was overtaken where nobody looked again").into(),
            ActError::Early => Fault::internal("a request that has to wait").into(),
        }
    }
}

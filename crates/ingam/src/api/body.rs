//! Reading what was sent: the body as JSON of a known shape, the query as known parameters, ids in the path.
//!
//! Nothing unknown is ignored, and what is wrong is told by its place (RFC 6901) and a code, never by its value.

use super::auth::Auth;
use super::code::Code;
use super::idempotency::Once;
use super::problem::{FieldProblem, Problem};
use crate::app::App;
use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Path, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderMap, request::Parts};
use http_body_util::{BodyExt, Limited};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// A shape that a POST takes.
pub trait Payload: DeserializeOwned {
    /// Whether no body at all is the same as `{}`.
    const MAY_BE_EMPTY: bool = false;
}

/// A POST that takes nothing.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

impl Payload for Nothing {
    const MAY_BE_EMPTY: bool = true;
}

/// A POST of an institution: who, what, and whether it may have been sent before.
pub struct Posted<T> {
    /// Who calls.
    pub auth: Auth,
    /// What was sent.
    pub body: T,
    /// What makes the act happen once.
    pub once: Once,
}

impl<T: Payload> FromRequest<Arc<App>> for Posted<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        let raw = Raw::read(request, app, app.config.http.body_bytes).await?;
        let body = if raw.bytes.is_empty() && T::MAY_BE_EMPTY {
            json(b"{}")?
        } else {
            if media_type(&raw.headers).as_deref() != Some("application/json") {
                return Err(Problem::new(Code::UnsupportedMediaType));
            }
            json(&raw.bytes)?
        };
        Ok(Self { auth: raw.auth, body, once: raw.once })
    }
}

/// A POST of an institution before its body is understood.
pub struct Raw {
    /// Who calls.
    pub auth: Auth,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub bytes: Bytes,
    /// What makes the act happen once.
    pub once: Once,
}

impl Raw {
    /// Reads who calls, then the body up to a limit.
    ///
    /// # Errors
    /// The problem to answer.
    pub async fn read(request: Request, app: &Arc<App>, limit: usize) -> Result<Self, Problem> {
        let (mut parts, body) = request.into_parts();
        let auth = Auth::from_request_parts(&mut parts, app).await?;
        let announced = parts.headers.get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
        if announced.is_some_and(|length| length > limit as u64) {
            return Err(Problem::new(Code::BodyTooLarge));
        }
        let bytes = match Limited::new(body, limit).collect().await {
            Ok(collected) => collected.to_bytes(),
            Err(error) if error.is::<http_body_util::LengthLimitError>() => {
                return Err(Problem::new(Code::BodyTooLarge));
            }
            // The connection broke: nobody reads the answer.
            Err(_) => return Err(Problem::new(Code::InvalidJson)),
        };
        let once = Once::of(app, &auth, &parts, &bytes).await?;
        Ok(Self { auth, headers: parts.headers, bytes, once })
    }
}

/// The media type without its parameters, in lower case.
pub fn media_type(headers: &HeaderMap) -> Option<String> {
    let value = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
}

/// Reads JSON of a known shape. serde_json refuses more than 128 levels; the number of bytes is limited before.
///
/// # Errors
/// `invalid_json` where it is none, `invalid` with the place where it has another shape.
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    // serde takes a list for a struct; an API does not.
    if bytes.trim_ascii_start().first().is_some_and(|first| *first != b'{') {
        return Err(match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
            Ok(_) => Problem::field("", "wrong_type"),
            Err(_) => Problem::new(Code::InvalidJson),
        });
    }
    let mut input = serde_json::Deserializer::from_slice(bytes);
    let value: T = serde_path_to_error::deserialize(&mut input).map_err(|error| {
        let pointer = pointer(error.path());
        shape_problem(&pointer, error.inner())
    })?;
    input.end().map_err(|_| Problem::new(Code::InvalidJson))?;
    Ok(value)
}

/// serde's own words may hold the value: only what they begin with is looked at, and of names only our own.
fn shape_problem(pointer: &str, error: &serde_json::Error) -> Problem {
    if !error.is_data() {
        return Problem::new(Code::InvalidJson);
    }
    let words = error.to_string();
    let quoted = || words.split('`').nth(1).filter(|name| is_plain_name(name));
    let within = |name: Option<&str>| match name {
        // The path of an unknown field ends with the field itself already.
        Some(name) if !pointer.ends_with(&format!("/{name}")) => format!("{pointer}/{name}"),
        _ => pointer.to_owned(),
    };
    let (field, code) = if words.starts_with("missing field") {
        (within(quoted()), "required")
    } else if words.starts_with("unknown field") {
        match quoted() {
            Some(name) => (within(Some(name)), "unknown_field"),
            // A name that is no name of ours may be anything: it is not sent back.
            None => (pointer.rsplit_once('/').map_or("", |(up, _)| up).to_owned(), "unknown_field"),
        }
    } else if words.starts_with("duplicate field") {
        (within(quoted()), "repeated")
    } else {
        (pointer.to_owned(), "wrong_type")
    };
    let mut problem = Problem::new(Code::Invalid);
    problem.errors.push(FieldProblem::new(field, code));
    problem
}

/// A name as our own fields have: what else stands there is the caller's and stays out of answers.
fn is_plain_name(name: &str) -> bool {
    (1..=40).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
}

fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    path.iter()
        .map(|segment| match segment {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } if is_plain_name(key) => format!("/{key}"),
            Segment::Enum { .. } | Segment::Unknown | Segment::Map { .. } => String::new(),
        })
        .collect()
}

/// The parameters behind the question mark. Each is taken once by name; what is left over is refused.
pub struct Query(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Query {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        let mut all: Vec<(String, String)> = Vec::new();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            if all.iter().any(|(known, _)| *known == name) {
                return Err(repeated(&name));
            }
            all.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(all))
    }
}

fn repeated(name: &str) -> Problem {
    if is_plain_name(name) { Problem::query(name, "repeated") } else { Problem::new(Code::InvalidQuery) }
}

impl Query {
    /// Takes a parameter.
    pub fn take(&mut self, name: &str) -> Option<String> {
        let at = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.swap_remove(at).1)
    }

    /// Takes a parameter and reads it.
    ///
    /// # Errors
    /// Where it has no usable value.
    pub fn read<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        match self.take(name) {
            Some(text) => read(&text).map(Some).ok_or_else(|| Problem::query(name, "malformed")),
            None => Ok(None),
        }
    }

    /// How many items a page has: 20 unless asked otherwise, 1 to 100.
    ///
    /// # Errors
    /// Where it is no such number.
    pub fn limit(&mut self) -> Result<usize, Problem> {
        match self.take("limit") {
            None => Ok(20),
            Some(text) => match text.parse() {
                Ok(limit @ 1..=100) => Ok(limit),
                _ => Err(Problem::query("limit", "out_of_range")),
            },
        }
    }

    /// A time in RFC 3339.
    ///
    /// # Errors
    /// Where it is none.
    pub fn time(&mut self, name: &'static str) -> Result<Option<jiff::Timestamp>, Problem> {
        self.read(name, |text| text.parse().ok())
    }

    /// Refuses what was not taken.
    ///
    /// # Errors
    /// Where something is left over.
    pub fn end(self) -> Result<(), Problem> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) if is_plain_name(name) => Err(Problem::query(name.clone(), "unknown_field")),
            Some(_) => Err(Problem::new(Code::InvalidQuery)),
        }
    }
}

/// The id in the path, as text. What can't be text is the id of nothing.
pub struct PathId(pub String);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(id)) => Ok(Self(id)),
            Err(_) => Err(Problem::new(Code::NotFound)),
        }
    }
}

/// Reads the id in the path. What is no id of the kind is not found, like one that does not exist.
///
/// # Errors
/// `not_found`.
pub fn id<T>(
    text: &str,
    parse: impl FnOnce(&str) -> Result<T, ingam_cases::id::NotAnId>,
) -> Result<T, Problem> {
    parse(text).map_err(|_| Problem::new(Code::NotFound))
}

/// Text that a person may read: not empty, not longer than asked, no control characters.
///
/// # Errors
/// The problem of that field.
pub fn text(pointer: &'static str, text: &str, most: usize) -> Result<(), Problem> {
    if text.trim().is_empty() {
        Err(Problem::field(pointer, "empty"))
    } else if text.chars().count() > most {
        Err(Problem::field(pointer, "too_long"))
    } else if text.chars().any(char::is_control) {
        Err(Problem::field(pointer, "character"))
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingam_cases::policy::Policy;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Outer {
        name: String,
        inner: Vec<Inner>,
    }
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Inner {
        count: u32,
    }

    #[track_caller]
    fn check(json_text: &str, code: &str, field: Option<(&str, &str)>) {
        let problem = json::<Outer>(json_text.as_bytes()).unwrap_err();
        assert_eq!(problem.code.as_str(), code, "{json_text}");
        let found = problem.errors.first().map(|e| (e.field.as_str(), e.code.as_str()));
        assert_eq!(found, field, "{json_text}");
    }

    #[test]
    fn what_is_wrong_is_told_by_its_place() {
        check("{", "invalid_json", None);
        check("", "invalid_json", None);
        check("{\"name\":\"a\",\"inner\":[]} x", "invalid_json", None);
        check(&"[".repeat(40_000), "invalid_json", None);
        check(&format!("{{\"name\":{}", "[".repeat(40_000)), "invalid", Some(("/name", "wrong_type")));
        check("[]", "invalid", Some(("", "wrong_type")));
        check("{\"name\":\"a\"}", "invalid", Some(("/inner", "required")));
        check("{\"name\":7,\"inner\":[]}", "invalid", Some(("/name", "wrong_type")));
        check("{\"name\":\"a\",\"inner\":[{}]}", "invalid", Some(("/inner/0/count", "required")));
        check(
            "{\"name\":\"a\",\"inner\":[{\"count\":-1}]}",
            "invalid",
            Some(("/inner/0/count", "wrong_type")),
        );
        check("{\"name\":\"a\",\"nme\":1,\"inner\":[]}", "invalid", Some(("/nme", "unknown_field")));
        check("{\"name\":\"a\",\"name\":\"b\",\"inner\":[]}", "invalid", Some(("/name", "repeated")));
        // A name that may be a person's number is not sent back.
        check("{\"900101-1234567\":1}", "invalid", Some(("", "unknown_field")));
    }

    #[test]
    fn a_policys_steps_are_as_strict_as_its_fields() {
        let policy = serde_json::to_value(Policy::id_and_account("이름", "목적")).unwrap();
        let read = |policy: &serde_json::Value| json::<Policy>(&serde_json::to_vec(policy).unwrap());
        assert!(read(&policy).is_ok());
        let mut other = policy.clone();
        other["steps"][0]["surprise"] = true.into();
        let problem = read(&other).unwrap_err();
        assert_eq!(problem.errors[0].code, "unknown_field");
        assert!(problem.errors[0].field.starts_with("/steps/0"), "{:?}", problem.errors);
    }
}

//! Authenticity of resident cards (주민등록증 진위확인), vendor-shaped.
//!
//! The wire format of the issuer itself (Ministry of the Interior and Safety) is not public: institutions reach it
//! through KFTC or a vendor under contract. This file therefore speaks as one vendor's public documents do (useB
//! API v1.4.0): `POST /oauth/token` with Basic, `POST /status/idcard`, and an envelope
//! `{success, message, transaction_id, error_code}`. Another vendor is another file beside this one.

use crate::{
    clock::{Clock, kst_zone},
    config::{Limits, Misconfigured, Secret},
    deadline::Deadline,
    line::{Failure, Line, Observer, Reply, Said, Timer},
    maintenance::Window,
    roles::ResidentCardIssuer,
    token::{Token, TokenCache},
    wire::Wire,
};
use async_trait::async_trait;
use ingam_cases::{
    answers::{Answer, IssuerCode},
    id::CallId,
    values::{PersonName, ResidentNumber},
};
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Settings of the connection.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResidentCardConfig {
    /// Name under which answers are recorded; `mois` unless set.
    #[serde(default = "mois")]
    pub institution: String,
    /// Where `POST /oauth/token` is answered.
    pub auth_url: String,
    /// Where `POST /status/idcard` is answered.
    pub base_url: String,
    /// Credentials from the contract.
    pub client_id: Secret,
    /// Credentials from the contract.
    pub client_secret: Secret,
    /// Hours in which the issuer rests; none unless set.
    #[serde(default)]
    pub maintenance: Vec<Window>,
    /// Time-outs, size and breaker.
    #[serde(default)]
    pub limits: Limits,
}

fn mois() -> String {
    "mois".into()
}

impl ResidentCardConfig {
    /// Settings that fit the sandbox at `base_url`.
    pub fn for_sandbox(base_url: &str) -> Self {
        Self {
            institution: mois(),
            auth_url: base_url.to_owned(),
            base_url: base_url.to_owned(),
            client_id: Secret::new("sandbox"),
            client_secret: Secret::new("sandbox"),
            maintenance: Vec::new(),
            limits: Limits::default(),
        }
    }
}

/// Asks a vendor that asks the issuer.
pub struct VendorResidentCards {
    config: ResidentCardConfig,
    auth: Line,
    line: Line,
    tokens: TokenCache,
}

#[derive(Deserialize)]
struct TokenAnswer {
    jwt: Secret,
    #[serde(default)]
    expires_in: String,
}

#[derive(Serialize)]
struct Question<'a> {
    identity: &'a str,
    #[serde(rename = "issueDate")]
    issue_date: &'a str,
    #[serde(rename = "userName")]
    user_name: &'a str,
}

/// `message` is not read: it is free text.
#[derive(Deserialize)]
struct Envelope {
    success: bool,
    #[serde(default)]
    transaction_id: String,
    #[serde(default)]
    error_code: String,
}

impl VendorResidentCards {
    /// Makes the connection; nothing is called yet.
    pub fn new(
        config: ResidentCardConfig,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Misconfigured> {
        Self::made(config, None, clock, observer)
    }

    /// The same over another wire than sockets.
    pub fn over(
        wire: Arc<dyn Wire>,
        config: ResidentCardConfig,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Misconfigured> {
        Self::made(config, Some(wire), clock, observer)
    }

    fn made(
        config: ResidentCardConfig,
        wire: Option<Arc<dyn Wire>>,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Misconfigured> {
        let line = |url: &str| {
            let (wire, clock, observer) = (wire.clone(), clock.clone(), observer.clone());
            Line::new(&config.institution, url, &config.limits, wire, clock, observer)
        };
        let (auth, line) = (line(&config.auth_url)?, line(&config.base_url)?);
        Ok(Self { config, auth, line, tokens: TokenCache::default() })
    }

    async fn token(&self, timer: &Timer) -> Result<Secret, Failure> {
        let now = self.line.now();
        let fetch = async || {
            let (id, secret) = (self.config.client_id.expose(), self.config.client_secret.expose());
            let request = self.auth.post("/oauth/token").basic_auth(id, Some(secret));
            let reply = self.auth.send("token", request, timer).await?;
            let answer: TokenAnswer =
                serde_json::from_slice(&reply.body).map_err(|_| Failure::lost("token"))?;
            Ok(Token { value: answer.jwt, ends: token_ends(&answer.expires_in, now) })
        };
        // Without a token the issuer was not asked, whatever went wrong.
        self.tokens.get(now, fetch).await.map_err(|failure| Failure::NotSent {
            reason: if failure.reason() == "breaker_open" { "breaker_open" } else { "token" },
            retry_at: failure.retry_at(),
        })
    }

    async fn ask(&self, question: &Question<'_>, timer: &Timer) -> Result<Reply, Failure> {
        for renewed in [false, true] {
            let token = self.token(timer).await?;
            let request = self.line.post("/status/idcard").bearer_auth(token.expose()).json(question);
            let reply = self.line.send("check", request, timer).await?;
            if reply.status != 401 {
                return Ok(reply);
            }
            self.tokens.forget(&token).await;
            if renewed {
                break;
            }
        }
        Err(Failure::not_sent("token"))
    }
}

#[async_trait]
impl ResidentCardIssuer for VendorResidentCards {
    async fn check(
        &self,
        call: &CallId,
        name: &PersonName,
        number: &ResidentNumber,
        issued: Date,
        before: Deadline,
    ) -> Answer<IssuerCode> {
        let timer = self.line.timer_before(before);
        tracing::debug!(%call, "asking the issuer of a resident card");
        let now = self.line.now();
        if let Some(until) = self.config.maintenance.iter().filter_map(|w| w.until(now)).max() {
            return self.line.answer(IssuerCode::Maintenance, &timer, Said::later(Some(until)));
        }
        let question = Question {
            identity: &number.expose(),
            issue_date: &issued.strftime("%Y%m%d").to_string(),
            user_name: name.expose(),
        };
        let (code, said) = match self.ask(&question, &timer).await {
            Ok(reply) => read(&reply),
            Err(failure) => (failure_code(&failure), Said::failed(&failure)),
        };
        if code == IssuerCode::NoAnswer {
            // The question may have been counted as a wrong day of issue. The next one shall not be spent on an
            // issuer that is still down: asking for a token first finds out for nothing.
            self.tokens.clear().await;
        }
        self.line.answer(code, &timer, said)
    }
}

fn failure_code(failure: &Failure) -> IssuerCode {
    match failure {
        Failure::RateLimited { .. } => IssuerCode::RateLimited,
        Failure::NotSent { .. } => IssuerCode::Unavailable,
        _ if failure.is_announced_rest() => IssuerCode::Maintenance,
        // It may have been asked, and have counted a wrong day of issue.
        Failure::Lost { .. } => IssuerCode::NoAnswer,
    }
}

/// Reads an envelope. Total: any bytes give a code, and bytes that are no envelope give none of the card.
pub(crate) fn read(reply: &Reply) -> (IssuerCode, Said) {
    let Ok(envelope) = serde_json::from_slice::<Envelope>(&reply.body) else {
        let failure = match reply.turned_away() {
            true => Failure::not_sent("turned_away"),
            false => Failure::lost("malformed"),
        };
        return (failure_code(&failure), Said::failed(&failure));
    };
    let said = Said::new(&envelope.transaction_id, &[&envelope.error_code]);
    // Codes of useB v1.4.0 for `/status/idcard`. Neither A003 nor A004 says whether name or day differs.
    let code = match (envelope.success, envelope.error_code.as_str()) {
        (true, "") if reply.status < 300 => IssuerCode::Valid,
        (false, "A001") => IssuerCode::MismatchNumber,
        (false, "A002") => IssuerCode::NotFound,
        (false, "A003" | "A004") => IssuerCode::MismatchNameOrIssueDate,
        (false, "A005") => IssuerCode::Locked,
        (false, "A006") => IssuerCode::LostReported,
        (false, "C429") => IssuerCode::RateLimited,
        // The issuer is out, or the question was too large: nothing was looked up.
        (false, "C016" | "C061" | "C413") => IssuerCode::Unavailable,
        // C504: the vendor lost the issuer's answer. Whatever is not in the list: it may have been looked up.
        _ => IssuerCode::NoAnswer,
    };
    (code, said)
}

/// `"YYYY-MM-DD HH:MM:SS"`; the documents name no zone, Korea's is meant. A text that cannot be read, or one of the
/// past, keeps the token for five minutes: a refusal (401) renews it anyway.
pub(crate) fn token_ends(text: &str, now: Timestamp) -> Timestamp {
    let read = DateTime::strptime("%Y-%m-%d %H:%M:%S", text)
        .ok()
        .and_then(|local| local.to_zoned_datetime(kst_zone()).ok())
        .map(|zoned| zoned.timestamp())
        .filter(|ends| *ends > now);
    read.or_else(|| now.checked_add(SignedDuration::from_mins(5)).ok()).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn every_code_of_the_vendor_has_a_meaning() {
        let check = |json: &str, expected: IssuerCode| {
            let reply = Reply { status: 200, body: json.as_bytes().to_vec() };
            assert_eq!(read(&reply).0, expected, "{json}");
        };
        check(r#"{"success":true,"message":"성공","transaction_id":"t-1"}"#, IssuerCode::Valid);
        let failed = |code: &str| {
            format!(r#"{{"success":false,"message":"","error_code":"{code}","transaction_id":"t-2"}}"#)
        };
        check(&failed("A001"), IssuerCode::MismatchNumber);
        check(&failed("A002"), IssuerCode::NotFound);
        check(&failed("A003"), IssuerCode::MismatchNameOrIssueDate);
        check(&failed("A004"), IssuerCode::MismatchNameOrIssueDate);
        check(&failed("A005"), IssuerCode::Locked);
        check(&failed("A006"), IssuerCode::LostReported);
        check(&failed("C016"), IssuerCode::Unavailable);
        check(&failed("C061"), IssuerCode::Unavailable);
        check(&failed("C504"), IssuerCode::NoAnswer);
        check(&failed("C413"), IssuerCode::Unavailable);
        check(&failed("C429"), IssuerCode::RateLimited);
        check(&failed("A777"), IssuerCode::NoAnswer);
        check(r#"{"success":true,"error_code":"A006"}"#, IssuerCode::NoAnswer);
        check("{}", IssuerCode::NoAnswer);
    }

    #[test]
    fn a_status_of_refusal_is_no_yes_and_a_gateway_did_not_ask() {
        let check = |status: u16, body: &str, expected: IssuerCode| {
            let reply = Reply { status, body: body.as_bytes().to_vec() };
            assert_eq!(read(&reply).0, expected, "{status} {body}");
        };
        check(400, r#"{"success":true}"#, IssuerCode::NoAnswer);
        check(400, r#"{"success":false,"error_code":"A006"}"#, IssuerCode::LostReported);
        check(404, "<html>", IssuerCode::Unavailable);
        check(409, "<html>", IssuerCode::NoAnswer);
    }

    #[test]
    fn the_question_has_the_documented_members() {
        let question = Question { identity: "9001011234567", issue_date: "20200101", user_name: "홍길동" };
        assert_eq!(
            serde_json::to_string(&question).unwrap(),
            r#"{"identity":"9001011234567","issueDate":"20200101","userName":"홍길동"}"#
        );
    }

    #[test]
    fn a_token_ends_when_the_vendor_says() {
        let now: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
        let check = |text: &str, expected: &str| {
            assert_eq!(token_ends(text, now), expected.parse::<Timestamp>().unwrap(), "{text}");
        };
        check("2025-01-01 10:00:00", "2025-01-01T01:00:00Z");
        check("2024-01-01 10:00:00", "2025-01-01T00:05:00Z");
        check("tomorrow", "2025-01-01T00:05:00Z");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_verdict(body in proptest::collection::vec(any::<u8>(), 0..512)) {
            prop_assert_eq!(read(&Reply { status: 200, body }).0, IssuerCode::NoAnswer);
        }
    }
}

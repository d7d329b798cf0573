//! One line to one institution: time-outs, the breaker, bounded answers, and whether anything was sent.
//!
//! The difference that matters is kept apart: *not sent* (nothing can have happened) and *lost* (it may have).
//! Refuses to know what the bytes mean. Redirects, proxies of the environment and compressed answers are off.

use crate::{
    breaker::Breaker,
    clock::Clock,
    config::{Limits, Misconfigured},
    deadline::Deadline,
    wire::{self, Broken, Wire},
};
use ingam_cases::answers::Answer;
use jiff::{SignedDuration, Timestamp};
use reqwest::{
    RequestBuilder, Response, Url,
    header::{DATE, RETRY_AFTER},
};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::Instant;

/// Hears of every call, for metrics. Gets no personal data.
pub trait Observer: Send + Sync {
    /// `institution` as configured (`kftc`); `operation` one of a fixed few (`deposit`); `outcome` one of
    /// `answered`, `refused`, `rate_limited`, `timeout`, `connection_lost`, `server_error`, `too_large`,
    /// `unexpected_status`, `unreachable`, `breaker_open`, `out_of_time`.
    fn called(&self, institution: &str, operation: &'static str, outcome: &'static str, elapsed_ms: u64);
}

/// Nobody listens.
#[derive(Debug, Clone, Copy)]
pub struct Unobserved;

impl Observer for Unobserved {
    fn called(&self, _: &str, _: &'static str, _: &'static str, _: u64) {}
}

/// Why there is no answer to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// The question did not reach the institution's business: nothing can have happened.
    NotSent { reason: &'static str, retry_at: Option<Timestamp> },
    /// It may have: no answer, half an answer, or one that cannot be read.
    Lost { reason: &'static str, status: Option<u16>, retry_at: Option<Timestamp> },
    /// Turned away before it was looked at (429).
    RateLimited { retry_at: Option<Timestamp> },
}

impl Failure {
    pub(crate) fn lost(reason: &'static str) -> Self {
        Self::Lost { reason, status: None, retry_at: None }
    }
    pub(crate) fn not_sent(reason: &'static str) -> Self {
        Self::NotSent { reason, retry_at: None }
    }
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::NotSent { reason, .. } | Self::Lost { reason, .. } => reason,
            Self::RateLimited { .. } => "rate_limited",
        }
    }
    pub(crate) fn retry_at(&self) -> Option<Timestamp> {
        match self {
            Self::NotSent { retry_at, .. } | Self::Lost { retry_at, .. } | Self::RateLimited { retry_at } => {
                *retry_at
            }
        }
    }
    /// RFC 9110 §15.6.4: 503 with `Retry-After` is how a server announces maintenance.
    pub(crate) fn is_announced_rest(&self) -> bool {
        matches!(self, Self::Lost { status: Some(503), retry_at: Some(_), .. })
    }
}

/// An answer with a status of 2xx, or of 4xx other than 429.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// Whether a gateway turned the question away before anyone acted on it. Other 4xx leave doubt.
    pub(crate) fn turned_away(&self) -> bool {
        matches!(self.status, 400 | 401 | 403 | 404 | 405 | 406 | 411 | 413 | 414 | 415 | 422)
    }
}

/// One call's time: it begins when the program asks and bounds everything, a new token included.
pub(crate) struct Timer {
    began: Instant,
    limit: Duration,
    before: Option<Deadline>,
}

impl Timer {
    fn left(&self, now: Timestamp) -> Option<Duration> {
        if self.before.is_some_and(|deadline| deadline.passed(now)) {
            return None;
        }
        self.limit.checked_sub(self.began.elapsed()).filter(|left| !left.is_zero())
    }
    pub(crate) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

pub(crate) struct Line {
    institution: String,
    base: Url,
    http: reqwest::Client,
    wire: Arc<dyn Wire>,
    breaker: Mutex<Breaker>,
    /// What the institution's clock said last, and when that was by a clock that nobody sets.
    heard: Mutex<Option<(Instant, Timestamp)>>,
    limits: Limits,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
}

impl Line {
    pub(crate) fn new(
        institution: &str,
        base_url: &str,
        limits: &Limits,
        wire: Option<Arc<dyn Wire>>,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Misconfigured> {
        let mut base = Url::parse(base_url).map_err(|_| Misconfigured::Address { setting: "base_url" })?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(Misconfigured::Address { setting: "base_url" });
        }
        // `join` drops what stands behind the last slash.
        if !base.path().ends_with('/') {
            let path = format!("{}/", base.path());
            base.set_path(&path);
        }
        let (http, wire) = match wire {
            Some(wire) => (wire::writer().map_err(Misconfigured::Tls)?, wire),
            None => {
                let http = client(limits).map_err(Misconfigured::Tls)?;
                (http.clone(), Arc::new(http) as Arc<dyn Wire>)
            }
        };
        let open_for = SignedDuration::from_millis(i64::try_from(limits.breaker_open_ms).unwrap_or(i64::MAX));
        Ok(Self {
            institution: institution.to_owned(),
            base,
            http,
            wire,
            breaker: Mutex::new(Breaker::new(limits.breaker_failures, open_for)),
            heard: Mutex::default(),
            limits: limits.clone(),
            clock,
            observer,
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// How far this machine's clock stands beside the institution's, where that is more than networks explain. An
    /// institution that does not tell the time agrees with everybody.
    pub(crate) fn clock_off(&self) -> Option<SignedDuration> {
        const MOST: SignedDuration = SignedDuration::from_secs(60);
        Some(self.now().duration_since(self.their_time()?)).filter(|off| off.abs() > MOST)
    }

    /// What the institution's clock says now, as far as it was heard.
    fn their_time(&self) -> Option<Timestamp> {
        let (heard, said) = (*self.heard.lock().unwrap_or_else(PoisonError::into_inner))?;
        said.checked_add(SignedDuration::try_from(heard.elapsed()).ok()?).ok()
    }

    pub(crate) fn timer(&self) -> Timer {
        Timer { began: Instant::now(), limit: Duration::from_millis(self.limits.timeout_ms), before: None }
    }

    /// A call of which no question leaves after the deadline.
    pub(crate) fn timer_before(&self, deadline: Deadline) -> Timer {
        Timer { before: Some(deadline), ..self.timer() }
    }

    /// Begins a POST to a path of the institution. `path` is a constant of the connector, never data.
    pub(crate) fn post(&self, path: &'static str) -> RequestBuilder {
        let url = self.base.join(path.trim_start_matches('/')).expect("paths are constants that join");
        self.http.post(url)
    }

    /// Sends once and reads the answer within the limits.
    pub(crate) async fn send(
        &self,
        operation: &'static str,
        request: RequestBuilder,
        timer: &Timer,
    ) -> Result<Reply, Failure> {
        let result = self.send_admitted(request, timer).await;
        let outcome = match &result {
            Ok(reply) if reply.status >= 400 => "refused",
            Ok(_) => "answered",
            Err(failure) => failure.reason(),
        };
        let elapsed_ms = timer.elapsed_ms();
        tracing::debug!(institution = %self.institution, operation, outcome, elapsed_ms, "called");
        self.observer.called(&self.institution, operation, outcome, elapsed_ms);
        result
    }

    async fn send_admitted(&self, request: RequestBuilder, timer: &Timer) -> Result<Reply, Failure> {
        let Some(left) = timer.left(self.now()) else { return Err(Failure::not_sent("out_of_time")) };
        if let Err(retry_at) = self.breaker().admit(self.now()) {
            return Err(Failure::NotSent { reason: "breaker_open", retry_at: Some(retry_at) });
        }
        let exchange = tokio::time::timeout(left, self.exchange(request));
        let result = exchange.await.unwrap_or_else(|_| Err(Failure::lost("timeout")));
        // Turning us away is an answer: the institution lives.
        let lives = matches!(result, Ok(_) | Err(Failure::RateLimited { .. }));
        self.breaker().record(self.now(), lives);
        result
    }

    fn breaker(&self) -> std::sync::MutexGuard<'_, Breaker> {
        self.breaker.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn exchange(&self, request: RequestBuilder) -> Result<Reply, Failure> {
        let request = request.build().map_err(|_| Failure::not_sent("unreachable"))?;
        let mut response = self.wire.send(request).await.map_err(|broken| match broken {
            Broken::Unreachable => Failure::not_sent("unreachable"),
            Broken::TimedOut => Failure::lost("timeout"),
            Broken::Cut => Failure::lost("connection_lost"),
        })?;
        if let Some(said) = told_time(&response) {
            *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some((Instant::now(), said));
        }
        let status = response.status().as_u16();
        let retry_at = retry_after(&response, self.now());
        match status {
            200..=299 | 400..=428 | 430..=499 => {}
            429 => return Err(Failure::RateLimited { retry_at }),
            500.. => return Err(Failure::Lost { reason: "server_error", status: Some(status), retry_at }),
            // A redirect of an API leads nowhere that may be trusted with a person's number.
            _ => return Err(Failure::Lost { reason: "unexpected_status", status: Some(status), retry_at }),
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| lost(&error))? {
            if body.len() + chunk.len() > self.limits.max_answer_bytes {
                return Err(Failure::lost("too_large"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Reply { status, body })
    }

    /// An answer with what evidence needs.
    pub(crate) fn answer<C>(&self, code: C, timer: &Timer, said: Said) -> Answer<C> {
        Answer {
            code,
            provider: self.institution.clone(),
            provider_ref: said.reference,
            provider_code: said.code,
            retry_at: said.retry_at,
            told_at: self.clock_off().and_then(|_| self.their_time()),
            elapsed_ms: timer.elapsed_ms(),
        }
    }
}

/// What an institution said beside its verdict.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) reference: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) retry_at: Option<Timestamp>,
}

impl Said {
    /// From an answer's fields. Anything that is not a short token is dropped: it might name a person.
    pub(crate) fn new(reference: &str, codes: &[&str]) -> Self {
        let codes: Vec<&str> = codes.iter().copied().filter(|code| is_token(code, 8)).collect();
        Self {
            reference: is_token(reference, 64).then(|| reference.to_owned()),
            code: (!codes.is_empty()).then(|| codes.join("/")),
            retry_at: None,
        }
    }
    pub(crate) fn failed(failure: &Failure) -> Self {
        Self { reference: None, code: Some(failure.reason().to_owned()), retry_at: failure.retry_at() }
    }
    pub(crate) fn later(retry_at: Option<Timestamp>) -> Self {
        Self { retry_at, ..Self::default() }
    }
}

fn is_token(text: &str, max: usize) -> bool {
    !text.is_empty() && text.len() <= max && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn client(limits: &Limits) -> Result<reqwest::Client, reqwest::Error> {
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        // Invariant: a question goes out once; whoever asks again does so knowingly.
        .retry(reqwest::retry::never())
        .connect_timeout(Duration::from_millis(limits.connect_timeout_ms))
        .timeout(Duration::from_millis(limits.timeout_ms))
        .build()
}

fn lost(error: &reqwest::Error) -> Failure {
    Failure::lost(if error.is_timeout() { "timeout" } else { "connection_lost" })
}

/// RFC 9110 §6.6.1: whoever has a clock says when it answered.
fn told_time(response: &Response) -> Option<Timestamp> {
    let text = response.headers().get(DATE)?.to_str().ok()?;
    jiff::fmt::rfc2822::parse(text).ok().map(|at| at.timestamp())
}

/// RFC 9110 §10.2.3: seconds or a date. More than a day is taken as a day.
fn retry_after(response: &Response, now: Timestamp) -> Option<Timestamp> {
    read_retry_after(response.headers().get(RETRY_AFTER)?.to_str().ok()?, now)
}

pub(crate) fn read_retry_after(text: &str, now: Timestamp) -> Option<Timestamp> {
    let day_later = now.checked_add(SignedDuration::from_hours(24)).ok()?;
    if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
        let seconds: i64 = text.parse().unwrap_or(i64::MAX);
        return now.checked_add(SignedDuration::from_secs(seconds.min(86_400))).ok();
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(at.clamp(now, day_later))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms_of_retry_after() {
        let now: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
        let check = |text: &str, expected: Option<&str>| {
            let expected: Option<Timestamp> = expected.map(|t| t.parse().unwrap());
            assert_eq!(read_retry_after(text, now), expected, "{text}");
        };
        check("120", Some("2025-01-01T00:02:00Z"));
        check("99999999999999999999999", Some("2025-01-02T00:00:00Z"));
        check("Wed, 01 Jan 2025 00:30:00 GMT", Some("2025-01-01T00:30:00Z"));
        check("Wed, 01 Jan 2020 00:30:00 GMT", Some("2025-01-01T00:00:00Z"));
        check("soon", None);
        check("", None);
        check("-5", None);
    }

    #[test]
    fn only_tokens_become_evidence() {
        let said = Said::new("2ffd133a-d17a-431d", &["A0002", "415"]);
        assert_eq!(
            (said.reference.as_deref(), said.code.as_deref()),
            (Some("2ffd133a-d17a-431d"), Some("A0002/415"))
        );
        let said = Said::new("홍길동", &["A0002", "홍길동", "a name with spaces"]);
        assert_eq!((said.reference, said.code.as_deref()), (None, Some("A0002")));
    }
}

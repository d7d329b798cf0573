//! What holds for every institution that is asked one question about one person, whoever it is.

use super::House;
use ingam_cases::answers::Answer;
use ingam_connectors::{Deadline, Limits, Window};
use ingam_sandbox::{Fault, Institution, Rule};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio::time::Instant;

/// An answer, its code as in JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    pub code: String,
    pub retry_at: Option<Timestamp>,
    pub provider: String,
}

impl<C: serde::Serialize> From<Answer<C>> for Said {
    fn from(answer: Answer<C>) -> Self {
        let code = serde_json::to_value(&answer.code).unwrap().as_str().unwrap().to_owned();
        Self { code, retry_at: answer.retry_at, provider: answer.provider }
    }
}

/// Limits under which a busy machine is no institution's fault.
pub fn patient() -> Limits {
    Limits { timeout_ms: 30_000, connect_timeout_ms: 30_000, ..Limits::default() }
}

/// Limits under which silence is soon heard.
pub fn hasty() -> Limits {
    Limits { timeout_ms: 1_500, breaker_failures: 100, ..patient() }
}

/// The night, in which most institutions rest.
pub fn night() -> Vec<Window> {
    ingam_connectors::MaintenanceHours::default().default
}

/// One institution, one operation of it, and what doubt is called there.
pub struct Desk<'a> {
    pub house: &'a House,
    pub at: Institution,
    pub operation: &'static str,
    /// As the catalogue's cases name it.
    pub document: Option<&'static str>,
    pub doubt: &'static str,
    /// About whom nothing is wrong, and the word for that.
    pub person: &'static str,
    pub fine: &'static str,
}

impl Desk<'_> {
    fn tokens(&self) -> Option<u64> {
        self.house.sandbox.counts().calls.get(&format!("{}.token", self.at.as_str())).copied()
    }

    fn asked(&self) -> u64 {
        let name = format!("{}.{}", self.at.as_str(), self.operation);
        self.house.sandbox.counts().calls.get(&name).copied().unwrap_or(0)
    }

    /// Every case of the catalogue is understood; the answers that somebody makes happen.
    pub async fn understands_every_case(&self, ask: impl AsyncFn(&str, Deadline) -> Said) -> Vec<String> {
        let cases = self.house.sandbox.catalogue().cases.clone();
        let mut seen = Vec::new();
        for case in cases.into_iter().filter(|case| {
            case.institution == self.at
                && case.operation == self.operation
                && case.document.as_deref() == self.document
        }) {
            if let Some(fault) = case.fault {
                self.house.fault(self.at, fault, &case.operation, 1);
            }
            let said = ask(&case.person, self.house.soon()).await;
            assert_eq!(said.code, case.answer, "{case:?}");
            assert_eq!(said.provider, self.at.as_str());
            assert_eq!(self.house.sandbox.calls().last().unwrap().outcome, case.code, "{case:?}");
            seen.push(said.code);
        }
        seen
    }

    /// What stays the same for every institution behind a token.
    pub async fn keeps_to_its_door(&self, ask: impl AsyncFn(&str, Deadline) -> Said) {
        self.nothing_leaves_after_its_deadline(&ask).await;
        self.renews_its_token(&ask).await;
        self.finds_out_for_nothing_who_is_down(&ask).await;
        self.hears_until_when_it_rests(&ask).await;
    }

    async fn nothing_leaves_after_its_deadline(&self, ask: &impl AsyncFn(&str, Deadline) -> Said) {
        let (steady, wall) = (Instant::now(), self.house.now());
        let minute = Duration::from_secs(60);
        let before = self.house.sandbox.calls().len();
        for deadline in [Deadline::new(steady, wall + minute), Deadline::new(steady + minute, wall)] {
            assert_eq!(ask(self.person, deadline).await.code, "unavailable");
        }
        assert_eq!(self.house.sandbox.calls().len(), before);
    }

    async fn renews_its_token(&self, ask: &impl AsyncFn(&str, Deadline) -> Said) {
        let good = async || assert_eq!(ask(self.person, self.house.soon()).await.code, self.fine);
        good().await;
        good().await;
        assert_eq!(self.tokens(), Some(1));
        self.house.pass(3_590);
        good().await;
        assert_eq!(self.tokens(), Some(2), "ten seconds before its end");
        self.house.fault(self.at, Fault::ExpireTokens, self.operation, 1);
        good().await;
        assert_eq!(self.tokens(), Some(3));
        // Refused again and again: two attempts, then nothing about the person.
        self.house.sandbox.set_fault(self.at, Rule::always(Fault::ExpireTokens)).unwrap();
        let before = self.asked();
        assert_eq!(ask(self.person, self.house.soon()).await.code, "unavailable");
        assert_eq!(self.asked(), before + 2);
        self.house.sandbox.clear_faults(self.at);
    }

    async fn finds_out_for_nothing_who_is_down(&self, ask: &impl AsyncFn(&str, Deadline) -> Said) {
        let down = Rule::always(Fault::Error);
        let token = Rule { operation: Some("token".into()), ..down.clone() };
        self.house.sandbox.set_fault(self.at, token).unwrap();
        self.house.sandbox.set_fault(self.at, down).unwrap();
        ask(self.person, self.house.soon()).await;
        let before = self.asked();
        for _ in 0..2 {
            assert_eq!(ask(self.person, self.house.soon()).await.code, "unavailable");
        }
        assert_eq!(self.asked(), before, "no token, so nothing was asked");
        self.house.sandbox.clear_faults(self.at);
        assert_eq!(ask(self.person, self.house.soon()).await.code, self.fine);
    }

    async fn hears_until_when_it_rests(&self, ask: &impl AsyncFn(&str, Deadline) -> Said) {
        for (fault, code, later) in [
            (Fault::RateLimited, "rate_limited", SignedDuration::from_secs(60)),
            (Fault::Maintenance, "maintenance", SignedDuration::from_mins(30)),
        ] {
            self.house.fault(self.at, fault, self.operation, 1);
            let said = ask(self.person, self.house.soon()).await;
            assert_eq!((said.code.as_str(), said.retry_at), (code, Some(self.house.now() + later)));
        }
    }

    /// Silence and answers that are none leave doubt. For a connector with [`hasty`] limits.
    pub async fn takes_silence_for_doubt(&self, ask: impl AsyncFn(&str, Deadline) -> Said) {
        for fault in [
            Fault::Hang,
            Fault::Trickle,
            Fault::Error,
            Fault::ErrorAfter,
            Fault::LostAnswer,
            Fault::Malformed,
            Fault::Huge,
        ] {
            // A token first, so that the silence falls on the question.
            assert_eq!(ask(self.person, self.house.soon()).await.code, self.fine);
            self.house.fault(self.at, fault, self.operation, 1);
            assert_eq!(ask(self.person, self.house.soon()).await.code, self.doubt, "{fault:?}");
        }
    }

    /// In its hours of rest nobody is called. For a connector that rests at [`night`].
    pub async fn calls_nobody_at_night(&self, ask: impl AsyncFn(&str, Deadline) -> Said) {
        self.house.pass(11 * 3_600 + 45 * 60);
        let said = ask(self.person, self.house.soon()).await;
        let until = Some("2026-03-03T00:30:00+09:00".parse().unwrap());
        assert_eq!((said.code.as_str(), said.retry_at), ("maintenance", until));
        assert_eq!(self.house.sandbox.calls().len(), 0);
    }
}

/// Every code of a family that this wire can say was seen.
pub fn seen_all<C: Copy + PartialEq + std::fmt::Debug + serde::Serialize>(
    seen: &[String],
    all: &[C],
    unsaid: &[C],
) {
    for code in all {
        let word = serde_json::to_value(code).unwrap();
        let found = seen.iter().any(|seen| *seen == word);
        assert_eq!(found, !unsaid.contains(code), "{code:?}");
    }
}

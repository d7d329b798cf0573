//! What all connectors of one vendor's shape share: settings, the envelope, and what silence is called.
//!
//! Issuers' own wire formats are not public: institutions reach them through KFTC or a vendor under contract. This
//! speaks as one vendor's public documents do (useB API v1.4.0): `POST /oauth/token` with Basic, a question as JSON,
//! and an envelope `{success, message, transaction_id, error_code, data}`. Refuses to know any document: question,
//! path and table of codes are each document's own file. Another vendor is another file beside this one.

use crate::{
    clock::Clock,
    config::{Limits, Misconfigured, Secret},
    deadline::Deadline,
    door::{Door, TokenDesk},
    line::{Failure, Line, Observer, Reply, Said},
    maintenance::Window,
    roles::Issuer,
    wire::Wire,
};
use async_trait::async_trait;
use ingam_cases::{
    answers::{Answer, IssuerCode, Outcome},
    id::CallId,
    values::PersonName,
};
use serde::{Deserialize, Serialize, de::DeserializeOwned, de::IgnoredAny};
use std::{collections::BTreeMap, fmt, sync::Arc};

/// A family of codes, and its words for every way in which no verdict comes.
pub trait Code: Copy + PartialEq + fmt::Debug + DeserializeOwned + Send + Sync + 'static {
    /// The institution rests.
    const MAINTENANCE: Self;
    /// Nothing was looked up.
    const UNAVAILABLE: Self;
    /// It may have been looked up, and nobody knows what was found.
    const NO_ANSWER: Self;
    /// Turned away as one too many.
    const RATE_LIMITED: Self;
    /// The verdict that the code carries.
    fn outcome(self) -> Outcome;
}

impl Code for IssuerCode {
    const MAINTENANCE: Self = Self::Maintenance;
    const UNAVAILABLE: Self = Self::Unavailable;
    const NO_ANSWER: Self = Self::NoAnswer;
    const RATE_LIMITED: Self = Self::RateLimited;
    fn outcome(self) -> Outcome {
        self.outcome()
    }
}

/// Something that a vendor is asked about.
pub trait Asked: Send + Sync + 'static {
    /// In whose words the answer is recorded.
    type Code: Code;
    /// Name under which answers are recorded unless set.
    const INSTITUTION: &'static str;
    /// Where the sandbox plays the institution, below its address.
    const SANDBOX_PATH: &'static str;
    /// The sandbox's own codes, which stand for those that only a contract gives.
    const SANDBOX_CODES: &'static [(&'static str, Self::Code)];
}

/// Settings of the connection and of the contract.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, bound = "")]
pub struct VendorConfig<K: Asked> {
    /// Name under which answers are recorded; the institution's own (`mois`) unless set.
    #[serde(default = "institution::<K>")]
    pub institution: String,
    /// Where `POST /oauth/token` is answered.
    pub auth_url: String,
    /// Where questions are answered.
    pub base_url: String,
    /// Credentials from the contract.
    pub client_id: Secret,
    /// Credentials from the contract.
    pub client_secret: Secret,
    /// Codes that only the contract's documents give, and what they mean; never a yes.
    #[serde(default)]
    pub contract_codes: BTreeMap<String, K::Code>,
    /// Hours in which the institution rests; none unless set.
    #[serde(default)]
    pub maintenance: Vec<Window>,
    /// Time-outs, size and breaker.
    #[serde(default)]
    pub limits: Limits,
}

fn institution<K: Asked>() -> String {
    K::INSTITUTION.into()
}

impl<K: Asked> VendorConfig<K> {
    /// Settings that fit the sandbox at `base_url`.
    pub fn for_sandbox(base_url: &str) -> Self {
        let url = format!("{base_url}{}", K::SANDBOX_PATH);
        Self {
            institution: institution::<K>(),
            auth_url: url.clone(),
            base_url: url,
            client_id: Secret::new("sandbox"),
            client_secret: Secret::new("sandbox"),
            contract_codes: K::SANDBOX_CODES
                .iter()
                .map(|(code, meaning)| ((*code).into(), *meaning))
                .collect(),
            maintenance: Vec::new(),
            limits: Limits::default(),
        }
    }
}

/// A question, as it leaves.
pub(crate) struct Question<'a, Q> {
    pub(crate) operation: &'static str,
    pub(crate) path: &'static str,
    pub(crate) body: &'a Q,
}

/// Asks a vendor that asks the institution.
pub struct Vendor<K: Asked> {
    config: VendorConfig<K>,
    door: Door,
}

impl<K: Asked> Vendor<K> {
    /// Makes the connection; nothing is called yet.
    pub fn new(
        config: VendorConfig<K>,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Misconfigured> {
        Self::made(config, None, clock, observer)
    }

    /// The same over another wire than sockets.
    pub fn over(
        wire: Arc<dyn Wire>,
        config: VendorConfig<K>,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Misconfigured> {
        Self::made(config, Some(wire), clock, observer)
    }

    fn made(
        config: VendorConfig<K>,
        wire: Option<Arc<dyn Wire>>,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Misconfigured> {
        no_yes(&config.contract_codes)?;
        let line = |url: &str| {
            let (wire, clock, observer) = (wire.clone(), clock.clone(), observer.clone());
            Line::new(&config.institution, url, &config.limits, wire, clock, observer)
        };
        let (auth, line) = (line(&config.auth_url)?, line(&config.base_url)?);
        let (id, secret) = (config.client_id.clone(), config.client_secret.clone());
        Ok(Self { door: Door::new(auth, line, TokenDesk::Vendor, id, secret), config })
    }

    /// Asks once, before the deadline or not at all, and reads what came with the contract's codes.
    pub(crate) async fn ask<Q: Serialize + Sync>(
        &self,
        call: &CallId,
        question: Question<'_, Q>,
        before: Deadline,
        read: impl FnOnce(&Reply, &BTreeMap<String, K::Code>) -> (K::Code, Said) + Send,
    ) -> Answer<K::Code> {
        let line = &self.door.line;
        let timer = line.timer_before(before);
        tracing::debug!(%call, institution = %self.config.institution, operation = question.operation, "asking");
        let now = line.now();
        if let Some(until) = self.config.maintenance.iter().filter_map(|w| w.until(now)).max() {
            return line.answer(K::Code::MAINTENANCE, &timer, Said::later(Some(until)));
        }
        let reply = self.door.ask(question.operation, question.path, question.body, &timer).await;
        let (code, said) = match reply {
            Ok(reply) => read(&reply, &self.config.contract_codes),
            Err(failure) => (failure_code(&failure), Said::failed(&failure)),
        };
        if code == K::Code::NO_ANSWER {
            self.door.begin_anew().await;
        }
        line.answer(code, &timer, said)
    }
}

/// A contract that turns an error into a yes is a slip of the pen.
pub(crate) fn no_yes<C: Code>(contract: &BTreeMap<String, C>) -> Result<(), Misconfigured> {
    if contract.values().any(|code| code.outcome() == Outcome::Passed) {
        return Err(Misconfigured::Value {
            setting: "contract_codes",
            rule: "gives a refusal's code as a yes",
        });
    }
    Ok(())
}

/// What no answer means.
pub(crate) fn failure_code<C: Code>(failure: &Failure) -> C {
    match failure {
        Failure::RateLimited { .. } => C::RATE_LIMITED,
        Failure::NotSent { .. } => C::UNAVAILABLE,
        _ if failure.is_announced_rest() => C::MAINTENANCE,
        // It may have been asked, and have counted a wrong day of issue.
        Failure::Lost { .. } => C::NO_ANSWER,
    }
}

/// An answer that cannot be read: certainly not asked where a gateway turned it away, doubt otherwise.
pub(crate) fn unread<C: Code>(reply: &Reply) -> (C, Said) {
    let failure = match reply.turned_away() {
        true => Failure::not_sent("turned_away"),
        false => Failure::lost("malformed"),
    };
    (failure_code(&failure), Said::failed(&failure))
}

/// `message` is not read: it is free text.
#[derive(Deserialize)]
struct Envelope<T> {
    success: bool,
    #[serde(default)]
    transaction_id: String,
    #[serde(default)]
    error_code: String,
    data: Option<T>,
}

/// Reads an envelope. `table` gets what a success carries, or a refusal's code, and knows what it means. Total: any
/// bytes give a code, and bytes that are no envelope give no verdict.
pub(crate) fn read<C: Code, T: DeserializeOwned>(
    reply: &Reply,
    contract: &BTreeMap<String, C>,
    table: impl FnOnce(Result<Option<T>, &str>) -> Option<C>,
) -> (C, Said) {
    let Ok(envelope) = serde_json::from_slice::<Envelope<T>>(&reply.body) else { return unread(reply) };
    let said = Said::new(&envelope.transaction_id, &[&envelope.error_code]);
    let code = match (envelope.success, envelope.error_code.as_str()) {
        (true, "") if reply.status < 300 => table(Ok(envelope.data)),
        (true, _) => None,
        (false, "C429") => Some(C::RATE_LIMITED),
        // The institution is out, or the question was too large: nothing was looked up.
        (false, "C016" | "C061" | "C413") => Some(C::UNAVAILABLE),
        (false, code) => contract.get(code).copied().or_else(|| table(Err(code))),
    };
    // C504: the vendor lost the institution's answer. Whatever is in no table: it may have been looked up.
    (code.unwrap_or(C::NO_ANSWER), said)
}

/// A document that a vendor can be asked about.
pub trait VendorDocument: Asked<Code = IssuerCode> {
    /// Where its questions are answered.
    const PATH: &'static str;
    /// The question, as documented.
    fn question(&self, name: &PersonName) -> impl Serialize + Send + Sync;
    /// What an error code means; `None` for one that the documents do not list.
    fn meaning(error_code: &str) -> Option<IssuerCode>;
}

/// What an issuer's answer about a document means.
pub(crate) fn read_issuer<D: VendorDocument>(
    reply: &Reply,
    contract: &BTreeMap<String, IssuerCode>,
) -> (IssuerCode, Said) {
    read(reply, contract, |said: Result<Option<IgnoredAny>, &str>| match said {
        Ok(_) => Some(IssuerCode::Valid),
        Err(code) => D::meaning(code),
    })
}

#[async_trait]
impl<D: VendorDocument> Issuer<D> for Vendor<D> {
    async fn check(
        &self,
        call: &CallId,
        name: &PersonName,
        document: &D,
        before: Deadline,
    ) -> Answer<IssuerCode> {
        let body = document.question(name);
        let question = Question { operation: "check", path: D::PATH, body: &body };
        self.ask(call, question, before, read_issuer::<D>).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingam_cases::values::ResidentCard;
    use proptest::prelude::*;

    fn read_as(status: u16, body: &[u8]) -> IssuerCode {
        let contract = [("S11".to_owned(), IssuerCode::Expired)].into();
        read_issuer::<ResidentCard>(&Reply { status, body: body.to_vec() }, &contract).0
    }

    #[test]
    fn a_status_of_refusal_is_no_yes_and_a_gateway_did_not_ask() {
        let check = |status: u16, body: &str, expected: IssuerCode| {
            assert_eq!(read_as(status, body.as_bytes()), expected, "{status} {body}");
        };
        check(200, r#"{"success":true,"data":{"any":1}}"#, IssuerCode::Valid);
        check(400, r#"{"success":true}"#, IssuerCode::NoAnswer);
        check(400, r#"{"success":false,"error_code":"A006"}"#, IssuerCode::LostReported);
        check(404, "<html>", IssuerCode::Unavailable);
        check(409, "<html>", IssuerCode::NoAnswer);
    }

    #[test]
    fn what_the_contract_adds_is_understood_and_is_never_a_yes() {
        assert_eq!(read_as(200, br#"{"success":false,"error_code":"S11"}"#), IssuerCode::Expired);
        assert_eq!(read_as(200, br#"{"success":true,"error_code":"S11"}"#), IssuerCode::NoAnswer);
        assert!(no_yes(&[("S1".to_owned(), IssuerCode::Expired)].into()).is_ok());
        assert!(no_yes(&[("S1".to_owned(), IssuerCode::Valid)].into()).is_err());
    }

    #[test]
    fn settings_have_defaults_and_no_others() {
        let text = r#"{"auth_url":"https://a","base_url":"https://b","client_id":"c","client_secret":"d"}"#;
        let config: VendorConfig<ResidentCard> = serde_json::from_str(text).unwrap();
        assert_eq!(config.institution, "mois");
        let odd = text.replace("client_id", "client");
        assert!(serde_json::from_str::<VendorConfig<ResidentCard>>(&odd).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_verdict(body in proptest::collection::vec(any::<u8>(), 0..512)) {
            prop_assert_eq!(read_as(200, &body), IssuerCode::NoAnswer);
        }
    }
}

//! Authenticity of driver licences (운전면허증 진위확인), asked of the register itself (한국도로교통공단):
//! `POST /api/onevalidatorv2.do` with a Bearer token, `header{f_send_cnt, f_request_date, f_pin_info}`, and as `body`
//! Base64 of ARIA-256 of the question as JSON.
//!
//! Source: code of integrators. Not public, and a guess until a contract says otherwise: the cipher's mode
//! (`aria.rs`), the token (asked for as RFC 6749 §4.4 has it), `f_request_date` (`yyyyMMddHHmmss` in Korea), the
//! hyphens in the number, and the
//! members around an answer's code (`{"header":{"reference"},"body":{"code"}}`). The class is not asked about, and
//! the days asked about are today: a rental's days are somebody else's question.

mod aria;

use crate::{
    clock::{Clock, kst_date, tran_dtime},
    config::{Limits, Misconfigured, Secret},
    deadline::Deadline,
    door::{Door, TokenDesk},
    line::{Line, Observer, Reply, Said},
    maintenance::Window,
    roles::Issuer,
    vendor::{failure_code, no_yes, unread},
    wire::Wire,
};
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use ingam_cases::{
    answers::{Answer, IssuerCode},
    id::CallId,
    values::{DriverLicence, PersonName, SerialCode},
};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// Settings of the connection and of the contract.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DriverLicenceConfig {
    /// Name under which answers are recorded; `koroad` unless set.
    #[serde(default = "koroad")]
    pub institution: String,
    /// Where `POST /oauth/token` is answered.
    pub auth_url: String,
    /// `https://dlv.koroad.or.kr`.
    pub base_url: String,
    /// Credentials from the contract.
    pub client_id: Secret,
    /// Credentials from the contract.
    pub client_secret: Secret,
    /// The contract's user, as `id:password` (`f_pin_info`).
    pub pin: Secret,
    /// The contract's key: Base64 of 32 bytes.
    pub aria_key: Secret,
    /// Codes that only the contract's documents give, and what they mean; never a yes.
    #[serde(default)]
    pub contract_codes: BTreeMap<String, IssuerCode>,
    /// Hours in which the register rests; none unless set.
    #[serde(default)]
    pub maintenance: Vec<Window>,
    /// Time-outs, size and breaker.
    #[serde(default)]
    pub limits: Limits,
}

fn koroad() -> String {
    "koroad".into()
}

impl DriverLicenceConfig {
    /// Settings that fit the sandbox at `base_url`.
    pub fn for_sandbox(base_url: &str) -> Self {
        let url = format!("{base_url}/koroad");
        Self {
            institution: koroad(),
            auth_url: url.clone(),
            base_url: url,
            client_id: Secret::new("sandbox"),
            client_secret: Secret::new("sandbox"),
            pin: Secret::new("sandbox:sandbox"),
            aria_key: Secret::new(STANDARD.encode("sandbox-koroad-aria-256-key-0001")),
            contract_codes: [("S16".to_owned(), IssuerCode::Locked)].into(),
            maintenance: Vec::new(),
            limits: Limits::default(),
        }
    }
}

/// The register of driver licences.
pub struct KoroadLicences {
    config: DriverLicenceConfig,
    key: aria::Key,
    door: Door,
}

#[derive(Serialize)]
struct Question<'a> {
    header: Header<'a>,
    body: &'a str,
}

#[derive(Serialize)]
struct Header<'a> {
    f_send_cnt: &'a str,
    f_request_date: &'a str,
    f_pin_info: &'a str,
}

#[derive(Serialize)]
struct Asked<'a> {
    f_license_no: &'a str,
    f_resident_name: &'a str,
    f_resident_date: &'a str,
    f_seq_no: &'a str,
    f_licn_con_code: &'a str,
    f_from_date: &'a str,
    f_to_date: &'a str,
}

#[derive(Deserialize)]
struct Reported {
    #[serde(default)]
    header: ReportedHeader,
    body: Found,
}

#[derive(Default, Deserialize)]
struct ReportedHeader {
    #[serde(default)]
    reference: String,
}

#[derive(Deserialize)]
struct Found {
    code: String,
}

impl KoroadLicences {
    /// Makes the connection; nothing is called yet.
    pub fn new(
        config: DriverLicenceConfig,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Misconfigured> {
        Self::made(config, None, clock, observer)
    }

    /// The same over another wire than sockets.
    pub fn over(
        wire: Arc<dyn Wire>,
        config: DriverLicenceConfig,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Misconfigured> {
        Self::made(config, Some(wire), clock, observer)
    }

    fn made(
        config: DriverLicenceConfig,
        wire: Option<Arc<dyn Wire>>,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Misconfigured> {
        no_yes(&config.contract_codes)?;
        let key = aria::Key::parse(&config.aria_key)?;
        let line = |url: &str| {
            let (wire, clock, observer) = (wire.clone(), clock.clone(), observer.clone());
            Line::new(&config.institution, url, &config.limits, wire, clock, observer)
        };
        let (auth, line) = (line(&config.auth_url)?, line(&config.base_url)?);
        let (id, secret) = (config.client_id.clone(), config.client_secret.clone());
        Ok(Self { door: Door::new(auth, line, TokenDesk::Rfc6749, id, secret), key, config })
    }
}

/// The question as JSON, before it is closed. An old licence without a serial code is asked about with an empty one.
fn asked(name: &PersonName, licence: &DriverLicence, today: Date) -> Vec<u8> {
    let day = today.strftime("%Y%m%d").to_string();
    let asked = Asked {
        f_license_no: &licence.licence.expose(),
        f_resident_name: name.expose(),
        f_resident_date: &licence.number.birth_date().strftime("%y%m%d").to_string(),
        f_seq_no: licence.serial.as_ref().map_or("", SerialCode::expose),
        f_licn_con_code: "",
        f_from_date: &day,
        f_to_date: &day,
    };
    serde_json::to_vec(&asked).expect("texts are JSON")
}

#[async_trait]
impl Issuer<DriverLicence> for KoroadLicences {
    async fn check(
        &self,
        call: &CallId,
        name: &PersonName,
        document: &DriverLicence,
        before: Deadline,
    ) -> Answer<IssuerCode> {
        let line = &self.door.line;
        let timer = line.timer_before(before);
        tracing::debug!(%call, "asking the register of driver licences");
        let now = line.now();
        if let Some(until) = self.config.maintenance.iter().filter_map(|w| w.until(now)).max() {
            return line.answer(IssuerCode::Maintenance, &timer, Said::later(Some(until)));
        }
        let body = self.key.close(asked(name, document, kst_date(now)));
        let header = Header {
            f_send_cnt: "1",
            f_request_date: &tran_dtime(now),
            f_pin_info: &STANDARD.encode(self.config.pin.expose()),
        };
        let question = Question { header, body: &body };
        let reply = self.door.ask("check", "/api/onevalidatorv2.do", &question, &timer).await;
        let (code, said) = match reply {
            Ok(reply) => read(&reply, &self.config.contract_codes),
            Err(failure) => (failure_code(&failure), Said::failed(&failure)),
        };
        if code == IssuerCode::NoAnswer {
            self.door.begin_anew().await;
        }
        line.answer(code, &timer, said)
    }
}

/// Reads an answer. Total: any bytes give a code, and bytes that are no answer give no verdict.
pub(crate) fn read(reply: &Reply, contract: &BTreeMap<String, IssuerCode>) -> (IssuerCode, Said) {
    let Ok(reported) = serde_json::from_slice::<Reported>(&reply.body) else { return unread(reply) };
    let code = match reported.body.code.as_str() {
        "00" if reply.status < 300 => IssuerCode::Valid,
        // A yes and a refusal at once.
        "00" => IssuerCode::NoAnswer,
        "01" => IssuerCode::NotFound,
        "02" => IssuerCode::Superseded,
        "03" => IssuerCode::LostReported,
        "04" => IssuerCode::Deceased,
        "11" | "13" => IssuerCode::Revoked,
        "12" | "14" => IssuerCode::Suspended,
        "21" => IssuerCode::MismatchName,
        "22" => IssuerCode::MismatchBirthDate,
        "23" => IssuerCode::MismatchSerial,
        // The class differs, or what else there is.
        "24" => IssuerCode::Mismatch,
        // A field was missing, or the body was not closed: nothing was looked up.
        "25" | "31" => IssuerCode::Unavailable,
        code => contract.get(code).copied().unwrap_or(IssuerCode::NoAnswer),
    };
    (code, Said::new(&reported.header.reference, &[&reported.body.code]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use ingam_cases::values::{LicenceNumber, ResidentNumber};
    use proptest::prelude::*;

    fn read_as(status: u16, body: &[u8]) -> IssuerCode {
        read(&Reply { status, body: body.to_vec() }, &BTreeMap::new()).0
    }

    #[test]
    fn every_code_of_the_register_has_a_meaning() {
        let check = |code: &str, expected: IssuerCode| {
            let body = format!(r#"{{"header":{{"reference":"r-1"}},"body":{{"code":"{code}"}}}}"#);
            assert_eq!(read_as(200, body.as_bytes()), expected, "{code}");
        };
        check("00", IssuerCode::Valid);
        check("01", IssuerCode::NotFound);
        check("02", IssuerCode::Superseded);
        check("03", IssuerCode::LostReported);
        check("04", IssuerCode::Deceased);
        check("11", IssuerCode::Revoked);
        check("12", IssuerCode::Suspended);
        check("13", IssuerCode::Revoked);
        check("14", IssuerCode::Suspended);
        check("21", IssuerCode::MismatchName);
        check("22", IssuerCode::MismatchBirthDate);
        check("23", IssuerCode::MismatchSerial);
        check("24", IssuerCode::Mismatch);
        check("25", IssuerCode::Unavailable);
        check("31", IssuerCode::Unavailable);
        check("S16", IssuerCode::NoAnswer);
        check("", IssuerCode::NoAnswer);
        check("0", IssuerCode::NoAnswer);
    }

    #[test]
    fn a_status_of_refusal_is_no_yes_and_a_gateway_did_not_ask() {
        assert_eq!(read_as(400, br#"{"body":{"code":"00"}}"#), IssuerCode::NoAnswer);
        assert_eq!(read_as(200, br#"{"body":{"code":0}}"#), IssuerCode::NoAnswer);
        assert_eq!(read_as(404, b"<html>"), IssuerCode::Unavailable);
        assert_eq!(read_as(409, b"<html>"), IssuerCode::NoAnswer);
    }

    #[test]
    fn the_question_has_the_documented_members() {
        let name = PersonName::parse("홍길동").unwrap();
        let licence = DriverLicence {
            licence: LicenceNumber::parse("11-19-123456-61").unwrap(),
            number: ResidentNumber::parse("900101-1234567").unwrap(),
            serial: Some(SerialCode::parse("9WSWRQ").unwrap()),
        };
        let today = jiff::civil::date(2025, 1, 2);
        let text = |licence: &DriverLicence| String::from_utf8(asked(&name, licence, today)).unwrap();
        assert_eq!(
            text(&licence),
            r#"{"f_license_no":"11-19-123456-61","f_resident_name":"홍길동","f_resident_date":"900101","f_seq_no":"9WSWRQ","f_licn_con_code":"","f_from_date":"20250102","f_to_date":"20250102"}"#
        );
        let old = DriverLicence { serial: None, ..licence };
        assert!(text(&old).contains(r#""f_seq_no":"""#));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_verdict(body in proptest::collection::vec(any::<u8>(), 0..512)) {
            prop_assert_eq!(read_as(200, &body), IssuerCode::NoAnswer);
        }
    }
}

//! Issuers, lists and telecoms that answer with anything: never a panic, never a verdict, never an identifier.
#![allow(clippy::unwrap_used)]

mod house;

use house::{
    House, NOON, house_at,
    stories::hasty,
    strange::{Strange, http},
};
use ingam_cases::{
    answers::{BlockCode, IssuerCode, PhoneCode},
    values::{
        AlienCard, DriverLicence, ForeignPassport, LicenceNumber, Nationality, Passport, PassportNumber,
        PersonName, PhoneNumber, ResidentNumber, SexDigit, TelecomName,
    },
};
use ingam_connectors::{
    AccountOpeningBlocks, AccountOpeningBlocksConfig, AlienCardConfig, BlockList, DeceasedRegister,
    DeceasedRegisterConfig, DriverLicenceConfig, ForeignPassportConfig, Issuer, KoroadLicences, Limits,
    PassportConfig, PhoneAsked, Telecom, TelecomConfig, VendorAlienCards, VendorForeignPassports,
    VendorPassports, VendorTelecom,
};
use ingam_sandbox::{MovableClock, Options, Sandbox};
use jiff::{Timestamp, civil::date};
use proptest::{prelude::*, test_runner::TestRunner};
use std::sync::Arc;
use tokio::net::TcpListener;

/// Everybody but banks and the issuer of resident cards, who are in `hostile.rs`.
struct Town {
    house: House,
    licences: KoroadLicences,
    passports: VendorPassports,
    foreign_passports: VendorForeignPassports,
    alien_cards: VendorAlienCards,
    lists: [Box<dyn BlockList>; 2],
    telecom: VendorTelecom,
}

fn limits() -> Limits {
    Limits { timeout_ms: 30_000, breaker_failures: u32::MAX, ..hasty() }
}

macro_rules! connect {
    ($house:expr, $connector:ident, $config:ident) => {{
        let config = $config { limits: limits(), ..$config::for_sandbox(&$house.url) };
        $connector::new(config, $house.clock(), $house.heard.clone()).unwrap()
    }};
}

impl Town {
    fn at(url: String) -> Self {
        let noon: Timestamp = NOON.parse().unwrap();
        let sandbox = Sandbox::new(Options::new(Arc::new(MovableClock::new(move || noon))));
        let house = house_at(url, sandbox, |_, _| {});
        Self {
            licences: connect!(house, KoroadLicences, DriverLicenceConfig),
            passports: connect!(house, VendorPassports, PassportConfig),
            foreign_passports: connect!(house, VendorForeignPassports, ForeignPassportConfig),
            alien_cards: connect!(house, VendorAlienCards, AlienCardConfig),
            lists: [
                Box::new(connect!(house, AccountOpeningBlocks, AccountOpeningBlocksConfig)),
                Box::new(connect!(house, DeceasedRegister, DeceasedRegisterConfig)),
            ],
            telecom: connect!(house, VendorTelecom, TelecomConfig),
            house,
        }
    }

    /// Asks the issuers of every other document.
    async fn issuers(&self) -> Vec<IssuerCode> {
        let (call, soon) = (self.house.call(), self.house.soon());
        let name = PersonName::parse("김민수").unwrap();
        let (birth, issued, expires) = (date(1990, 4, 15), date(2020, 3, 9), date(2032, 5, 16));
        let number = ResidentNumber::parse("900415-1981237").unwrap();
        let paper = PassportNumber::parse("M999A0001").unwrap();
        let passport = Passport { number: paper.clone(), birth, issued, expires };
        let nationality = Nationality::parse("VNM").unwrap();
        let foreign = ForeignPassport { number: paper, nationality, birth, expires };
        let licence = LicenceNumber::parse("27-12-990001-11").unwrap();
        let licence = DriverLicence { licence, number: number.clone(), serial: None };
        vec![
            self.licences.check(&call, &name, &licence, soon).await.code,
            self.passports.check(&call, &name, &passport, soon).await.code,
            self.foreign_passports.check(&call, &name, &foreign, soon).await.code,
            self.alien_cards.check(&call, &name, &AlienCard { number, issued }, soon).await.code,
        ]
    }

    async fn lists(&self) -> Vec<BlockCode> {
        let name = PersonName::parse("김민수").unwrap();
        let number = ResidentNumber::parse("900415-1981237").unwrap();
        let mut codes = Vec::new();
        for list in &self.lists {
            codes.push(list.look_up(&self.house.call(), &name, &number, self.house.soon()).await.code);
        }
        codes
    }

    /// Sends and confirms; whether somebody was named.
    async fn phone(&self) -> (Vec<PhoneCode>, bool) {
        let (call, soon) = (self.house.call(), self.house.soon());
        let asked = PhoneAsked {
            name: &PersonName::parse("김민수").unwrap(),
            birth: date(1990, 4, 15),
            sex: SexDigit::parse("1").unwrap(),
            telecom: TelecomName::Skt,
            number: &PhoneNumber::parse("01000000001").unwrap(),
        };
        let sent = self.telecom.send(&call, &asked, soon).await.code;
        let confirmed = self.telecom.confirm(&call, "123456", soon).await;
        (vec![sent, confirmed.answer.code], confirmed.ci.is_some())
    }
}

/// Runs the story for many strange answers over one listener.
fn for_answers(answers: impl Strategy<Value = Vec<u8>>, refusal_is_known: bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let strange = Strange::default();
    let town = Town::at(runtime.block_on(strange.listen()));
    let config = ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config)
        .run(&answers, |answer| {
            *strange.0.lock().unwrap() = answer;
            runtime.block_on(async {
                for code in town.issuers().await {
                    let known = refusal_is_known && code == IssuerCode::Unavailable;
                    prop_assert!(code == IssuerCode::NoAnswer || known, "{code:?}");
                }
                prop_assert_eq!(town.lists().await, [BlockCode::Unavailable; 2]);
                let (codes, named) = town.phone().await;
                prop_assert_eq!(codes, [PhoneCode::Unavailable; 2]);
                prop_assert!(!named);
                Ok(())
            })
        })
        .unwrap();
}

#[test]
fn any_body_is_indeterminate() {
    for_answers(proptest::collection::vec(any::<u8>(), 0..2_000).prop_map(|body| http(200, &body)), false);
}

#[test]
fn any_bytes_on_the_line_are_indeterminate() {
    for_answers(proptest::collection::vec(any::<u8>(), 0..400), false);
}

#[test]
fn any_status_is_indeterminate() {
    let statuses = (200u16..=599).prop_filter("a limit has a code of its own", |status| *status != 429);
    for_answers(statuses.prop_map(|status| http(status, b"nothing that is known")), true);
}

#[test]
fn nested_and_odd_json_is_indeterminate() {
    let odd = prop_oneof![
        Just("[".repeat(20_000)),
        Just("{\"data\":".repeat(5_000)),
        Just(r#"{"success":"true","data":{"listed":false}}"#.to_owned()),
        Just(r#"{"success":true,"error_code":7,"data":{"listed":false}}"#.to_owned()),
        Just(r#"{"success":false,"error_code":"A000","data":{"listed":false}}"#.to_owned()),
        Just(r#"{"header":{},"body":{"code":["00"]}}"#.to_owned()),
        Just(r#"{"header":{},"body":{"code":"000"}}"#.to_owned()),
        Just(r#"{"body":"00"}"#.to_owned()),
        Just(format!(r#"{{"body":{{"code":"{}"}}}}"#, "0".repeat(60_000))),
    ];
    for_answers(odd.prop_map(|body| http(200, body.as_bytes())), false);
}

#[tokio::test]
async fn who_cannot_be_reached_was_asked_nothing() {
    // A port that was just given back: nobody listens there.
    let url = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let town = Town::at(url);
    assert_eq!(town.issuers().await, [IssuerCode::Unavailable; 4]);
    assert_eq!(town.lists().await, [BlockCode::Unavailable; 2]);
    assert_eq!(town.phone().await, (vec![PhoneCode::Unavailable; 2], false));
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let strange = Strange::default();
    *strange.0.lock().unwrap() =
        b"HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            .to_vec();
    let town = Town::at(strange.listen().await);
    assert_eq!(town.issuers().await, [IssuerCode::NoAnswer; 4]);
    assert_eq!(town.lists().await, [BlockCode::Unavailable; 2]);
    assert_eq!(town.phone().await, (vec![PhoneCode::Unavailable; 2], false));
}

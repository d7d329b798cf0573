//! Driver licences, asked of the sandbox's register over real HTTP.
#![allow(clippy::unwrap_used)]

mod house;

use house::{
    House, house,
    stories::{Desk, Said, hasty, night, patient, seen_all},
};
use ingam_cases::{
    answers::IssuerCode,
    values::{DriverLicence, LicenceNumber, PersonName, ResidentNumber, SerialCode},
};
use ingam_connectors::{Deadline, DriverLicenceConfig, Issuer, KoroadLicences, Secret};
use ingam_sandbox::Institution::Koroad;

fn licences(house: &House, adjust: impl FnOnce(&mut DriverLicenceConfig)) -> KoroadLicences {
    let mut config = DriverLicenceConfig::for_sandbox(&house.url);
    config.limits = patient();
    adjust(&mut config);
    KoroadLicences::new(config, house.clock(), house.heard.clone()).unwrap()
}

fn desk(house: &House) -> Desk<'_> {
    Desk {
        house,
        at: Koroad,
        operation: "check",
        document: Some("driver"),
        doubt: "no_answer",
        person: "kim-minsu",
        fine: "valid",
    }
}

/// The licence of a person, as it is printed.
fn printed(house: &House, person: &str) -> (PersonName, DriverLicence) {
    let person = house.sandbox.catalogue().person(person).unwrap();
    let paper = person.documents.licence.as_ref().unwrap();
    let licence = DriverLicence {
        licence: LicenceNumber::parse(&paper.number).unwrap(),
        number: ResidentNumber::parse(&person.number).unwrap(),
        serial: paper.serial.as_deref().map(|code| SerialCode::parse(code).unwrap()),
    };
    (PersonName::parse(&person.name).unwrap(), licence)
}

async fn ask(house: &House, issuer: &KoroadLicences, person: &str, before: Deadline) -> Said {
    let (name, licence) = printed(house, person);
    issuer.check(&house.call(), &name, &licence, before).await.into()
}

#[tokio::test]
async fn every_case_of_the_catalogue_is_understood() {
    let house = house().await;
    let issuer = licences(&house, |_| {});
    let seen =
        desk(&house).understands_every_case(async |p, before| ask(&house, &issuer, p, before).await).await;
    // What this register has no word for.
    let unsaid = [
        IssuerCode::MismatchNumber,
        IssuerCode::MismatchIssueDate,
        IssuerCode::MismatchNameOrIssueDate,
        IssuerCode::Expired,
    ];
    seen_all(&seen, IssuerCode::ALL, &unsaid);
}

#[tokio::test]
async fn its_door_is_kept_as_every_issuers() {
    let house = house().await;
    let issuer = licences(&house, |_| {});
    desk(&house).keeps_to_its_door(async |p, before| ask(&house, &issuer, p, before).await).await;
}

#[tokio::test]
async fn silence_is_indeterminate() {
    let house = house().await;
    let issuer = licences(&house, |config| config.limits = hasty());
    desk(&house).takes_silence_for_doubt(async |p, before| ask(&house, &issuer, p, before).await).await;
}

#[tokio::test]
async fn in_hours_of_maintenance_nobody_is_called() {
    let house = house().await;
    let issuer = licences(&house, |config| config.maintenance = night());
    desk(&house).calls_nobody_at_night(async |p, before| ask(&house, &issuer, p, before).await).await;
}

#[tokio::test]
async fn five_wrong_serial_codes_lock_a_licence() {
    let house = house().await;
    let issuer = licences(&house, |_| {});
    let (name, licence) = printed(&house, "kim-minsu");
    let wrong = DriverLicence { serial: Some(SerialCode::parse("WRONG1").unwrap()), ..licence.clone() };
    for _ in 0..5 {
        let answer = issuer.check(&house.call(), &name, &wrong, house.soon()).await;
        assert_eq!((answer.code, answer.provider_code.as_deref()), (IssuerCode::MismatchSerial, Some("23")));
        assert!(answer.code.counts_as_wrong_date());
    }
    let locked = issuer.check(&house.call(), &name, &licence, house.soon()).await;
    assert_eq!((locked.code, locked.provider_code.as_deref()), (IssuerCode::Locked, Some("S16")));
    assert_eq!(house.sandbox.counts().wrong_serials["27-12-990001-11"], 5);
    house.sandbox.reset();
    let again = issuer.check(&house.call(), &name, &licence, house.soon()).await;
    assert_eq!(again.code, IssuerCode::Valid, "until the sandbox is reset");
}

#[tokio::test]
async fn without_a_serial_code_name_birth_and_number_are_compared() {
    let house = house().await;
    let issuer = licences(&house, |_| {});
    let (name, licence) = printed(&house, "kim-minsu");
    let bare = DriverLicence { serial: None, ..licence };
    assert_eq!(issuer.check(&house.call(), &name, &bare, house.soon()).await.code, IssuerCode::Valid);
    let other = PersonName::parse("김민식").unwrap();
    let answer = issuer.check(&house.call(), &other, &bare, house.soon()).await;
    assert_eq!(answer.code, IssuerCode::MismatchName);
    let number = ResidentNumber::parse("900416-1981237").unwrap();
    let born = issuer.check(&house.call(), &name, &DriverLicence { number, ..bare }, house.soon()).await;
    assert_eq!(born.code, IssuerCode::MismatchBirthDate);
}

#[tokio::test]
async fn a_question_closed_with_another_key_was_not_looked_up() {
    let house = house().await;
    let issuer = licences(&house, |config| {
        config.aria_key = Secret::new("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    });
    let (name, licence) = printed(&house, "kim-minsu");
    let answer = issuer.check(&house.call(), &name, &licence, house.soon()).await;
    assert_eq!((answer.code, answer.provider_code.as_deref()), (IssuerCode::Unavailable, Some("31")));
}

#[tokio::test]
async fn wrong_credentials_are_nobodys_mismatch() {
    let house = house().await;
    let issuer = licences(&house, |config| config.client_secret = Secret::new("wrong"));
    assert_eq!(ask(&house, &issuer, "kim-minsu", house.soon()).await.code, "unavailable");
    let contract = DriverLicenceConfig {
        contract_codes: [("S16".to_owned(), IssuerCode::Valid)].into(),
        ..DriverLicenceConfig::for_sandbox(&house.url)
    };
    assert!(KoroadLicences::new(contract, house.clock(), house.heard.clone()).is_err(), "never a yes");
}

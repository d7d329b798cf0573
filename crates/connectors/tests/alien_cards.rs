//! Alien registration cards and their kin, asked of the sandbox's register of foreigners over real HTTP.
#![allow(clippy::unwrap_used)]

mod house;

use house::{
    House, house,
    stories::{Desk, Said, hasty, night, patient, seen_all},
};
use ingam_cases::{
    answers::IssuerCode,
    values::{AlienCard, PersonName, ResidentNumber},
};
use ingam_connectors::{AlienCardConfig, Deadline, Issuer, VendorAlienCards};
use ingam_sandbox::Institution::Moj;

fn cards(house: &House, adjust: impl FnOnce(&mut AlienCardConfig)) -> VendorAlienCards {
    let mut config = AlienCardConfig::for_sandbox(&house.url);
    config.limits = patient();
    adjust(&mut config);
    VendorAlienCards::new(config, house.clock(), house.heard.clone()).unwrap()
}

fn desk(house: &House) -> Desk<'_> {
    Desk {
        house,
        at: Moj,
        operation: "check",
        document: Some("alien"),
        doubt: "no_answer",
        person: "nguyen-linh",
        fine: "valid",
    }
}

async fn ask(house: &House, issuer: &VendorAlienCards, person: &str, before: Deadline) -> Said {
    let person = house.sandbox.catalogue().person(person).unwrap();
    let name = PersonName::parse(&person.name).unwrap();
    let card = AlienCard { number: ResidentNumber::parse(&person.number).unwrap(), issued: person.issued };
    issuer.check(&house.call(), &name, &card, before).await.into()
}

#[tokio::test]
async fn every_case_of_the_catalogue_is_understood() {
    let house = house().await;
    let issuer = cards(&house, |_| {});
    let seen =
        desk(&house).understands_every_case(async |p, before| ask(&house, &issuer, p, before).await).await;
    let said = [
        IssuerCode::Valid,
        IssuerCode::MismatchNumber,
        IssuerCode::MismatchIssueDate,
        IssuerCode::NotFound,
        IssuerCode::LostReported,
        IssuerCode::Maintenance,
        IssuerCode::Unavailable,
        IssuerCode::NoAnswer,
        IssuerCode::RateLimited,
    ];
    let unsaid: Vec<_> = IssuerCode::ALL.iter().copied().filter(|code| !said.contains(code)).collect();
    seen_all(&seen, IssuerCode::ALL, &unsaid);
}

#[tokio::test]
async fn its_door_is_kept_as_every_issuers() {
    let house = house().await;
    let issuer = cards(&house, |_| {});
    desk(&house).keeps_to_its_door(async |p, before| ask(&house, &issuer, p, before).await).await;
}

#[tokio::test]
async fn silence_is_indeterminate() {
    let house = house().await;
    let issuer = cards(&house, |config| config.limits = hasty());
    desk(&house).takes_silence_for_doubt(async |p, before| ask(&house, &issuer, p, before).await).await;
}

#[tokio::test]
async fn in_hours_of_maintenance_nobody_is_called() {
    let house = house().await;
    let issuer = cards(&house, |config| config.maintenance = night());
    desk(&house).calls_nobody_at_night(async |p, before| ask(&house, &issuer, p, before).await).await;
}

#[tokio::test]
async fn citizens_are_not_in_the_register_of_foreigners_nor_foreigners_among_citizens() {
    let house = house().await;
    let issuer = cards(&house, |_| {});
    assert_eq!(ask(&house, &issuer, "kim-minsu", house.soon()).await.code, "not_found");
    assert_eq!(house.check("nguyen-linh").await.code, IssuerCode::NotFound);
}

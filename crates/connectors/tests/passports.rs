//! Passports of Korea and of other states, asked of the sandbox's ministries over real HTTP.
#![allow(clippy::unwrap_used)]

mod house;

use house::{
    House, house,
    stories::{Desk, Said, hasty, night, patient, seen_all},
};
use ingam_cases::{
    answers::IssuerCode,
    values::{ForeignPassport, Nationality, Passport, PassportNumber, PersonName, ResidentNumber},
};
use ingam_connectors::{
    Deadline, ForeignPassportConfig, Issuer, PassportConfig, VendorForeignPassports, VendorPassports,
};
use ingam_sandbox::{
    Fault,
    Institution::{Mofa, Moj},
    Rule,
};

fn korean(house: &House, adjust: impl FnOnce(&mut PassportConfig)) -> VendorPassports {
    let mut config = PassportConfig::for_sandbox(&house.url);
    config.limits = patient();
    adjust(&mut config);
    VendorPassports::new(config, house.clock(), house.heard.clone()).unwrap()
}

fn foreign(house: &House, adjust: impl FnOnce(&mut ForeignPassportConfig)) -> VendorForeignPassports {
    let mut config = ForeignPassportConfig::for_sandbox(&house.url);
    config.limits = patient();
    adjust(&mut config);
    VendorForeignPassports::new(config, house.clock(), house.heard.clone()).unwrap()
}

fn mofa(house: &House) -> Desk<'_> {
    Desk {
        house,
        at: Mofa,
        operation: "check",
        document: Some("passport"),
        doubt: "no_answer",
        person: "kim-minsu",
        fine: "valid",
    }
}

fn moj(house: &House) -> Desk<'_> {
    Desk { at: Moj, document: Some("foreign_passport"), person: "nguyen-linh", ..mofa(house) }
}

/// The passport of a person, as it is printed; as Korea's and as another state's.
fn printed(house: &House, person: &str) -> (PersonName, Passport, ForeignPassport) {
    let person = house.sandbox.catalogue().person(person).unwrap();
    let paper = person.documents.passport.as_ref().unwrap();
    let number = PassportNumber::parse(&paper.number).unwrap();
    let birth = ResidentNumber::parse(&person.number).unwrap().birth_date();
    let foreign = ForeignPassport {
        number: number.clone(),
        nationality: Nationality::parse(&paper.nationality).unwrap(),
        birth,
        expires: paper.expires,
    };
    let korean = Passport { number, birth, issued: paper.issued, expires: paper.expires };
    (PersonName::parse(&person.name).unwrap(), korean, foreign)
}

async fn ask_korean(house: &House, issuer: &VendorPassports, person: &str, before: Deadline) -> Said {
    let (name, passport, _) = printed(house, person);
    issuer.check(&house.call(), &name, &passport, before).await.into()
}

async fn ask_foreign(house: &House, issuer: &VendorForeignPassports, person: &str, before: Deadline) -> Said {
    let (name, _, passport) = printed(house, person);
    issuer.check(&house.call(), &name, &passport, before).await.into()
}

#[tokio::test]
async fn every_case_of_the_catalogue_is_understood() {
    let house = house().await;
    let (here, abroad) = (korean(&house, |_| {}), foreign(&house, |_| {}));
    let said = [
        IssuerCode::Valid,
        IssuerCode::MismatchNumber,
        IssuerCode::Mismatch,
        IssuerCode::NotFound,
        IssuerCode::LostReported,
        IssuerCode::Expired,
        IssuerCode::Maintenance,
        IssuerCode::Unavailable,
        IssuerCode::NoAnswer,
        IssuerCode::RateLimited,
    ];
    let unsaid: Vec<_> = IssuerCode::ALL.iter().copied().filter(|code| !said.contains(code)).collect();
    let seen = mofa(&house)
        .understands_every_case(async |p, before| ask_korean(&house, &here, p, before).await)
        .await;
    seen_all(&seen, IssuerCode::ALL, &unsaid);
    let seen = moj(&house)
        .understands_every_case(async |p, before| ask_foreign(&house, &abroad, p, before).await)
        .await;
    seen_all(&seen, IssuerCode::ALL, &unsaid);
}

#[tokio::test]
async fn the_ministries_doors_are_kept_as_every_issuers() {
    let house = house().await;
    let (here, abroad) = (korean(&house, |_| {}), foreign(&house, |_| {}));
    mofa(&house).keeps_to_its_door(async |p, before| ask_korean(&house, &here, p, before).await).await;
    moj(&house).keeps_to_its_door(async |p, before| ask_foreign(&house, &abroad, p, before).await).await;
}

#[tokio::test]
async fn silence_is_indeterminate() {
    let house = house().await;
    let here = korean(&house, |config| config.limits = hasty());
    let abroad = foreign(&house, |config| config.limits = hasty());
    mofa(&house).takes_silence_for_doubt(async |p, before| ask_korean(&house, &here, p, before).await).await;
    moj(&house)
        .takes_silence_for_doubt(async |p, before| ask_foreign(&house, &abroad, p, before).await)
        .await;
}

#[tokio::test]
async fn in_hours_of_maintenance_nobody_is_called() {
    let house = house().await;
    let here = korean(&house, |config| config.maintenance = night());
    mofa(&house).calls_nobody_at_night(async |p, before| ask_korean(&house, &here, p, before).await).await;
}

#[tokio::test]
async fn each_value_that_differs_is_a_mismatch_and_counts_no_wrong_date() {
    let house = house().await;
    let issuer = korean(&house, |_| {});
    let (name, passport, _) = printed(&house, "kim-minsu");
    let other = jiff::civil::date(2022, 5, 17);
    for wrong in [
        Passport { issued: other, ..passport.clone() },
        Passport { expires: other, ..passport.clone() },
        Passport { birth: other, ..passport.clone() },
    ] {
        let answer = issuer.check(&house.call(), &name, &wrong, house.soon()).await;
        assert_eq!((answer.code, answer.provider_code.as_deref()), (IssuerCode::Mismatch, Some("A024")));
        assert!(!answer.code.counts_as_wrong_date());
    }
    let other = PersonName::parse("김민식").unwrap();
    let answer = issuer.check(&house.call(), &other, &passport, house.soon()).await;
    assert_eq!((answer.code, answer.provider_code.as_deref()), (IssuerCode::Mismatch, Some("A023")));
}

#[tokio::test]
async fn a_passport_of_korea_is_unknown_to_the_register_of_foreigners() {
    let house = house().await;
    let issuer = foreign(&house, |_| {});
    assert_eq!(ask_foreign(&house, &issuer, "kim-minsu", house.soon()).await.code, "not_found");
}

#[tokio::test]
async fn one_ministry_that_is_down_does_not_silence_the_other() {
    let house = house().await;
    let here = korean(&house, |config| config.limits.breaker_failures = 1);
    let abroad = foreign(&house, |config| config.limits.breaker_failures = 1);
    house.sandbox.set_fault(Mofa, Rule::always(Fault::Error)).unwrap();
    assert_eq!(ask_korean(&house, &here, "kim-minsu", house.soon()).await.code, "no_answer");
    assert_eq!(ask_korean(&house, &here, "kim-minsu", house.soon()).await.code, "unavailable");
    assert_eq!(ask_foreign(&house, &abroad, "nguyen-linh", house.soon()).await.code, "valid");
}

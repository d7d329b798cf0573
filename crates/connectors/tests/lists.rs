//! The lists that stand before a verification, looked at over real HTTP.
#![allow(clippy::unwrap_used)]

mod house;

use house::{
    House, house,
    stories::{Desk, Said, hasty, night, patient, seen_all},
};
use ingam_cases::{
    answers::BlockCode,
    values::{PersonName, ResidentNumber},
};
use ingam_connectors::{
    AccountOpeningBlocks, AccountOpeningBlocksConfig, BlockList, Deadline, DeceasedRegister,
    DeceasedRegisterConfig,
};
use ingam_sandbox::{
    Fault,
    Institution::{Deaths, Kcis},
};

fn blocks(house: &House, adjust: impl FnOnce(&mut AccountOpeningBlocksConfig)) -> AccountOpeningBlocks {
    let mut config = AccountOpeningBlocksConfig::for_sandbox(&house.url);
    config.limits = patient();
    adjust(&mut config);
    AccountOpeningBlocks::new(config, house.clock(), house.heard.clone()).unwrap()
}

fn deaths(house: &House, adjust: impl FnOnce(&mut DeceasedRegisterConfig)) -> DeceasedRegister {
    let mut config = DeceasedRegisterConfig::for_sandbox(&house.url);
    config.limits = patient();
    adjust(&mut config);
    DeceasedRegister::new(config, house.clock(), house.heard.clone()).unwrap()
}

fn kcis(house: &House) -> Desk<'_> {
    Desk {
        house,
        at: Kcis,
        operation: "look_up",
        document: None,
        doubt: "unavailable",
        person: "kim-minsu",
        fine: "clear",
    }
}

fn register(house: &House) -> Desk<'_> {
    Desk { at: Deaths, ..kcis(house) }
}

async fn ask(house: &House, list: &dyn BlockList, person: &str, before: Deadline) -> Said {
    let person = house.sandbox.catalogue().person(person).unwrap();
    let name = PersonName::parse(&person.name).unwrap();
    let number = ResidentNumber::parse(&person.number).unwrap();
    list.look_up(&house.call(), &name, &number, before).await.into()
}

#[tokio::test]
async fn every_case_of_the_catalogue_is_understood() {
    let house = house().await;
    let (blocks, deaths) = (blocks(&house, |_| {}), deaths(&house, |_| {}));
    let seen =
        kcis(&house).understands_every_case(async |p, before| ask(&house, &blocks, p, before).await).await;
    seen_all(&seen, BlockCode::ALL, &[BlockCode::Deceased]);
    let seen = register(&house)
        .understands_every_case(async |p, before| ask(&house, &deaths, p, before).await)
        .await;
    seen_all(&seen, BlockCode::ALL, &[BlockCode::BlockedByPerson]);
}

#[tokio::test]
async fn their_doors_are_kept_as_every_institutions() {
    let house = house().await;
    let (blocks, deaths) = (blocks(&house, |_| {}), deaths(&house, |_| {}));
    kcis(&house).keeps_to_its_door(async |p, before| ask(&house, &blocks, p, before).await).await;
    register(&house).keeps_to_its_door(async |p, before| ask(&house, &deaths, p, before).await).await;
}

#[tokio::test]
async fn silence_is_not_a_clear() {
    let house = house().await;
    let (blocks, deaths) =
        (blocks(&house, |config| config.limits = hasty()), deaths(&house, |config| config.limits = hasty()));
    kcis(&house).takes_silence_for_doubt(async |p, before| ask(&house, &blocks, p, before).await).await;
    register(&house).takes_silence_for_doubt(async |p, before| ask(&house, &deaths, p, before).await).await;
}

#[tokio::test]
async fn in_hours_of_maintenance_nobody_is_called() {
    let house = house().await;
    let blocks = blocks(&house, |config| config.maintenance = night());
    kcis(&house).calls_nobody_at_night(async |p, before| ask(&house, &blocks, p, before).await).await;
}

#[tokio::test]
async fn whoever_stands_on_one_list_need_not_stand_on_the_other() {
    let house = house().await;
    let (blocks, deaths) = (blocks(&house, |_| {}), deaths(&house, |_| {}));
    let both = async |person: &str| {
        let soon = house.soon();
        (ask(&house, &blocks, person, soon).await.code, ask(&house, &deaths, person, soon).await.code)
    };
    assert_eq!(both("yang-sori").await, ("blocked_by_person".into(), "clear".into()));
    assert_eq!(both("pyo-haram").await, ("clear".into(), "deceased".into()));
    assert_eq!(both("nguyen-linh").await, ("clear".into(), "clear".into()));
}

#[tokio::test]
async fn a_list_may_be_looked_at_again_with_the_same_call() {
    let house = house().await;
    let blocks = blocks(&house, |_| {});
    let person = house.sandbox.catalogue().person("yang-sori").unwrap();
    let name = PersonName::parse(&person.name).unwrap();
    let number = ResidentNumber::parse(&person.number).unwrap();
    let call = house.call();
    house.fault(Kcis, Fault::LostAnswer, "look_up", 1);
    let lost = blocks.look_up(&call, &name, &number, house.soon()).await;
    assert_eq!(lost.code, BlockCode::Unavailable);
    let again = blocks.look_up(&call, &name, &number, house.soon()).await;
    assert_eq!(again.code, BlockCode::BlockedByPerson);
}

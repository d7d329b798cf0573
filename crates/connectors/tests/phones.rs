//! Whose a phone is, asked of the sandbox's telecoms over real HTTP.
#![allow(clippy::unwrap_used)]

mod house;

use house::{
    House, house,
    stories::{Desk, Said, hasty, night, patient, seen_all},
};
use ingam_cases::{
    answers::{Answer, PhoneCode},
    id::CallId,
    values::{PersonName, PhoneNumber, ResidentNumber, SexDigit, TelecomName},
};
use ingam_connectors::{Deadline, PhoneAsked, PhoneConfirmed, Telecom, TelecomConfig, VendorTelecom};
use ingam_sandbox::{Fault, Institution, Rule};

const KIM: &str = "kim-minsu";

fn telecom(house: &House, adjust: impl FnOnce(&mut TelecomConfig)) -> VendorTelecom {
    let mut config = TelecomConfig::for_sandbox(&house.url);
    config.limits = patient();
    adjust(&mut config);
    VendorTelecom::new(config, house.clock(), house.heard.clone()).unwrap()
}

fn desk(house: &House) -> Desk<'_> {
    Desk {
        house,
        at: Institution::Telecom,
        operation: "send",
        document: None,
        doubt: "unavailable",
        person: KIM,
        fine: "sent",
    }
}

/// Sends to the phone of a person, as the person would type everything.
async fn send(
    house: &House,
    telecom: &VendorTelecom,
    call: &CallId,
    person: &str,
    before: Deadline,
) -> Answer<PhoneCode> {
    let person = house.sandbox.catalogue().person(person).unwrap();
    let phone = person.documents.phone.as_ref().unwrap();
    let number = ResidentNumber::parse(&person.number).unwrap();
    let asked = PhoneAsked {
        name: &PersonName::parse(&person.name).unwrap(),
        birth: number.birth_date(),
        sex: SexDigit::from(&number),
        telecom: TelecomName::ALL.into_iter().find(|name| name.as_str() == phone.telecom).unwrap(),
        number: &PhoneNumber::parse(&phone.number).unwrap(),
    };
    telecom.send(call, &asked, before).await
}

/// The code in the newest message on the phone of a person; a wrong one where there is none.
fn newest_code(house: &House, person: &str) -> String {
    let phone = house.sandbox.catalogue().person(person).unwrap().documents.phone.clone().unwrap();
    house.sandbox.messages(&phone.number).last().map_or("000000".into(), |message| message.code.clone())
}

/// One digit off.
fn wrong(code: &str) -> String {
    let last = (code.as_bytes()[5] - b'0' + 1) % 10;
    format!("{}{last}", &code[..5])
}

async fn ask(house: &House, telecom: &VendorTelecom, person: &str, before: Deadline) -> Said {
    send(house, telecom, &house.call(), person, before).await.into()
}

#[tokio::test]
async fn every_case_of_the_catalogue_is_understood() {
    let house = house().await;
    let telecom = telecom(&house, |_| {});
    let mut seen =
        desk(&house).understands_every_case(async |p, before| ask(&house, &telecom, p, before).await).await;
    let confirm = Desk { operation: "confirm", ..desk(&house) };
    let confirmed = confirm.understands_every_case(async |person, before| {
        let call = house.call();
        send(&house, &telecom, &call, person, before).await;
        let code = newest_code(&house, person);
        // Kim types it right; Lee once wrong; Park until nobody looks any more.
        let (code, tries) = match person {
            KIM => (code, 1),
            "lee-seoyeon" => (wrong(&code), 1),
            _ => (wrong(&code), 6),
        };
        let mut said = None;
        for _ in 0..tries {
            said = Some(telecom.confirm(&call, &code, before).await.answer.into());
        }
        said.unwrap()
    });
    seen.extend(confirmed.await);
    seen_all(&seen, PhoneCode::ALL, &[]);
}

#[tokio::test]
async fn its_door_is_kept_as_every_institutions() {
    let house = house().await;
    let telecom = telecom(&house, |_| {});
    desk(&house).keeps_to_its_door(async |p, before| ask(&house, &telecom, p, before).await).await;
}

#[tokio::test]
async fn silence_is_indeterminate() {
    let house = house().await;
    let telecom = telecom(&house, |config| config.limits = hasty());
    desk(&house).takes_silence_for_doubt(async |p, before| ask(&house, &telecom, p, before).await).await;
    let call = house.call();
    send(&house, &telecom, &call, KIM, house.soon()).await;
    let code = newest_code(&house, KIM);
    for fault in [Fault::Hang, Fault::Trickle, Fault::Error, Fault::LostAnswer, Fault::Malformed] {
        house.fault(Institution::Telecom, fault, "confirm", 1);
        let PhoneConfirmed { answer, ci } = telecom.confirm(&call, &code, house.soon()).await;
        assert_eq!((answer.code, ci), (PhoneCode::Unavailable, None), "{fault:?}");
    }
    let again = telecom.confirm(&call, &code, house.soon()).await;
    assert_eq!(again.answer.code, PhoneCode::Owner, "a lost answer can be asked for again");
}

#[tokio::test]
async fn in_hours_of_maintenance_nobody_is_called() {
    let house = house().await;
    let telecom = telecom(&house, |config| config.maintenance = night());
    desk(&house).calls_nobody_at_night(async |p, before| ask(&house, &telecom, p, before).await).await;
    let confirmed = telecom.confirm(&house.call(), "123456", house.soon()).await;
    assert_eq!((confirmed.answer.code, confirmed.ci), (PhoneCode::Maintenance, None));
}

#[tokio::test]
async fn one_call_sends_one_message() {
    let house = house().await;
    let telecom = telecom(&house, |_| {});
    let call = house.call();
    for fault in [Some(Fault::LostAnswer), Some(Fault::Duplicate), None] {
        if let Some(fault) = fault {
            house.fault(Institution::Telecom, fault, "send", 1);
        }
        send(&house, &telecom, &call, KIM, house.soon()).await;
    }
    assert_eq!(house.sandbox.messages("01000000001").len(), 1);
    let other = send(&house, &telecom, &call, "lee-seoyeon", house.soon()).await;
    assert_eq!((other.code, other.provider_code.as_deref()), (PhoneCode::Unavailable, Some("S25")));
    assert!(house.sandbox.messages("01000000002").is_empty());
    send(&house, &telecom, &house.call(), KIM, house.soon()).await;
    assert_eq!(house.sandbox.messages("01000000001").len(), 2, "another call is another message");
}

#[tokio::test]
async fn an_owner_is_the_same_person_every_time_and_nobody_else() {
    let house = house().await;
    let telecom = telecom(&house, |_| {});
    let owner = async |person: &str| {
        let call = house.call();
        assert_eq!(send(&house, &telecom, &call, person, house.soon()).await.code, PhoneCode::Sent);
        let confirmed = telecom.confirm(&call, &newest_code(&house, person), house.soon()).await;
        assert_eq!(confirmed.answer.code, PhoneCode::Owner);
        confirmed.ci.unwrap()
    };
    let (kim, again, lee) = (owner(KIM).await, owner(KIM).await, owner("lee-seoyeon").await);
    assert!(kim == again && kim != lee);
    assert_eq!(owner("nguyen-linh").await.expose().len(), 88, "foreigners have one too");
}

#[tokio::test]
async fn an_answer_to_another_question_names_nobody() {
    let house = house().await;
    let telecom = telecom(&house, |_| {});
    let (lee, kim) = (house.call(), house.call());
    send(&house, &telecom, &lee, "lee-seoyeon", house.soon()).await;
    send(&house, &telecom, &kim, KIM, house.soon()).await;
    telecom.confirm(&lee, &newest_code(&house, "lee-seoyeon"), house.soon()).await;
    house.fault(Institution::Telecom, Fault::Stale, "confirm", 1);
    let confirmed = telecom.confirm(&kim, &wrong(&newest_code(&house, KIM)), house.soon()).await;
    assert_eq!((confirmed.answer.code, confirmed.ci), (PhoneCode::Unavailable, None));
}

#[tokio::test]
async fn a_code_has_its_time() {
    let house = house().await;
    let telecom = telecom(&house, |_| {});
    let call = house.call();
    send(&house, &telecom, &call, KIM, house.soon()).await;
    let code = newest_code(&house, KIM);
    house.pass(181);
    let late = telecom.confirm(&call, &code, house.soon()).await;
    assert_eq!((late.answer.code, late.ci), (PhoneCode::CodeUsedUp, None));
    let nothing = telecom.confirm(&house.call(), &code, house.soon()).await;
    assert_eq!(nothing.answer.code, PhoneCode::Unavailable, "nothing was sent under that call");
}

#[tokio::test]
async fn every_value_has_to_belong_together() {
    let house = house().await;
    let telecom = telecom(&house, |_| {});
    let (name, other) = (PersonName::parse("김민수").unwrap(), PersonName::parse("김민식").unwrap());
    let (number, nobody) =
        (PhoneNumber::parse("01000000001").unwrap(), PhoneNumber::parse("01000009999").unwrap());
    let sex = |digit: &str| SexDigit::parse(digit).unwrap();
    let birth = jiff::civil::date(1990, 4, 15);
    let right = PhoneAsked { name: &name, birth, sex: sex("1"), telecom: TelecomName::Skt, number: &number };
    assert_eq!(telecom.send(&house.call(), &right, house.soon()).await.code, PhoneCode::Sent);
    for asked in [
        PhoneAsked { name: &other, ..right },
        PhoneAsked { birth: jiff::civil::date(1990, 4, 16), ..right },
        PhoneAsked { sex: sex("2"), ..right },
        PhoneAsked { telecom: TelecomName::Kt, ..right },
        PhoneAsked { number: &nobody, ..right },
    ] {
        let answer = telecom.send(&house.call(), &asked, house.soon()).await;
        assert_eq!((answer.code, answer.provider_code.as_deref()), (PhoneCode::NotOwner, Some("S21")));
    }
    assert_eq!(house.sandbox.messages("01000000001").len(), 1);
    house.sandbox.set_fault(Institution::Telecom, Rule::always(Fault::Error)).unwrap();
    assert_eq!(telecom.send(&house.call(), &right, house.soon()).await.code, PhoneCode::Unavailable);
}

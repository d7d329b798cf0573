//! Stories of the steps beside the card and the account: questions, the institution's word, a device.

use crate::story::{Story, names, plan};
use ingam_cases::answers::{DepositCode, DeviceCode, InstitutionCode, IssuerCode, PhoneCode};
use ingam_cases::id::EndpointId;
use ingam_cases::method::Method;
use ingam_cases::policy::{AnswerForm, Choice, DeviceKind, Policy, Question, Step, Words};
use ingam_cases::refusal::Refusal;
use ingam_cases::values::NameMatch;
use ingam_cases::verification::next::{Next, WaitState};
use ingam_cases::verification::work::Work;
use ingam_cases::verification::{Command, DocumentKind, End, Event, RefusedCode, Status, WaitingFor};
use serde_json::json;

fn words(ko: &str) -> Words {
    Words { ko: ko.into(), en: Some("In English".into()) }
}

/// A form with a question of each kind; one must be answered.
pub(crate) fn form() -> Step {
    let option = |id: &str| Choice { id: id.into(), text: words("생활비 관리") };
    let question =
        |id: &str, required, answer| Question { id: id.into(), text: words("물음"), required, answer };
    let options = || vec![option("living"), option("salary"), option("loan")];
    Step::Form {
        title: words("몇 가지만 여쭐게요"),
        questions: vec![
            question("purpose", true, AnswerForm::Choice { options: options(), many: false }),
            question("sources", false, AnswerForm::Choice { options: options(), many: true }),
            question("owner", false, AnswerForm::YesNo {}),
            question("note", false, AnswerForm::Text { max: 10 }),
            question("amount", false, AnswerForm::Number { min: 0, max: 1_000 }),
            question("since", false, AnswerForm::Date {}),
        ],
    }
}

/// A step that asks the institution.
pub(crate) fn institution() -> Step {
    Step::InstitutionCheck { endpoint: EndpointId::new(1_000, [6; 10]) }
}

/// A step that asks for a code.
pub(crate) fn device(tries: u32) -> Step {
    Step::Device { kinds: vec![DeviceKind::Otp, DeviceKind::SecurityCard], tries }
}

/// A step that asks for a phone.
pub(crate) fn phone(sends: u32) -> Step {
    Step::Phone { sends, tries: 2, code_minutes: 3 }
}

fn with(steps: Vec<Step>) -> Policy {
    let plan = Policy { steps, ..plan() };
    assert_eq!(plan.problems(), []);
    plan
}

/// A plan with every step: questions, card, the institution, device, account.
pub(crate) fn whole() -> Policy {
    let [card, account] = [plan().steps[0].clone(), plan().steps[1].clone()];
    with(vec![form(), card, institution(), device(5), account])
}

/// Everything goes well, with a silence of the institution and a wrong code on the way.
pub(crate) fn everything() -> Story {
    let story = Story::begun_under(whole()).answers(&["purpose"]).card().confirms(&[]);
    let story = story.issuer(IssuerCode::Valid).institution(InstitutionCode::Unknown).wait(5).ticks();
    let story = story.institution(InstitutionCode::Pass).device(DeviceCode::Wrong).device(DeviceCode::Right);
    story.account().holder(NameMatch::Same).bank(DepositCode::Deposited).types(true)
}

#[test]
fn the_steps_come_in_the_order_of_the_policy() {
    let story = Story::begun_under(whole()).meets(&Next::Form);
    let mut story = story.stands(Status::InProgress, None);
    let early = story.give_account();
    story.refused(early, Refusal::NotNow);
    let early = story.try_device(DeviceCode::Right);
    story.refused(early, Refusal::NotNow);
    let story = story.answers(&["purpose", "note"]).meets(&Next::Picture { problem: None });
    let story = story.card().confirms(&[]);
    // The institution is asked once the issuer has said yes, not before.
    assert_eq!(story.count("institution_asked"), 0);
    let mut story = story.issuer(IssuerCode::Valid).stands(Status::Waiting, Some(WaitingFor::Institution));
    assert!(matches!(story.work()[..], [(Work::AskInstitution { .. }, None)]));
    let early = story.give_account();
    story.refused(early, Refusal::NotNow);
    let story = story.institution(InstitutionCode::Pass);
    let mut story = story.meets(&Next::Device { kind: DeviceKind::Otp, last: None, tries_left: 5 });
    let early = story.give_account();
    story.refused(early, Refusal::NotNow);
    let story = story.device(DeviceCode::Right).account().holder(NameMatch::Same);
    let story = story.bank(DepositCode::Deposited).types(true).ends(End::Verified);
    let checks: Vec<_> = story.v().checks.iter().map(|c| c.code.as_str()).collect();
    assert_eq!(checks, ["valid", "pass", "right", "found", "deposited", "right"]);
}

#[test]
fn a_form_takes_answers_to_its_questions_alone() {
    let mut story = Story::begun_under(whole());
    for wrong in [&[][..], &["note"], &["purpose", "surprise"]] {
        let command = story.answer_form(wrong);
        story.refused(command, Refusal::AnswersDiffer);
    }
    let mut story = story.answers(&["purpose"]);
    let again = story.answer_form(&["purpose"]);
    story.refused(again, Refusal::NotNow);
}

#[test]
fn an_answer_is_of_the_type_that_was_asked_for() {
    let Step::Form { questions, .. } = form() else { panic!("a form") };
    let check = |id: &str, given: &[&str], expected: Result<Option<serde_json::Value>, &str>| {
        let question = questions.iter().find(|q| q.id == id).unwrap();
        assert_eq!(question.read(given).map_err(|bad| bad.code()), expected, "{id} {given:?}");
    };
    check("purpose", &["salary"], Ok(Some(json!("salary"))));
    check("purpose", &[" "], Err("required"));
    check("purpose", &["salary", "loan"], Err("not_allowed"));
    check("purpose", &["surprise"], Err("not_allowed"));
    check("sources", &["loan", "living"], Ok(Some(json!(["living", "loan"]))));
    check("sources", &["loan", "surprise"], Err("not_allowed"));
    check("sources", &[], Ok(None));
    check("owner", &["true"], Ok(Some(json!(true))));
    check("owner", &["yes"], Err("not_allowed"));
    check("note", &[" 가나다라마바사아자차 "], Ok(Some(json!("가나다라마바사아자차"))));
    check("note", &["가나다라마바사아자차카"], Err("out_of_range"));
    check("note", &["가\u{0}나"], Err("not_allowed"));
    check("amount", &["1000"], Ok(Some(json!(1000))));
    check("amount", &["1001"], Err("out_of_range"));
    check("amount", &["1.5"], Err("not_allowed"));
    check("since", &["2026. 3. 1."], Ok(Some(json!("2026-03-01"))));
    check("since", &["2026-02-30"], Err("not_allowed"));
}

#[test]
fn the_institution_is_asked_again_by_the_same_question_until_it_knows() {
    let [card, account] = [plan().steps[0].clone(), plan().steps[1].clone()];
    let story = Story::begun_under(with(vec![card, account, institution()])).card().confirms(&[]);
    let story = story.issuer(IssuerCode::Valid).account().holder(NameMatch::Same);
    let story = story.bank(DepositCode::Deposited).types(true);
    let story = story.stands(Status::Waiting, Some(WaitingFor::Institution));
    let story = story.institution(InstitutionCode::Unavailable);
    let mut story = story.stands(Status::Waiting, Some(WaitingFor::Institution));
    assert!(matches!(story.work()[..], [(Work::Tick, Some(_))]));
    story.does(Command::AskNotice { session: 1 });
    let story = story.wait(5).ticks().institution(InstitutionCode::Unknown).wait(15).ticks();
    let asked: Vec<_> = story
        .events
        .iter()
        .filter_map(|e| if let Event::InstitutionAsked { call } = e { Some(call) } else { None })
        .collect();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|call| call == &asked[0]));
    let story = story.meets(&Next::Wait {
        telecom: false,
        reading: false,
        issuer: None,
        bank: None,
        institution: Some(WaitState::Asking),
    });
    let story = story.institution(InstitutionCode::Pass).ends(End::Verified);
    assert_eq!(names(&story.events).last().map(String::as_str), Some("notice_due"));
}

#[test]
fn the_institutions_stop_is_the_end() {
    let story = Story::begun_under(whole()).answers(&["purpose"]).card().confirms(&[]);
    let story = story.issuer(IssuerCode::Valid).institution(InstitutionCode::Stop);
    let mut story = story.ends(End::Refused { code: RefusedCode::StoppedByInstitution });
    let late = story.try_device(DeviceCode::Right);
    story.refused(late, Refusal::Ended);
}

#[test]
fn a_code_may_be_wrong_as_often_as_the_policy_says() {
    let begun = |tries| Story::begun_under(with(vec![plan().steps[0].clone(), device(tries)]));
    let at_it = |tries| begun(tries).card().confirms(&[]).issuer(IssuerCode::Valid);
    let refused = End::Refused { code: RefusedCode::DeviceNotProved };
    let story = at_it(3).device(DeviceCode::Wrong).device(DeviceCode::Used);
    let last = Some(DeviceCode::Used);
    let story = story.meets(&Next::Device { kind: DeviceKind::Otp, last, tries_left: 1 });
    story.clone().device(DeviceCode::Wrong).ends(refused);
    story.device(DeviceCode::Right).ends(End::Verified);
    at_it(3).device(DeviceCode::Locked).ends(refused);
}

#[test]
fn the_medium_is_one_that_the_policy_takes() {
    let check = |steps: Vec<Step>, change: fn(&mut ingam_cases::verification::command::Open)| {
        let mut story = Story::unopened();
        let Command::Open(mut open) = crate::story::open(with(steps)) else { panic!("opens") };
        change(&mut open);
        story.refused(Command::Open(open), Refusal::MediumDiffers);
    };
    let card = || plan().steps[0].clone();
    let card_only = Step::Device { kinds: vec![DeviceKind::SecurityCard], tries: 5 };
    check(vec![card(), device(5)], |open| open.medium = None);
    check(vec![card(), card_only], |open| {
        if let Some(medium) = &mut open.medium {
            medium.kind = DeviceKind::Otp;
        }
    });
    check(plan().steps, |open| open.medium = crate::story::named_medium(&whole()));
}

#[test]
fn a_policy_says_what_is_wrong_with_its_questions() {
    let check = |change: fn(&mut Vec<Question>), expected: &[(&str, &str)]| {
        let mut plan = whole();
        let Step::Form { questions, .. } = &mut plan.steps[0] else { panic!("a form") };
        change(questions);
        let found = plan.problems();
        let found: Vec<_> = found.iter().map(|p| (p.field.as_str(), p.code)).collect();
        assert_eq!(found, expected);
    };
    check(|_| {}, &[]);
    check(|q| q.clear(), &[("/steps/0/questions", "out_of_range")]);
    check(|q| q[1].id = "purpose".into(), &[("/steps/0/questions/1/id", "repeated")]);
    check(|q| q[0].id = "거래".into(), &[("/steps/0/questions/0/id", "malformed")]);
    check(|q| q[0].text.ko = " ".into(), &[("/steps/0/questions/0/text", "out_of_range")]);
    check(|q| q[0].text.en = Some("a\n".into()), &[("/steps/0/questions/0/text", "out_of_range")]);
    check(
        |q| q[0].answer = AnswerForm::Choice { options: vec![], many: true },
        &[("/steps/0/questions/0/answer/options", "out_of_range")],
    );
    check(
        |q| {
            if let AnswerForm::Choice { options, .. } = &mut q[0].answer {
                options[1].id = "living".into();
                options[2].text.ko = "가".repeat(121);
            }
        },
        &[
            ("/steps/0/questions/0/answer/options/1/id", "repeated"),
            ("/steps/0/questions/0/answer/options/2/text", "out_of_range"),
        ],
    );
    check(
        |q| q[3].answer = AnswerForm::Text { max: 501 },
        &[("/steps/0/questions/3/answer/max", "out_of_range")],
    );
    check(
        |q| q[4].answer = AnswerForm::Number { min: 2, max: 1 },
        &[("/steps/0/questions/4/answer/max", "out_of_range")],
    );
}

/// A plan with a phone between card and account.
fn phoned(sends: u32) -> Story {
    let [card, account] = [plan().steps[0].clone(), plan().steps[1].clone()];
    Story::begun_under(with(vec![card, phone(sends), account])).card().confirms(&[]).issuer(IssuerCode::Valid)
}

/// Everything that can happen to a phone, and in the end it is the person's.
pub(crate) fn every_phone() -> Story {
    let story = phoned(6).phone().telecom(PhoneCode::NotOwner).phone().telecom(PhoneCode::Sent);
    let story = story.types_phone_code().telecom(PhoneCode::WrongCode);
    let mut story = story.types_phone_code().telecom(PhoneCode::Unavailable);
    story.does(Command::ChangePhone { session: 1 });
    let story = story.phone().telecom(PhoneCode::Sent).wait(180).ticks();
    let story = story.phone().telecom(PhoneCode::Sent).types_phone_code().telecom(PhoneCode::Owner);
    story.account().holder(NameMatch::Same).bank(DepositCode::Deposited).types(true)
}

#[test]
fn a_phone_strengthens_and_does_not_count() {
    let story = every_phone().ends(End::Verified);
    assert_eq!(story.v().met.len(), 3);
    // Card and phone are one method of the law's.
    let mut plan = plan();
    plan.steps[1] = phone(3);
    let codes: Vec<_> = plan.problems().iter().map(|p| p.code).collect();
    assert_eq!(codes, ["below_legal_floor", "cannot_be_met"]);
    plan.steps.swap(0, 1);
    assert!(plan.problems().iter().any(|p| p.code == "needs_name_first"));
}

#[test]
fn a_message_is_never_sent_again_by_itself() {
    let mut story = phoned(2);
    let early = story.give_account();
    story.refused(early, Refusal::NotNow);
    let story = story.phone().stands(Status::Waiting, Some(WaitingFor::Telecom));
    assert!(matches!(story.work()[..], [(Work::SendMessage { .. }, None)]));
    let mut story = story.telecom(PhoneCode::Unavailable);
    assert_eq!(story.work(), []);
    let again = Next::Phone { problem: Some(PhoneCode::Unavailable), messages_left: 1 };
    story = story
        .meets(&again)
        .phone()
        .telecom(PhoneCode::Sent)
        .stands(Status::Waiting, Some(WaitingFor::Person));
    story.refused(Command::ChangePhone { session: 1 }, Refusal::SendsUsedUp);
    // Silence costs no try; two wrong codes use the message up, and the plan with it.
    let story = story.types_phone_code().telecom(PhoneCode::Unavailable);
    let story = story.types_phone_code().telecom(PhoneCode::WrongCode).types_phone_code();
    let story = story.telecom(PhoneCode::WrongCode);
    story.ends(End::Refused { code: RefusedCode::PhoneNotProved });
}

#[test]
fn another_card_is_another_owner() {
    let story = phoned(3).phone().telecom(PhoneCode::Sent).types_phone_code().telecom(PhoneCode::Owner);
    assert!(story.v().met.iter().any(|met| met.method == Method::Phone));
    let [card, account] = [plan().steps[0].clone(), plan().steps[1].clone()];
    let mut story = Story::begun_under(with(vec![card, phone(3), account])).card().confirms(&[]);
    story = story.issuer(IssuerCode::Unavailable).phone().telecom(PhoneCode::Sent).types_phone_code();
    let story = story.telecom(PhoneCode::Owner).retakes();
    assert!(!story.v().met.iter().any(|met| met.method == Method::Phone));
}

#[test]
fn whoever_has_no_number_is_not_asked_for_a_phone() {
    let [mut card, account] = [plan().steps[0].clone(), plan().steps[1].clone()];
    if let Step::IdDocument { documents, .. } = &mut card {
        documents.push(DocumentKind::ForeignPassport);
    }
    let story = Story::begun_under(with(vec![card, phone(3), account])).shows(DocumentKind::ForeignPassport);
    let story = story.confirms(&[]).issuer(IssuerCode::Valid).account().holder(NameMatch::Same);
    story.bank(DepositCode::Deposited).types(true).ends(End::Verified);
}

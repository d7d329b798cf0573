//! Made-up verifications at every point, for the tests of the page.

use super::screens::{CardShown, Kept, ScreenData, Side};
use super::texts::KO;
use super::view::House;
use ingam_cases::answers::{DepositCode, DeviceCode, HolderCode, IssuerCode, PhoneCode};
use ingam_cases::id::{
    BlobId, CallId, EndpointId, InstitutionId, MediumId, PolicyId, ReviewId, SubjectId, VerificationId,
};
use ingam_cases::institution::Profile;
use ingam_cases::method::Method;
use ingam_cases::policy::{
    AnswerForm, BlockList, Choice, DeviceKind, PictureSource, Policy, Question, Step, Words,
};
use ingam_cases::review::{AskedBy, Decision};
use ingam_cases::security_card::Challenge;
use ingam_cases::values::BankCode;
use ingam_cases::verification::apply::apply;
use ingam_cases::verification::{
    AccountProblem, AccountStep, CardProblem, CardStep, Consented, DeviceStep, DocumentField, DocumentKind,
    End, Event, FormStep, InstitutionStep, LaterReason, Met, NamedMedium, PhoneStep, RefusedCode,
    ResendProblem, Reviewed, Stage, Verification,
};
use jiff::Timestamp;
use jiff::civil::date;

pub(crate) const NOW: &str = "2026-11-23T05:01:09Z";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub(crate) fn bank() -> BankCode {
    BankCode::parse("088").expect("a code")
}

fn call() -> CallId {
    CallId::new(5, [5; 10])
}

pub(crate) fn profile() -> Profile {
    Profile {
        name: "새솔은행".into(),
        phone: "1599-0000".into(),
        hours: Some("평일 오전 9시~오후 6시".into()),
    }
}

pub(crate) fn banks() -> Vec<House> {
    let names = [
        ("004", "국민은행"),
        ("088", "신한은행"),
        ("020", "우리은행"),
        ("081", "하나은행"),
        ("011", "농협은행"),
        ("090", "카카오뱅크"),
        ("092", "토스뱅크"),
        ("003", "기업은행"),
        ("089", "케이뱅크"),
        ("045", "새마을금고"),
        ("071", "우체국"),
        ("048", "신협"),
        ("023", "SC제일은행"),
        ("031", "iM뱅크"),
        ("238", "미래에셋증권"),
    ];
    names.iter().map(|(code, name)| House { code: (*code).into(), name: (*name).into() }).collect()
}

/// What was read of a card in the story.
pub(crate) fn card() -> CardShown {
    CardShown {
        birth_date: Some(date(1995, 4, 17)),
        shown: [
            (DocumentField::Name, "김하늘"),
            (DocumentField::ResidentNumber, "950417-1******"),
            (DocumentField::RegistrationNumber, "950417-5******"),
            (DocumentField::IssueDate, "2019-07-15"),
            (DocumentField::LicenceNumber, "11-19-******-61"),
            (DocumentField::SerialCode, "9WSWRQ"),
            (DocumentField::PassportNumber, "M12******"),
            (DocumentField::ExpiryDate, "2029-07-15"),
            (DocumentField::BirthDate, "1995-04-17"),
            (DocumentField::Nationality, "VNM"),
        ]
        .map(|(field, text)| (field, text.to_owned()))
        .into(),
        picture: true,
        crops: vec![DocumentField::IssueDate],
    }
}

pub(crate) fn data<'a>(profile: &'a Profile, banks: &'a [House]) -> ScreenData<'a> {
    ScreenData {
        t: &KO,
        simple: false,
        now: at(NOW),
        profile,
        path: format!("/v/{}", VerificationId::new(1_700_000_000_000, [3; 10])),
        version: 7,
        side: Side::None,
        banks,
        card: Some(card()),
        files: true,
        specimen_camera: false,
        name_masked: Some("김*늘".into()),
        kept: Some(Kept { picture_until: Some(date(2031, 11, 23)), identity_until: None }),
        message: None,
        typed: vec![],
        challenge: Some(Challenge { first: 7, second: 12 }),
        institution_text: None,
        in_app: None,
        link: Some("https://id.bank.example/p/01hf7yat00ec1r60r30c1g60r3".into()),
    }
}

/// A verification in the middle of its steps.
pub(crate) fn checking(card: CardStep, account: AccountStep) -> Verification {
    let mut plan = Policy::id_and_account("기본", "비대면 계좌 만들기");
    if let Step::IdDocument { sources, .. } = &mut plan.steps[0] {
        sources.push(PictureSource::File);
    }
    let met = match card {
        CardStep::Passed => vec![met(Method::IdDocument, "2026-11-23T05:00:40Z")],
        _ => vec![],
    };
    let opened = Event::Opened {
        id: VerificationId::new(1_700_000_000_000, [3; 10]),
        institution: InstitutionId::new(1, [1; 10]),
        subject: SubjectId::new(1, [2; 10]),
        policy: PolicyId::new(1, [4; 10]),
        policy_version: 1,
        plan: Box::new(plan),
        reference: None,
        return_url: Some("https://bank.example/done".into()),
        medium: None,
        opened_at: at("2026-11-23T04:58:00Z"),
        expires_at: at("2026-11-24T04:58:00Z"),
    };
    let v = apply(None, &opened).expect("the first event");
    Verification { session: 1, stage: Stage::Checking, card, account, sends: 1, met, ..v }
}

fn met(method: Method, when: &str) -> Met {
    Met { method, at: at(when), by: "sandbox".into(), call: call() }
}

pub(crate) fn stage(stage: Stage) -> Verification {
    Verification { stage, ..checking(CardStep::Idle, AccountStep::Idle) }
}

pub(crate) fn ended(end: End) -> Verification {
    let mut v = checking(CardStep::Passed, AccountStep::Passed { bank: bank() });
    v.met.push(met(Method::ExistingAccount, "2026-11-23T05:02:10Z"));
    v.plan.min_age = 14;
    v.stage = Stage::Ended { end, at: at(NOW) };
    v
}

/// One whose consents were given; the last one was taken back.
pub(crate) fn consented() -> Verification {
    let mut v = ended(End::Verified);
    for text in KO.consent_texts {
        let answer = text.answered(&KO, "새솔은행", true, true);
        let consent = Consented { text: answer.text, required: true, answer: true, withdrawn_at: None };
        v.consents.push(consent);
    }
    if let Some(last) = v.consents.last_mut() {
        last.withdrawn_at = Some(at(NOW));
    }
    v
}

/// Every point that a verification can be at, with a name.
#[allow(clippy::too_many_lines)] // A list.
pub(crate) fn all() -> Vec<(String, Verification)> {
    let blob = || BlobId::new(1, [9; 10]);
    let idle = AccountStep::Idle;
    let later = at("2026-11-23T15:30:00Z");
    let mut all: Vec<(String, Verification)> = Vec::new();
    let mut add = |name: String, v: Verification| all.push((name, v));
    add("v1".into(), stage(Stage::Safety));
    add("v3".into(), stage(Stage::Consents));

    let mut problems = vec![CardProblem::WrongKind, CardProblem::WrongDateLimit, CardProblem::TriesTaken];
    for code in ["dark", "glare", "blurred", "too_small", "no_card", "something_new"] {
        problems.push(CardProblem::Unreadable { quality: vec![code.into()] });
    }
    problems.extend(IssuerCode::ALL.iter().map(|code| CardProblem::Issuer { code: *code }));
    add("v4".into(), checking(CardStep::Picture { problem: None }, idle.clone()));
    for problem in problems {
        let name = format!("v4-{problem:?}");
        add(name, checking(CardStep::Picture { problem: Some(problem) }, idle.clone()));
    }
    let source = PictureSource::Camera;
    add("v12-reading".into(), checking(CardStep::Reading { blob: blob(), source }, idle.clone()));
    let fields = [DocumentField::Name, DocumentField::ResidentNumber, DocumentField::IssueDate];
    for (name, doubtful, again) in [
        ("v6", vec![], None),
        ("v6-date", vec![DocumentField::IssueDate], None),
        ("v6-all", fields.to_vec(), None),
        ("v6-again-date", vec![DocumentField::IssueDate], Some(IssuerCode::MismatchIssueDate)),
        (
            "v6-again-both",
            vec![DocumentField::Name, DocumentField::IssueDate],
            Some(IssuerCode::MismatchNameOrIssueDate),
        ),
    ] {
        add(name.into(), checking(CardStep::Confirm { blob: blob(), doubtful, again }, idle.clone()));
    }
    for document in DocumentKind::ALL {
        let doubtful: Vec<_> = document.needs().iter().chain(document.takes()).copied().collect();
        for (name, doubtful) in [("v6", vec![]), ("v6-open", doubtful)] {
            let card = CardStep::Confirm { blob: blob(), doubtful, again: None };
            let v = Verification { document, ..checking(card, idle.clone()) };
            add(format!("{name}-{}", document.as_str()), v);
        }
        let problem = Some(CardProblem::Issuer { code: IssuerCode::Suspended });
        let v = Verification { document, ..checking(CardStep::Picture { problem }, idle.clone()) };
        add(format!("v4-suspended-{}", document.as_str()), v);
    }
    let again = Some(IssuerCode::MismatchSerial);
    let card = CardStep::Confirm { blob: blob(), doubtful: vec![DocumentField::SerialCode], again };
    let document = DocumentKind::Driver;
    add("v6-again-serial".into(), Verification { document, ..checking(card, idle.clone()) });
    let problem = Some(CardProblem::WrongDateLimit);
    let card = CardStep::Picture { problem };
    add("v4-serial-limit".into(), Verification { document, ..checking(card, idle.clone()) });
    let naming = |problem| AccountStep::Name { problem };
    for list in BlockList::ALL {
        let screened = |card| {
            let mut v = checking(card, naming(None));
            v.plan.block_lists = BlockList::ALL.to_vec();
            v
        };
        add(format!("v12-list-{list:?}"), screened(CardStep::Screening { blob: blob(), call: call(), list }));
        let silent = CardStep::Later { blob: blob(), code: IssuerCode::Maintenance, retry_at: later };
        let mut v = screened(silent);
        v.clear_of = BlockList::ALL.iter().copied().take_while(|l| *l != list).collect();
        add(format!("pause-list-{list:?}"), v);
    }
    add("v12-issuer".into(), checking(CardStep::Asking { blob: blob(), call: call() }, naming(None)));
    let silent = |code| CardStep::Later { blob: blob(), code, retry_at: later };
    add("v10-issuer-later".into(), checking(silent(IssuerCode::Unavailable), naming(None)));

    let mut problems =
        vec![AccountProblem::NameDifferent, AccountProblem::NameSimilar, AccountProblem::Chosen];
    problems.extend(HolderCode::ALL.iter().map(|code| AccountProblem::Holder { code: *code }));
    problems.extend(DepositCode::ALL.iter().map(|code| AccountProblem::Deposit { code: *code }));
    add("v10".into(), checking(CardStep::Passed, naming(None)));
    for problem in problems {
        add(format!("v10-{problem:?}"), checking(CardStep::Passed, naming(Some(problem))));
    }
    let waits = [
        ("v12-holder", AccountStep::AskingHolder { bank: bank(), call: call() }),
        ("v12-sending", AccountStep::Sending { bank: bank(), call: call() }),
        ("pause-doubt", AccountStep::InDoubt { bank: bank(), call: call(), retry_at: later }),
    ];
    for (name, account) in waits {
        add(name.into(), checking(CardStep::Passed, account));
    }
    for reason in [LaterReason::Maintenance, LaterReason::Unavailable, LaterReason::LimitReached] {
        let account = AccountStep::Later { bank: bank(), holder_known: true, reason, retry_at: later };
        add(format!("pause-bank-{reason:?}"), checking(CardStep::Passed, account.clone()));
        let asked = Verification { notice_asked: true, ..checking(CardStep::Passed, account) };
        add(format!("pause-bank-{reason:?}-asked"), asked);
    }
    for code in [IssuerCode::Maintenance, IssuerCode::NoAnswer] {
        let account = AccountStep::Passed { bank: bank() };
        add(format!("pause-issuer-{code:?}"), checking(silent(code), account));
    }
    let coded = |tries_left| AccountStep::Code {
        bank: bank(),
        call: call(),
        sent_at: at("2026-11-23T05:00:39Z"),
        expires_at: at("2026-11-23T05:05:39Z"),
        tries_left,
    };
    add("v11".into(), checking(CardStep::Passed, coded(5)));
    add("v11-wrong".into(), checking(CardStep::Passed, coded(3)));
    use ResendProblem::{Asked, CodeExpired, NotSent, TriesUsedUp};
    for problem in [TriesUsedUp, CodeExpired, NotSent, Asked] {
        add(
            format!("resend-{problem:?}"),
            checking(CardStep::Passed, AccountStep::Resend { bank: bank(), problem }),
        );
    }
    let account = AccountStep::Resend { bank: bank(), problem: Asked };
    add("resend-none-left".into(), Verification { sends: 3, ..checking(CardStep::Passed, account) });
    more(&mut add);
    add("v14".into(), ended(End::Verified));
    for code in RefusedCode::ALL {
        add(format!("v15-{code:?}"), ended(End::Refused { code: *code }));
    }
    for (name, decision) in [("v13-review", None), ("v15-upheld", Some(Decision::Upheld))] {
        let review = Reviewed {
            id: ReviewId::nth_of(&VerificationId::new(1_700_000_000_000, [3; 10]), 1),
            asked_by: AskedBy::Person,
            asked_at: at(NOW),
            decision,
        };
        let v = ended(End::Refused { code: RefusedCode::CardRefused });
        add(name.into(), Verification { review: Some(review), reviews: 1, ..v });
    }
    add("g5-expired".into(), ended(End::Expired));
    add("g10-cancelled".into(), ended(End::Cancelled));
    all
}

/// A card that its issuer refused.
pub(crate) fn refused_card(code: IssuerCode) -> CardProblem {
    CardProblem::Issuer { code }
}

/// An account about whose holder the bank said no.
pub(crate) fn refused_holder(code: HolderCode) -> AccountProblem {
    AccountProblem::Holder { code }
}

/// An account that took no 1 won.
pub(crate) fn refused_deposit(code: DepositCode) -> AccountProblem {
    AccountProblem::Deposit { code }
}

/// Points of the steps beside card and account.
fn more(add: &mut impl FnMut(String, Verification)) {
    let words = |ko: &str| Words { ko: ko.into(), en: Some("In English".into()) };
    let option = |id: &str, text| Choice { id: id.into(), text: words(text) };
    let options = vec![option("salary", "급여와 생활비"), option("savings", "저축과 투자")];
    let question =
        |id: &str, text, answer| Question { id: id.into(), text: words(text), required: true, answer };
    let form = Step::Form {
        title: words("계좌를 만들기 전에 몇 가지만 여쭐게요"),
        questions: vec![
            question(
                "purpose",
                "계좌를 무엇에 쓰시나요?",
                AnswerForm::Choice { options: options.clone(), many: false },
            ),
            question("sources", "돈은 어디에서 오나요?", AnswerForm::Choice { options, many: true }),
            question("owner", "이 돈의 실제 주인이신가요?", AnswerForm::YesNo {}),
            Question { required: false, ..question("job", "하시는 일", AnswerForm::Text { max: 20 }) },
            question("year", "일을 시작한 해", AnswerForm::Number { min: 1900, max: 2100 }),
            question("since", "이사한 날", AnswerForm::Date {}),
        ],
    };
    let check = Step::InstitutionCheck { endpoint: EndpointId::new(1, [6; 10]) };
    let kinds = DeviceKind::ALL.to_vec();
    let under = |step: Step| {
        let mut v = checking(CardStep::Passed, AccountStep::Name { problem: None });
        v.plan.steps.insert(1, step);
        v
    };
    add("form".into(), Verification { form: FormStep::Open, ..under(form) });
    let asking = InstitutionStep::Asking { call: call(), silences: 0 };
    let later = InstitutionStep::Later { call: call(), retry_at: at("2026-11-23T15:30:00Z"), silences: 1 };
    for (name, institution_check) in [("v12-institution", asking), ("pause-institution", later)] {
        add(name.into(), Verification { institution_check, ..under(check.clone()) });
    }
    let step = || Step::Phone { sends: 3, tries: 5, code_minutes: 3 };
    let phoned = |phone| Verification { phone, messages: 1, ..under(step()) };
    add("v1-phone".into(), Verification { stage: Stage::Safety, ..phoned(PhoneStep::Idle) });
    add("phone".into(), phoned(PhoneStep::Name { problem: None }));
    for code in PhoneCode::ALL.iter().copied() {
        add(format!("phone-{code:?}"), phoned(PhoneStep::Name { problem: Some(code) }));
    }
    add("v12-telecom".into(), phoned(PhoneStep::Sending { call: call() }));
    for problem in [None, Some(PhoneCode::WrongCode), Some(PhoneCode::Unavailable)] {
        let expires_at = at("2026-11-23T05:03:39Z");
        let v = phoned(PhoneStep::Code { call: call(), expires_at, tries_left: 4, problem });
        add(format!("phone-code-{problem:?}"), v);
    }
    for kind in DeviceKind::ALL {
        for last in [None, Some(DeviceCode::Wrong), Some(DeviceCode::Used)] {
            let medium = NamedMedium { id: MediumId::new(1, [7; 10]), kind, cells: Some(35) };
            let device = DeviceStep::Open { wrong: u32::from(last.is_some()), last };
            let step = Step::Device { kinds: kinds.clone(), tries: 5 };
            let v = Verification { medium: Some(medium), device, ..under(step) };
            let start = Verification { stage: Stage::Safety, ..v.clone() };
            add(format!("device-{}-{last:?}", kind.as_str()), v);
            if last.is_none() {
                add(format!("v1-device-{}", kind.as_str()), start);
            }
        }
    }
}

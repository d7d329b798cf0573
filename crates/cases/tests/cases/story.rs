//! A verification on virtual time: each method is one sentence of a story. Folds twice, event by event and anew.

use ingam_cases::answers::{
    Answer, BlockCode, DepositCode, DeviceCode, HolderCode, InstitutionCode, IssuerCode, PhoneCode,
};
use ingam_cases::id::{
    BlobId, CallId, InstitutionId, MediumId, PersonId, PolicyId, SubjectId, VerificationId,
};
use ingam_cases::policy::{PictureSource, Policy, Step};
use ingam_cases::refusal::Refusal;
use ingam_cases::values::{BankCode, NameMatch};
use ingam_cases::verification::apply::{apply, fold};
use ingam_cases::verification::command::{ConsentAnswer, ConsentTerms, Hindrance, Open, Reading, ShownText};
use ingam_cases::verification::decide::decide;
use ingam_cases::verification::next::{Next, next};
use ingam_cases::verification::work::{Limit, Work, limits, work};
use ingam_cases::verification::{
    AccountStep, CardStep, Command, DocumentField, DocumentKind, End, Event, InstitutionStep, NamedMedium,
    PhoneStep, Status, Verification, Waiting, WaitingFor,
};
use jiff::{SignedDuration, Timestamp};

/// When every story starts.
pub(crate) fn start() -> Timestamp {
    "2026-11-23T01:00:00Z".parse().unwrap()
}

/// The policy of most stories.
pub(crate) fn plan() -> Policy {
    Policy::id_and_account("기본", "비대면 계좌 만들기")
}

/// A bank.
pub(crate) fn bank() -> BankCode {
    BankCode::parse("088").unwrap()
}

/// What opens a verification.
pub(crate) fn open(plan: Policy) -> Command {
    Command::Open(Box::new(Open {
        id: VerificationId::new(1_000, [1; 10]),
        institution: InstitutionId::new(1_000, [2; 10]),
        subject: SubjectId::new(1_000, [3; 10]),
        policy: PolicyId::new(1_000, [4; 10]),
        policy_version: 1,
        reference: Some("A-1".into()),
        return_url: Some("https://bank.example/done".into()),
        medium: named_medium(&plan),
        plan,
    }))
}

/// The medium that a plan asks for, if it asks for one.
pub(crate) fn named_medium(plan: &Policy) -> Option<NamedMedium> {
    plan.steps.iter().find_map(|step| match step {
        Step::Device { kinds, .. } => {
            Some(NamedMedium { id: MediumId::new(1_000, [5; 10]), kind: *kinds.first()?, cells: None })
        }
        _ => None,
    })
}

/// A text as it was shown.
pub(crate) fn text(text_id: &str) -> ShownText {
    ShownText { text_id: text_id.into(), version: 1, language: "ko".into(), sha256: "00".repeat(32) }
}

/// The answers to a plan's consents.
pub(crate) fn consents(plan: &Policy, answer: bool) -> Vec<ConsentAnswer> {
    plan.consents
        .iter()
        .map(|ask| ConsentAnswer {
            text: text(&ask.text_id),
            purpose: "본인 확인".into(),
            required: ask.required,
            answer,
            terms: ConsentTerms {
                items: vec!["name".into()],
                receivers: vec!["institution".into()],
                period: "P5Y".into(),
                lawful_basis: "개인정보 보호법 §15".into(),
            },
        })
        .collect()
}

/// An answer with its evidence.
pub(crate) fn answer<C>(code: C) -> Answer<C> {
    Answer {
        code,
        provider: "sandbox".into(),
        provider_ref: Some("ref-1".into()),
        provider_code: Some("A0000".into()),
        retry_at: None,
        told_at: None,
        elapsed_ms: 120,
    }
}

/// A picture that is handed in.
pub(crate) fn submit(session: u32, blob: BlobId, source: PictureSource) -> Command {
    Command::SubmitCard { session, blob, sha256: "00".repeat(32), len: 1_000, source }
}

/// A card that was read without doubt.
pub(crate) fn readable() -> Reading {
    readable_as(DocumentKind::Resident)
}

/// A document of a kind that was read without doubt.
pub(crate) fn readable_as(document: DocumentKind) -> Reading {
    Reading::Readable {
        document,
        doubtful: vec![],
        quality: vec![],
        forgery: vec![],
        reader: "specimen 1".into(),
        kept: vec![],
    }
}

/// One verification and everything that happened to it.
#[derive(Clone)]
pub(crate) struct Story {
    pub(crate) state: Option<Verification>,
    pub(crate) events: Vec<Event>,
    pub(crate) now: Timestamp,
    pub(crate) calls: Vec<CallId>,
    made: u32,
}

impl Story {
    /// Nothing yet.
    pub(crate) fn unopened() -> Self {
        Self { state: None, events: vec![], now: start(), calls: vec![], made: 0 }
    }

    /// The institution opened it under a plan.
    pub(crate) fn under(plan: Policy) -> Self {
        let mut story = Self::unopened();
        story.does(open(plan));
        story
    }

    /// The institution opened it.
    pub(crate) fn opened() -> Self {
        Self::under(plan())
    }

    /// The person came, is told by nobody, and consents.
    pub(crate) fn begun_under(plan: Policy) -> Self {
        let mut story = Self::under(plan);
        story.does(Command::TakeSession { take_over: false });
        let session = story.v().session;
        story.does(Command::AnswerSafety { session, text: text("safety.told_to"), told_to: false });
        let answers = consents(&story.v().plan, true);
        if !answers.is_empty() {
            story.does(Command::AnswerConsents { session, answers });
        }
        story
    }

    /// The same under the usual plan.
    pub(crate) fn begun() -> Self {
        Self::begun_under(plan())
    }

    /// The card was confirmed and the issuer is being asked.
    pub(crate) fn asking() -> Self {
        Self::begun().card().confirms(&[])
    }

    /// The issuer said yes and 1 won was sent to the person's account: the code is out.
    pub(crate) fn code_out() -> Self {
        Self::asking()
            .issuer(IssuerCode::Valid)
            .account()
            .holder(NameMatch::Same)
            .bank(DepositCode::Deposited)
    }

    /// The state.
    pub(crate) fn v(&self) -> &Verification {
        self.state.as_ref().expect("opened")
    }

    /// Numbers ids in the order in which they are made.
    pub(crate) fn fresh(&mut self) -> [u8; 10] {
        self.made += 1;
        let mut random = [0; 10];
        random[6..].copy_from_slice(&self.made.to_be_bytes());
        random
    }

    /// An id for a question.
    pub(crate) fn call(&mut self) -> CallId {
        let call = CallId::new(self.now.as_millisecond(), self.fresh());
        self.calls.push(call.clone());
        call
    }

    /// Gives a command; where it is refused nothing changes.
    pub(crate) fn tell(&mut self, command: Command) -> Result<Vec<Event>, Refusal> {
        let events = decide(self.state.as_ref(), command, self.now)?;
        for event in &events {
            self.state = Some(apply(self.state.take(), event).expect("a decided event fits"));
        }
        self.events.extend(events.iter().cloned());
        Ok(events)
    }

    /// Gives a command that the rules allow.
    #[track_caller]
    pub(crate) fn does(&mut self, command: Command) -> Vec<Event> {
        let shown = format!("{command:?}");
        let events = self.tell(command).unwrap_or_else(|refusal| panic!("{refusal} to {shown}"));
        assert_eq!(fold(&self.events).unwrap(), self.state, "folding anew gives the same state");
        events
    }

    /// Gives a command that the rules refuse.
    #[track_caller]
    pub(crate) fn refused(&mut self, command: Command, expected: Refusal) {
        let before = self.state.clone();
        assert_eq!(self.tell(command), Err(expected));
        assert_eq!(self.state, before);
    }

    /// Time goes by.
    pub(crate) fn wait(mut self, seconds: i64) -> Self {
        self.now += SignedDuration::from_secs(seconds);
        self
    }

    /// The person hands in a picture of a document of some kind, which is read.
    pub(crate) fn shows(mut self, document: DocumentKind) -> Self {
        let blob = self.blob();
        let session = self.v().session;
        self.does(submit(session, blob.clone(), PictureSource::Camera));
        self.does(Command::CardRead { blob, reading: readable_as(document) });
        self
    }

    /// The person hands in a picture, which is read.
    pub(crate) fn card(mut self) -> Self {
        let blob = self.blob();
        let session = self.v().session;
        self.does(submit(session, blob.clone(), PictureSource::Camera));
        self.does(Command::CardRead { blob, reading: readable() });
        self
    }

    /// The person hands in a picture.
    pub(crate) fn submit(&mut self) -> Command {
        submit(self.v().session, self.blob(), PictureSource::Camera)
    }

    /// An id for a picture.
    pub(crate) fn blob(&mut self) -> BlobId {
        BlobId::new(self.now.as_millisecond(), self.fresh())
    }

    /// The person says that this is what the card says.
    pub(crate) fn confirms(mut self, edited: &[DocumentField]) -> Self {
        let command = self.confirm(edited);
        self.does(command);
        self
    }

    /// The command for it.
    /// The person confirms what can't be asked about.
    pub(crate) fn hindered(mut self, hindrance: Hindrance) -> Self {
        let (session, call) = (self.v().session, self.call());
        self.does(Command::ConfirmCard { session, edited: vec![], hindrance: Some(hindrance), call });
        self
    }

    pub(crate) fn confirm(&mut self, edited: &[DocumentField]) -> Command {
        Command::ConfirmCard {
            session: self.v().session,
            edited: edited.to_vec(),
            hindrance: None,
            call: self.call(),
        }
    }

    /// The list that is asked answers.
    pub(crate) fn list(mut self, code: BlockCode) -> Self {
        let command = self.list_says(code, false);
        self.does(command);
        self
    }

    /// The command for it.
    pub(crate) fn list_says(&mut self, code: BlockCode, withheld: bool) -> Command {
        let call = match &self.v().card {
            CardStep::Screening { call, .. } => call.clone(),
            other => panic!("no list is asked: {other:?}"),
        };
        Command::ListAnswered { call, answer: answer(code), next_call: self.call(), withheld }
    }

    /// The issuer answers the open question.
    pub(crate) fn issuer(mut self, code: IssuerCode) -> Self {
        let command = self.issuer_says(code);
        self.does(command);
        self
    }

    /// The command for it.
    pub(crate) fn issuer_says(&mut self, code: IssuerCode) -> Command {
        let call = match &self.v().card {
            CardStep::Asking { call, .. } => call.clone(),
            other => panic!("the issuer is not asked: {other:?}"),
        };
        Command::IssuerAnswered { call, answer: answer(code), next_call: self.call() }
    }

    /// The person names an account.
    pub(crate) fn account(mut self) -> Self {
        let command = self.give_account();
        self.does(command);
        self
    }

    /// The command for it.
    pub(crate) fn give_account(&mut self) -> Command {
        Command::GiveAccount { session: self.v().session, bank: bank(), call: self.call() }
    }

    /// The bank names a holder, whose name compares like this.
    pub(crate) fn holder(mut self, name: NameMatch) -> Self {
        let command = self.holder_says(HolderCode::Found, Some(name), None);
        self.does(command);
        self
    }

    /// The bank's answer about the holder.
    pub(crate) fn holder_says(
        &mut self,
        code: HolderCode,
        name: Option<NameMatch>,
        withheld_until: Option<Timestamp>,
    ) -> Command {
        let call = match &self.v().account {
            AccountStep::AskingHolder { call, .. } => call.clone(),
            other => panic!("the bank is not asked: {other:?}"),
        };
        Command::HolderAnswered { call, answer: answer(code), name, next_call: self.call(), withheld_until }
    }

    /// The bank says what became of the deposit.
    pub(crate) fn bank(mut self, code: DepositCode) -> Self {
        let command = self.bank_says(code);
        self.does(command);
        self
    }

    /// The command for it.
    pub(crate) fn bank_says(&self, code: DepositCode) -> Command {
        let call = match &self.v().account {
            AccountStep::Sending { call, .. } | AccountStep::InDoubt { call, .. } => call.clone(),
            other => panic!("no deposit is open: {other:?}"),
        };
        Command::DepositAnswered { call, answer: answer(code) }
    }

    /// The person types the code.
    pub(crate) fn types(mut self, right: bool) -> Self {
        let session = self.v().session;
        self.does(Command::TryCode { session, right });
        self
    }

    /// The person wants 1 won again.
    pub(crate) fn resends(mut self) -> Self {
        let command = self.resend(None);
        self.does(command);
        self
    }

    /// The command for it.
    pub(crate) fn resend(&mut self, withheld_until: Option<Timestamp>) -> Command {
        Command::Resend { session: self.v().session, call: self.call(), withheld_until }
    }

    /// The timer rings.
    pub(crate) fn ticks(mut self) -> Self {
        let command = self.tick(None);
        self.does(command);
        self
    }

    /// The command for it.
    pub(crate) fn tick(&mut self, withheld_until: Option<Timestamp>) -> Command {
        Command::Tick { card_call: self.call(), account_call: self.call(), withheld_until }
    }

    /// The person asks for another picture or another card.
    pub(crate) fn retakes(mut self) -> Self {
        let session = self.v().session;
        self.does(Command::RetakeCard { session });
        self
    }

    /// The person answers these questions.
    pub(crate) fn answers(mut self, answered: &[&str]) -> Self {
        let command = self.answer_form(answered);
        self.does(command);
        self
    }

    /// The command for it.
    pub(crate) fn answer_form(&self, answered: &[&str]) -> Command {
        let answered = answered.iter().map(ToString::to_string).collect();
        Command::AnswerForm { session: self.v().session, answered }
    }

    /// The institution answers.
    pub(crate) fn institution(mut self, code: InstitutionCode) -> Self {
        let command = self.institution_says(code);
        self.does(command);
        self
    }

    /// The command for it.
    pub(crate) fn institution_says(&self, code: InstitutionCode) -> Command {
        let call = match &self.v().institution_check {
            InstitutionStep::Asking { call, .. } => call.clone(),
            other => panic!("the institution is not asked: {other:?}"),
        };
        Command::InstitutionAnswered { call, answer: answer(code) }
    }

    /// The person types a code of the medium.
    pub(crate) fn device(mut self, code: DeviceCode) -> Self {
        let command = self.try_device(code);
        self.does(command);
        self
    }

    /// The command for it.
    /// The person names a phone.
    pub(crate) fn phone(mut self) -> Self {
        let command = self.give_phone();
        self.does(command);
        self
    }

    pub(crate) fn give_phone(&mut self) -> Command {
        Command::GivePhone { session: self.v().session, call: self.call() }
    }

    /// The telecom says what became of the message, or of the code.
    pub(crate) fn telecom(mut self, code: PhoneCode) -> Self {
        let command = self.telecom_says(code);
        self.does(command);
        self
    }

    pub(crate) fn telecom_says(&self, code: PhoneCode) -> Command {
        let call = self.v().phone.call().unwrap().clone();
        match self.v().phone {
            PhoneStep::Checking { .. } => Command::PhoneConfirmed { call, answer: answer(code) },
            _ => Command::PhoneAnswered { call, answer: answer(code) },
        }
    }

    /// The person types the code of the message.
    pub(crate) fn types_phone_code(mut self) -> Self {
        let session = self.v().session;
        self.does(Command::TypePhoneCode { session });
        self
    }

    pub(crate) fn try_device(&mut self, code: DeviceCode) -> Command {
        Command::TryDevice { session: self.v().session, call: self.call(), code }
    }

    /// The program found the person.
    pub(crate) fn person(&mut self) -> PersonId {
        PersonId::new(self.now.as_millisecond(), self.fresh())
    }

    /// Checks what the person meets, what the institution sees and who is waited for.
    #[track_caller]
    pub(crate) fn stands(self, status: Status, waiting_for: Option<WaitingFor>) -> Self {
        assert_eq!(self.v().status(), status);
        assert_eq!(self.v().waiting().map(|w: Waiting| w.waiting_for), waiting_for);
        self
    }

    /// Checks what the person meets.
    #[track_caller]
    pub(crate) fn meets(self, expected: &Next) -> Self {
        assert_eq!(&next(self.v()), expected);
        self
    }

    /// Checks how it ended.
    #[track_caller]
    pub(crate) fn ends(self, expected: End) -> Self {
        assert_eq!(self.v().end(), Some(expected));
        self
    }

    /// How often a kind of event happened; its name without `verification.` and version.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.events.iter().filter(|e| self::name(e) == name).count()
    }

    /// What must be done because of the last event, and when.
    pub(crate) fn work(&self) -> Vec<(Work, Option<Timestamp>)> {
        self.events.last().map_or(vec![], |event| work(self.v(), event))
    }

    /// What the last event does to the limits across cases.
    pub(crate) fn limits(&self) -> Vec<Limit> {
        self.events.last().map_or(vec![], limits)
    }
}

/// The name of an event's kind, without `verification.` and version.
pub(crate) fn name(event: &Event) -> String {
    let json = serde_json::to_value(event).unwrap();
    let kind = json["kind"].as_str().unwrap();
    kind.strip_prefix("verification.").unwrap().strip_suffix("/1").unwrap().to_owned()
}

/// The names of events, for a glance.
pub(crate) fn names(events: &[Event]) -> Vec<String> {
    events.iter().map(name).collect()
}

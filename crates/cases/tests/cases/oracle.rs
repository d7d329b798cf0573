//! A second opinion on a verification, from its events alone and written apart from the rules: what must have
//! happened before it may be called verified, and what must never happen.

use ingam_cases::answers::{
    DepositCode, DeviceCode, HolderCode, InstitutionCode, IssuerCode, Outcome, PhoneCode,
};
use ingam_cases::id::CallId;
use ingam_cases::policy::{BlockList, Policy, Step};
use ingam_cases::review::Decision;
use ingam_cases::values::NameMatch;
use ingam_cases::verification::{DocumentField, DocumentKind, Event, RefusedCode};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// A code that can be typed.
struct Code {
    since: Timestamp,
    typed: u32,
    /// Whose account it proves.
    claim: u32,
}

/// What the judge remembers. A *claim* is who the person says to be: one picture with one name and one number.
pub(crate) struct Judge {
    plan: Policy,
    safe: bool,
    consented: bool,
    claim: u32,
    confirmed: bool,
    pictures: u32,
    wrong_dates: u32,
    issuer_asked: Option<CallId>,
    list_asked: Option<(CallId, BlockList)>,
    clear: BTreeSet<BlockList>,
    numbered: bool,
    valid: Option<u32>,
    accounts: u32,
    holder_asked: Option<CallId>,
    same: Option<u32>,
    deposit: Option<(CallId, u32)>,
    in_doubt: bool,
    sends: u32,
    code: Option<Code>,
    proved: Option<u32>,
    answered: bool,
    institution_asked: Option<CallId>,
    institution_passed: bool,
    device_wrong: u32,
    device_proved: bool,
    phone_asked: Option<CallId>,
    phone_typed: bool,
    phone_tries: u32,
    messages: u32,
    phone_proved: Option<u32>,
    notice: bool,
    calls: BTreeSet<CallId>,
    end: Option<bool>,
    linked: bool,
    refused: Option<RefusedCode>,
    /// The account named last may be the person's: its holder's name is similar.
    similar: bool,
    in_review: bool,
}

impl Judge {
    /// Reads all events of a verification.
    ///
    /// # Errors
    /// What should not have happened, and after how many events.
    pub(crate) fn reads(events: &[Event]) -> Result<(), String> {
        let Some((Event::Opened { plan, .. }, rest)) = events.split_first() else {
            return if events.is_empty() { Ok(()) } else { Err("it was not opened first".into()) };
        };
        let mut judge = Self::new((**plan).clone());
        for (i, event) in rest.iter().enumerate() {
            judge.sees(event).map_err(|what| format!("event {}: {what}: {event:?}", i + 1))?;
        }
        Ok(())
    }

    fn new(plan: Policy) -> Self {
        Self {
            consented: plan.consents.iter().all(|c| !c.required),
            plan,
            safe: false,
            claim: 0,
            confirmed: false,
            pictures: 0,
            wrong_dates: 0,
            issuer_asked: None,
            list_asked: None,
            clear: BTreeSet::new(),
            numbered: true,
            valid: None,
            accounts: 0,
            holder_asked: None,
            same: None,
            deposit: None,
            in_doubt: false,
            sends: 0,
            code: None,
            proved: None,
            answered: false,
            institution_asked: None,
            institution_passed: false,
            device_wrong: 0,
            device_proved: false,
            phone_asked: None,
            phone_typed: false,
            phone_tries: 0,
            messages: 0,
            phone_proved: None,
            notice: false,
            calls: BTreeSet::new(),
            end: None,
            linked: false,
            refused: None,
            similar: false,
            in_review: false,
        }
    }

    fn card_rules(&self) -> u32 {
        self.plan
            .steps
            .iter()
            .find_map(|s| if let Step::IdDocument { pictures, .. } = s { Some(*pictures) } else { None })
            .unwrap_or(0)
    }

    /// Sends, tries, minutes, accounts.
    fn account_rules(&self) -> (u32, u32, u32, u32) {
        self.plan
            .steps
            .iter()
            .find_map(|s| match s {
                Step::ExistingAccount { sends, tries, code_minutes, accounts } => {
                    Some((*sends, *tries, *code_minutes, *accounts))
                }
                _ => None,
            })
            .unwrap_or_default()
    }

    /// Messages, tries.
    fn phone_rules(&self) -> (u32, u32) {
        let phone = self.plan.steps.iter().find_map(|s| match s {
            Step::Phone { sends, tries, .. } => Some((*sends, *tries)),
            _ => None,
        });
        phone.unwrap_or_default()
    }

    /// Whether a step is done, as far as its own events tell.
    fn done(&self, step: &Step) -> bool {
        match step {
            Step::IdDocument { .. } => self.valid == Some(self.claim),
            Step::ExistingAccount { .. } => self.proved == Some(self.claim),
            Step::Form { .. } => self.answered,
            Step::InstitutionCheck { .. } => self.institution_passed,
            Step::Device { .. } => self.device_proved,
            Step::Phone { .. } => self.phone_proved == Some(self.claim) || !self.numbered,
        }
    }

    /// Everything that the plan puts before a step is done; the card may wait for its issuer.
    fn in_order(&self, is_it: impl Fn(&Step) -> bool, card_may_wait: bool) -> Result<(), String> {
        let before = self.plan.steps.iter().take_while(|step| !is_it(step));
        let mut open = before.filter(|step| !self.done(step));
        that(
            open.all(|step| card_may_wait && matches!(step, Step::IdDocument { .. })),
            "begun before what stands before it",
        )
    }

    /// Whoever has a number was looked up in every list before an issuer or a bank is asked.
    fn nothing_stands_against(&self) -> Result<(), String> {
        let clear = !self.numbered || self.plan.block_lists.iter().all(|list| self.clear.contains(list));
        that(clear, "asked before the lists were")
    }

    fn asks_once(&mut self, call: &CallId) -> Result<(), String> {
        that(self.calls.insert(call.clone()), "a question's id is used twice")
    }

    fn sees(&mut self, event: &Event) -> Result<(), String> {
        let late = matches!(
            event,
            Event::IssuerAnswered { .. }
                | Event::ListAnswered { .. }
                | Event::DepositAnswered { .. }
                | Event::LinkAsked {}
                | Event::PersonLinked { .. }
                | Event::NoticeDue {}
                | Event::ConsentWithdrawn { .. }
                | Event::ReviewAsked { .. }
                | Event::ReviewDecided { .. }
        );
        that(self.end.is_none() || late, "something happened after the end")?;
        let (sends, tries, minutes, accounts) = self.account_rules();
        match event {
            Event::Opened { .. } => return Err("it was opened twice".into()),
            Event::SafetyAnswered { told_to, .. } => self.safe = !told_to,
            Event::ConsentsAnswered { answers } => {
                self.consented = self
                    .plan
                    .consents
                    .iter()
                    .filter(|c| c.required)
                    .all(|c| answers.iter().any(|a| a.text.text_id == c.text_id && a.answer));
            }
            Event::ConsentWithdrawn { text_id, .. } => {
                let required = self.plan.consents.iter().any(|c| c.required && c.text_id == *text_id);
                self.consented &= !required;
            }
            Event::CardSubmitted { .. } => {
                that(self.issuer_asked.is_none(), "a picture while the issuer is asked")?;
                that(self.list_asked.is_none(), "a picture while a list is asked")?;
                self.clear.clear();
                self.claim += 1;
                self.pictures += 1;
                self.wrong_dates = 0;
                self.confirmed = false;
                that(self.pictures <= self.card_rules(), "more pictures than the plan has")?;
            }
            Event::CardConfirmed { edited, document } => {
                if edited.iter().any(|f| *f != DocumentField::IssueDate) {
                    self.claim += 1;
                    self.clear.clear();
                }
                self.numbered = *document != DocumentKind::ForeignPassport;
                self.confirmed = true;
            }
            Event::CardRetaken {} | Event::CardWithheld { .. } | Event::CardExpired {} => {
                self.confirmed = false;
            }
            Event::ListAsked { call, list } => {
                self.asks_once(call)?;
                that(self.confirmed, "a list is asked about what nobody confirmed")?;
                that(self.plan.block_lists.contains(list), "a list that the plan does not name")?;
                that(self.list_asked.is_none() && self.issuer_asked.is_none(), "two questions at once")?;
                self.list_asked = Some((call.clone(), *list));
            }
            Event::ListAnswered { call, list, code, .. } => {
                that(self.list_asked.take() == Some((call.clone(), *list)), "an answer nobody asked for")?;
                if code.outcome() == Outcome::Passed {
                    self.clear.insert(*list);
                }
            }
            Event::IssuerAsked { call } => {
                self.asks_once(call)?;
                self.nothing_stands_against()?;
                that(self.confirmed, "the issuer is asked about what nobody confirmed")?;
                that(self.issuer_asked.is_none(), "the issuer is asked twice at once")?;
                that(self.wrong_dates < 2, "a third question about a picture with a wrong date")?;
                self.issuer_asked = Some(call.clone());
            }
            Event::IssuerAnswered { call, code, .. } => {
                that(self.issuer_asked.take().as_ref() == Some(call), "an answer nobody asked for")?;
                if *code == IssuerCode::Valid && self.end.is_none() {
                    self.valid = Some(self.claim);
                }
                if code.outcome() == Outcome::Failed {
                    self.confirmed = false;
                }
                self.wrong_dates += u32::from(code.counts_as_wrong_date());
                that(self.wrong_dates <= 2, "a third wrong date for a picture")?;
            }
            Event::AccountGiven { .. } => {
                that(self.confirmed, "an account before the name is known")?;
                self.in_order(|step| matches!(step, Step::ExistingAccount { .. }), true)?;
                that(self.deposit.is_none(), "another account while 1 won is in doubt")?;
                self.accounts += 1;
                that(self.accounts <= accounts, "more accounts than the plan has")?;
                (self.same, self.code, self.proved) = (None, None, None);
                self.similar = false;
            }
            Event::HolderAsked { call } => {
                self.asks_once(call)?;
                self.nothing_stands_against()?;
                self.holder_asked = Some(call.clone());
            }
            Event::HolderAnswered { call, code, name, .. } => {
                that(self.holder_asked.take().as_ref() == Some(call), "an answer nobody asked for")?;
                let same = *code == HolderCode::Found && *name == Some(NameMatch::Same);
                self.same = same.then_some(self.claim);
                self.similar = *code == HolderCode::Found && *name == Some(NameMatch::Similar);
            }
            Event::DepositAsked { call, .. } => {
                self.asks_once(call)?;
                that(self.deposit.is_none(), "two deposits in doubt")?;
                that(self.same == Some(self.claim), "1 won to an account that is not surely the person's")?;
                self.sends += 1;
                that(self.sends <= sends, "more sends than the plan has")?;
                self.deposit = Some((call.clone(), self.claim));
                (self.code, self.proved) = (None, None);
            }
            Event::DepositAnswered { call, code, at, .. } => {
                let claim = match &self.deposit {
                    Some((asked, claim)) if asked == call => *claim,
                    _ => return Err("an answer nobody asked for".into()),
                };
                let silent = code.outcome() == Outcome::Indeterminate;
                that(
                    !(self.in_doubt && silent && *code != DepositCode::Unknown),
                    "silence settles no doubt",
                )?;
                self.in_doubt = *code == DepositCode::Unknown;
                if !self.in_doubt {
                    self.deposit = None;
                }
                match code {
                    DepositCode::Unknown => {}
                    DepositCode::Deposited => self.code = Some(Code { since: *at, typed: 0, claim }),
                    _ => self.sends = self.sends.saturating_sub(1),
                }
            }
            Event::CodeTried { right, at } => {
                let Some(code) = &mut self.code else { return Err("no code is out".into()) };
                code.typed += 1;
                that(code.typed <= tries, "more tries than the plan has")?;
                let until = code.since + SignedDuration::from_mins(i64::from(minutes));
                that(*at < until, "a code that was typed too late")?;
                if *right {
                    self.proved = Some(code.claim);
                    self.code = None;
                }
            }
            Event::CodeLapsed {} | Event::ResendAsked {} => self.code = None,
            Event::AccountChanged {} => {
                that(self.deposit.is_none(), "another account while 1 won is in doubt")?;
                (self.same, self.code, self.proved) = (None, None, None);
            }
            Event::FormAnswered { answered } => {
                that(!self.answered, "a form is answered twice")?;
                let form = self.plan.steps.iter().find_map(|step| match step {
                    Step::Form { questions, .. } => Some(questions),
                    _ => None,
                });
                let questions = form.ok_or("answers to nothing")?;
                that(
                    questions.iter().all(|q| !q.required || answered.contains(&q.id)),
                    "a required question was left open",
                )?;
                self.answered = true;
            }
            Event::InstitutionAsked { call } => {
                self.in_order(|step| matches!(step, Step::InstitutionCheck { .. }), false)?;
                that(self.institution_asked.is_none(), "the institution is asked twice at once")?;
                that(!self.institution_passed, "the institution is asked again after its yes")?;
                self.institution_asked = Some(call.clone());
            }
            Event::InstitutionAnswered { call, code, .. } => {
                that(self.institution_asked.take().as_ref() == Some(call), "an answer nobody asked for")?;
                self.institution_passed = *code == InstitutionCode::Pass;
            }
            Event::DeviceTried { code, .. } => {
                let tries = self.plan.steps.iter().find_map(|step| match step {
                    Step::Device { tries, .. } => Some(*tries),
                    _ => None,
                });
                that(!self.device_proved, "a code after the right one")?;
                that(self.device_wrong < tries.ok_or("a code of nothing")?, "more tries than the plan has")?;
                self.device_wrong += u32::from(*code != DeviceCode::Right);
                self.device_proved = *code == DeviceCode::Right;
            }
            Event::PhoneGiven { call } => {
                self.asks_once(call)?;
                self.nothing_stands_against()?;
                that(self.confirmed && self.numbered, "a phone before the name is known")?;
                let before = self.plan.steps.iter().take_while(|step| !matches!(step, Step::Phone { .. }));
                // Card and account may wait for somebody outside; what the person does comes in its order.
                let waits =
                    |step: &&Step| matches!(step, Step::IdDocument { .. } | Step::ExistingAccount { .. });
                let open = before.filter(|step| !waits(step)).any(|step| !self.done(step));
                that(!open, "begun before what stands before it")?;
                self.messages += 1;
                that(self.messages <= self.phone_rules().0, "more messages than the plan has")?;
                (self.phone_asked, self.phone_typed, self.phone_tries) = (Some(call.clone()), false, 0);
            }
            Event::PhoneAnswered { call, code, .. } => {
                that(self.phone_asked.as_ref() == Some(call), "an answer nobody asked for")?;
                if *code != PhoneCode::Sent {
                    self.phone_asked = None;
                }
            }
            Event::PhoneCodeTyped {} => {
                that(self.phone_asked.is_some() && !self.phone_typed, "a code of no message")?;
                self.phone_typed = true;
                that(self.phone_tries < self.phone_rules().1, "more tries than the plan has")?;
            }
            Event::PhoneConfirmed { call, code, .. } => {
                that(self.phone_typed, "an answer about a code that nobody typed")?;
                that(self.phone_asked.as_ref() == Some(call), "an answer nobody asked for")?;
                self.phone_typed = false;
                self.phone_tries += u32::from(*code == PhoneCode::WrongCode);
                if *code == PhoneCode::Owner {
                    self.phone_proved = Some(self.claim);
                }
            }
            Event::PhoneLapsed {} | Event::PhoneChanged {} => self.phone_asked = None,
            Event::NoticeAsked {} => self.notice = true,
            Event::NoticeDue {} => {
                that(self.notice, "a notice that nobody asked for")?;
                self.notice = false;
            }
            Event::Verified { .. } => {
                that(self.safe, "verified although somebody tells them to")?;
                that(self.consented, "verified without consent")?;
                let why = match self.plan.steps.iter().find(|step| !self.done(step)) {
                    None => Ok(()),
                    Some(Step::IdDocument { .. }) => Err("verified without the issuer's yes"),
                    Some(Step::ExistingAccount { .. }) => Err("verified without the person's own account"),
                    Some(Step::Form { .. }) => Err("verified without answers"),
                    Some(Step::InstitutionCheck { .. }) => Err("verified without the institution's yes"),
                    Some(Step::Device { .. }) => Err("verified without a right code"),
                    Some(Step::Phone { .. }) => Err("verified without the person's own phone"),
                };
                why?;
                self.end = Some(true);
            }
            Event::Refused { code, .. } => (self.end, self.refused) = (Some(false), Some(*code)),
            Event::Expired { .. } | Event::Cancelled { .. } => self.end = Some(false),
            Event::ReviewAsked { .. } => {
                that(self.refused.is_some() && !self.in_review, "a second look at what was not refused")?;
                self.in_review = true;
            }
            Event::ReviewDecided { decision, expires_at, .. } => {
                that(self.in_review, "a decision that nobody asked for")?;
                that(expires_at.is_some() == (*decision != Decision::Upheld), "upheld and open")?;
                self.in_review = false;
                if expires_at.is_some() {
                    self.opened_again(*decision)?;
                }
            }
            Event::PersonLinked { .. } => {
                that(self.end == Some(true) && !self.linked, "a person is linked once, when verified")?;
                self.linked = true;
            }
            Event::SessionTaken { .. }
            | Event::CardRead { .. }
            | Event::CardUnreadable { .. }
            | Event::DepositWithheld { .. }
            | Event::LinkAsked {} => {}
        }
        Ok(())
    }
}

impl Judge {
    /// Nothing that a person at the institution decides replaces what an issuer, a list or a bank must say.
    fn opened_again(&mut self, decision: Decision) -> Result<(), String> {
        let before = self.refused == Some(RefusedCode::StoppedByPerson);
        that(before || self.consented, "opened again without consent")?;
        self.end = None;
        self.institution_asked = None;
        match (self.refused.take(), decision) {
            (Some(RefusedCode::StoppedByInstitution), Decision::Accepted) => self.institution_passed = true,
            (Some(RefusedCode::AccountNotProved), Decision::Accepted) => {
                that(self.similar, "an account of somebody else is accepted")?;
                (self.same, self.accounts, self.sends) = (Some(self.claim), 0, 0);
            }
            (_, Decision::Accepted) => return Err("nobody may accept this".into()),
            (Some(RefusedCode::AccountNotProved), _) => (self.accounts, self.sends) = (0, 0),
            (Some(RefusedCode::DeviceNotProved), _) => self.device_wrong = 0,
            (Some(RefusedCode::PhoneNotProved), _) => self.messages = 0,
            (Some(RefusedCode::StoppedByPerson), _) => self.safe = false,
            (Some(RefusedCode::ConsentRefused | RefusedCode::BlockedByPerson), _) | (None, _) => {
                return Err("nobody may open this again".into());
            }
            _ => {
                (self.pictures, self.wrong_dates, self.valid) = (0, 0, None);
                self.clear.clear();
            }
        }
        Ok(())
    }
}

fn that(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

/// A judge that finds nothing wrong with a forged story proves nothing.
#[test]
fn the_judge_sees_what_is_missing() {
    let without = |story: &crate::story::Story, name: &str, expected: &str| {
        assert_eq!(Judge::reads(&story.events), Ok(()));
        let forged: Vec<_> = story.events.iter().filter(|e| crate::story::name(e) != name).cloned().collect();
        let found = Judge::reads(&forged).expect_err(name);
        assert!(found.contains(expected), "{name}: {found}");
    };
    let story = crate::story::Story::code_out().types(true);
    let check = |name: &str, expected: &str| without(&story, name, expected);
    check("opened", "not opened first");
    check("safety_answered", "tells them to");
    check("consents_answered", "without consent");
    check("card_confirmed", "nobody confirmed");
    check("issuer_asked", "nobody asked for");
    check("issuer_answered", "issuer's yes");
    check("holder_answered", "not surely the person's");
    check("deposit_asked", "nobody asked for");
    check("deposit_answered", "no code is out");
    check("code_tried", "own account");
    let story = crate::steps::everything();
    let check = |name: &str, expected: &str| without(&story, name, expected);
    check("form_answered", "before what stands before it");
    check("institution_asked", "nobody asked for");
    check("institution_answered", "asked twice at once");
    check("device_tried", "before what stands before it");
}

//! A person at a verification who does the one thing that is next, and tries again where it failed.

use super::house::House;
use crate::codes;
use crate::flow::ActError;
use crate::flow::link::Opened;
use crate::flow::person::{Edits, Person};
use crate::page::texts::KO;
use ingam_cases::id::VerificationId;
use ingam_cases::policy::PictureSource;
use ingam_cases::values::DocumentField;
use ingam_cases::verification::next::{Next, next};
use ingam_cases::verification::{AccountStep, CardProblem, End, Verification};
use ingam_sandbox::catalogue;
use std::net::{IpAddr, Ipv4Addr};

/// Somebody.
pub(super) struct Visitor<'h> {
    house: &'h House,
    /// Their verification.
    pub id: VerificationId,
    session: u32,
    who: catalogue::Person,
}

/// How one step went.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Something was done, or tried.
    Done,
    /// Somebody else is at work.
    Waits,
    /// Nothing that this person can do with this card.
    GivesUp,
    /// Over.
    Ended(End),
}

/// What this person types where they could type something else.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Slips {
    /// So many days beside the day of issue.
    pub days: i64,
    /// A wrong code.
    pub code: bool,
}

impl<'h> Visitor<'h> {
    /// Follows the link, until it opens.
    pub(super) async fn at(house: &'h House, id: VerificationId, who: catalogue::Person) -> Self {
        let app = &house.app;
        loop {
            let Ok(token) = codes::link_token(&app.ledger, &id).await else { continue };
            let Ok(Opened::Here { cookie, .. }) = app.open_link(&token, None, true).await else { continue };
            if let Ok(Some(session)) = app.session(&id, Some(&cookie)).await {
                return Self { house, id, session, who };
            }
        }
    }

    /// The verification as it stands; asked until the store answers.
    pub(super) async fn state(&self) -> (Verification, u64) {
        loop {
            if let Ok(Some(current)) = self.house.app.verification(&self.id).await {
                return (current.state, current.version);
            }
        }
    }

    /// Does what is next, once. Where it fails or is refused, the state says what is next then.
    pub(super) async fn step(&self, slips: Slips) -> Step {
        let (state, version) = self.state().await;
        let app = &self.house.app;
        let device = Some("0123456789abcdef0123456789abcdef".to_owned());
        let person = app.person(&self.id, self.session, device, IpAddr::V4(Ipv4Addr::LOCALHOST));
        let done = match next(&state) {
            Next::Safety => person.answer_safety(KO.safety.shown(&KO, "새솔은행"), false).await,
            Next::Consents => {
                let asks = state.plan.consents.iter();
                let agree = |text: &str, required| {
                    KO.consent(text).unwrap().answered(&KO, "새솔은행", required, true)
                };
                person.answer_consents(asks.map(|ask| agree(&ask.text_id, ask.required)).collect()).await
            }
            Next::Picture { problem: Some(CardProblem::WrongDateLimit | CardProblem::TriesTaken) } => {
                return Step::GivesUp;
            }
            Next::Picture { .. } => {
                let upload = Some(format!("picture-{version}"));
                person.submit_card(self.house.picture.clone(), PictureSource::Camera, upload).await
            }
            Next::Confirm { .. } => self.confirm(&person, slips.days).await,
            Next::Account { .. } => {
                let account = &self.who.accounts[0];
                person.give_account(&account.bank, &account.number).await
            }
            Next::Code { .. } => return self.code(&person, &state, slips.code).await,
            Next::Resend { .. } => person.resend().await,
            // The demo's policy asks no questions, for no codes of devices and for no phone.
            Next::Form | Next::Device { .. } | Next::Phone { .. } | Next::PhoneCode { .. } => {
                return Step::GivesUp;
            }
            Next::Wait { .. } => return Step::Waits,
            Next::Ended { end } => return Step::Ended(end),
        };
        match done {
            Ok(_) | Err(ActError::Fault(_) | ActError::Refused(_)) => Step::Done,
            Err(other) => panic!("{other}"),
        }
    }

    async fn confirm(
        &self,
        person: &Person<'_>,
        days: i64,
    ) -> Result<crate::flow::verification::Current, ActError> {
        let issued = self.who.issued.checked_add(jiff::Span::new().days(days)).unwrap();
        let edits = Edits::from([
            (DocumentField::Name, self.who.name.clone()),
            (DocumentField::ResidentNumber, self.who.number.clone()),
            (DocumentField::IssueDate, issued.to_string()),
        ]);
        person.confirm_card(edits).await
    }

    /// Types the code out of the bank's book. Where a code is waited for, the won that carries it was booked.
    async fn code(&self, person: &Person<'_>, state: &Verification, wrong: bool) -> Step {
        let AccountStep::Code { call, .. } = &state.account else { return Step::Done };
        let Ok(code) = codes::won_code(&self.house.app.ledger, call).await else { return Step::Done };
        let account = &self.who.accounts[0];
        let book = self.house.sandbox.book(Some((&account.bank, &account.number)));
        let booked = book.iter().any(|line| line.print_content == code);
        assert!(booked, "{} waits for a code that was never sent", self.id);
        match person.try_code(if wrong { "가가가가" } else { &code }).await {
            Ok(_) | Err(ActError::Fault(_) | ActError::Refused(_)) => Step::Done,
            Err(other) => panic!("{other}"),
        }
    }
}

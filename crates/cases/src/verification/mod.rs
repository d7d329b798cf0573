//! `Verification`: a person proves who they are, by the steps of a policy.
//!
//! Pure: [`decide`](decide::decide) turns state and command into events or a refusal, [`apply`](apply::apply)
//! folds an event, [`work`](work::work) and [`limits`](work::limits) say what must be done outside because of it.
//! The state holds no personal data: what names a person stands in sealed fields of the entries, and every
//! comparison that needs them happens before the command, which carries only its outcome.

mod account;
pub mod apply;
mod card;
pub mod command;
mod consent;
pub mod decide;
mod device;
pub mod event;
mod form;
mod institution_check;
pub mod next;
mod phone;
pub mod review;
pub mod work;

use crate::answers::Outcome;
use crate::id::{CallId, InstitutionId, PersonId, PolicyId, SubjectId, VerificationId};
use crate::method::{self, Method};
use crate::policy::{BlockList, Policy, Step};
use crate::values::BankCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use crate::values::{DocumentField, DocumentKind};
pub use account::{AccountProblem, AccountStep, LaterReason, ResendProblem};
pub use card::{CardProblem, CardStep};
pub use command::Command;
pub use consent::Consented;
pub use device::{DeviceStep, NamedMedium};
pub use event::Event;
pub use form::FormStep;
pub use institution_check::InstitutionStep;
pub use phone::PhoneStep;
pub use review::Reviewed;

/// The state of a verification: the fold of its entries' clear parts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verification {
    /// Its id.
    pub id: VerificationId,
    /// Who asked for it.
    pub institution: InstitutionId,
    /// The subject whose keys seal what names the person.
    pub subject: SubjectId,
    /// The policy's id.
    pub policy: PolicyId,
    /// The policy's version.
    pub policy_version: u32,
    /// The policy as it stood when this was opened.
    pub plan: Policy,
    /// The institution's own reference, opaque.
    pub reference: Option<String>,
    /// Where the person goes back to.
    pub return_url: Option<String>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it ends by itself.
    pub expires_at: Timestamp,
    /// The page's session that may act; a newer one retires the older.
    pub session: u32,
    /// Where it stands.
    pub stage: Stage,
    /// The consents as they were answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consents: Vec<Consented>,
    /// The card's progress.
    pub card: CardStep,
    /// The kind of document that was read last.
    #[serde(default, skip_serializing_if = "DocumentKind::is_resident")]
    pub document: DocumentKind,
    /// The lists that have nothing against the person whom the card at hand names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub clear_of: Vec<BlockList>,
    /// Pictures submitted.
    pub pictures: u32,
    /// Clear "no" answers of the issuer.
    pub card_refusals: u32,
    /// Wrong days of issue in a row for the card at hand.
    pub wrong_dates: u32,
    /// Questions to the issuer in a row that brought no clear answer; sets the pause before the next.
    pub issuer_silences: u32,
    /// The account's progress.
    pub account: AccountStep,
    /// Accounts named.
    pub accounts: u32,
    /// Deposits that happened or may have happened.
    pub sends: u32,
    /// Questions to the bank in a row that brought no clear answer.
    pub bank_silences: u32,
    /// Set where the card changed while 1 won was on its way: once that is settled, the account starts anew.
    #[serde(default)]
    pub account_outdated: bool,
    /// The questions of the institution's own.
    #[serde(default, skip_serializing_if = "FormStep::is_idle")]
    pub form: FormStep,
    /// What the institution itself says.
    #[serde(default, skip_serializing_if = "InstitutionStep::is_idle")]
    pub institution_check: InstitutionStep,
    /// The access medium that the institution named when it opened this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub medium: Option<NamedMedium>,
    /// Its progress.
    #[serde(default, skip_serializing_if = "DeviceStep::is_idle")]
    pub device: DeviceStep,
    /// The phone's progress.
    #[serde(default, skip_serializing_if = "PhoneStep::is_idle")]
    pub phone: PhoneStep,
    /// Messages with a code that went to a phone, or may have.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub messages: u32,
    /// Every check that was asked outside, in order.
    pub checks: Vec<Check>,
    /// The methods that were met.
    pub met: Vec<Met>,
    /// Whether the person asked to be told when it goes on.
    pub notice_asked: bool,
    /// How often the person asked for a new link.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub links_asked: u32,
    /// The review of the refusal that it ended with, or the one that opened it again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Reviewed>,
    /// How many reviews there were.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub reviews: u32,
    /// The bank of the account that was named last, where its holder's name is similar to the one on the ID: only a
    /// reviewer can tell whether they are the same person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub similar_at: Option<BankCode>,
    /// The person, as this institution sees them, once linked.
    pub person: Option<PersonId>,
}

fn is_zero(count: &u32) -> bool {
    *count == 0
}

/// Where a verification stands as a whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "stage", rename_all = "snake_case")]
pub enum Stage {
    /// Opened by the institution; nobody has come yet.
    Created,
    /// The person came and has not said that nobody tells them to do this.
    Safety,
    /// The consents are asked.
    Consents,
    /// The steps of the policy.
    Checking,
    /// Over.
    Ended {
        /// How.
        end: End,
        /// When.
        at: Timestamp,
    },
}

/// How a verification ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "snake_case")]
pub enum End {
    /// The policy is met.
    Verified,
    /// It can't be met.
    Refused {
        /// Why.
        code: RefusedCode,
    },
    /// Its time ran out.
    Expired,
    /// The institution withdrew it.
    Cancelled,
}

macro_rules! refused_codes {
    ($($(#[doc = $doc:literal])* $name:ident,)*) => {
        /// Why a verification was refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum RefusedCode { $($(#[doc = $doc])* $name,)* }
        impl RefusedCode {
            /// Every code, for pages, documents and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
            /// What it means, in a sentence, for documents.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

refused_codes! {
    /// The person said that somebody tells them to do this.
    StoppedByPerson,
    /// A required consent was refused.
    ConsentRefused,
    /// No picture could be read.
    CardUnreadable,
    /// The issuer said no as often as the policy allows.
    CardRefused,
    /// No account could be proved within the policy's sends and accounts.
    AccountNotProved,
    /// The person asked that nobody does this remotely in this name; no other method overrides it.
    BlockedByPerson,
    /// A register says that the person has died. The person at the page reads that somebody will look.
    Deceased,
    /// Younger than the policy asks for.
    TooYoung,
    /// The institution said stop. What the person reads of it is the institution's own text.
    StoppedByInstitution,
    /// No right code of the access medium within the policy's tries, or the medium is locked.
    DeviceNotProved,
    /// No phone in the person's name was proved within the policy's messages.
    PhoneNotProved,
}

/// One question to an outside institution and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What was asked.
    pub check: CheckKind,
    /// The question.
    pub call: CallId,
    /// The verdict.
    pub outcome: Outcome,
    /// The stable code.
    pub code: String,
    /// Who answered.
    pub provider: String,
    /// Their reference.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_ref: Option<String>,
    /// When the answer was recorded.
    pub at: Timestamp,
}

/// What can be asked outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckKind {
    /// The issuer, about a card.
    IdDocument,
    /// The register of deaths, about the person.
    DeceasedList,
    /// The list of those who block accounts in their name, about the person.
    AccountOpeningList,
    /// The list of those who block loans in their name, about the person.
    LoanList,
    /// The bank, about an account's holder.
    AccountHolder,
    /// The bank, about a deposit of 1 won.
    Deposit,
    /// The person, about the code.
    Code,
    /// The institution, about whether it goes on.
    Institution,
    /// The person, about a code of an access medium.
    Device,
    /// The telecom, about whose a phone is.
    Phone,
}

/// A method that was met.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Met {
    /// Which.
    pub method: Method,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
    /// By which question.
    pub call: CallId,
}

/// What an institution sees first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody has come yet.
    Created,
    /// The person is at work.
    InProgress,
    /// Someone else is, or the person went to fetch something.
    Waiting,
    /// The policy is met.
    Verified,
    /// It can't be met.
    Refused,
    /// Its time ran out.
    Expired,
    /// The institution withdrew it.
    Cancelled,
}

impl Status {
    /// As written in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::InProgress => "in_progress",
            Self::Waiting => "waiting",
            Self::Verified => "verified",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Whom a verification waits for. An open list: clients accept unknown ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WaitingFor {
    /// The person, who went to fetch something.
    Person,
    /// The issuer of the document.
    Issuer,
    /// The bank.
    Bank,
    /// The institution.
    Institution,
    /// The telecom.
    Telecom,
    /// A reviewer.
    Reviewer,
}

/// For whom, until when, and when it goes on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// For whom.
    pub waiting_for: WaitingFor,
    /// Until when the wait makes sense.
    pub until: Timestamp,
    /// When it is tried again.
    pub retry_at: Option<Timestamp>,
}

impl Verification {
    /// How it ended, if it has.
    pub fn end(&self) -> Option<End> {
        match self.stage {
            Stage::Ended { end, .. } => Some(end),
            _ => None,
        }
    }

    /// Whether the policy that it was opened under is met: enough different methods, and every step done.
    pub fn policy_met(&self) -> bool {
        let met = || self.met.iter().map(|m| m.method);
        method::distinct(met()) >= (self.plan.require as usize).max(method::LEGAL_FLOOR)
            && self.plan.steps.iter().all(|step| self.done(step))
    }

    /// Whether nothing of a step is left to do.
    pub fn done(&self, step: &Step) -> bool {
        match (step.method(), step) {
            // No telecom knows by which number Korea knows them.
            (Some(Method::Phone), _) if !self.document.names_a_number() => true,
            (Some(method), _) => self.met.iter().any(|m| m.method == method),
            (None, Step::Form { .. }) => self.form == FormStep::Answered,
            (None, _) => self.institution_check == InstitutionStep::Passed,
        }
    }

    /// The list that says next whether anything stands against the person, while one is asked or asked again.
    pub fn open_list(&self) -> Option<BlockList> {
        match self.card {
            CardStep::Screening { list, .. } => Some(list),
            CardStep::Later { .. } => card::next_list(self),
            _ => None,
        }
    }

    /// Whom it waits for, if it waits.
    pub fn waiting(&self) -> Option<Waiting> {
        if self.stage != Stage::Checking {
            return None;
        }
        let wait = |waiting_for, until, retry_at| Some(Waiting { waiting_for, until, retry_at });
        let card = match &self.card {
            CardStep::Screening { .. } | CardStep::Asking { .. } => {
                wait(WaitingFor::Issuer, self.expires_at, None)
            }
            CardStep::Later { retry_at, .. } => wait(WaitingFor::Issuer, self.expires_at, Some(*retry_at)),
            _ => None,
        };
        let account = match &self.account {
            AccountStep::AskingHolder { .. } | AccountStep::Sending { .. } => {
                wait(WaitingFor::Bank, self.expires_at, None)
            }
            AccountStep::InDoubt { retry_at, .. } => wait(WaitingFor::Bank, self.expires_at, Some(*retry_at)),
            AccountStep::Later { reason: LaterReason::LimitReached, retry_at, .. } => {
                wait(WaitingFor::Person, self.expires_at, Some(*retry_at))
            }
            AccountStep::Later { retry_at, .. } => wait(WaitingFor::Bank, self.expires_at, Some(*retry_at)),
            AccountStep::Code { expires_at, .. } => wait(WaitingFor::Person, *expires_at, None),
            _ => None,
        };
        let institution = match &self.institution_check {
            InstitutionStep::Asking { .. } => wait(WaitingFor::Institution, self.expires_at, None),
            InstitutionStep::Later { retry_at, .. } => {
                wait(WaitingFor::Institution, self.expires_at, Some(*retry_at))
            }
            _ => None,
        };
        let phone = match &self.phone {
            PhoneStep::Sending { .. } | PhoneStep::Checking { .. } => {
                wait(WaitingFor::Telecom, self.expires_at, None)
            }
            PhoneStep::Code { expires_at, .. } => wait(WaitingFor::Person, *expires_at, None),
            _ => None,
        };
        // While the person can do something on the page, nobody is waited for.
        match next::next(self) {
            next::Next::Code { .. } => account,
            next::Next::PhoneCode { .. } => phone,
            next::Next::Wait { telecom: true, .. } => phone,
            next::Next::Wait { reading: false, .. } => account.or(card).or(institution),
            _ => None,
        }
    }

    /// What an institution sees first.
    pub fn status(&self) -> Status {
        match &self.stage {
            Stage::Created => Status::Created,
            Stage::Ended { end: End::Verified, .. } => Status::Verified,
            Stage::Ended { end: End::Refused { .. }, .. } => Status::Refused,
            Stage::Ended { end: End::Expired, .. } => Status::Expired,
            Stage::Ended { end: End::Cancelled, .. } => Status::Cancelled,
            _ if self.waiting().is_some() => Status::Waiting,
            _ => Status::InProgress,
        }
    }
}

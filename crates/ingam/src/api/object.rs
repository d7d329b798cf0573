//! A verification as institutions see it: no personal data, whatever its state.
//!
//! The same object stands in the API's answers and in the events that webhooks carry. It is computed from the
//! state alone, so it can be told again for any version of the case.

use crate::app::App;
use crate::fault::Fault;
use ingam_cases::answers::Outcome;
use ingam_cases::method::Method;
use ingam_cases::policy::Step;
use ingam_cases::review::Decision;
use ingam_cases::verification::next::{Next, next};
use ingam_cases::verification::{Check, CheckKind, Consented, End, RefusedCode, Verification, WaitingFor};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// A verification.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Verification)]
pub struct VerificationObject {
    /// Its id.
    #[schema(example = "ver_01m9yr1e00e8abmcypx2tvb0zk")]
    pub id: String,
    /// Always `verification`.
    #[schema(example = "verification")]
    pub object: &'static str,
    /// `created`, `in_progress`, `waiting`, `verified`, `refused`, `expired` or `cancelled`.
    #[schema(example = "waiting")]
    pub status: &'static str,
    /// Whom it waits for: `person`, `issuer`, `bank`, `institution`, `telecom`, `reviewer`; more may come.
    #[schema(example = "bank")]
    pub waiting_for: Option<String>,
    /// Until when that wait makes sense.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub until: Option<Timestamp>,
    /// When it goes on by itself.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub retry_at: Option<Timestamp>,
    /// The policy under which it was opened.
    pub policy: PolicyRef,
    /// What the person is told it is for.
    #[schema(example = "비대면 계좌 만들기")]
    pub purpose: String,
    /// Your reference.
    #[schema(example = "application-1024")]
    pub reference: Option<String>,
    /// Where the person goes back to.
    #[schema(example = "https://bank.example/back")]
    pub return_url: Option<String>,
    /// The person's link; null once it has ended. Whoever has it can act for the person: send it to nobody else.
    #[schema(example = "https://ingam.example/p/01m9yr1e00e8abmcypx2tvb0zk0123456789abcdef0123456789abcdef")]
    pub url: Option<String>,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime, example = "2026-11-23T05:01:12.345Z")]
    pub created_at: Timestamp,
    /// When it ends by itself.
    #[schema(value_type = String, format = DateTime, example = "2026-11-24T05:01:12.345Z")]
    pub expires_at: Timestamp,
    /// The consents as the person answered them.
    pub consents: Vec<ConsentGivenObject>,
    /// The methods that the policy asks for, and whether each was met.
    pub methods: Vec<MethodObject>,
    /// Every question to somebody outside and its answer, oldest first.
    pub checks: Vec<CheckObject>,
    /// Why it was refused, where it was.
    pub refused: Option<RefusedObject>,
    /// The review of the refusal, or the one that opened it again. While it is open, a refused verification may still
    /// go on.
    pub review: Option<ReviewRef>,
    /// The person, as you alone know them; the same for each of their verifications with you.
    #[schema(example = "per_01m9yr1e00e8abmcypx2tvb0zk")]
    pub person: Option<String>,
    /// What the person does next: `safety`, `consents`, `picture`, `confirm`, `account`, `code`, `resend`, `form`,
    /// `device`, `phone`, `phone_code`, `wait` or `ended`; more may come.
    #[schema(example = "wait")]
    pub next: &'static str,
    /// More about what is next, where there is more.
    pub next_details: Option<NextDetails>,
}

/// A consent as it was answered.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ConsentAnswer)]
pub struct ConsentGivenObject {
    /// The text.
    #[schema(example = "consent.identity")]
    pub text_id: String,
    /// Its version.
    #[schema(example = 2)]
    pub version: u32,
    /// The language in which it was shown (BCP 47).
    #[schema(example = "ko")]
    pub language: String,
    /// SHA-256 of the words that were shown.
    #[schema(example = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")]
    pub sha256: String,
    /// Whether it was required.
    #[schema(example = true)]
    pub required: bool,
    /// The answer.
    #[schema(example = true)]
    pub answer: bool,
    /// When the person took it back.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub withdrawn_at: Option<Timestamp>,
}

/// A version of a policy.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PolicyRef {
    /// Its id.
    #[schema(example = "pol_01m9yr1e00e8abmcypx2tvb0zk")]
    pub id: String,
    /// Its version, from 1.
    #[schema(example = 1)]
    pub version: u32,
}

/// A method that the policy asks for.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Method)]
pub struct MethodObject {
    /// `id_document`, `existing_account`, `device` or `phone`; more may come.
    #[schema(example = "id_document")]
    pub method: String,
    /// The guideline's number (① to ⑤) under which it counts; null where it never counts.
    #[schema(example = 1)]
    pub counts_as: Option<u8>,
    /// Whether it was met.
    #[schema(example = true)]
    pub met: bool,
    /// When.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub met_at: Option<Timestamp>,
    /// By whom.
    #[schema(example = "mois")]
    pub by: Option<String>,
    /// By which question.
    #[schema(example = "cal_01m9yr1e00e8abmcypx2tvb0zk")]
    pub call: Option<String>,
    /// Why it was not met: the code of the last check that said no or nothing, `pending`, or `not_reached`.
    #[schema(example = "lost_reported")]
    pub why_not: Option<String>,
}

/// A question to somebody outside and its answer.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Check)]
pub struct CheckObject {
    /// `id_document`, `deceased_list`, `account_opening_list`, `loan_list`, `account_holder`, `deposit`, `code`,
    /// `institution`, `device` or `phone`; more may come.
    #[schema(example = "id_document")]
    pub check: String,
    /// `passed`, `failed`, or `indeterminate` where nobody said anything that can be relied on.
    #[schema(example = "passed")]
    pub outcome: String,
    /// Stable code.
    #[schema(example = "valid")]
    pub code: String,
    /// Who answered.
    #[schema(example = "mois")]
    pub provider: String,
    /// Their own reference, if they gave one.
    pub provider_ref: Option<String>,
    /// The question.
    #[schema(example = "cal_01m9yr1e00e8abmcypx2tvb0zk")]
    pub call: String,
    /// When the answer was recorded.
    #[schema(value_type = String, format = DateTime, example = "2026-11-23T05:02:10.001Z")]
    pub at: Timestamp,
}

/// Why a verification was refused.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Refused)]
pub struct RefusedObject {
    /// `stopped_by_person`, `consent_refused`, `card_unreadable`, `card_refused`, `account_not_proved`,
    /// `blocked_by_person`, `deceased`, `too_young`, `stopped_by_institution`, `device_not_proved` or
    /// `phone_not_proved`; more may come. Never tell the person `deceased`.
    #[schema(example = "card_refused")]
    pub code: String,
}

/// A review as its verification names it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ReviewRef {
    /// Its id.
    #[schema(example = "rvw_01m9yr1e00e8abmcypx2tvb0zk")]
    pub id: String,
    /// `open` or `decided`; more may come.
    #[schema(example = "open")]
    pub status: &'static str,
    /// What was decided: `upheld`, `again` or `accepted`.
    #[schema(example = "again")]
    pub decision: Option<&'static str>,
}

/// What own screens need to show what is next. Each field stands where it has a meaning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct NextDetails {
    /// Why it is asked (again): a stable code.
    #[schema(example = "mismatch_issue_date")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Codes of what was wrong with the last picture.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub quality: Vec<String>,
    /// Fields of the card that the person should look at, as `confirm` takes them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub doubtful: Vec<String>,
    /// The bank's code.
    #[schema(example = "088")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bank: Option<String>,
    /// Until when the code can be typed.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// How often the code can still be typed.
    #[schema(example = 5)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tries_left: Option<u32>,
    /// How often a new 1 won can be asked for.
    #[schema(example = 2)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sends_left: Option<u32>,
    /// How often a message to a phone can be asked for.
    #[schema(example = 2)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub messages_left: Option<u32>,
    /// Which kind of access medium is asked for a code: `otp` or `security_card`.
    #[schema(example = "security_card")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device: Option<&'static str>,
    /// Of a security card: the first two digits of which number, and the last two of which.
    #[schema(example = json!([7, 12]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub challenge: Option<[u8; 2]>,
}

/// A verification as institutions see it.
///
/// # Errors
/// Where the vault fails.
pub async fn verification_object(app: &App, v: &Verification) -> Result<VerificationObject, Fault> {
    let waiting = v.waiting();
    let (next, mut details) = next_of(v);
    if details.device.is_some() {
        let challenge = app.card_challenge(v).await?;
        details.challenge = challenge.map(|challenge| [challenge.first, challenge.second]);
    }
    Ok(VerificationObject {
        id: v.id.to_string(),
        object: "verification",
        status: v.status().as_str(),
        waiting_for: match v.in_review() {
            true => Some(word(&WaitingFor::Reviewer)),
            false => waiting.as_ref().map(|w| word(&w.waiting_for)),
        },
        until: waiting.as_ref().map(|w| w.until),
        retry_at: waiting.and_then(|w| w.retry_at),
        policy: PolicyRef { id: v.policy.to_string(), version: v.policy_version },
        purpose: v.plan.purpose.clone(),
        reference: v.reference.clone(),
        return_url: v.return_url.clone(),
        url: match v.end() {
            None => Some(app.person_url(&v.id).await?),
            Some(_) => None,
        },
        created_at: v.opened_at,
        expires_at: v.expires_at,
        consents: v.consents.iter().map(consent).collect(),
        methods: v.plan.steps.iter().filter_map(Step::method).map(|m| method(v, m)).collect(),
        checks: v.checks.iter().map(check).collect(),
        refused: match v.end() {
            Some(End::Refused { code }) => Some(RefusedObject { code: word::<RefusedCode>(&code) }),
            _ => None,
        },
        review: v.review.as_ref().map(|review| ReviewRef {
            id: review.id.to_string(),
            status: if review.decision.is_some() { "decided" } else { "open" },
            decision: review.decision.map(Decision::as_str),
        }),
        person: v.person.as_ref().map(ToString::to_string),
        next,
        next_details: (details != NextDetails::default()).then_some(details),
    })
}

/// An enum's word as it stands in JSON.
pub(super) fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}

fn consent(c: &Consented) -> ConsentGivenObject {
    ConsentGivenObject {
        text_id: c.text.text_id.clone(),
        version: c.text.version,
        language: c.text.language.clone(),
        sha256: c.text.sha256.clone(),
        required: c.required,
        answer: c.answer,
        withdrawn_at: c.withdrawn_at,
    }
}

fn method(v: &Verification, method: Method) -> MethodObject {
    let met = v.met.iter().find(|m| m.method == method);
    MethodObject {
        method: word(&method),
        counts_as: method.counts_as(),
        met: met.is_some(),
        met_at: met.map(|m| m.at),
        by: met.map(|m| m.by.clone()),
        call: met.map(|m| m.call.to_string()),
        why_not: met.is_none().then(|| why_not(v, method)),
    }
}

fn why_not(v: &Verification, method: Method) -> String {
    let about = |c: &&Check| match c.check {
        CheckKind::IdDocument
        | CheckKind::DeceasedList
        | CheckKind::AccountOpeningList
        | CheckKind::LoanList => method == Method::IdDocument,
        CheckKind::AccountHolder | CheckKind::Deposit | CheckKind::Code => method == Method::ExistingAccount,
        CheckKind::Device => method == Method::Device,
        CheckKind::Phone => method == Method::Phone,
        CheckKind::Institution => false,
    };
    match v.checks.iter().rev().find(about) {
        Some(last) if last.outcome != Outcome::Passed => last.code.clone(),
        Some(_) if v.end().is_none() => "pending".to_owned(),
        None if v.end().is_none() => "pending".to_owned(),
        _ => "not_reached".to_owned(),
    }
}

fn check(c: &Check) -> CheckObject {
    CheckObject {
        check: word(&c.check),
        outcome: word(&c.outcome),
        code: c.code.clone(),
        provider: c.provider.clone(),
        provider_ref: c.provider_ref.clone(),
        call: c.call.to_string(),
        at: c.at,
    }
}

fn next_of(v: &Verification) -> (&'static str, NextDetails) {
    use ingam_cases::verification::{AccountProblem, CardProblem};
    let nothing = NextDetails::default;
    match next(v) {
        Next::Safety => ("safety", nothing()),
        Next::Consents => ("consents", nothing()),
        Next::Picture { problem } => {
            let (problem, quality) = match problem {
                None => (None, vec![]),
                Some(CardProblem::Unreadable { quality }) => (Some("unreadable".to_owned()), quality),
                Some(CardProblem::WrongKind) => (Some("wrong_kind".to_owned()), vec![]),
                Some(CardProblem::Issuer { code }) => (Some(word(&code)), vec![]),
                Some(CardProblem::WrongDateLimit) => (Some("wrong_date_limit".to_owned()), vec![]),
                Some(CardProblem::TriesTaken) => (Some("tries_taken".to_owned()), vec![]),
            };
            ("picture", NextDetails { problem, quality, ..nothing() })
        }
        Next::Confirm { doubtful, again } => {
            let doubtful = doubtful.iter().map(word).collect();
            ("confirm", NextDetails { doubtful, problem: again.as_ref().map(word), ..nothing() })
        }
        Next::Account { problem, .. } => {
            let problem = problem.map(|problem| match problem {
                AccountProblem::Holder { code } => word(&code),
                AccountProblem::Deposit { code } => word(&code),
                AccountProblem::NameDifferent => "name_different".to_owned(),
                AccountProblem::NameSimilar => "name_similar".to_owned(),
                AccountProblem::Chosen => "chosen".to_owned(),
            });
            ("account", NextDetails { problem, ..nothing() })
        }
        Next::Code { bank, expires_at, tries_left, sends_left } => (
            "code",
            NextDetails {
                bank: Some(bank.to_string()),
                expires_at: Some(expires_at),
                tries_left: Some(tries_left),
                sends_left: Some(sends_left),
                ..nothing()
            },
        ),
        Next::Resend { bank, problem, sends_left } => (
            "resend",
            NextDetails {
                bank: Some(bank.to_string()),
                problem: Some(word(&problem)),
                sends_left: Some(sends_left),
                ..nothing()
            },
        ),
        Next::Form => ("form", nothing()),
        Next::Device { kind, last, tries_left } => (
            "device",
            NextDetails {
                device: Some(kind.as_str()),
                problem: last.as_ref().map(word),
                tries_left: Some(tries_left),
                ..nothing()
            },
        ),
        Next::Phone { problem, messages_left } => (
            "phone",
            NextDetails {
                problem: problem.as_ref().map(word),
                messages_left: Some(messages_left),
                ..nothing()
            },
        ),
        Next::PhoneCode { expires_at, tries_left, problem, messages_left } => (
            "phone_code",
            NextDetails {
                expires_at: Some(expires_at),
                tries_left: Some(tries_left),
                problem: problem.as_ref().map(word),
                messages_left: Some(messages_left),
                ..nothing()
            },
        ),
        Next::Wait { .. } => ("wait", nothing()),
        Next::Ended { .. } => ("ended", nothing()),
    }
}

//! Policy as versioned data: which steps, in which order, with how many attempts. Below the law it cannot be saved.
//!
//! Knows no person and no institution; a verification carries the version under which it was opened.

mod question;
mod step;

pub use crate::values::DocumentKind;
pub use question::{AnswerForm, BadAnswer, Choice, Question, Words};
pub use step::{DeviceKind, Step, StepKind};

use crate::method;
use serde::{Deserialize, Serialize};
use step::{a_day, camera_only, five, is_zero, ten, three, two};

/// Longest life of a 1-won code. Supervisors' guidance since 2024-02 is 15 minutes; practice is 5.
pub const MAX_CODE_MINUTES: u32 = 15;
/// Most tries for one 1-won code.
pub const MAX_CODE_TRIES: u32 = 5;
/// Most sends of 1 won in one verification; banks cap 3 to 10 a day for one account.
pub const MAX_SENDS: u32 = 10;
/// Most pictures of a card in one verification.
pub const MAX_PICTURES: u32 = 30;
/// Most questions to an issuer in one verification that come back with a no.
pub const MAX_CHECKS: u32 = 5;
/// Highest least age that can be asked for, in years.
pub const MAX_MIN_AGE: u8 = 99;
/// Shortest and longest life of a verification, in seconds: ten minutes, thirty days.
pub const EXPIRES_IN_S: std::ops::RangeInclusive<u32> = 600..=2_592_000;

/// Where a picture of a card may come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PictureSource {
    /// Taken live by the page.
    Camera,
    /// Chosen from the device. Weaker; recorded, and off in live unless the policy allows it.
    File,
}

/// A list that stands before any verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockList {
    /// The register of deaths.
    Deceased,
    /// 비대면 계좌개설 안심차단: the person wants no account opened remotely in this name.
    AccountOpening,
    /// 여신거래 안심차단: the person wants no loan in this name.
    Loan,
}

impl BlockList {
    /// Every list.
    pub const ALL: [Self; 3] = [Self::Deceased, Self::AccountOpening, Self::Loan];
}

/// A consent that the person is asked for, by the id of its text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConsentAsk {
    /// Id of the text in the catalogue.
    pub text_id: String,
    /// Whether the verification ends without it.
    pub required: bool,
}

/// What an institution decided about how its persons are verified for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The institution's own name for it.
    pub name: String,
    /// What the person is told it is for (`비대면 계좌 만들기`).
    pub purpose: String,
    /// How many different methods of ① to ⑤ must be met.
    #[serde(default = "two")]
    pub require: u32,
    /// In the order in which they are asked.
    pub steps: Vec<Step>,
    /// The consents asked for before the first step.
    #[serde(default)]
    pub consents: Vec<ConsentAsk>,
    /// Lists that are asked about the person before any issuer or bank is. What they say no other method overrides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub block_lists: Vec<BlockList>,
    /// The least age, in years: 14 is when the law lets a person consent alone (개인정보 보호법 §22의2). 0: any.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub min_age: u8,
    /// Whether a refusal is overruled only where a second reviewer agrees.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub second_reviewer: bool,
    /// Life of a verification, in seconds.
    #[serde(default = "a_day")]
    pub expires_in_s: u32,
}

/// Why a policy can't be saved: the field and a stable code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PolicyProblem {
    /// JSON pointer into the policy.
    pub field: String,
    /// Stable code.
    pub code: &'static str,
    /// What is wrong and what to do, for a developer.
    pub detail: String,
}

impl Policy {
    /// Everything that keeps the policy from being saved; empty where it may be.
    pub fn problems(&self) -> Vec<PolicyProblem> {
        let mut found = Vec::new();
        let mut add = |field: &str, code: &'static str, detail: String| {
            found.push(PolicyProblem { field: field.to_owned(), code, detail });
        };
        let methods = || self.steps.iter().filter_map(Step::method);
        if method::distinct(methods()) < method::LEGAL_FLOOR || (self.require as usize) < method::LEGAL_FLOOR
        {
            add(
                "/steps",
                "below_legal_floor",
                "At least two different methods of ① to ⑤ are needed (FSC guideline). Add a step or raise `require`."
                    .into(),
            );
        }
        if self.require as usize > method::distinct(methods()) {
            add(
                "/require",
                "cannot_be_met",
                format!("`require` is {}, but the steps make fewer different methods.", self.require),
            );
        }
        for (i, step) in self.steps.iter().enumerate() {
            found.extend(step.problems(&format!("/steps/{i}"), &self.steps[..i]));
        }
        let mut add = |field: &str, code: &'static str, detail: String| {
            found.push(PolicyProblem { field: field.to_owned(), code, detail });
        };
        if repeats(&self.block_lists) {
            add("/block_lists", "repeated", "Name each list once.".into());
        }
        if self.min_age > MAX_MIN_AGE {
            add("/min_age", "out_of_range", format!("`min_age` must lie between 0 and {MAX_MIN_AGE}."));
        }
        if !EXPIRES_IN_S.contains(&self.expires_in_s) {
            add(
                "/expires_in_s",
                "out_of_range",
                format!("Must lie between {} and {}.", EXPIRES_IN_S.start(), EXPIRES_IN_S.end()),
            );
        }
        for (field, text) in [("/name", &self.name), ("/purpose", &self.purpose)] {
            if text.trim().is_empty() || text.chars().count() > 60 {
                add(field, "out_of_range", "Must have 1 to 60 characters.".into());
            } else if text.chars().any(char::is_control) {
                add(field, "character", "Must not hold control characters.".into());
            }
        }
        found
    }

    pub(crate) fn id_document(&self) -> Option<DocumentRules<'_>> {
        self.steps.iter().find_map(|s| match s {
            Step::IdDocument { pictures, checks, sources, documents } => {
                Some(DocumentRules { pictures: *pictures, checks: *checks, sources, documents })
            }
            _ => None,
        })
    }

    /// The documents that are taken.
    pub fn documents(&self) -> &[DocumentKind] {
        self.id_document().map_or(&[], |rules| rules.documents)
    }

    pub(crate) fn existing_account(&self) -> Option<AccountRules> {
        self.steps.iter().find_map(|s| match s {
            Step::ExistingAccount { sends, tries, code_minutes, accounts } => Some(AccountRules {
                sends: *sends,
                tries: *tries,
                code_minutes: *code_minutes,
                accounts: *accounts,
            }),
            _ => None,
        })
    }

    /// The default: ID card and 1 won.
    pub fn id_and_account(name: &str, purpose: &str) -> Self {
        Self {
            name: name.into(),
            purpose: purpose.into(),
            require: 2,
            steps: vec![
                Step::IdDocument {
                    documents: vec![DocumentKind::Resident],
                    sources: camera_only(),
                    pictures: ten(),
                    checks: three(),
                },
                Step::ExistingAccount {
                    sends: three(),
                    tries: five(),
                    code_minutes: five(),
                    accounts: five(),
                },
            ],
            consents: vec![
                ConsentAsk { text_id: "consent.identity".into(), required: true },
                ConsentAsk { text_id: "consent.issuer_and_bank".into(), required: true },
            ],
            block_lists: vec![],
            min_age: 0,
            second_reviewer: false,
            expires_in_s: a_day(),
        }
    }
}

/// Whether something stands twice.
fn repeats<T: PartialEq>(list: &[T]) -> bool {
    list.iter().enumerate().any(|(i, one)| list[..i].contains(one))
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct DocumentRules<'p> {
    pub pictures: u32,
    pub checks: u32,
    pub sources: &'p [PictureSource],
    pub documents: &'p [DocumentKind],
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct AccountRules {
    pub sends: u32,
    pub tries: u32,
    pub code_minutes: u32,
    pub accounts: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl Fn(&mut Policy), expected: &[&str]) {
        let mut policy = Policy::id_and_account("기본", "비대면 계좌 만들기");
        change(&mut policy);
        let codes: Vec<_> = policy.problems().iter().map(|p| p.code).collect();
        assert_eq!(codes, expected);
    }

    #[test]
    fn a_policy_under_the_floor_cannot_be_saved() {
        check(|_| {}, &[]);
        check(|p| p.steps.truncate(1), &["below_legal_floor", "cannot_be_met"]);
        check(|p| p.require = 1, &["below_legal_floor"]);
        check(|p| p.require = 3, &["cannot_be_met"]);
        check(|p| p.steps.push(p.steps[0].clone()), &["repeated_step"]);
        check(|p| p.steps.reverse(), &["needs_name_first"]);
        check(|p| p.expires_in_s = 5, &["out_of_range"]);
        check(
            |p| {
                p.steps[1] = Step::ExistingAccount { sends: 11, tries: 6, code_minutes: 16, accounts: 0 };
            },
            &["out_of_range"; 4],
        );
    }
}

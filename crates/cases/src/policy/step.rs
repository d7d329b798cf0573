//! The steps of a policy: what each asks for, with how many attempts, and what keeps one from being saved.

use super::question::{Question, Words};
use super::{
    DocumentKind, MAX_CHECKS, MAX_CODE_MINUTES, MAX_CODE_TRIES, MAX_PICTURES, MAX_SENDS, PictureSource,
    PolicyProblem, repeats,
};
use crate::id::EndpointId;
use crate::method::Method;
use serde::{Deserialize, Serialize};

/// Most questions of a form: more than one screen's worth is another form of the institution's own.
pub const MAX_QUESTIONS: usize = 20;

/// One step of a policy. Most meet a method; some only ask.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "step", rename_all = "snake_case", deny_unknown_fields)]
pub enum Step {
    /// ① Photograph an ID, confirm what was read, ask the issuer.
    IdDocument {
        /// Which documents are taken; the page finds out by itself which one is shown.
        documents: Vec<DocumentKind>,
        /// Where the picture may come from.
        #[serde(default = "camera_only")]
        sources: Vec<PictureSource>,
        /// Pictures in all.
        #[serde(default = "ten")]
        pictures: u32,
        /// Answers of the issuer that may be a no before the verification is refused.
        #[serde(default = "three")]
        checks: u32,
    },
    /// ④ Prove an own account with 1 won.
    ExistingAccount {
        /// Sends in all.
        #[serde(default = "three")]
        sends: u32,
        /// Tries for one code.
        #[serde(default = "five")]
        tries: u32,
        /// Life of one code, in minutes.
        #[serde(default = "five")]
        code_minutes: u32,
        /// Accounts that may be named in all.
        #[serde(default = "five")]
        accounts: u32,
    },
    /// Questions of the institution's own, such as what the account is for (고객확인). Meets no method.
    Form {
        /// What the page says above them.
        title: Words,
        /// In the order in which they are asked.
        questions: Vec<Question>,
    },
    /// The institution itself says whether it goes on. Meets no method; its stop ends everything.
    InstitutionCheck {
        /// Which of its endpoints is asked, signed with that endpoint's secret.
        endpoint: EndpointId,
    },
    /// ③ A code of an access medium that the institution handed over earlier.
    Device {
        /// Which kinds are taken.
        kinds: Vec<DeviceKind>,
        /// Wrong codes in one verification.
        #[serde(default = "five")]
        tries: u32,
    },
    /// ⑥ A phone in the person's name, proved by a code that goes to it. Strengthens, and never counts.
    Phone {
        /// Messages in all.
        #[serde(default = "three")]
        sends: u32,
        /// Tries for one code.
        #[serde(default = "five")]
        tries: u32,
        /// Life of one code, in minutes.
        #[serde(default = "three")]
        code_minutes: u32,
    },
}

/// A kind of access medium whose holder can be asked for a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceKind {
    /// A one-time password, by time or by counter.
    Otp,
    /// A card with a table of numbers (보안카드).
    SecurityCard,
}

impl DeviceKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Otp, Self::SecurityCard];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Otp => "otp",
            Self::SecurityCard => "security_card",
        }
    }
}

/// Which step it is. A policy has each at most once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StepKind {
    /// [`Step::IdDocument`].
    IdDocument,
    /// [`Step::ExistingAccount`].
    ExistingAccount,
    /// [`Step::Form`].
    Form,
    /// [`Step::InstitutionCheck`].
    InstitutionCheck,
    /// [`Step::Device`].
    Device,
    /// [`Step::Phone`].
    Phone,
}

pub(super) fn is_zero(years: &u8) -> bool {
    *years == 0
}
pub(super) fn camera_only() -> Vec<PictureSource> {
    vec![PictureSource::Camera]
}
pub(super) fn ten() -> u32 {
    10
}
pub(super) fn five() -> u32 {
    5
}
pub(super) fn three() -> u32 {
    3
}
pub(super) fn a_day() -> u32 {
    86_400
}
pub(super) fn two() -> u32 {
    2
}

impl Step {
    /// Which step it is.
    pub fn kind(&self) -> StepKind {
        match self {
            Self::IdDocument { .. } => StepKind::IdDocument,
            Self::ExistingAccount { .. } => StepKind::ExistingAccount,
            Self::Form { .. } => StepKind::Form,
            Self::InstitutionCheck { .. } => StepKind::InstitutionCheck,
            Self::Device { .. } => StepKind::Device,
            Self::Phone { .. } => StepKind::Phone,
        }
    }

    /// The method that the step meets, if any.
    pub fn method(&self) -> Option<Method> {
        match self {
            Self::IdDocument { .. } => Some(Method::IdDocument),
            Self::ExistingAccount { .. } => Some(Method::ExistingAccount),
            Self::Device { .. } => Some(Method::Device),
            Self::Phone { .. } => Some(Method::Phone),
            Self::Form { .. } | Self::InstitutionCheck { .. } => None,
        }
    }

    /// What keeps the step from being saved at this place of a policy, behind the given ones.
    pub(super) fn problems(&self, at: &str, before: &[Self]) -> Vec<PolicyProblem> {
        let mut found = Vec::new();
        let mut add = |field: &str, code: &'static str, detail: &str| {
            found.push(PolicyProblem { field: format!("{at}{field}"), code, detail: detail.to_owned() });
        };
        if before.iter().any(|step| step.kind() == self.kind()) {
            add("", "repeated_step", "Each step may stand once.");
        }
        let mut ranges: Vec<(&str, u32, u32)> = vec![];
        match self {
            Self::IdDocument { documents, sources, pictures, checks } => {
                ranges.extend([("pictures", *pictures, MAX_PICTURES), ("checks", *checks, MAX_CHECKS)]);
                if documents.is_empty() {
                    add("/documents", "empty", "Name at least one document.");
                } else if repeats(documents) {
                    add("/documents", "repeated", "Name each document once.");
                }
                if sources.is_empty() {
                    add("/sources", "empty", "Name at least one source.");
                }
            }
            Self::ExistingAccount { sends, tries, code_minutes, accounts } => {
                ranges.extend([
                    ("sends", *sends, MAX_SENDS),
                    ("tries", *tries, MAX_CODE_TRIES),
                    ("code_minutes", *code_minutes, MAX_CODE_MINUTES),
                    ("accounts", *accounts, MAX_SENDS),
                ]);
                if !before.iter().any(|step| step.kind() == StepKind::IdDocument) {
                    let why = "The holder is compared with the name on the ID: put `id_document` before it.";
                    add("", "needs_name_first", why);
                }
            }
            Self::Form { title, questions } => {
                title.problem().into_iter().for_each(|why| add("/title", "out_of_range", why));
                if !(1..=MAX_QUESTIONS).contains(&questions.len()) {
                    add("/questions", "out_of_range", "A form has 1 to 20 questions.");
                }
                for (i, question) in questions.iter().enumerate().take(MAX_QUESTIONS) {
                    for (field, code, why) in question.problems() {
                        add(&format!("/questions/{i}{field}"), code, why);
                    }
                    if questions[..i].iter().any(|other| other.id == question.id) {
                        add(&format!("/questions/{i}/id"), "repeated", "Each question has an id of its own.");
                    }
                }
            }
            Self::InstitutionCheck { .. } => {}
            Self::Phone { sends, tries, code_minutes } => {
                ranges.extend([
                    ("sends", *sends, MAX_SENDS),
                    ("tries", *tries, MAX_CODE_TRIES),
                    ("code_minutes", *code_minutes, MAX_CODE_MINUTES),
                ]);
                if !before.iter().any(|step| step.kind() == StepKind::IdDocument) {
                    let why = "The owner is asked about by the name on the ID: put `id_document` before it.";
                    add("", "needs_name_first", why);
                }
            }
            Self::Device { kinds, tries } => {
                ranges.push(("tries", *tries, MAX_CODE_TRIES));
                if kinds.is_empty() {
                    add("/kinds", "empty", "Name at least one kind.");
                } else if repeats(kinds) {
                    add("/kinds", "repeated", "Name each kind once.");
                }
            }
        }
        for (name, value, max) in ranges {
            if value == 0 || value > max {
                let why = format!("`{name}` must lie between 1 and {max}.");
                add(&format!("/{name}"), "out_of_range", &why);
            }
        }
        found
    }
}

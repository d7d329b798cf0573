//! Questions of an institution's own, and what may be answered. An answer is typed; nothing is guessed.

use crate::values::parse_date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most options of a choice.
pub const MAX_OPTIONS: usize = 30;
/// Longest answer in text, in characters.
pub const MAX_ANSWER: u32 = 500;
/// Longest text that is shown, in characters.
const MAX_WORDS: usize = 120;
/// Longest id.
const MAX_ID: usize = 40;

/// A text in the languages that it was given in. Korean is always there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    /// In Korean.
    pub ko: String,
    /// In English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub en: Option<String>,
}

impl Words {
    /// In a language (BCP 47), or else in Korean.
    pub fn in_language(&self, language: &str) -> &str {
        self.en.as_deref().filter(|_| language == "en").unwrap_or(&self.ko)
    }

    /// Why it can't be shown.
    pub(super) fn problem(&self) -> Option<&'static str> {
        let fits = |text: &str| {
            (1..=MAX_WORDS).contains(&text.trim().chars().count()) && !text.chars().any(char::is_control)
        };
        let all = std::iter::once(&self.ko).chain(&self.en).all(|text| fits(text));
        (!all).then_some("A text has 1 to 120 characters and no control characters.")
    }
}

/// A question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The institution's word for it, under which the answer stands in the result.
    pub id: String,
    /// What the person reads.
    pub text: Words,
    /// Whether it may not be left open.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub required: bool,
    /// What can be answered.
    pub answer: AnswerForm,
}

fn yes() -> bool {
    true
}
fn is_yes(required: &bool) -> bool {
    *required
}

/// What can be answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum AnswerForm {
    /// One of several, or some of them.
    Choice {
        /// The options.
        options: Vec<Choice>,
        /// Whether more than one may be chosen.
        #[serde(default, skip_serializing_if = "is_no")]
        many: bool,
    },
    /// Yes or no.
    YesNo {},
    /// A line of text.
    Text {
        /// Its longest, in characters.
        #[serde(default = "two_hundred")]
        max: u32,
    },
    /// A whole number.
    Number {
        /// The least.
        min: i64,
        /// The greatest.
        max: i64,
    },
    /// A day.
    Date {},
}

fn is_no(many: &bool) -> bool {
    !*many
}
fn two_hundred() -> u32 {
    200
}

/// An option of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// The institution's word for it.
    pub id: String,
    /// What the person reads.
    pub text: Words,
}

/// Why an answer can't be taken. Names the rule, never the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadAnswer {
    /// The question may not be left open.
    Missing,
    /// None of what can be chosen, or not of the question's type.
    NotAllowed,
    /// Beyond the least or the most.
    OutOfRange,
}

impl BadAnswer {
    /// The stable code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Missing => "required",
            Self::NotAllowed => "not_allowed",
            Self::OutOfRange => "out_of_range",
        }
    }
}

impl Question {
    /// What was answered, as it is kept: a word of the institution's or a list of them, `true` or `false`, a text, a
    /// number, a day. Nothing where it was left open and may be.
    ///
    /// # Errors
    /// Where it can't be taken.
    pub fn read(&self, given: &[&str]) -> Result<Option<Value>, BadAnswer> {
        let given: Vec<&str> = given.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).collect();
        let Some(first) = given.first() else {
            return if self.required { Err(BadAnswer::Missing) } else { Ok(None) };
        };
        if let AnswerForm::Choice { options, many: true } = &self.answer {
            let chosen: Vec<&str> =
                options.iter().map(|o| o.id.as_str()).filter(|id| given.contains(id)).collect();
            let known = given.iter().all(|id| chosen.contains(id));
            return if known { Ok(Some(chosen.into())) } else { Err(BadAnswer::NotAllowed) };
        }
        if given.len() > 1 {
            return Err(BadAnswer::NotAllowed);
        }
        match &self.answer {
            AnswerForm::Choice { options, .. } => {
                let known = options.iter().any(|option| option.id == *first);
                if known { Ok(Value::from(*first)) } else { Err(BadAnswer::NotAllowed) }
            }
            AnswerForm::YesNo {} => first.parse().map(Value::Bool).map_err(|_| BadAnswer::NotAllowed),
            AnswerForm::Text { max } if first.chars().count() > *max as usize => Err(BadAnswer::OutOfRange),
            AnswerForm::Text { .. } if first.chars().any(char::is_control) => Err(BadAnswer::NotAllowed),
            AnswerForm::Text { .. } => Ok(Value::from(*first)),
            AnswerForm::Number { min, max } => match first.parse::<i64>() {
                Ok(number) if (*min..=*max).contains(&number) => Ok(Value::from(number)),
                Ok(_) => Err(BadAnswer::OutOfRange),
                Err(_) => Err(BadAnswer::NotAllowed),
            },
            AnswerForm::Date {} => {
                parse_date(first).map(|day| Value::from(day.to_string())).map_err(|_| BadAnswer::NotAllowed)
            }
        }
        .map(Some)
    }

    /// What keeps it from being saved: field, code, reason.
    pub(super) fn problems(&self) -> Vec<(String, &'static str, &'static str)> {
        let mut found = Vec::new();
        let mut add = |field: &str, code, why| found.push((field.to_owned(), code, why));
        const ID: &str = "An id has 1 to 40 of a-z, 0-9 and _.";
        if !is_word(&self.id) {
            add("/id", "malformed", ID);
        }
        self.text.problem().into_iter().for_each(|why| add("/text", "out_of_range", why));
        match &self.answer {
            AnswerForm::Choice { options, .. } => {
                if !(2..=MAX_OPTIONS).contains(&options.len()) {
                    add("/answer/options", "out_of_range", "A choice has 2 to 30 options.");
                }
                for (i, option) in options.iter().enumerate().take(MAX_OPTIONS) {
                    let at = format!("/answer/options/{i}");
                    if !is_word(&option.id) {
                        add(&format!("{at}/id"), "malformed", ID);
                    } else if options[..i].iter().any(|other| other.id == option.id) {
                        add(&format!("{at}/id"), "repeated", "Each option has an id of its own.");
                    }
                    let text = option.text.problem();
                    text.into_iter().for_each(|why| add(&format!("{at}/text"), "out_of_range", why));
                }
            }
            AnswerForm::Text { max } if !(1..=MAX_ANSWER).contains(max) => {
                add("/answer/max", "out_of_range", "`max` must lie between 1 and 500.");
            }
            AnswerForm::Number { min, max } if min > max => {
                add("/answer/max", "out_of_range", "`max` must not lie below `min`.");
            }
            AnswerForm::YesNo {}
            | AnswerForm::Text { .. }
            | AnswerForm::Number { .. }
            | AnswerForm::Date {} => {}
        }
        found
    }
}

/// A word that may stand in clear in an entry and as a name in JSON.
fn is_word(id: &str) -> bool {
    (1..=MAX_ID).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

//! The seam behind which a recogniser stands: lines of text as pixels in, text and confidence out.
//!
//! Two methods, so that everything before and after is tested with a fake model in milliseconds. A model
//! knows neither cards nor fields.

use crate::picture::Plane;
use std::fmt;

/// What characters a line may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Script {
    /// Digits, hyphens and full stops only.
    Digits,
    /// Korean text with digits and punctuation.
    Korean,
    /// Capitals and digits, with the signs that stand between names.
    Latin,
}

/// One line of text, dark on light, with a light margin around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LineImage {
    /// The pixels; text is about 32 to 40 pixels high.
    pub plane: Plane,
    /// What may stand there.
    pub script: Script,
}

/// What a model read on one line. Holds personal data: `Debug` shows only lengths.
#[derive(Clone, PartialEq)]
pub struct Reading {
    /// The text, words separated by single spaces; empty where nothing was read.
    pub text: String,
    /// 0 to 1, as the model sees it.
    pub confidence: f32,
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reading({} characters, {:.2})", self.text.chars().count(), self.confidence)
    }
}

/// The recogniser itself failed. Nothing is said about the picture.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelFault {
    /// A program or a language that the model needs is not installed.
    #[error("{0} is not installed")]
    Missing(String),
    /// The model gave no answer in time and was ended.
    #[error("the recogniser gave no answer within {limit_ms} ms")]
    TimedOut {
        /// What it was given.
        limit_ms: u64,
    },
    /// The model ended without an answer. The text says how, never what was read.
    #[error("the recogniser failed: {0}")]
    Failed(String),
}

/// A recogniser of text lines.
pub trait Model: Send + Sync {
    /// Name with version, as it is recorded beside what was read.
    fn name(&self) -> &str;

    /// Reads lines: exactly one reading a line, in their order.
    fn read_lines(&self, lines: &[LineImage]) -> Result<Vec<Reading>, ModelFault>;
}

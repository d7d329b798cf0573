//! A door for `fuzz/`: what the recogniser's program wrote. Never part of a running system.

use crate::model::Reading;

/// The readings of so many lines from the program's answer.
pub fn tesseract_readings(tsv: &str, pages: usize) -> Vec<Reading> {
    crate::tesseract::readings(tsv, pages)
}

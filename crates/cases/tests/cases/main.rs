//! What may happen, told as stories and searched by chance. No IO but the golden files, no clock, no machine's
//! randomness in what is proved.

// A test that finds nothing where something must be is a test that fails.
#![allow(clippy::unwrap_used)]

mod account;
mod documents;
mod ending;
mod golden;
mod institution;
mod media;
mod oracle;
mod persons;
mod policy;
mod records;
mod reviews;
mod samples;
mod staff;
mod steps;
mod stories;
mod story;
mod walk;

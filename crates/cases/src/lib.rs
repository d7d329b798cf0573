//! What may happen: pure state machines, policy, and the domain's words.
//!
//! Does no IO, reads no clock, draws no random number. The only place where a state changes meaning.
//!
//! Each kind of case has the same shape: `decide(state, command, now)` gives events or a refusal,
//! `apply(state, event)` gives the next state, `work(state, event)` names what must be done outside.

pub mod answers;
pub mod id;
pub mod in_clear;
pub mod institution;
pub mod medium;
pub mod method;
pub mod otp;
pub mod person;
pub mod policy;
pub mod refusal;
pub mod review;
pub mod security_card;
pub mod staff;
pub mod values;
pub mod verification;

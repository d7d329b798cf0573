//! What may happen: pure state machines, policy, and the domain's words.
//!
//! Does no IO, reads no clock, draws no random number. The only place where a state changes meaning.

pub mod answers;
pub mod id;
pub mod method;
pub mod policy;
pub mod values;

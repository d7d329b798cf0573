//! What is proved about the program from inside: the real ledger, connectors and sandbox over real HTTP, with a
//! recogniser that needs no time, so that thousands of steps can be made to fail one by one.
//!
//! What can be proved from outside is in `tests/proofs`.

mod clocks;
mod failing_store;
mod house;
mod thousand;
mod visitor;

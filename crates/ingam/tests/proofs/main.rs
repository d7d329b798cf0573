//! What is proved about the whole program, from outside: the real binary, over real HTTP, against institutions
//! that run in a process of their own.
//!
//! Counts are small here, so that `make test` ends soon; `make chaos` raises them by INGAM_KILLS.

#![allow(clippy::unwrap_used)] // All of it is a test; what is not there fails it.

mod backup;
mod destroy;
mod kill;
mod moving;
mod nodes;
mod power;
mod privacy;
mod staff;
mod support;

//! What is proved about the whole program, from outside: the real binary, over real HTTP, against institutions
//! that run in a process of their own.
//!
//! Counts are small here, so that `make test` ends soon; `make chaos` raises them by INGAM_KILLS.

mod destroy;
mod kill;
mod power;
mod privacy;
mod support;

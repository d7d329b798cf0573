//! TBD

pub mod cards;

//! The program: one binary that serves, works and administers.
//!
//! Knows every other crate and is known by none. Standard output carries a command's answer, standard error the
//! rest; exit codes are 0 done, 1 failed, 2 indeterminate, 64 bad usage, 65 bad input, 70 internal fault.

mod api;
mod app;
mod codes;
mod command;
mod config;
mod console;
mod eyes;
mod fault;
mod flow;
mod given;
mod health;
#[cfg(feature = "sandbox")]
mod lan;
mod outside;
mod page;
mod passwords;
#[cfg(test)]
#[cfg(feature = "sandbox")]
mod proofs;
mod qr;
mod replay;
mod sequencer;
mod serve;
#[cfg(feature = "sandbox")]
mod sim;
#[cfg(feature = "sandbox")]
mod studio;
#[cfg(test)]
mod testing;
mod unconnected;
mod work;

use std::process::ExitCode;

fn main() -> ExitCode {
    command::main()
}

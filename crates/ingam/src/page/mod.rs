//! The hosted page: what the person sees, server-rendered, each step a plain form.
//!
//! Three layers that do not mix: `screens` says which screen a verification is at (pure), the templates draw it, and
//! `routes` speak HTTP. No text stands in code: all come from `texts/*.toml`.

pub(crate) mod asked;
pub mod assets;
mod in_app;
pub mod josa;
mod problems;
pub mod routes;
pub mod say;
mod screens;
pub mod texts;
mod view;

#[cfg(test)]
mod refusals;
#[cfg(test)]
mod sheet;
#[cfg(test)]
mod specimen;
#[cfg(test)]
mod story;

pub use routes::router;

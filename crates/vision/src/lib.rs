//! ID documents: pixels in, findings out.
//!
//! It refuses to know who the person is, what a verification is, and any network. Eight visible steps, each
//! a function from plain data to plain data: [`decode::decode`], [`find_card::find_card`],
//! [`rectify::rectify`], [`quality::quality`], [`layout::layout`], [`recognise::recognise`] (behind the
//! two-method [`Model`]), [`understand::understand`] and [`mask::mask`]. [`Reader`] strings them together.
//!
//! The card is ISO/IEC 7810 ID-1. Only the resident card is read field by field so far; of the others the
//! kind is told as far as their title can be read. All figures come from specimen cards: no real card was
//! ever measured.

pub mod day;
pub mod decode;
pub mod find_card;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod geometry;
pub mod layout;
pub mod lexicon;
pub mod mask;
pub mod model;
pub mod mrz;
pub mod picture;
pub mod quality;
pub mod reader;
pub mod reading;
pub mod recognise;
pub mod rectify;
pub mod tesseract;
pub mod understand;

pub use decode::{BadPicture, Limits};
pub use model::{LineImage, Model, ModelFault, Reading, Script};
pub use reader::{BenchFigures, Reader, Unreadable, bench};
pub use reading::{CardReading, Elapsed, Field, ForgerySign, Kind, QualityFinding};
pub use tesseract::Tesseract;

//! ID documents: pixels in, findings out.
//!
//! It refuses to know who the person is, what a verification is, and any network. Nine visible steps, each a
//! function from plain data to plain data: [`decode::decode`], [`find_card::find_card`], [`rectify::rectify`],
//! [`kind::tell`], [`layout::layout`], [`quality::quality`], [`recognise::recognise`] (behind the two-method
//! [`Model`]), [`understand::understand`] and [`mask::mask`]. [`Reader`] strings them together.
//!
//! Documents are ISO/IEC 7810 ID-1 and ID-3: the fronts of resident cards, driver licences and the cards of
//! foreigners, and the pages of passports. All figures come from specimens: no real document was ever measured.

pub mod day;
pub mod decode;
pub mod find_card;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod geometry;
pub mod kind;
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
pub use reading::{CardReading, Elapsed, Field, ForgerySign, Kind, QualityFinding, Subkind};
pub use tesseract::Tesseract;

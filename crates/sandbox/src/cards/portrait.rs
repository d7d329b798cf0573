//! Portraits of specimen people: flat vector drawings made from a few choices, never from a photograph.
//!
//! Refuses to know who is drawn. A portrait is 100 by 120 units, head at the top, plain ground as on an
//! identity photograph (ICAO Doc 9303 asks for a plain ground; likeness is of no use here).
//! Markup holds no ids, so that many portraits may stand in one document.

use serde::{Deserialize, Serialize};

use super::clothes;
use super::hair;

/// Tone of the skin; each carries its own shadow, blush and lip colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skin {
    /// Very light, pinkish.
    Porcelain,
    /// Light.
    Light,
    /// Light to medium, warm.
    Warm,
    /// Medium.
    Sand,
    /// Tanned.
    Tan,
    /// Brown.
    Brown,
}

impl Skin {
    /// Base, shadow, blush and lips.
    const fn tones(self) -> [&'static str; 4] {
        match self {
            Self::Porcelain => ["#F8E1D2", "#E8C3AD", "#EE9C90", "#C4686A"],
            Self::Light => ["#F5D6BE", "#E2B497", "#E98F7C", "#BC6259"],
            Self::Warm => ["#EFC8A8", "#D8A37E", "#DE8065", "#AE5A4E"],
            Self::Sand => ["#E3B590", "#C79069", "#D1745A", "#A05046"],
            Self::Tan => ["#D2A07A", "#B17B55", "#BE664C", "#8E473D"],
            Self::Brown => ["#A9764F", "#865936", "#9A5238", "#743930"],
        }
    }
}

/// How the hair is worn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hair {
    /// Short, brushed up from the forehead.
    Crop,
    /// Short with a parting at one side.
    SidePart,
    /// Short with a soft fringe over the forehead.
    Fringe,
    /// Very short all round.
    Buzz,
    /// Short, receding from the temples.
    Receding,
    /// Only at the sides.
    Bald,
    /// To the jaw, with a fringe.
    Bob,
    /// Over the shoulders, parted in the middle.
    Long,
    /// Over the shoulders in waves, parted at one side.
    Wavy,
    /// Tied at the crown.
    Bun,
    /// Tied behind, falling over one shoulder.
    Ponytail,
    /// Short and curled all round.
    Perm,
}

/// What is worn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Garment {
    /// Jacket, shirt and tie.
    Suit,
    /// Jacket over a plain top.
    Blazer,
    /// Shirt with a collar.
    Shirt,
    /// Round-necked knitwear.
    Knit,
    /// High-necked knitwear.
    Turtleneck,
    /// Blouse with an open neck.
    Blouse,
    /// Hooded top.
    Hoodie,
    /// 저고리 with its white collar band.
    Hanbok,
    /// Cardigan over a light top.
    Cardigan,
}

/// Spectacles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Glasses {
    /// None.
    None,
    /// Round, thin metal.
    Round,
    /// Square, dark.
    Square,
    /// Dark only along the upper rim.
    HalfRim,
}

/// Roughly how old; sets lines, brows and the size of the eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Age {
    /// Under twenty.
    Teen,
    /// Twenty to forty.
    Young,
    /// Forty to sixty-five.
    Middle,
    /// Older.
    Elder,
}

/// Outline of the face.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Face {
    /// Neither broad nor long.
    Oval,
    /// Broad and short.
    Round,
    /// Narrow.
    Long,
    /// Broad at the jaw.
    Square,
}

/// Everything that decides how a portrait looks.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PortraitStyle {
    /// Tone of the skin.
    pub skin: Skin,
    /// Outline of the face.
    pub face: Face,
    /// How the hair is worn.
    pub hair: Hair,
    /// Colour of the hair, `#RRGGBB`.
    pub hair_colour: String,
    /// What is worn.
    pub garment: Garment,
    /// Its colour, `#RRGGBB`.
    pub garment_colour: String,
    /// Spectacles.
    pub glasses: Glasses,
    /// Roughly how old.
    pub age: Age,
    /// Fuller lips and lashes.
    pub soft: bool,
    /// A short beard.
    pub beard: bool,
    /// Ear studs.
    pub studs: bool,
}

impl PortraitStyle {
    /// A plain portrait to start from: only skin, hair, clothes and age are chosen.
    pub fn new(skin: Skin, hair: (Hair, &str), garment: (Garment, &str), age: Age) -> Self {
        Self {
            skin,
            face: Face::Oval,
            hair: hair.0,
            hair_colour: hair.1.to_owned(),
            garment: garment.0,
            garment_colour: garment.1.to_owned(),
            glasses: Glasses::None,
            age,
            soft: false,
            beard: false,
            studs: false,
        }
    }

    /// Another outline of the face.
    pub fn face(self, face: Face) -> Self {
        Self { face, ..self }
    }

    /// With spectacles.
    pub fn glasses(self, glasses: Glasses) -> Self {
        Self { glasses, ..self }
    }

    /// With fuller lips and lashes.
    pub fn soft(self) -> Self {
        Self { soft: true, ..self }
    }

    /// With a short beard.
    pub fn beard(self) -> Self {
        Self { beard: true, ..self }
    }

    /// With ear studs.
    pub fn studs(self) -> Self {
        Self { studs: true, ..self }
    }
}

/// A whole SVG document of the portrait, 100 by 120 units, without width and height so that it fills its box.
pub fn portrait_svg(style: &PortraitStyle) -> String {
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 120" preserveAspectRatio="xMidYMin slice">{}</svg>"#,
        portrait_marks(style)
    )
}

/// The marks alone, to be set inside another drawing with a view box of 100 by 120.
pub(super) fn portrait_marks(style: &PortraitStyle) -> String {
    let [skin, shade, blush, lips] = style.skin.tones();
    let (behind, before) = hair::marks(style.hair, &style.hair_colour);
    let garment = clothes::marks(style.garment, &style.garment_colour);
    let outline = face_outline(style.face);
    let studs = if style.studs {
        r##"<circle cx="27" cy="62.5" r="1.5" fill="#F4EBD0"/><circle cx="73" cy="62.5" r="1.5" fill="#F4EBD0"/>"##
    } else {
        ""
    };
    format!(
        r##"<rect width="100" height="120" fill="#DCE6EF"/><ellipse cx="50" cy="44" rx="54" ry="50" fill="#E8EFF5"/>{behind}<path d="M41 66h18v19c0 13-18 13-18 0z" fill="{skin}"/><path d="M41 74c4 6 14 6 18 0v6c-3 7-15 7-18 0z" fill="{shade}" opacity=".75"/>{garment}<path d="M29.5 51c-5-2-6 3-4.5 7s3 6 5.5 5.5z" fill="{skin}"/><path d="M70.5 51c5-2 6 3 4.5 7s-3 6-5.5 5.5z" fill="{skin}"/><path d="M27.2 55q2 1.5 1.8 5M72.8 55q-2 1.5-1.8 5" fill="none" stroke="{shade}" stroke-width="1" stroke-linecap="round"/>{studs}<ellipse cx="50" cy="45" rx="23" ry="24" fill="{skin}"/><path d="{outline}" fill="{skin}"/>{}{before}{}"##,
        features(style, shade, blush, lips),
        spectacles(style.glasses),
    )
}

/// The chin is at 77 to 81; the forehead is always hidden by hair or ends at 20.
const fn face_outline(face: Face) -> &'static str {
    match face {
        Face::Oval => {
            "M29 47c0-18 8-26 21-26s21 8 21 26c0 9-2 17-7 23-4 6-9 9-14 9s-10-3-14-9c-5-6-7-14-7-23z"
        }
        Face::Round => {
            "M28 48c0-18 9-26 22-26s22 8 22 26c0 10-2 17-7 22-4 5-9 7.5-15 7.5S39 75 35 70c-5-5-7-12-7-22z"
        }
        Face::Long => {
            "M30 47c0-18 8-26 20-26s20 8 20 26c0 10-2 18-6 25-4 6-9 9-14 9s-10-3-14-9c-4-7-6-15-6-25z"
        }
        Face::Square => {
            "M29 47c0-18 8-26 21-26s21 8 21 26c0 8-1 14-3 20-2 7-9 12-18 12s-16-5-18-12c-2-6-3-12-3-20z"
        }
    }
}

fn features(style: &PortraitStyle, shade: &str, blush: &str, lips: &str) -> String {
    let brow = brow_colour(style);
    let (open, weight) = match style.age {
        Age::Teen => (3.0, 1.7),
        Age::Young => (2.7, 2.0),
        Age::Middle => (2.5, 2.2),
        Age::Elder => (2.1, 1.9),
    };
    let mut marks = format!(
        r##"<ellipse cx="36.5" cy="62" rx="4.6" ry="3" fill="{blush}" opacity=".28"/><ellipse cx="63.5" cy="62" rx="4.6" ry="3" fill="{blush}" opacity=".28"/><g fill="none" stroke="{brow}" stroke-width="{weight}" stroke-linecap="round"><path d="M36.5 46.5q4.5-2.8 9-.4M54.5 46.1q4.5-2.4 9 .4"/></g><g fill="#2A2422"><ellipse cx="41.5" cy="54" rx="2.5" ry="{open}"/><ellipse cx="58.5" cy="54" rx="2.5" ry="{open}"/></g><g fill="#FFFFFF" opacity=".9"><circle cx="42.3" cy="53" r=".8"/><circle cx="59.3" cy="53" r=".8"/></g><path d="M37.3 53.2q4-3.6 8.3-.3M54.4 52.9q4.3-3.3 8.3.3" fill="none" stroke="#2A2422" stroke-width="1.3" stroke-linecap="round"/><path d="M50 56q-2.6 6 .4 7.2 1.2.3 2.2-.5" fill="none" stroke="{shade}" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"/>"##
    );
    if style.beard {
        marks.push_str(&format!(
            r#"<path d="M33.5 63c1 11 8 16.5 16.5 16.5S65.5 74 66.5 63c-3 3.5-8 4-10 3.2-4-1.8-9-1.8-13 0-2 .8-7 .3-10-3.2z" fill="{brow}" opacity=".2"/>"#
        ));
    }
    if style.soft {
        marks.push_str(&format!(
            r##"<path d="M37.3 53.2l-2-1M62.7 53.2l2-1" stroke="#2A2422" stroke-width="1.3" stroke-linecap="round"/><path d="M43.4 68.2q3.6-.6 6.6.5 3-1.1 6.6-.5-1.8 5.4-6.6 5.4t-6.6-5.4z" fill="{lips}"/><path d="M43.6 68.4q6.4 4 12.8 0" fill="none" stroke="#FFFFFF" stroke-opacity=".5" stroke-width=".9"/>"##
        ));
    } else {
        marks.push_str(&format!(
            r#"<path d="M43.5 69q6.5 4.6 13 0" fill="none" stroke="{lips}" stroke-width="2" stroke-linecap="round"/>"#
        ));
    }
    match style.age {
        Age::Teen | Age::Young => {}
        Age::Middle => marks.push_str(&format!(
            r#"<path d="M40 63.5q-2 2.5-1.6 5M60 63.5q2 2.5 1.6 5" fill="none" stroke="{shade}" stroke-width="1.1" stroke-linecap="round"/>"#
        )),
        Age::Elder => marks.push_str(&format!(
            r#"<path d="M40 63q-2.6 3-1.8 6.5M60 63q2.6 3 1.8 6.5M34.6 54.5l-2.6-1.3M34.7 56.5l-2.7.4M65.4 54.5l2.6-1.3M65.3 56.5l2.7.4M39 58.8q2.5 1.3 5 .3M56 59.1q2.5 1 5-.3M43 38.5q7-1.6 14 0M44 34.5q6-1.3 12 0" fill="none" stroke="{shade}" stroke-width="1.1" stroke-linecap="round"/>"#
        )),
    }
    marks
}

/// Brows follow the hair, but never vanish on the skin when the hair is white.
fn brow_colour(style: &PortraitStyle) -> &str {
    if matches!(style.age, Age::Elder) { "#8A8480" } else { &style.hair_colour }
}

const fn spectacles(glasses: Glasses) -> &'static str {
    match glasses {
        Glasses::None => "",
        Glasses::Round => {
            r##"<g fill="#FFFFFF" fill-opacity=".16" stroke="#7A5C2E" stroke-width="1.2"><circle cx="41" cy="54.5" r="7.2"/><circle cx="59" cy="54.5" r="7.2"/><path d="M48.2 53.5q1.8-1.5 3.6 0M33.8 53l-5.3-1.5M66.2 53l5.3-1.5" fill="none"/></g>"##
        }
        Glasses::Square => {
            r##"<g fill="#FFFFFF" fill-opacity=".16" stroke="#23262B" stroke-width="1.7"><rect x="33" y="48.5" width="15" height="11.5" rx="3.2"/><rect x="52" y="48.5" width="15" height="11.5" rx="3.2"/><path d="M48 53q2-1.3 4 0M33 52l-4.5-1M67 52l4.5-1" fill="none"/></g>"##
        }
        Glasses::HalfRim => {
            r##"<g fill="#FFFFFF" fill-opacity=".14" stroke="#4B4F57" stroke-width=".7"><path d="M33.5 49.5h14.5v6q-1 4.5-7.2 4.5t-7.3-4.5zM52 49.5h14.5v6q-1 4.5-7.2 4.5T52 55.5z"/></g><g fill="none" stroke="#2E3238" stroke-width="2" stroke-linecap="round"><path d="M33.5 49.8h14.5M52 49.8h14.5M48 51q2-1.2 4 0M33.5 50.5l-5-.8M66.5 50.5l5-.8"/></g>"##
        }
    }
}

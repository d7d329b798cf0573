//! From SVG to pixels, with Korean text.
//!
//! Refuses to draw a missing-glyph box: a character that no loaded font has is a fault that names it.
//! Only the faces of one Korean family and one with characters of one width are loaded, so that the same machine
//! draws the same bytes.

use std::sync::{Arc, OnceLock};

use image::RgbImage;
use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::{self, fontdb};

use super::SpecimenPerson;
use super::print::Format;
use super::resident::resident_card_svg;

/// Why no picture could be made.
#[derive(Debug, thiserror::Error)]
pub enum CardFault {
    /// No Korean font is installed.
    #[error("no Korean font found; install one, for example Debian's fonts-nanum")]
    NoKoreanFont,
    /// A font is installed but lacks characters.
    #[error("the font {family} lacks {characters:?}")]
    UnknownGlyphs {
        /// The family that was tried.
        family: String,
        /// What it lacks, each once.
        characters: Vec<String>,
    },
    /// Width or height is out of bounds.
    #[error("a picture of {width} by {height} pixels is not made here")]
    Size {
        /// Asked width.
        width: u32,
        /// Asked height.
        height: u32,
    },
    /// The drawing could not be parsed.
    #[error("drawing: {0}")]
    Drawing(#[from] usvg::Error),
    /// The picture could not be encoded.
    #[error("picture: {0}")]
    Encoding(#[from] image::ImageError),
    /// A file or stream could not be written.
    #[error("writing: {0}")]
    Writing(#[from] std::io::Error),
}

/// Largest side of a picture, in pixels.
pub(super) const LARGEST_SIDE: u32 = 4096;

/// Families in order of preference: Debian's, then Android's and Linux's, Apple's, Microsoft's.
const FAMILIES: [&str; 9] = [
    "NanumGothic",
    "Nanum Gothic",
    "NanumBarunGothic",
    "Noto Sans CJK KR",
    "Noto Sans KR",
    "Apple SD Gothic Neo",
    "Malgun Gothic",
    "UnDotum",
    "Baekmuk Gulim",
];

/// Faces for the zone that machines read, in order of preference: Debian's, of fontconfig and of fonts-nanum.
const MONOSPACED: [&str; 2] = ["DejaVu Sans Mono", "NanumGothicCoding"];

struct Fonts {
    database: Arc<fontdb::Database>,
    family: String,
}

/// Fonts are looked for once; a machine without any stays without until the program starts again.
fn fonts() -> Result<&'static Fonts, CardFault> {
    static FONTS: OnceLock<Option<Fonts>> = OnceLock::new();
    FONTS.get_or_init(find_fonts).as_ref().ok_or(CardFault::NoKoreanFont)
}

fn find_fonts() -> Option<Fonts> {
    let mut installed = fontdb::Database::new();
    installed.load_system_fonts();
    for family in FAMILIES {
        let mut database = fontdb::Database::new();
        load(family, &installed, &mut database);
        if database.is_empty() {
            continue;
        }
        database.set_sans_serif_family(family);
        database.set_serif_family(family);
        // Without a face of one width the Korean one is set at a fixed pitch.
        database.set_monospace_family(family);
        for monospaced in MONOSPACED {
            let before = database.len();
            load(monospaced, &installed, &mut database);
            if database.len() > before {
                database.set_monospace_family(monospaced);
                break;
            }
        }
        return Some(Fonts { database: Arc::new(database), family: family.to_owned() });
    }
    None
}

/// Copies the faces of a family into a database.
fn load(family: &str, installed: &fontdb::Database, database: &mut fontdb::Database) {
    let mut seen = Vec::new();
    for face in installed.faces().filter(|face| face.families.iter().any(|(name, _)| name == family)) {
        let path = match &face.source {
            fontdb::Source::File(path) => path.clone(),
            _ => continue,
        };
        if !seen.contains(&path) {
            // The bytes are held in memory: read from the file they would be read for every glyph.
            if let Ok(bytes) = std::fs::read(&path) {
                database.load_font_data(bytes);
            }
            seen.push(path);
        }
    }
}

fn parse(svg: &str) -> Result<usvg::Tree, CardFault> {
    let fonts = fonts()?;
    let options = usvg::Options {
        font_family: fonts.family.clone(),
        fontdb: Arc::clone(&fonts.database),
        ..usvg::Options::default()
    };
    Ok(usvg::Tree::from_str(svg, &options)?)
}

/// Characters of the drawing's text for which no loaded font has a glyph, each once.
pub fn unknown_glyphs(svg: &str) -> Result<Vec<String>, CardFault> {
    let tree = parse(svg)?;
    let mut unknown = Vec::new();
    collect_unknown(tree.root(), &mut unknown);
    Ok(unknown)
}

fn collect_unknown(group: &usvg::Group, unknown: &mut Vec<String>) {
    for node in group.children() {
        match node {
            usvg::Node::Group(group) => collect_unknown(group, unknown),
            usvg::Node::Text(text) => {
                for glyph in text.layouted().iter().flat_map(|span| &span.positioned_glyphs) {
                    // OpenType: glyph 0 is `.notdef`, the box that is drawn for what the font lacks.
                    if glyph.id.0 == 0 && !unknown.contains(&glyph.text) {
                        unknown.push(glyph.text.clone());
                    }
                }
            }
            usvg::Node::Path(_) | usvg::Node::Image(_) => {}
        }
    }
}

/// A drawing as RGB pixels on the given ground; its view box fills the picture.
///
/// Faults: no Korean font, a character without a glyph, a side of 0 or over 4,096 pixels.
pub fn render_svg(svg: &str, width: u32, height: u32, ground: [u8; 3]) -> Result<RgbImage, CardFault> {
    if width == 0 || height == 0 || width > LARGEST_SIDE || height > LARGEST_SIDE {
        return Err(CardFault::Size { width, height });
    }
    let tree = parse(svg)?;
    let mut unknown = Vec::new();
    collect_unknown(tree.root(), &mut unknown);
    if !unknown.is_empty() {
        let family = fonts()?.family.clone();
        return Err(CardFault::UnknownGlyphs { family, characters: unknown });
    }
    let mut pixmap = Pixmap::new(width, height).ok_or(CardFault::Size { width, height })?;
    pixmap.fill(Color::from_rgba8(ground[0], ground[1], ground[2], 255));
    let size = tree.size();
    let fit = Transform::from_scale(width as f32 / size.width(), height as f32 / size.height());
    resvg::render(&tree, fit, &mut pixmap.as_mut());
    // The ground is opaque, so premultiplied and plain colours are the same.
    let mut picture = RgbImage::new(width, height);
    for (to, from) in picture.pixels_mut().zip(pixmap.pixels()) {
        to.0 = [from.red(), from.green(), from.blue()];
    }
    Ok(picture)
}

/// The card alone, flat, on white; the height follows from ID-1's ratio.
pub fn render_card(person: &SpecimenPerson, width_px: u32) -> Result<RgbImage, CardFault> {
    render_document(&resident_card_svg(person), Format::Id1, width_px)
}

/// Any drawn document alone, flat, on white; the height follows from the format.
pub fn render_document(svg: &str, format: Format, width_px: u32) -> Result<RgbImage, CardFault> {
    let (wide, high) = format.size();
    let height = (width_px as f32 * high / wide).round() as u32;
    render_svg(svg, width_px, height, [255, 255, 255])
}

/// A picture as PNG bytes.
pub fn png_bytes(picture: &RgbImage) -> Result<Vec<u8>, CardFault> {
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, image::ImageFormat::Png)?;
    Ok(bytes.into_inner())
}

//! A card on a desk as a phone's camera sees it.
//!
//! Refuses to know who looks at the picture. A pinhole camera stands above the card; the plane of the card
//! is turned and tilted before it, and every pixel is traced back to the card. Light, reflection, blur and
//! grain follow; all from the scene's numbers and its seed.

use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use serde::{Deserialize, Serialize};

use super::SpecimenPerson;
use super::noise::Grain;
use super::pixels::{CardFault, LARGEST_SIDE, render_document};
use super::print::Format;
use super::resident::resident_card_svg;
use super::surface::{self, Surface};

/// A part of the card, to aim a reflection at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// The words 주민등록증.
    Title,
    /// Name.
    Name,
    /// Resident number.
    ResidentNumber,
    /// Address lines.
    Address,
    /// Day of issue.
    IssueDate,
    /// Issuing office.
    Issuer,
    /// Photograph.
    Portrait,
}

impl Field {
    /// Middle of the field, as fractions of the card.
    fn centre(self) -> (f32, f32) {
        match self {
            Self::Title => (0.23, 0.14),
            Self::Name => (0.22, 0.30),
            Self::ResidentNumber => (0.22, 0.42),
            Self::Address => (0.27, 0.57),
            Self::IssueDate => (0.45, 0.74),
            Self::Issuer => (0.45, 0.84),
            Self::Portrait => (0.78, 0.40),
        }
    }
}

/// A lamp's reflection on the card.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Glare {
    /// What it covers.
    pub field: Field,
    /// 0 (none) to 1 (nothing can be read under it).
    pub strength: f32,
}

/// How the picture is taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Scene {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// Width of the card as a fraction of the picture's width.
    pub card_width: f32,
    /// Middle of the card as fractions of the picture.
    pub centre: (f32, f32),
    /// Turn in the plane, degrees clockwise.
    pub rotation_deg: f32,
    /// Tilt of the upper edge away from the camera, degrees.
    pub pitch_deg: f32,
    /// Tilt of the right edge away from the camera, degrees.
    pub yaw_deg: f32,
    /// Reflection, if any.
    pub glare: Option<Glare>,
    /// Standard deviation of the blur, pixels.
    pub blur: f32,
    /// Standard deviation of the grain, levels of 255.
    pub noise: f32,
    /// Seed of grain and desk.
    pub noise_seed: u64,
    /// The desk.
    pub background: Surface,
    /// 1 is daylight, 0.3 a dim room.
    pub brightness: f32,
    /// 1 to 100.
    pub jpeg_quality: u8,
}

impl Default for Scene {
    /// A good picture: nearly straight, sharp, in daylight.
    fn default() -> Self {
        Self {
            width: 1600,
            height: 1200,
            card_width: 0.66,
            centre: (0.5, 0.5),
            rotation_deg: -1.6,
            pitch_deg: 3.0,
            yaw_deg: -1.5,
            glare: None,
            blur: 0.5,
            noise: 2.0,
            noise_seed: 1,
            background: Surface::Walnut,
            brightness: 1.0,
            jpeg_quality: 90,
        }
    }
}

/// The picture as JPEG bytes.
///
/// Faults: no Korean font, a character without a glyph, a side of 0 or over 4,096 pixels.
pub fn render_photo(person: &SpecimenPerson, scene: &Scene) -> Result<Vec<u8>, CardFault> {
    let stage = Stage::set(person, scene)?;
    jpeg_bytes(&stage.shoot(scene), scene.jpeg_quality)
}

/// A picture of any drawn document, as JPEG bytes. A reflection lies where the resident card has the named field.
///
/// Faults: as `render_photo`.
pub fn photograph_document(svg: &str, format: Format, scene: &Scene) -> Result<Vec<u8>, CardFault> {
    let stage = Stage::with(svg, format, scene)?;
    jpeg_bytes(&stage.shoot(scene), scene.jpeg_quality)
}

/// A picture as JPEG bytes, without any metadata.
pub(super) fn jpeg_bytes(picture: &RgbImage, quality: u8) -> Result<Vec<u8>, CardFault> {
    let mut bytes = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, quality.clamp(1, 100)))?;
    Ok(bytes)
}

/// What does not change while the camera moves: the drawn card and the bare desk.
pub(super) struct Stage {
    card: RgbImage,
    desk: RgbImage,
    format: Format,
}

impl Stage {
    /// Draws both at the scale that the scene needs.
    pub(super) fn set(person: &SpecimenPerson, scene: &Scene) -> Result<Self, CardFault> {
        Self::with(&resident_card_svg(person), Format::Id1, scene)
    }

    fn with(svg: &str, format: Format, scene: &Scene) -> Result<Self, CardFault> {
        let (width, height) = (scene.width, scene.height);
        if width == 0 || height == 0 || width > LARGEST_SIDE || height > LARGEST_SIDE {
            return Err(CardFault::Size { width, height });
        }
        let card_px = (width as f32 * scene.card_width).round().clamp(64.0, LARGEST_SIDE as f32) as u32;
        Ok(Self {
            card: render_document(svg, format, card_px)?,
            desk: surface::lay(scene.background, width, height, scene.noise_seed),
            format,
        })
    }

    /// One exposure. The scene's size must be the one that the stage was set for.
    pub(super) fn shoot(&self, scene: &Scene) -> RgbImage {
        let (width, height) = self.desk.dimensions();
        let (w, h) = (width as f32, height as f32);
        let view = View::of(scene, self.format, w, h);
        let mut picture = RgbImage::from_fn(width, height, |x, y| {
            let (px, py) = (x as f32 + 0.5, y as f32 + 0.5);
            let mut colour = self.desk.get_pixel(x, y).0.map(f32::from);
            let (u, v) = view.on_card(px, py);
            let edge = outside(self.format, u, v);
            if edge < 90.0 {
                let shade = shadow(self.format, u, v, edge);
                colour = colour.map(|c| c * (1.0 - shade));
                let cover = (0.5 - edge / view.unit_px).clamp(0.0, 1.0);
                if cover > 0.0 {
                    let print = self.on_card(u, v, scene);
                    for c in 0..3 {
                        colour[c] += (print[c] - colour[c]) * cover;
                    }
                }
            }
            let light = scene.brightness * lamp(px / w, py / h);
            Rgb(colour.map(|c| to_level(c * light)))
        });
        if scene.blur > 0.05 {
            picture = image::imageops::blur(&picture, scene.blur.min(20.0));
        }
        if scene.noise > 0.0 {
            grain(&mut picture, scene.noise, scene.noise_seed);
        }
        picture
    }

    /// Print, its sheen and the reflection at a point of the card.
    fn on_card(&self, u: f32, v: f32, scene: &Scene) -> [f32; 3] {
        let ((w, h), (wide, high)) = (self.card.dimensions(), self.format.size());
        let mut colour = bilinear(&self.card, u / wide * w as f32 - 0.5, v / high * h as f32 - 0.5);
        // A soft band of light across the laminate.
        let band = (u + 0.8 * v - 520.0) / 260.0;
        let sheen = 7.0 * (-band * band).exp();
        let lit = scene.glare.map_or(0.0, |glare| reflection(glare, self.format, u, v));
        for c in &mut colour {
            *c = (*c * 0.97 + sheen) * (1.0 - lit.min(1.0)) + 268.0 * lit.min(1.0);
        }
        colour
    }
}

/// Where a pixel lies on the plane of the card.
struct View {
    inverse: [[f32; 3]; 3],
    unit_px: f32,
}

impl View {
    fn of(scene: &Scene, format: Format, w: f32, h: f32) -> Self {
        let (wide, high) = format.size();
        let scale = w * scene.card_width.max(0.01) / wide;
        let (sz, cz) = scene.rotation_deg.to_radians().sin_cos();
        let (sx, cx) = scene.pitch_deg.clamp(-50.0, 50.0).to_radians().sin_cos();
        let (sy, cy) = scene.yaw_deg.clamp(-50.0, 50.0).to_radians().sin_cos();
        // Rotation about z, then x, then y; only the columns of x and y matter for a plane.
        let col = |x: f32, y: f32| {
            let (x1, y1) = (cz * x - sz * y, sz * x + cz * y);
            let (y2, z2) = (cx * y1, -sx * y1);
            [cy * x1 - sy * z2, y2, sy * x1 + cy * z2]
        };
        let (a, b) = (col(1.0, 0.0), col(0.0, 1.0));
        // The camera stands 2.4 card widths above, as a phone is held.
        let d = 2.4 * wide;
        let (ox, oy) = (scene.centre.0 * w, scene.centre.1 * h);
        let forward = {
            let row = |a0: f32, b0: f32, a2: f32, b2: f32, o: f32| {
                [scale * d * a0 + o * a2, scale * d * b0 + o * b2, o * d]
            };
            let m = [row(a[0], b[0], a[2], b[2], ox), row(a[1], b[1], a[2], b[2], oy), [a[2], b[2], d]];
            // From the card's corner to its middle.
            m.map(|[p, q, r]| [p, q, r - p * wide / 2.0 - q * high / 2.0])
        };
        Self { inverse: adjugate(forward), unit_px: 1.0 / scale }
    }

    fn on_card(&self, px: f32, py: f32) -> (f32, f32) {
        let [u, v, w] = self.inverse.map(|[a, b, c]| a * px + b * py + c);
        if w.abs() < f32::EPSILON { (f32::MAX, f32::MAX) } else { (u / w, v / w) }
    }
}

/// The inverse up to a factor, which is all that a projection needs.
fn adjugate(m: [[f32; 3]; 3]) -> [[f32; 3]; 3] {
    // Scaled down first: the products of whole pixels and units would use up the digits of an f32.
    let m = m.map(|row| row.map(|x| f64::from(x) * 1e-3));
    let minor = |r0: usize, c0: usize, r1: usize, c1: usize| m[r0][c0] * m[r1][c1] - m[r0][c1] * m[r1][c0];
    [
        [minor(1, 1, 2, 2), -minor(0, 1, 2, 2), minor(0, 1, 1, 2)],
        [-minor(1, 0, 2, 2), minor(0, 0, 2, 2), -minor(0, 0, 1, 2)],
        [minor(1, 0, 2, 1), -minor(0, 0, 2, 1), minor(0, 0, 1, 1)],
    ]
    .map(|row| row.map(|x| x as f32))
}

/// Distance to the rounded edge in units; negative inside.
fn outside(format: Format, u: f32, v: f32) -> f32 {
    let ((wide, high), corner) = (format.size(), format.corner());
    let (x, y) =
        ((u - wide / 2.0).abs() - (wide / 2.0 - corner), (v - high / 2.0).abs() - (high / 2.0 - corner));
    x.max(0.0).hypot(y.max(0.0)) + x.max(y).min(0.0) - corner
}

/// The card's shadow: a dark line where it touches the desk, a soft one towards the lower right.
fn shadow(format: Format, u: f32, v: f32, edge: f32) -> f32 {
    let soft = (1.0 - (outside(format, u - 8.0, v - 15.0) + 14.0) / 52.0).clamp(0.0, 1.0);
    let touch = (1.0 - edge / 7.0).clamp(0.0, 1.0);
    0.46 * soft * soft + 0.22 * touch
}

/// Light of a window at the upper left, falling off towards the corners.
fn lamp(x: f32, y: f32) -> f32 {
    let (dx, dy) = (x - 0.42, y - 0.4);
    1.05 - 0.34 * (dx * dx + dy * dy)
}

/// 0 where there is no reflection, 1 and more where it hides everything.
fn reflection(glare: Glare, format: Format, u: f32, v: f32) -> f32 {
    let ((x, y), (wide, high)) = (glare.field.centre(), format.size());
    let (cx, cy) = (x * wide, y * high);
    let (s, c) = (-0.16f32).sin_cos();
    let (dx, dy) = (u - cx, v - cy);
    let (a, b) = ((c * dx + s * dy) / 190.0, (c * dy - s * dx) / 66.0);
    let d2 = a * a + b * b;
    1.25 * glare.strength.clamp(0.0, 1.0) * (-d2.powf(1.3)).exp()
}

fn bilinear(picture: &RgbImage, x: f32, y: f32) -> [f32; 3] {
    let (w, h) = picture.dimensions();
    let (x, y) = (x.clamp(0.0, w as f32 - 1.0), y.clamp(0.0, h as f32 - 1.0));
    let (x0, y0) = (x as u32, y as u32);
    let (x1, y1) = ((x0 + 1).min(w - 1), (y0 + 1).min(h - 1));
    let (fx, fy) = (x - x0 as f32, y - y0 as f32);
    let at = |x, y| picture.get_pixel(x, y).0.map(f32::from);
    let (a, b, c, d) = (at(x0, y0), at(x1, y0), at(x0, y1), at(x1, y1));
    std::array::from_fn(|i| {
        (a[i] * (1.0 - fx) + b[i] * fx) * (1.0 - fy) + (c[i] * (1.0 - fx) + d[i] * fx) * fy
    })
}

fn grain(picture: &mut RgbImage, deviation: f32, seed: u64) {
    let mut stream = Grain::new(seed);
    for pixel in picture.pixels_mut() {
        let common = stream.bell() * deviation;
        let tint = stream.bell() * deviation * 0.35;
        let [r, g, b] = pixel.0.map(f32::from);
        pixel.0 = [to_level(r + common + tint), to_level(g + common), to_level(b + common - tint)];
    }
}

fn to_level(value: f32) -> u8 {
    value.round().clamp(0.0, 255.0) as u8
}

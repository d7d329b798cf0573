//! Pixels: a colour picture, a single plane, and the few operations that the steps share.
//!
//! It knows nothing of cards or text. `Debug` shows sizes only, since the pixels show a person.

use crate::geometry::{Homography, Point, Quad, Rect};
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, ImageEncoder};
use std::fmt;

/// A colour picture: three bytes (red, green, blue) a pixel, row by row. Never empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    width: u32,
    height: u32,
    rgb: Vec<u8>,
}

impl fmt::Debug for Picture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Picture({}x{})", self.width, self.height)
    }
}

/// The JPEG encoder refused a picture: a fault of this program, since the sizes are its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the picture could not be written as JPEG")]
pub struct EncodeFault;

impl Picture {
    /// A picture of `width` x `height` from its bytes; `None` where their number does not fit or is zero.
    pub fn new(width: u32, height: u32, rgb: Vec<u8>) -> Option<Self> {
        let wanted = (width as usize).checked_mul(height as usize)?.checked_mul(3)?;
        (wanted == rgb.len() && wanted > 0).then_some(Self { width, height, rgb })
    }

    /// A picture of one colour; a size of 0 becomes 1.
    pub fn filled(width: u32, height: u32, colour: [u8; 3]) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        Self { width, height, rgb: colour.repeat(width as usize * height as usize) }
    }

    /// Columns.
    pub fn width(&self) -> u32 {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.height
    }

    /// The bytes, three a pixel, row by row.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// The colour at (`x`, `y`); places outside take the nearest border pixel.
    pub fn at(&self, x: u32, y: u32) -> [u8; 3] {
        let (x, y) = (x.min(self.width - 1) as usize, y.min(self.height - 1) as usize);
        let i = (y * self.width as usize + x) * 3;
        [self.rgb[i], self.rgb[i + 1], self.rgb[i + 2]]
    }

    /// Paints one pixel; places outside are ignored.
    pub fn put(&mut self, x: u32, y: u32, colour: [u8; 3]) {
        if x < self.width && y < self.height {
            let i = (y as usize * self.width as usize + x as usize) * 3;
            self.rgb[i..i + 3].copy_from_slice(&colour);
        }
    }

    /// Paints a rectangle.
    pub fn fill(&mut self, area: Rect, colour: [u8; 3]) {
        for y in area.top..area.bottom {
            for x in area.left..area.right {
                self.put(x, y, colour);
            }
        }
    }

    /// The part inside `area`, at least one pixel.
    pub fn crop(&self, area: Rect) -> Self {
        let (width, height) = (area.width().max(1), area.height().max(1));
        let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
        for y in 0..height {
            for x in 0..width {
                rgb.extend(self.at(area.left + x, area.top + y));
            }
        }
        Self { width, height, rgb }
    }

    /// Every `factor` x `factor` pixels averaged into one.
    pub fn shrunk(&self, factor: u32) -> Self {
        let factor = factor.clamp(1, self.width.min(self.height));
        if factor == 1 {
            return self.clone();
        }
        let (width, height) = (self.width / factor, self.height / factor);
        let (stride, f) = (self.width as usize * 3, factor as usize);
        let area = factor * factor;
        let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
        let mut sums = vec![0u32; width as usize * 3];
        for y in 0..height as usize {
            sums.fill(0);
            for row in 0..f {
                let line = &self.rgb[(y * f + row) * stride..][..width as usize * f * 3];
                for (sum, block) in sums.chunks_exact_mut(3).zip(line.chunks_exact(f * 3)) {
                    for pixel in block.chunks_exact(3) {
                        sum[0] += u32::from(pixel[0]);
                        sum[1] += u32::from(pixel[1]);
                        sum[2] += u32::from(pixel[2]);
                    }
                }
            }
            rgb.extend(sums.iter().map(|s| ((s + area / 2) / area) as u8));
        }
        Self { width, height, rgb }
    }

    /// The picture upside down.
    pub fn upside_down(&self) -> Self {
        let rgb = self.rgb.chunks_exact(3).rev().flatten().copied().collect();
        Self { width: self.width, height: self.height, rgb }
    }

    /// What lies inside `quad`, stretched to `width` x `height`, bilinear; `None` for a flat quad.
    pub fn warped(&self, quad: &Quad, width: u32, height: u32) -> Option<Self> {
        let map = Homography::between(&Quad::whole(width, height), quad)?;
        let (last_x, last_y) = (f64::from(self.width - 1), f64::from(self.height - 1));
        let mut rgb = Vec::with_capacity(width as usize * height as usize * 3);
        for y in 0..height {
            for x in 0..width {
                let p = map.apply(Point::new(f64::from(x), f64::from(y)));
                let (px, py) = (p.x.clamp(0.0, last_x), p.y.clamp(0.0, last_y));
                let (x0, y0) = (px as u32, py as u32);
                let (fx, fy) = ((px - f64::from(x0)) as f32, (py - f64::from(y0)) as f32);
                let (a, b) = (self.at(x0, y0), self.at(x0 + 1, y0));
                let (c, d) = (self.at(x0, y0 + 1), self.at(x0 + 1, y0 + 1));
                for i in 0..3 {
                    let upper = f32::from(a[i]) * (1.0 - fx) + f32::from(b[i]) * fx;
                    let lower = f32::from(c[i]) * (1.0 - fx) + f32::from(d[i]) * fx;
                    rgb.push((upper * (1.0 - fy) + lower * fy + 0.5) as u8);
                }
            }
        }
        Self::new(width, height, rgb)
    }

    /// Brightness as the eye weighs it (ITU-R BT.601).
    pub fn luma(&self) -> Plane {
        self.plane(|p| {
            ((u32::from(p[0]) * 299 + u32::from(p[1]) * 587 + u32::from(p[2]) * 114 + 500) / 1000) as u8
        })
    }

    /// The strongest of the three colours: black print stays dark, while red seals and tinted patterns fade.
    pub fn brightest(&self) -> Plane {
        self.plane(|p| p[0].max(p[1]).max(p[2]))
    }

    fn plane(&self, value: impl Fn(&[u8]) -> u8) -> Plane {
        Plane {
            width: self.width,
            height: self.height,
            values: self.rgb.chunks_exact(3).map(value).collect(),
        }
    }

    /// The picture as a JPEG of this quality (1-100), without any metadata.
    pub fn to_jpeg(&self, quality: u8) -> Result<Vec<u8>, EncodeFault> {
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, quality)
            .write_image(&self.rgb, self.width, self.height, ExtendedColorType::Rgb8)
            .map_err(|_| EncodeFault)?;
        Ok(bytes)
    }
}

/// One value a pixel, row by row. Never empty.
#[derive(Clone, PartialEq, Eq)]
pub struct Plane {
    /// Columns.
    pub width: u32,
    /// Rows.
    pub height: u32,
    /// `width * height` values, 0 black to 255 white.
    pub values: Vec<u8>,
}

impl fmt::Debug for Plane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plane({}x{})", self.width, self.height)
    }
}

impl Plane {
    /// The value at (`x`, `y`); places outside take the nearest border pixel.
    pub fn at(&self, x: i64, y: i64) -> u8 {
        let x = x.clamp(0, i64::from(self.width) - 1) as usize;
        let y = y.clamp(0, i64::from(self.height) - 1) as usize;
        self.values[y * self.width as usize + x]
    }

    /// The part inside `area`, at least one pixel.
    pub fn crop(&self, area: Rect) -> Self {
        let (width, height) = (area.width().max(1), area.height().max(1));
        let values = (0..height)
            .flat_map(|y| (0..width).map(move |x| (x, y)))
            .map(|(x, y)| self.at(i64::from(area.left + x), i64::from(area.top + y)))
            .collect();
        Self { width, height, values }
    }

    /// Scaled to `width` x `height`: bilinear upwards, averaged over the covered area downwards.
    pub fn resized(&self, width: u32, height: u32) -> Self {
        let (width, height) = (width.max(1), height.max(1));
        let across = resize_lines(&self.values, self.width as usize, width as usize);
        let flipped = transposed(&across, width as usize);
        let down = resize_lines(&flipped, self.height as usize, height as usize);
        Self { width, height, values: transposed(&down, height as usize) }
    }

    /// The value below which `share` (0-1) of the pixels in `area` lie.
    pub fn percentile(&self, area: Rect, share: f64) -> u8 {
        let mut counts = [0u64; 256];
        for y in area.top..area.bottom.min(self.height) {
            let row = y as usize * self.width as usize;
            for value in &self.values[row + area.left as usize..row + area.right.min(self.width) as usize] {
                counts[*value as usize] += 1;
            }
        }
        let wanted = (counts.iter().sum::<u64>() as f64 * share) as u64;
        let mut seen = 0;
        counts
            .iter()
            .position(|count| {
                seen += count;
                seen > wanted
            })
            .unwrap_or(255) as u8
    }

    /// The whole plane as a rectangle.
    pub fn bounds(&self) -> Rect {
        Rect { left: 0, top: 0, right: self.width, bottom: self.height }
    }
}

/// Scales every line of `from` values to `to` values with a triangle filter.
fn resize_lines(values: &[u8], from: usize, to: usize) -> Vec<u8> {
    let scale = from as f32 / to as f32;
    let reach = scale.max(1.0);
    let taps: Vec<(usize, Vec<f32>)> = (0..to)
        .map(|i| {
            let centre = (i as f32 + 0.5) * scale - 0.5;
            let first = (centre - reach).ceil().max(0.0) as usize;
            let last = ((centre + reach).floor() as usize).min(from - 1);
            let first = first.min(last);
            let weights: Vec<f32> =
                (first..=last).map(|j| (1.0 - (j as f32 - centre).abs() / reach).max(1e-4)).collect();
            let sum: f32 = weights.iter().sum();
            (first, weights.into_iter().map(|w| w / sum).collect())
        })
        .collect();
    values
        .chunks_exact(from)
        .flat_map(|line| {
            taps.iter().map(|(first, weights)| {
                let sum: f32 = line[*first..].iter().zip(weights).map(|(v, w)| f32::from(*v) * w).sum();
                (sum + 0.5) as u8
            })
        })
        .collect()
}

fn transposed(values: &[u8], width: usize) -> Vec<u8> {
    let height = values.len() / width;
    let mut out = vec![0; values.len()];
    for y in 0..height {
        for x in 0..width {
            out[x * height + y] = values[y * width + x];
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shrinking_averages_and_resizing_keeps_flat_pictures_flat() {
        let mut picture = Picture::filled(4, 2, [100, 0, 0]);
        picture.put(0, 0, [200, 0, 0]);
        assert_eq!(picture.shrunk(2).at(0, 0), [125, 0, 0]);
        assert_eq!(picture.shrunk(2).at(1, 0), [100, 0, 0]);
        let flat = Picture::filled(7, 5, [90, 90, 90]).luma();
        for size in [(3, 2), (14, 9), (1, 1)] {
            assert!(flat.resized(size.0, size.1).values.iter().all(|v| *v == 90));
        }
    }

    #[test]
    fn a_warp_of_the_whole_picture_changes_nothing() {
        let mut picture = Picture::filled(6, 4, [10, 20, 30]);
        picture.put(2, 1, [250, 1, 2]);
        assert_eq!(picture.warped(&Quad::whole(6, 4), 6, 4), Some(picture.clone()));
        assert_eq!(picture.upside_down().at(3, 2), [250, 1, 2]);
    }
}

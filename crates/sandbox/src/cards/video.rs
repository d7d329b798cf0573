//! A moving picture for browsers' fake cameras: the card comes in, trembles, and is held still.
//!
//! Refuses to encode anything but raw YUV4MPEG2 (4:2:0, BT.601 limited range) and concatenated JPEGs, the
//! two files that Chromium's `--use-file-for-fake-video-capture` takes. The browser plays it in a loop.

use std::io::Write;

use image::RgbImage;

use super::SpecimenPerson;
use super::pixels::CardFault;
use super::scene::{Scene, Stage, jpeg_bytes};

/// Length, speed and size of a film.
#[derive(Clone, Debug, PartialEq)]
pub struct Film {
    /// Number of frames; half of them hold still.
    pub frames: u32,
    /// Frames a second.
    pub fps: u32,
    /// How the held frames look; size, desk and seed hold for all of them. Sides must be even for y4m.
    pub scene: Scene,
}

impl Default for Film {
    /// Six seconds of 1280 by 960: the shape of a phone's camera.
    fn default() -> Self {
        let scene = Scene { width: 1280, height: 960, blur: 0.35, jpeg_quality: 88, ..Scene::default() };
        Self { frames: 72, fps: 12, scene }
    }
}

impl Film {
    /// The scene of one frame.
    fn at(&self, frame: u32) -> Scene {
        let t = frame as f32 / self.frames.max(1) as f32;
        let rest = &self.scene;
        // Comes in during the first quarter, slowing down.
        let left = (1.0 - t / 0.25).clamp(0.0, 1.0).powi(3);
        // Trembles until the half, then nearly not at all; a hand is never quite still.
        let swing = (1.0 - t / 0.5).clamp(0.0, 1.0).powi(2) + 0.03;
        let beat = t * 40.0;
        Scene {
            centre: (
                rest.centre.0 + 0.75 * left + 0.016 * swing * beat.sin(),
                rest.centre.1 + 0.55 * left + 0.012 * swing * (1.3 * beat).cos(),
            ),
            rotation_deg: rest.rotation_deg + 16.0 * left + 2.6 * swing * (0.8 * beat).sin(),
            pitch_deg: rest.pitch_deg + 9.0 * left + 3.0 * swing * (0.6 * beat).cos(),
            blur: rest.blur + 5.0 * left.min(0.5),
            noise_seed: rest.noise_seed.wrapping_add(u64::from(frame).wrapping_mul(0x9E37_79B9)),
            ..rest.clone()
        }
    }

    fn each(
        &self,
        person: &SpecimenPerson,
        mut take: impl FnMut(&RgbImage) -> Result<(), CardFault>,
    ) -> Result<(), CardFault> {
        let stage = Stage::set(person, &self.scene)?;
        for frame in 0..self.frames {
            take(&stage.shoot(&self.at(frame)))?;
        }
        Ok(())
    }
}

/// Writes the film as YUV4MPEG2; 1.5 bytes a pixel and frame, so 130 MB for the default.
///
/// Faults: as `render_photo`; an odd side; what the writer says.
pub fn render_video_y4m(person: &SpecimenPerson, film: &Film, to: &mut dyn Write) -> Result<(), CardFault> {
    let (width, height) = (film.scene.width, film.scene.height);
    if width % 2 != 0 || height % 2 != 0 {
        return Err(CardFault::Size { width, height });
    }
    writeln!(to, "YUV4MPEG2 W{width} H{height} F{}:1 Ip A1:1 C420jpeg", film.fps)?;
    film.each(person, |picture| {
        to.write_all(b"FRAME\n")?;
        to.write_all(&planes(picture))?;
        Ok(())
    })
}

/// Writes the film as JPEGs one behind the other; about a twentieth of the size.
///
/// Faults: as `render_photo`; what the writer says. The file carries no frame rate.
pub fn render_video_mjpeg(person: &SpecimenPerson, film: &Film, to: &mut dyn Write) -> Result<(), CardFault> {
    film.each(person, |picture| {
        to.write_all(&jpeg_bytes(picture, film.scene.jpeg_quality)?)?;
        Ok(())
    })
}

/// Y, then U and V of each block of two by two (ITU-R BT.601, limited range).
fn planes(picture: &RgbImage) -> Vec<u8> {
    let (w, h) = (picture.width() as usize, picture.height() as usize);
    let (mut luma, mut u, mut v) = (Vec::with_capacity(w * h * 3 / 2), Vec::new(), Vec::new());
    luma.extend(picture.pixels().map(|p| {
        let [r, g, b] = p.0.map(f32::from);
        (16.0 + 0.256_79 * r + 0.504_13 * g + 0.097_91 * b).round() as u8
    }));
    let raw = picture.as_raw();
    for y in (0..h).step_by(2) {
        for x in (0..w).step_by(2) {
            let at = |c: usize| {
                let i = (y * w + x) * 3 + c;
                let sum =
                    [i, i + 3, i + w * 3, i + w * 3 + 3].iter().map(|&i| f32::from(raw[i])).sum::<f32>();
                sum / 4.0
            };
            let (r, g, b) = (at(0), at(1), at(2));
            u.push((128.0 - 0.148_22 * r - 0.290_99 * g + 0.439_22 * b).round() as u8);
            v.push((128.0 + 0.439_22 * r - 0.367_79 * g - 0.071_43 * b).round() as u8);
        }
    }
    luma.extend(u);
    luma.extend(v);
    luma
}

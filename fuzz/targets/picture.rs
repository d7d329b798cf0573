//! Bytes that somebody sends as a picture: pixels within the limits, or a refusal.
#![no_main]

use image::codecs::{jpeg::JpegEncoder, png::PngEncoder};
use image::{DynamicImage, ImageEncoder, Rgb, RgbImage};
use ingam_fuzz::edited;
use ingam_vision::{Limits, decode::decode};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

/// Small ones, so that thousands are tried in a second.
const LIMITS: Limits = Limits {
    max_bytes: 65_536,
    max_pixels: 40_000,
    max_side: 400,
    min_long_side: 8,
    max_decoder_bytes: 400_000,
};

/// Orientation 6 in big-endian EXIF, as an APP1 segment.
const TURNED: &[u8] =
    b"\xFF\xE1\0\x22Exif\0\0MM\0\x2A\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";

static BASES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let picture = RgbImage::from_fn(24, 17, |x, y| Rgb([(x * 10) as u8, (y * 15) as u8, (x * y) as u8]));
    let picture = DynamicImage::ImageRgb8(picture);
    let mut jpeg = Vec::new();
    picture.write_with_encoder(JpegEncoder::new_with_quality(&mut jpeg, 70)).expect("a JPEG");
    let mut turned = jpeg.clone();
    turned.splice(2..2, TURNED.iter().copied());
    let mut all = vec![jpeg, turned];
    let grey = DynamicImage::ImageLuma8(picture.to_luma8());
    let deep = DynamicImage::ImageRgb16(picture.to_rgb16());
    let clear = DynamicImage::ImageRgba8(picture.to_rgba8());
    for picture in [&grey, &picture, &clear, &deep] {
        let mut png = Vec::new();
        let (width, height) = (picture.width(), picture.height());
        PngEncoder::new(&mut png)
            .write_image(picture.as_bytes(), width, height, picture.color().into())
            .expect("a PNG");
        all.push(png);
    }
    let mut grey_jpeg = Vec::new();
    grey.write_with_encoder(JpegEncoder::new(&mut grey_jpeg)).expect("a JPEG");
    all.push(grey_jpeg);
    all
});

fuzz_target!(|data: &[u8]| {
    let bases: Vec<&[u8]> = BASES.iter().map(Vec::as_slice).collect();
    if let Ok(picture) = decode(&edited(&bases, data), &LIMITS) {
        let (width, height) = (picture.width(), picture.height());
        assert!(width.max(height) <= LIMITS.max_side);
        assert!(width.max(height) >= LIMITS.min_long_side);
        assert!(u64::from(width) * u64::from(height) <= LIMITS.max_pixels);
    }
});

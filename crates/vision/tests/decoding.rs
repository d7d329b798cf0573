//! Bytes from outside: what is a picture is decoded upright, all else is refused with its code.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use image::{DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, RgbImage};
use ingam_vision::decode::{BadPicture, Limits, decode};
use proptest::prelude::*;
use std::io::Cursor;

const RED: [u8; 3] = [220, 30, 30];
const GREEN: [u8; 3] = [30, 180, 30];
const BLUE: [u8; 3] = [30, 30, 220];
const WHITE: [u8; 3] = [240, 240, 240];

/// 400 x 320: red top left, green top right, blue bottom right, white bottom left.
fn quarters() -> RgbImage {
    RgbImage::from_fn(400, 320, |x, y| {
        image::Rgb(match (x < 200, y < 160) {
            (true, true) => RED,
            (false, true) => GREEN,
            (false, false) => BLUE,
            (true, false) => WHITE,
        })
    })
}

fn written(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn jpeg() -> Vec<u8> {
    written(&quarters().into(), ImageFormat::Jpeg)
}

fn png() -> Vec<u8> {
    written(&quarters().into(), ImageFormat::Png)
}

fn with_exif(jpeg: &[u8], exif: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8, 0xFF, 0xE1];
    bytes.extend((exif.len() as u16 + 8).to_be_bytes());
    bytes.extend(b"Exif\0\0");
    bytes.extend(exif);
    bytes.extend(&jpeg[2..]);
    bytes
}

fn orientation(value: u16) -> Vec<u8> {
    let mut tiff = b"II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0".to_vec();
    tiff.extend(value.to_le_bytes());
    tiff.extend([0; 6]);
    tiff
}

fn code(bytes: &[u8]) -> &'static str {
    code_under(bytes, &Limits::default())
}

fn code_under(bytes: &[u8], limits: &Limits) -> &'static str {
    decode(bytes, limits).map_or_else(|refusal| refusal.code(), |_| "taken")
}

fn near(a: [u8; 3], b: [u8; 3]) -> bool {
    a.iter().zip(b).all(|(a, b)| a.abs_diff(b) < 40)
}

#[test]
fn all_eight_orientations_come_out_upright() {
    // EXIF 2.32: where the stored first row and first column are to be seen.
    let check = |value: u16, top_left: [u8; 3], top_right: [u8; 3]| {
        let picture = decode(&with_exif(&jpeg(), &orientation(value)), &Limits::default()).unwrap();
        let (w, h) = (picture.width(), picture.height());
        assert_eq!((w, h), if value <= 4 { (400, 320) } else { (320, 400) }, "orientation {value}");
        assert!(near(picture.at(20, 20), top_left), "orientation {value}: {:?}", picture.at(20, 20));
        assert!(near(picture.at(w - 20, 20), top_right), "orientation {value}");
    };
    check(1, RED, GREEN);
    check(2, GREEN, RED);
    check(3, BLUE, WHITE);
    check(4, WHITE, BLUE);
    check(5, RED, WHITE);
    check(6, WHITE, RED);
    check(7, BLUE, GREEN);
    check(8, GREEN, BLUE);
}

#[test]
fn broken_metadata_does_no_harm() {
    for exif in [
        &b""[..],
        b"II",
        b"II*\0\xff\xff\xff\xff",
        b"MM\0*\0\0\0\x08\xff\xff",
        &orientation(99),
        &[0xFF; 300],
    ] {
        assert_eq!(code(&with_exif(&jpeg(), exif)), "taken", "{exif:?}");
    }
}

#[test]
fn other_colour_types_are_read() {
    let image = DynamicImage::from(quarters());
    for image in [
        image.to_luma8().into(),
        image.to_rgba16().into(),
        image.to_luma_alpha8().into(),
        image.to_rgb16().into(),
    ] {
        let image: DynamicImage = image;
        assert_eq!(code(&written(&image, ImageFormat::Png)), "taken", "{:?}", image.color());
    }
}

#[test]
fn transparent_pixels_are_white_whatever_colour_they_hide() {
    let image = image::RgbaImage::from_pixel(400, 400, image::Rgba([0, 0, 0, 0]));
    let picture = decode(&written(&image.into(), ImageFormat::Png), &Limits::default()).unwrap();
    assert_eq!(picture.at(7, 7), [255, 255, 255]);
}

#[test]
fn bad_bytes_have_their_codes() {
    let check = |what: &str, bytes: &[u8], expected: &str| assert_eq!(code(bytes), expected, "{what}");
    check("nothing", b"", "not_an_image");
    check("text", b"<svg onload=alert(1)>", "not_an_image");
    check("a lone marker", &[0xFF, 0xD8], "not_an_image");
    check("GIF", b"GIF89a\x01\0\x01\0", "unsupported_format");
    check("WebP", b"RIFF\x10\0\0\0WEBPVP8 ", "unsupported_format");
    check("HEIC", b"\0\0\0\x18ftypheic", "unsupported_format");
    check("PDF", b"%PDF-1.7", "unsupported_format");
    check("only a JPEG's first bytes", &[0xFF, 0xD8, 0xFF, 0xE0], "image_corrupt");
    check("only a PNG's signature", b"\x89PNG\r\n\x1a\n", "image_corrupt");
    let (jpeg, png) = (jpeg(), png());
    for share in [10, 30, 50, 90, 99] {
        check("a JPEG that breaks off", &jpeg[..jpeg.len() * share / 100], "image_corrupt");
        check("a PNG that breaks off", &png[..png.len() * share / 100], "image_corrupt");
    }
    check("something after the end", &[jpeg.as_slice(), b"<?php ?>"].concat(), "taken");
    check("12 MB and more", &[jpeg, vec![0; 12_000_000]].concat(), "image_too_large");
    check("a stamp", &written(&RgbImage::new(300, 200).into(), ImageFormat::Png), "image_too_small");
}

/// A PNG of this size in its header, with next to no data behind it.
fn bomb(width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let encoder = image::codecs::png::PngEncoder::new(&mut bytes);
    encoder.write_image(&[0; 3], 1, 1, ExtendedColorType::Rgb8).unwrap();
    bytes[16..20].copy_from_slice(&width.to_be_bytes());
    bytes[20..24].copy_from_slice(&height.to_be_bytes());
    let mut crc = !0u32;
    for byte in &bytes[12..29] {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    bytes[29..33].copy_from_slice(&(!crc).to_be_bytes());
    bytes
}

#[test]
fn bombs_are_refused_by_their_header() {
    for (width, height) in [(50_000, 50_000), (10_000, 10_000), (20_001, 320), (2_000_000_000, 2_000_000_000)]
    {
        assert_eq!(code(&bomb(width, height)), "image_too_many_pixels", "{width}x{height}");
    }
    let refusal = decode(&bomb(9_000, 9_000), &Limits::default()).unwrap_err();
    assert_eq!(refusal, BadPicture::TooManyPixels { width: 9_000, height: 9_000 });
    // A JPEG that claims 65,535 x 65,535 pixels in its frame header.
    let mut jpeg = jpeg();
    let frame = jpeg.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xFF; 4]);
    assert_eq!(code(&jpeg), "image_too_many_pixels");
}

#[test]
fn limits_are_the_callers() {
    let limits = Limits { max_pixels: 100_000, ..Limits::default() };
    assert_eq!(code_under(&png(), &limits), "image_too_many_pixels");
    let limits = Limits { max_bytes: 100, ..Limits::default() };
    assert_eq!(code_under(&png(), &limits), "image_too_large");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn mutated_bytes_are_taken_or_refused(
        is_jpeg: bool,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = if is_jpeg { with_exif(&jpeg(), &orientation(6)) } else { png() };
        for (place, value) in changes {
            // Half of the changes fall on the headers, where they do most.
            let span = if value % 2 == 0 { bytes.len() } else { bytes.len().min(700) };
            let at = place.index(span);
            bytes[at] = value;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let limits = Limits { max_pixels: 4_000_000, ..Limits::default() };
        if let Ok(picture) = decode(&bytes, &limits) {
            let pixels = u64::from(picture.width()) * u64::from(picture.height());
            prop_assert!(pixels <= limits.max_pixels);
        }
    }
}

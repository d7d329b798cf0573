//! Step 1: bytes become pixels, or a refusal with a stable code.
//!
//! JPEG and PNG only, told by their first bytes and never by a name. Sizes are checked before pixels are
//! allocated. Orientation follows EXIF 2.3 §4.6.4 (tag 0x0112); everything else in the metadata is dropped.

use crate::picture::Picture;
use image::codecs::{jpeg::JpegDecoder, png::PngDecoder};
use image::{DynamicImage, ImageDecoder, ImageError};
use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// How large a picture may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of the file: 12 MB, twice what phones' cameras write for 12 megapixels.
    pub max_bytes: usize,
    /// Most pixels: 50 megapixels, the largest that common phones take.
    pub max_pixels: u64,
    /// Longest side: JPEG itself ends at 65,535; 20,000 leaves room for panoramas and no more.
    pub max_side: u32,
    /// Shortest long side: below it no card can be read.
    pub min_long_side: u32,
    /// Most memory the decoder may ask for: 50 megapixels of 8-bit RGBA.
    pub max_decoder_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 12_000_000,
            max_pixels: 50_000_000,
            max_side: 20_000,
            min_long_side: 320,
            max_decoder_bytes: 200_000_000,
        }
    }
}

/// Why bytes are not taken as a picture: a refusal, for the sender to put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPicture {
    /// Nothing in the bytes says that they are a picture.
    #[error("the bytes are not a picture")]
    NotAnImage,
    /// A picture, but neither JPEG nor PNG.
    #[error("only JPEG and PNG pictures are read")]
    UnsupportedFormat,
    /// More bytes than allowed.
    #[error("the picture has {bytes} bytes, more than {limit}")]
    TooLarge {
        /// Bytes that came.
        bytes: usize,
        /// Bytes that are allowed.
        limit: usize,
    },
    /// More pixels than allowed, or a side that is too long.
    #[error("the picture has {width}x{height} pixels, more than is read")]
    TooManyPixels {
        /// Columns announced by the file.
        width: u32,
        /// Rows announced by the file.
        height: u32,
    },
    /// The long side has too few pixels for any card to be readable.
    #[error("the picture has {width}x{height} pixels, too few to read a card")]
    TooSmall {
        /// Columns announced by the file.
        width: u32,
        /// Rows announced by the file.
        height: u32,
    },
    /// The file breaks off or contradicts itself.
    #[error("the picture is damaged")]
    Corrupt,
}

impl BadPicture {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotAnImage => "not_an_image",
            Self::UnsupportedFormat => "unsupported_format",
            Self::TooLarge { .. } => "image_too_large",
            Self::TooManyPixels { .. } => "image_too_many_pixels",
            Self::TooSmall { .. } => "image_too_small",
            Self::Corrupt => "image_corrupt",
        }
    }
}

/// Decodes a JPEG or PNG, upright as its EXIF orientation says, transparent parts on white.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Picture, BadPicture> {
    if bytes.len() > limits.max_bytes {
        return Err(BadPicture::TooLarge { bytes: bytes.len(), limit: limits.max_bytes });
    }
    // The decoders are not ours: should one panic on hostile bytes, the picture is damaged and we live on.
    catch_unwind(AssertUnwindSafe(|| match kind_of(bytes) {
        Kind::Jpeg if !jpeg_is_complete(bytes) => Err(BadPicture::Corrupt),
        Kind::Jpeg => pixels(JpegDecoder::new(Cursor::new(bytes)).map_err(refusal)?, limits),
        Kind::Png => {
            let decoder =
                PngDecoder::with_limits(Cursor::new(bytes), decoder_limits(limits)).map_err(refusal)?;
            pixels(decoder, limits)
        }
        Kind::Other => Err(BadPicture::UnsupportedFormat),
        Kind::None => Err(BadPicture::NotAnImage),
    }))
    .unwrap_or(Err(BadPicture::Corrupt))
}

enum Kind {
    Jpeg,
    Png,
    Other,
    None,
}

fn kind_of(bytes: &[u8]) -> Kind {
    const OTHERS: [&[u8]; 6] = [b"GIF8", b"BM", b"II*\0", b"MM\0*", b"\0\0\x01\0", b"%PDF"];
    if bytes.starts_with(&[0xFF, 0xD8, 0xFF]) {
        Kind::Jpeg
    } else if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Kind::Png
    } else if OTHERS.iter().any(|magic| bytes.starts_with(magic))
        || bytes.get(4..8) == Some(b"ftyp")
        || (bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"))
    {
        Kind::Other
    } else {
        Kind::None
    }
}

/// Whether a JPEG reaches its end marker. The decoder fills what is missing with grey instead of complaining.
fn jpeg_is_complete(bytes: &[u8]) -> bool {
    // ITU-T T.81 §B.1.1: after SOI, segments carry their length, until entropy-coded data follow SOS; there
    // 0xFF is stuffed, so that the first FF D9 is the end of the image.
    let mut at = 2;
    while let Some(&[0xFF, marker]) = bytes.get(at..at + 2) {
        match marker {
            0xFF => at += 1,
            0xDA => return bytes[at..].windows(2).any(|pair| pair == [0xFF, 0xD9]),
            _ => match bytes.get(at + 2..at + 4) {
                Some(&[high, low]) => at += 2 + usize::from(u16::from_be_bytes([high, low])),
                _ => return false,
            },
        }
    }
    false
}

fn decoder_limits(limits: &Limits) -> image::Limits {
    let mut answer = image::Limits::default();
    answer.max_alloc = Some(limits.max_decoder_bytes);
    answer
}

fn pixels(mut decoder: impl ImageDecoder, limits: &Limits) -> Result<Picture, BadPicture> {
    let (width, height) = decoder.dimensions();
    if width.max(height) > limits.max_side
        || u64::from(width) * u64::from(height) > limits.max_pixels
        || decoder.total_bytes() > limits.max_decoder_bytes
    {
        return Err(BadPicture::TooManyPixels { width, height });
    }
    if width == 0 || height == 0 {
        return Err(BadPicture::Corrupt);
    }
    if width.max(height) < limits.min_long_side {
        return Err(BadPicture::TooSmall { width, height });
    }
    decoder.set_limits(decoder_limits(limits)).map_err(refusal)?;
    let orientation = decoder.orientation().ok();
    let mut image = DynamicImage::from_decoder(decoder).map_err(refusal)?;
    if image.color().has_alpha() {
        image = on_white(image);
    }
    // Invariant: turned after flattening, so that only one full-size copy exists beside the original.
    let mut image = DynamicImage::ImageRgb8(image.into_rgb8());
    if let Some(orientation) = orientation {
        image.apply_orientation(orientation);
    }
    let rgb = image.into_rgb8();
    Picture::new(rgb.width(), rgb.height(), rgb.into_raw()).ok_or(BadPicture::Corrupt)
}

/// Hidden colours of transparent pixels could show what no viewer shows; on white, both see the same.
fn on_white(image: DynamicImage) -> DynamicImage {
    let mut rgba = image.into_rgba8();
    for pixel in rgba.pixels_mut() {
        let alpha = u32::from(pixel.0[3]);
        for value in &mut pixel.0[..3] {
            *value = ((u32::from(*value) * alpha + 255 * (255 - alpha) + 127) / 255) as u8;
        }
        pixel.0[3] = 255;
    }
    DynamicImage::ImageRgba8(rgba)
}

fn refusal(error: ImageError) -> BadPicture {
    match error {
        ImageError::Limits(_) => BadPicture::TooManyPixels { width: 0, height: 0 },
        ImageError::Unsupported(_) => BadPicture::UnsupportedFormat,
        _ => BadPicture::Corrupt,
    }
}

//! A QR code (ISO/IEC 18004) as a drawing that stands in the page itself, so that what it holds is in no file and no
//! address.

use qrcode::{Color, QrCode};
use std::fmt::Write;

/// ISO/IEC 18004 §9.1: four modules of nothing around it.
const QUIET: usize = 4;

/// A code's drawing: dark squares on a light ground, whatever colours the page has, since readers expect that.
#[derive(Debug)]
pub struct Drawing {
    /// Its side, in modules.
    pub side: usize,
    /// The dark modules, as the path of an SVG.
    pub path: String,
}

/// Draws a text; nothing where it is too long for a code.
pub fn draw(text: &str) -> Option<Drawing> {
    let code = QrCode::new(text.as_bytes()).ok()?;
    let width = code.width();
    let mut path = String::new();
    for (y, row) in code.to_colors().chunks(width).enumerate() {
        let mut x = 0;
        while x < width {
            let run = row[x..].iter().take_while(|color| **color == Color::Dark).count();
            if run > 0 {
                // Writing to a string can't fail.
                let _ = write!(path, "M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET);
            }
            x += run.max(1);
        }
    }
    Some(Drawing { side: width + 2 * QUIET, path })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dark_module_is_drawn_once() {
        let text = "otpauth://totp/a:b?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        let drawing = draw(text).unwrap();
        let code = QrCode::new(text).unwrap();
        let dark = code.to_colors().iter().filter(|c| **c == Color::Dark).count();
        let drawn: usize = drawing
            .path
            .split('h')
            .skip(1)
            .filter_map(|part| part.split('v').next()?.parse::<usize>().ok())
            .sum();
        assert_eq!((drawn, drawing.side), (dark, code.width() + 8));
        // The finder in the upper left corner begins with seven dark modules.
        assert!(drawing.path.starts_with("M4 4h7v1h-7z"), "{}", drawing.path);
        assert!(draw(&"x".repeat(5_000)).is_none());
    }
}

//! What all drawn documents are made of: paper with fine curves, lines of text, portraits, seals, and the marks that
//! say what this is.
//!
//! Refuses to know any document's layout. Sizes are ISO/IEC 7810: ID-1 is 85.60 mm by 53.98 mm, ID-3 125 mm by 88 mm;
//! a unit is a tenth of a millimetre.

use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

use super::portrait::{PortraitStyle, portrait_marks};

/// The size of a document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// A card.
    #[default]
    Id1,
    /// The page of a passport.
    Id3,
}

impl Format {
    /// Width and height in units.
    pub const fn size(self) -> (f32, f32) {
        match self {
            Self::Id1 => (856.0, 539.8),
            Self::Id3 => (1250.0, 880.0),
        }
    }

    /// Radius of the corners (3.18 mm for both).
    pub const fn corner(self) -> f32 {
        31.8
    }
}

/// Colours of a document's paper and of the curves on it.
pub(super) struct Paper {
    pub(super) ground: [&'static str; 3],
    pub(super) curves: [&'static str; 3],
    /// Moves the curves, so that no two kinds share a pattern.
    pub(super) phase: f32,
}

/// A line of text: its middle (not its baseline) lies at `y`.
pub(super) struct Line<'a> {
    pub(super) content: &'a str,
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) size: f32,
    pub(super) weight: u16,
    pub(super) anchor: &'static str,
    pub(super) spacing: f32,
    pub(super) colour: &'static str,
    /// Too long a line is set smaller.
    pub(super) max_width: f32,
}

/// A document while it is drawn.
pub(super) struct Sheet {
    svg: String,
    width: f32,
    height: f32,
}

impl Sheet {
    /// Bare paper. Nothing in its curves is darker than a tenth of the print.
    pub(super) fn new(format: Format, paper: &Paper) -> Self {
        let ((width, height), corner) = (format.size(), format.corner());
        let ([a, b, c], [p, q, r]) = (paper.ground, paper.curves);
        let mut svg = String::with_capacity(32 * 1024);
        let _ = write!(
            svg,
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="NanumGothic, 'Noto Sans CJK KR', 'Noto Sans KR', 'Apple SD Gothic Neo', 'Malgun Gothic', sans-serif"><defs><clipPath id="card"><rect width="{width}" height="{height}" rx="{corner}"/></clipPath><linearGradient id="paper" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="{a}"/><stop offset=".5" stop-color="{b}"/><stop offset="1" stop-color="{c}"/></linearGradient><linearGradient id="line" x1="0" x2="1"><stop offset="0" stop-color="{p}"/><stop offset=".6" stop-color="{q}"/><stop offset="1" stop-color="{r}"/></linearGradient></defs><rect width="{width}" height="{height}" rx="{corner}" fill="url(#paper)"/><g clip-path="url(#card)" fill="none" stroke="url(#line)" stroke-width="1">"##
        );
        let rows = (height / 12.4) as u32 + 3;
        for row in 0..rows {
            let n = row as f32;
            let mut path = String::new();
            for step in 0..=((width / 24.0) as u32 + 1) {
                let x = step as f32 * 24.0 - 4.0;
                let t = x / width * std::f32::consts::TAU + paper.phase;
                let y =
                    n * 12.4 - 12.0 + 14.0 * (1.4 * t + n * 0.24).sin() + 7.0 * (4.1 * t - n * 0.11).cos();
                let _ = write!(path, "{}{x:.0} {y:.1}", if step == 0 { "M" } else { "L" });
            }
            let _ = write!(svg, r#"<path d="{path}" stroke-opacity=".26"/>"#);
        }
        svg.push_str("</g>");
        Self { svg, width, height }
    }

    /// A place as fractions of the document, in units.
    pub(super) fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (x * self.width, y * self.height)
    }

    /// Dark print that begins at fractions `x`, `y` and may be `max_width` units wide.
    pub(super) fn print(
        &mut self,
        content: &str,
        (x, y): (f32, f32),
        size: f32,
        weight: u16,
        max_width: f32,
    ) {
        let (x, y) = self.at(x, y);
        self.line(&Line {
            content,
            x,
            y,
            size,
            weight,
            anchor: "start",
            spacing: 0.0,
            colour: "#1E2A33",
            max_width,
        });
    }

    /// Small print that names what stands beside or below it.
    pub(super) fn label(&mut self, content: &str, (x, y): (f32, f32), size: f32) {
        let (x, y) = self.at(x, y);
        self.line(&Line {
            content,
            x,
            y,
            size,
            weight: 400,
            anchor: "start",
            spacing: 0.0,
            colour: "#3E6478",
            max_width: 400.0,
        });
    }

    pub(super) fn line(&mut self, line: &Line<'_>) {
        text(&mut self.svg, line);
    }

    /// Characters at a fixed pitch from `x`, whatever the face's own widths are.
    pub(super) fn pitched(&mut self, content: &str, (x, y): (f32, f32), size: f32, pitch: f32) {
        let places: Vec<String> =
            (0..content.chars().count()).map(|i| format!("{:.1}", x + pitch * i as f32)).collect();
        let _ = write!(
            self.svg,
            r##"<text x="{}" y="{:.1}" font-size="{size:.1}" font-family="{MONOSPACED}" fill="#1E2A33">{}</text>"##,
            places.join(" "),
            y + 0.35 * size,
            escape(content)
        );
    }

    /// A photograph in a box of fractions, with the word SPECIMEN across it.
    pub(super) fn photograph(&mut self, style: &PortraitStyle, (x, y): (f32, f32), (w, h): (f32, f32)) {
        let (((x, y), (w, h)), marks) = ((self.at(x, y), self.at(w, h)), portrait_marks(style));
        let _ = write!(
            self.svg,
            r##"<svg x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" viewBox="0 0 100 120" preserveAspectRatio="xMidYMin slice">{marks}<text x="50" y="115" font-size="10.5" font-weight="700" letter-spacing="2" text-anchor="middle" fill="#FFFFFF" fill-opacity=".8" stroke="#2B3440" stroke-opacity=".35" stroke-width=".4">SPECIMEN</text></svg><rect x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" fill="none" stroke="#8FA1AE" stroke-opacity=".5" stroke-width="1.5"/>"##
        );
    }

    /// The photograph once more, small and pale.
    pub(super) fn second_photograph(
        &mut self,
        style: &PortraitStyle,
        (x, y): (f32, f32),
        (w, h): (f32, f32),
    ) {
        let (((x, y), (w, h)), marks) = ((self.at(x, y), self.at(w, h)), portrait_marks(style));
        let _ = write!(
            self.svg,
            r##"<svg x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" viewBox="0 0 100 120" preserveAspectRatio="xMidYMin slice" opacity=".62">{marks}</svg>"##
        );
    }

    /// A red square seal with six invented strokes whose left edge lies at fraction `x` and middle at `y`.
    pub(super) fn seal(&mut self, (x, y): (f32, f32)) {
        let (x, y) = self.at(x, y);
        let _ = write!(
            self.svg,
            r##"<g transform="translate({x:.1} {:.1})" fill="none" stroke="#C8372D" stroke-opacity=".72"><rect x="2.5" y="2.5" width="61" height="61" rx="3" stroke-width="4.5"/><path d="M12 14h18M21 14v16M12 30h18M12 40h18M12 40v14h18M38 13h16M38 13v17h16v-17M46 30v8M38 40h16M38 47h16M46 40v15M38 55h16" stroke-width="3.2" stroke-linecap="square"/></g>"##,
            y - 33.0
        );
    }

    /// The marks that say what this is: a stamp whose middle lies at fractions, and a line whose left end does.
    pub(super) fn specimen(&mut self, (x, y): (f32, f32), foot: (f32, f32)) {
        let (x, y) = self.at(x, y);
        let _ = write!(
            self.svg,
            r##"<g fill="none" stroke="#B4483A" stroke-width="2"><rect x="{:.1}" y="{:.1}" width="112" height="34" rx="7"/></g><text x="{x:.1}" y="{:.1}" font-size="17.5" font-weight="700" text-anchor="middle" fill="#B4483A" letter-spacing="2">견본 見本</text>"##,
            x - 56.0,
            y - 17.0,
            y + 6.2
        );
        let (x, y) = self.at(foot.0, foot.1);
        let _ = write!(
            self.svg,
            r##"<text x="{x:.1}" y="{y:.1}" font-size="13" letter-spacing="1" fill="#4A6B62" fill-opacity=".75">SPECIMEN · 시험용으로 그린 견본 · 신분증이 아님</text>"##
        );
    }

    /// SPECIMEN in large pale letters, turned, whose middle lies at fractions.
    pub(super) fn watermark(&mut self, (x, y): (f32, f32), size: f32, turn_deg: f32) {
        let (x, y) = self.at(x, y);
        let _ = write!(
            self.svg,
            r##"<text transform="translate({x:.1} {y:.1}) rotate({turn_deg})" font-size="{size}" font-weight="700" text-anchor="middle" letter-spacing="4" fill="#3D6E8C" fill-opacity=".13">SPECIMEN</text>"##
        );
    }

    /// The drawing as an SVG document.
    pub(super) fn finish(mut self) -> String {
        self.svg.push_str("</svg>");
        self.svg
    }
}

/// Faces with one width for all characters, as the zone for machines needs; OCR-B itself is in no package.
pub(super) const MONOSPACED: &str = "'DejaVu Sans Mono', NanumGothicCoding, monospace";

/// Writes a line of text.
pub(super) fn text(svg: &mut String, line: &Line<'_>) {
    let natural = advance(line.content, line.size) + line.spacing * line.content.chars().count() as f32;
    let size = if natural > line.max_width { line.size * line.max_width / natural } else { line.size };
    let _ = write!(
        svg,
        r##"<text x="{:.1}" y="{:.1}" font-size="{size:.1}" font-weight="{}" text-anchor="{}" letter-spacing="{}" fill="{}">{}</text>"##,
        line.x,
        // Hangul sits from 0.12 below to 0.82 above the baseline, so its middle is 0.35 above it.
        line.y + 0.35 * size,
        line.weight,
        line.anchor,
        line.spacing,
        line.colour,
        escape(line.content)
    );
}

/// Width of a line in units, near enough for placing: Hangul and Hanja 0.93 em, the rest 0.55, spaces 0.3.
pub(super) fn advance(content: &str, size: f32) -> f32 {
    content
        .chars()
        .map(|c| match c {
            ' ' => 0.3,
            c if c.is_ascii() => 0.55,
            _ => 0.93,
        })
        .sum::<f32>()
        * size
}

fn escape(content: &str) -> String {
    content.chars().fold(String::with_capacity(content.len()), |mut out, c| {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML 1.0 §2.2: other control characters can't stand in a document at all.
            c if c.is_control() => {}
            c => out.push(c),
        }
        out
    })
}

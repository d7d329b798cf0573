//! The front of a resident card (주민등록증) as SVG.
//!
//! Refuses to know whether what it prints is true. Places are those seen on real layouts, as fractions of
//! the card: title y 0.14, name 0.30, number 0.42, address 0.50 to 0.68, date 0.74 about x 0.45, issuer 0.84
//! with the seal over its end, photograph x 0.62 to 0.94 and y 0.10 to 0.70. The look is the project's own:
//! it must be readable like a card and never be mistaken for one.

use std::fmt::Write as _;

use super::SpecimenPerson;
use super::portrait::portrait_marks;
use super::print::{self, Format, Line, advance};

/// Width and height of the view box; a unit is a tenth of a millimetre.
const CARD_W: f32 = Format::Id1.size().0;
const CARD_H: f32 = Format::Id1.size().1;

const LEFT: f32 = 0.06 * CARD_W;

/// The card as an SVG document of 856 by 539.8 units (tenths of a millimetre).
///
/// Text is kept as `<text>`; fonts are named from the commonest Korean ones to `sans-serif`.
pub fn resident_card_svg(person: &SpecimenPerson) -> String {
    let mut svg = String::with_capacity(16 * 1024);
    svg.push_str(&format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {CARD_W} {CARD_H}" font-family="NanumGothic, 'Noto Sans CJK KR', 'Noto Sans KR', 'Apple SD Gothic Neo', 'Malgun Gothic', sans-serif">"#
    ));
    ground(&mut svg);
    photograph(&mut svg, person);
    fields(&mut svg, person);
    seal(&mut svg, person);
    specimen(&mut svg);
    svg.push_str("</svg>");
    svg
}

/// Pale paper with two families of fine curves; nothing in it is darker than a tenth of the print.
fn ground(svg: &mut String) {
    svg.push_str(r##"<defs><clipPath id="card"><rect width="856" height="539.8" rx="31.8"/></clipPath><linearGradient id="paper" x1="0" y1="0" x2="1" y2="1"><stop offset="0" stop-color="#F1F6F0"/><stop offset=".5" stop-color="#E6F0EC"/><stop offset="1" stop-color="#DDE7F0"/></linearGradient><linearGradient id="line" x1="0" x2="1"><stop offset="0" stop-color="#7FB59C"/><stop offset=".6" stop-color="#7FA9C4"/><stop offset="1" stop-color="#B79CC4"/></linearGradient></defs><rect width="856" height="539.8" rx="31.8" fill="url(#paper)"/><g clip-path="url(#card)" fill="none" stroke="url(#line)" stroke-width="1">"##);
    // Waves whose phase drifts from line to line, as an engraving lathe would draw them.
    for line in 0..46 {
        let n = line as f32;
        let mut path = String::new();
        for step in 0..=36 {
            let x = step as f32 * 24.0 - 4.0;
            let t = x / CARD_W * std::f32::consts::TAU;
            let y = n * 12.4 - 12.0 + 15.0 * (1.6 * t + n * 0.21).sin() + 7.0 * (3.7 * t - n * 0.13).cos();
            let _ = write!(path, "{}{x:.0} {y:.1}", if step == 0 { "M" } else { "L" });
        }
        let _ = write!(svg, r#"<path d="{path}" stroke-opacity=".26"/>"#);
    }
    rosette(svg, 0.8 * CARD_W, 0.84 * CARD_H);
    svg.push_str("</g>");
}

/// A rosette in the free corner below the photograph.
fn rosette(svg: &mut String, cx: f32, cy: f32) {
    for ring in 0..5 {
        let mut path = String::new();
        let radius = 30.0 + 9.0 * ring as f32;
        for step in 0..=144 {
            let a = step as f32 / 144.0 * std::f32::consts::TAU;
            let r = radius + (6.0 + ring as f32) * (12.0 * a + 0.5 * ring as f32).sin();
            let _ = write!(
                path,
                "{}{:.1} {:.1}",
                if step == 0 { "M" } else { "L" },
                cx + 1.5 * r * a.cos(),
                cy + 0.8 * r * a.sin()
            );
        }
        let _ = write!(svg, r#"<path d="{path}z" stroke-opacity=".3"/>"#);
    }
}

fn photograph(svg: &mut String, person: &SpecimenPerson) {
    let (x, y, w, h) = (0.62 * CARD_W, 0.10 * CARD_H, 0.32 * CARD_W, 0.60 * CARD_H);
    let _ = write!(
        svg,
        r##"<svg x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" viewBox="0 0 100 120" preserveAspectRatio="xMidYMin slice">{}<text x="50" y="115" font-size="10.5" font-weight="700" letter-spacing="2" text-anchor="middle" fill="#FFFFFF" fill-opacity=".8" stroke="#2B3440" stroke-opacity=".35" stroke-width=".4">SPECIMEN</text></svg><rect x="{x:.1}" y="{y:.1}" width="{w:.1}" height="{h:.1}" fill="none" stroke="#8FA1AE" stroke-opacity=".5" stroke-width="1.5"/>"##,
        portrait_marks(&person.portrait)
    );
}

fn fields(svg: &mut String, person: &SpecimenPerson) {
    text(svg, "주민등록증", Place::title());
    let name = match &person.hanja {
        Some(hanja) => format!("{}({hanja})", person.name),
        None => person.name.clone(),
    };
    text(svg, &name, Place::left(0.30, 42.0, 700, 440.0));
    text(svg, &person.resident_number, Place::left(0.42, 38.0, 400, 440.0));
    // Fewer lines keep the same pitch and start at the same height, as on printed cards.
    for (line, row) in person.address.iter().take(4).zip(0u8..) {
        text(svg, line, Place::left(0.505 + 0.058 * f32::from(row), 25.0, 400, 465.0));
    }
    text(svg, &person.printed_issue_date(), Place::centre(0.74, 29.0, 400));
    text(svg, &person.issuer, Place::centre(0.84, 33.0, 700));
}

/// A red square seal with six invented strokes; it covers the last character of the issuer in part.
fn seal(svg: &mut String, person: &SpecimenPerson) {
    let half = 0.5 * advance(&person.issuer, 33.0);
    let x = 0.45 * CARD_W + half - 14.0;
    let y = 0.84 * CARD_H - 33.0;
    let _ = write!(
        svg,
        r##"<g transform="translate({x:.1} {y:.1})" fill="none" stroke="#C8372D" stroke-opacity=".72"><rect x="2.5" y="2.5" width="61" height="61" rx="3" stroke-width="4.5"/><path d="M12 14h18M21 14v16M12 30h18M12 40h18M12 40v14h18M38 13h16M38 13v17h16v-17M46 30v8M38 40h16M38 47h16M46 40v15M38 55h16" stroke-width="3.2" stroke-linecap="square"/></g>"##
    );
}

/// The marks that say what this is; none of them touches a field.
fn specimen(svg: &mut String) {
    let _ = write!(
        svg,
        r##"<g fill="none" stroke="#B4483A" stroke-width="2.2"><rect x="362" y="52" width="146" height="46" rx="8"/></g><text x="435" y="83" font-size="23" font-weight="700" text-anchor="middle" fill="#B4483A" letter-spacing="3">견본 見本</text><g text-anchor="middle" font-weight="700" fill="#3D6E8C" fill-opacity=".36"><text x="696" y="434" font-size="38" letter-spacing="2">SPECIMEN</text><text x="704" y="480" font-size="32" letter-spacing="22">견본</text></g><text x="{LEFT}" y="519" font-size="14.5" letter-spacing="1.5" fill="#4A6B62" fill-opacity=".75">SPECIMEN · 시험용으로 그린 견본 · 신분증이 아님</text>"##
    );
}

struct Place {
    x: f32,
    y: f32,
    size: f32,
    weight: u16,
    anchor: &'static str,
    spacing: f32,
    max_width: f32,
}

impl Place {
    fn title() -> Self {
        // Five syllables over x 0.06 to 0.40.
        Self { spacing: 12.0, ..Self::left(0.14, 50.0, 700, 300.0) }
    }

    fn left(y: f32, size: f32, weight: u16, max_width: f32) -> Self {
        Self { x: LEFT, y: y * CARD_H, size, weight, anchor: "start", spacing: 0.0, max_width }
    }

    fn centre(y: f32, size: f32, weight: u16) -> Self {
        Self { x: 0.45 * CARD_W, anchor: "middle", ..Self::left(y, size, weight, 640.0) }
    }
}

/// A line of text whose middle (not its baseline) lies at the place; too long a line is set smaller.
fn text(svg: &mut String, content: &str, place: Place) {
    let Place { x, y, size, weight, anchor, spacing, max_width } = place;
    print::text(svg, &Line { content, x, y, size, weight, anchor, spacing, colour: "#1E2A33", max_width });
}

//! Step 2: where the card lies.
//!
//! Straight edges are proposed by a Hough transform, every plausible four of them are judged by how well real
//! edges support them, and the best quad's sides are fitted again to a fraction of a pixel. Classic methods
//! only; it knows the sizes of cards and of passports' pages (ISO/IEC 7810) and nothing of what is printed on them.

mod edges;
mod lines;

use crate::geometry::{Point, Quad};
use crate::picture::Picture;
use crate::rectify::Format;
use edges::Edges;
use lines::Line;

/// How far a ratio of long to short side is from the nearest that a document has, as a logarithm.
fn ratio_off(ratio: f64) -> f64 {
    let off = |format: Format| (ratio / format.ratio()).ln();
    let (card, page) = (off(Format::Id1), off(Format::Id3));
    if card.abs() <= page.abs() { card } else { page }
}

/// Long side of the picture in which the card is looked for: fine enough for edges, fast enough for a phone.
const SEARCH_SIDE: u32 = 600;
/// Least score of a quad that is called a card; set so that desks without a card stay below.
pub const LEAST_SCORE: f64 = 0.30;
/// Least share of the picture that a card covers.
const LEAST_AREA: f64 = 0.06;

/// A card in a picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FoundCard {
    /// Its corners in pixels of the picture; sides 0 and 2 are the long ones. May be upside down.
    pub quad: Quad,
    /// 0 to 1: how well edges support the four sides and how well their ratio fits.
    pub score: f64,
    /// Whether a corner lies outside the picture.
    pub cut_off: bool,
    /// Whether the whole picture was taken for the card, because its ratio fits and no edges were found.
    pub whole_picture: bool,
}

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Search {
    /// The best card, if any.
    pub card: Option<FoundCard>,
    /// Whether a second card lies beside it.
    pub second: bool,
}

/// Looks for one card (and notes a second one).
pub fn find_card(picture: &Picture) -> Search {
    let long = picture.width().max(picture.height());
    let factor = ((f64::from(long) / f64::from(SEARCH_SIDE)).round() as u32).max(1);
    let small = picture.shrunk(factor);
    let edges = Edges::of(&small);
    let lines = lines::strongest(&edges);
    let mut quads = candidates(&lines, &edges);
    quads.sort_by(|a, b| b.1.total_cmp(&a.1));

    let best = quads.first().filter(|(_, score)| *score >= LEAST_SCORE).map(|(quad, score)| {
        let fitted = refined(quad, &edges);
        let (quad, score) = match judged(&fitted, &edges) {
            Some(again) if again >= *score * 0.9 => (fitted, again.max(*score)),
            _ => (*quad, *score),
        };
        (quad, score)
    });
    let Some((quad, score)) = best else {
        return Search { card: whole_picture(picture), second: false };
    };
    let second = quads.iter().any(|(other, other_score)| {
        *other_score >= LEAST_SCORE.max(score * 0.75)
            && !quad.contains(other.centre())
            && !other.contains(quad.centre())
            && other.area() > 0.4 * quad.area()
    });
    let margin = 0.012 * f64::from(small.width().max(small.height()));
    let (right, bottom) = (f64::from(small.width()) + margin, f64::from(small.height()) + margin);
    let cut_off = quad.corners.iter().any(|p| p.x < -margin || p.y < -margin || p.x > right || p.y > bottom);
    let quad = quad.scaled(f64::from(factor));
    Search { card: Some(FoundCard { quad, score, cut_off, whole_picture: false }), second }
}

/// The whole picture as a card, if its ratio fits: a scan is often cut exactly to the card, and then there is
/// no edge to find.
pub fn whole_picture(picture: &Picture) -> Option<FoundCard> {
    let (width, height) = (f64::from(picture.width()), f64::from(picture.height()));
    let fits = ratio_off(width.max(height) / width.min(height)).abs() < 0.04;
    fits.then(|| {
        let quad = Quad::whole(picture.width(), picture.height());
        let quad = if width >= height { quad } else { quad.turned(1) };
        FoundCard { quad, score: 0.0, cut_off: false, whole_picture: true }
    })
}

/// Every four lines that could be a card, with their scores, long sides first.
fn candidates(lines: &[Line], edges: &Edges) -> Vec<(Quad, f64)> {
    let (width, height) = (f64::from(edges.width), f64::from(edges.height));
    let centre = Point::new(width / 2.0, height / 2.0);
    let least_gap = 0.15 * width.min(height);
    // Opposite sides are nearly parallel, and lie apart; the angle allows for perspective.
    let mut pairs = Vec::new();
    for (i, a) in lines.iter().enumerate() {
        for b in &lines[i + 1..] {
            if a.angle_to(b) < 14.0 && (a.offset(centre) - b.offset_along(a, centre)).abs() > least_gap {
                pairs.push((*a, *b));
            }
        }
    }
    let mut found = Vec::new();
    for (i, first) in pairs.iter().enumerate() {
        for second in &pairs[i + 1..] {
            let turn = first.0.angle_to(&second.0);
            if !(68.0..=112.0).contains(&turn) {
                continue;
            }
            if let Some(quad) = lines::quad_of(first, second)
                && let Some(score) = judged(&quad, edges)
            {
                found.push((quad, score));
            }
        }
    }
    found.into_iter().map(|(quad, score)| (long_side_first(quad), score)).collect()
}

fn long_side_first(quad: Quad) -> Quad {
    let [a, b, c, d] = quad.sides();
    if a + c >= b + d { quad } else { quad.turned(1) }
}

/// How card-like a quad is, 0 to 1; `None` where its shape rules it out.
fn judged(quad: &Quad, edges: &Edges) -> Option<f64> {
    let (width, height) = (f64::from(edges.width), f64::from(edges.height));
    let slack = 0.05 * width.max(height);
    let inside = |p: &Point| p.x > -slack && p.y > -slack && p.x < width + slack && p.y < height + slack;
    let share = quad.area() / (width * height);
    if share < LEAST_AREA || !quad.is_convex() || !quad.corners.iter().all(inside) {
        return None;
    }
    let [a, b, c, d] = quad.sides();
    if a.min(c) / a.max(c) < 0.72 || b.min(d) / b.max(d) < 0.72 {
        return None;
    }
    let ratio = ((a + c) / (b + d)).max((b + d) / (a + c));
    let off = ratio_off(ratio) / 0.10;
    if off.abs() > 2.5 {
        return None;
    }
    let mut product = 1.0;
    let mut signs = 0.0;
    for i in 0..4 {
        let (support, sign) = edges.support(quad.corners[i], quad.corners[(i + 1) % 4]);
        if support < 0.25 {
            return None;
        }
        product *= support;
        signs += sign;
    }
    // A card is paler or darker than the desk along all its sides; print inside a card changes sides.
    let agreement = 0.6 + 0.4 * (signs.abs() / 4.0);
    // Between a card and a frame printed on it, the larger is the card.
    let size = (share / 0.5).powf(0.2).min(1.1);
    Some((product.powf(0.25) * agreement * size * (-off * off / 2.0).exp()).min(1.0))
}

/// The quad with each side fitted to the strongest edge within a few pixels of it.
fn refined(quad: &Quad, edges: &Edges) -> Quad {
    let mut quad = *quad;
    for reach in [4.0, 2.0] {
        let sides: [Option<Line>; 4] = std::array::from_fn(|i| {
            let (from, to) = (quad.corners[i], quad.corners[(i + 1) % 4]);
            lines::fitted(&edges.along(from, to, reach))
        });
        let corners: [Option<Point>; 4] = std::array::from_fn(|i| sides[(i + 3) % 4]?.crossing(&sides[i]?));
        for (corner, fitted) in quad.corners.iter_mut().zip(corners) {
            if let Some(point) = fitted.filter(|p| p.distance(*corner) < 3.0 * reach) {
                *corner = point;
            }
        }
    }
    quad
}

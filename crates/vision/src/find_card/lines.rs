//! Straight lines through edges: the Hough transform, crossings and fits.

use super::edges::Edges;
use crate::geometry::{Point, Quad};

/// How many lines are kept: four are the card's; print, portrait and above all the grain of a desk take the others.
const KEPT: usize = 28;

/// A line as `x cos(angle) + y sin(angle) = rho`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Line {
    cos: f64,
    sin: f64,
    rho: f64,
}

impl Line {
    fn new(angle: f64, rho: f64) -> Self {
        Self { cos: angle.cos(), sin: angle.sin(), rho }
    }

    /// Degrees between the two directions, 0 to 180, the nearer of both ways to count for parallel lines.
    pub(super) fn angle_to(&self, other: &Self) -> f64 {
        (self.cos * other.cos + self.sin * other.sin).abs().min(1.0).acos().to_degrees()
    }

    /// Signed distance of `p`.
    pub(super) fn offset(&self, p: Point) -> f64 {
        p.x * self.cos + p.y * self.sin - self.rho
    }

    /// Signed distance of `p`, counted in the direction that `to` counts in.
    pub(super) fn offset_along(&self, to: &Self, p: Point) -> f64 {
        let same = self.cos * to.cos + self.sin * to.sin >= 0.0;
        if same { self.offset(p) } else { -self.offset(p) }
    }

    /// Where two lines cross.
    pub(super) fn crossing(&self, other: &Self) -> Option<Point> {
        let det = self.cos * other.sin - self.sin * other.cos;
        (det.abs() > 1e-6).then(|| {
            Point::new(
                (self.rho * other.sin - other.rho * self.sin) / det,
                (other.rho * self.cos - self.rho * other.cos) / det,
            )
        })
    }
}

/// The lines with most edge on them, one per neighbourhood.
pub(super) fn strongest(edges: &Edges) -> Vec<Line> {
    const ANGLES: usize = 180;
    let reach = f64::from(edges.width).hypot(f64::from(edges.height)).ceil() as usize + 2;
    let rhos = 2 * reach + 1;
    let table: Vec<(f64, f64)> =
        (0..ANGLES).map(|a| (a as f64).to_radians()).map(|a| (a.cos(), a.sin())).collect();
    let mut votes = vec![0.0f32; ANGLES * rhos];
    for (p, direction, weight) in edges.crests() {
        let middle = direction.to_degrees().round() as i64;
        for turn in -3..=3i64 {
            let angle = (middle + turn).rem_euclid(ANGLES as i64) as usize;
            let (cos, sin) = table[angle];
            let rho = (p.x * cos + p.y * sin).round() as i64 + reach as i64;
            votes[angle * rhos + rho as usize] += weight;
        }
    }
    // An edge that is a little bent or between two bins spreads: neighbours in rho are counted together.
    let summed: Vec<f32> = votes
        .chunks_exact(rhos)
        .flat_map(|row| {
            (0..rhos).map(move |i| row[i.saturating_sub(1)] * 0.5 + row[i] + row[(i + 1).min(rhos - 1)] * 0.5)
        })
        .collect();
    let least = 0.10 * edges.width.min(edges.height) as f32;
    let mut peaks: Vec<(usize, usize, f32)> = Vec::new();
    for angle in 0..ANGLES {
        for rho in 1..rhos - 1 {
            let value = summed[angle * rhos + rho];
            let row = &summed[angle * rhos..];
            if value > least && value >= row[rho - 1] && value > row[rho + 1] {
                peaks.push((angle, rho, value));
            }
        }
    }
    peaks.sort_by(|a, b| b.2.total_cmp(&a.2));
    let mut kept: Vec<(usize, i64)> = Vec::new();
    for (angle, rho, _) in peaks {
        let rho = rho as i64 - reach as i64;
        let near = kept.iter().any(|&(other, other_rho)| {
            let apart = angle.abs_diff(other);
            // Angles 0 and 179 are neighbours, with rho counted from the other side.
            let (apart, other_rho) = if apart > 90 { (180 - apart, -other_rho) } else { (apart, other_rho) };
            apart <= 4 && (rho - other_rho).abs() <= 7
        });
        if !near {
            kept.push((angle, rho));
            if kept.len() == KEPT {
                break;
            }
        }
    }
    kept.into_iter().map(|(angle, rho)| Line::new((angle as f64).to_radians(), rho as f64)).collect()
}

/// The quad between two pairs of opposite sides, clockwise from its top left.
pub(super) fn quad_of(first: &(Line, Line), second: &(Line, Line)) -> Option<Quad> {
    let mut corners = [
        first.0.crossing(&second.0)?,
        first.0.crossing(&second.1)?,
        first.1.crossing(&second.1)?,
        first.1.crossing(&second.0)?,
    ];
    let turn: f64 =
        (0..4).map(|i| corners[i].x * corners[(i + 1) % 4].y - corners[(i + 1) % 4].x * corners[i].y).sum();
    if turn < 0.0 {
        corners.reverse();
    }
    let first =
        (0..4).min_by(|&a, &b| (corners[a].x + corners[a].y).total_cmp(&(corners[b].x + corners[b].y)))?;
    corners.rotate_left(first);
    Some(Quad { corners })
}

/// The line through weighted points, fitted again twice without those that lie apart.
pub(super) fn fitted(points: &[(Point, f64)]) -> Option<Line> {
    if points.len() < 12 {
        return None;
    }
    let mut line = through(points)?;
    for within in [2.0, 1.0] {
        let near: Vec<_> = points.iter().filter(|(p, _)| line.offset(*p).abs() < within).copied().collect();
        if near.len() < 12 {
            break;
        }
        line = through(&near)?;
    }
    Some(line)
}

/// Total least squares: the direction of greatest spread through the centre of mass.
fn through(points: &[(Point, f64)]) -> Option<Line> {
    let mass: f64 = points.iter().map(|p| p.1).sum();
    if mass <= 0.0 {
        return None;
    }
    let mx = points.iter().map(|p| p.0.x * p.1).sum::<f64>() / mass;
    let my = points.iter().map(|p| p.0.y * p.1).sum::<f64>() / mass;
    let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
    for (p, w) in points {
        let (dx, dy) = (p.x - mx, p.y - my);
        xx += w * dx * dx;
        xy += w * dx * dy;
        yy += w * dy * dy;
    }
    let along = 0.5 * (2.0 * xy).atan2(xx - yy);
    let normal = along + std::f64::consts::FRAC_PI_2;
    Some(Line::new(normal, mx * normal.cos() + my * normal.sin()))
}

//! Points, quads and the projective map between them.
//!
//! Plane geometry only; it knows nothing of cards. Pixel coordinates grow right and down, and a pixel's
//! centre lies at its whole number.

/// A place in a picture, in pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Pixels from the left.
    pub x: f64,
    /// Pixels from the top.
    pub y: f64,
}

impl Point {
    /// The point at (`x`, `y`).
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// Distance to `other` in pixels.
    pub fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// The point that lies `t` of the way to `other`.
    pub fn toward(self, other: Self, t: f64) -> Self {
        Self::new(self.x + (other.x - self.x) * t, self.y + (other.y - self.y) * t)
    }
}

/// Four corners, clockwise as seen, from the top left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quad {
    /// Top left, top right, bottom right, bottom left.
    pub corners: [Point; 4],
}

impl Quad {
    /// The quad that covers a whole picture of this size.
    pub fn whole(width: u32, height: u32) -> Self {
        let (right, bottom) = (f64::from(width) - 1.0, f64::from(height) - 1.0);
        Self {
            corners: [
                Point::new(0.0, 0.0),
                Point::new(right, 0.0),
                Point::new(right, bottom),
                Point::new(0.0, bottom),
            ],
        }
    }

    /// Lengths of the top, right, bottom and left side in pixels.
    pub fn sides(&self) -> [f64; 4] {
        std::array::from_fn(|i| self.corners[i].distance(self.corners[(i + 1) % 4]))
    }

    /// Area in square pixels.
    pub fn area(&self) -> f64 {
        let c = &self.corners;
        (0..4).map(|i| c[i].x * c[(i + 1) % 4].y - c[(i + 1) % 4].x * c[i].y).sum::<f64>().abs() / 2.0
    }

    /// Whether every corner turns clockwise by a visible angle.
    pub fn is_convex(&self) -> bool {
        let c = &self.corners;
        (0..4).all(|i| {
            let (a, b, d) = (c[i], c[(i + 1) % 4], c[(i + 2) % 4]);
            let cross = (b.x - a.x) * (d.y - b.y) - (b.y - a.y) * (d.x - b.x);
            cross > 0.3 * a.distance(b) * b.distance(d)
        })
    }

    /// The middle of the corners.
    pub fn centre(&self) -> Point {
        let sum = self.corners.iter().fold((0.0, 0.0), |s, p| (s.0 + p.x, s.1 + p.y));
        Point::new(sum.0 / 4.0, sum.1 / 4.0)
    }

    /// Whether `p` lies inside.
    pub fn contains(&self, p: Point) -> bool {
        let c = &self.corners;
        (0..4).all(|i| {
            let (a, b) = (c[i], c[(i + 1) % 4]);
            (b.x - a.x) * (p.y - a.y) - (b.y - a.y) * (p.x - a.x) >= 0.0
        })
    }

    /// The same corners, counted from the `steps`-th: turns what is inside by 90° for each step.
    pub fn turned(mut self, steps: usize) -> Self {
        self.corners.rotate_left(steps % 4);
        self
    }

    /// The quad of a picture that was `factor` times larger.
    pub fn scaled(self, factor: f64) -> Self {
        // A pixel of the small picture covers `factor` pixels, so centres shift by half of what is added.
        let shift = (factor - 1.0) / 2.0;
        Self { corners: self.corners.map(|p| Point::new(p.x * factor + shift, p.y * factor + shift)) }
    }
}

/// An upright rectangle in pixels: left and top belong to it, right and bottom do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rect {
    /// First column.
    pub left: u32,
    /// First row.
    pub top: u32,
    /// Column after the last.
    pub right: u32,
    /// Row after the last.
    pub bottom: u32,
}

impl Rect {
    /// The rectangle at these fractions of a `width` x `height` picture, cut at its borders.
    pub fn of_fractions(width: u32, height: u32, x: (f64, f64), y: (f64, f64)) -> Self {
        let place = |fraction: f64, size: u32| {
            ((fraction.clamp(0.0, 1.0) * f64::from(size)).round() as u32).min(size)
        };
        Self {
            left: place(x.0, width),
            top: place(y.0, height),
            right: place(x.1, width),
            bottom: place(y.1, height),
        }
    }

    /// Columns.
    pub fn width(&self) -> u32 {
        self.right.saturating_sub(self.left)
    }

    /// Rows.
    pub fn height(&self) -> u32 {
        self.bottom.saturating_sub(self.top)
    }

    /// The rectangle grown on all sides, cut at the borders of a `width` x `height` picture.
    pub fn grown(&self, by_x: u32, by_y: u32, width: u32, height: u32) -> Self {
        Self {
            left: self.left.saturating_sub(by_x),
            top: self.top.saturating_sub(by_y),
            right: (self.right + by_x).min(width),
            bottom: (self.bottom + by_y).min(height),
        }
    }

    /// The smallest rectangle that holds both.
    pub fn union(&self, other: &Self) -> Self {
        Self {
            left: self.left.min(other.left),
            top: self.top.min(other.top),
            right: self.right.max(other.right),
            bottom: self.bottom.max(other.bottom),
        }
    }
}

/// A projective map of the plane.
#[derive(Debug, Clone, Copy)]
pub struct Homography {
    h: [f64; 8],
}

impl Homography {
    /// The map that takes the corners of `from` to those of `to`; `None` where three corners lie on a line.
    pub fn between(from: &Quad, to: &Quad) -> Option<Self> {
        // Two rows per corner of the usual direct linear transform, with the last entry fixed to 1.
        let mut m = [[0.0f64; 9]; 8];
        for i in 0..4 {
            let (s, t) = (from.corners[i], to.corners[i]);
            m[2 * i] = [s.x, s.y, 1.0, 0.0, 0.0, 0.0, -s.x * t.x, -s.y * t.x, t.x];
            m[2 * i + 1] = [0.0, 0.0, 0.0, s.x, s.y, 1.0, -s.x * t.y, -s.y * t.y, t.y];
        }
        for column in 0..8 {
            let pivot = (column..8).max_by(|&a, &b| m[a][column].abs().total_cmp(&m[b][column].abs()))?;
            if m[pivot][column].abs() < 1e-9 {
                return None;
            }
            m.swap(column, pivot);
            let pivot_row = m[column];
            for (row, values) in m.iter_mut().enumerate() {
                if row != column {
                    let factor = values[column] / pivot_row[column];
                    for (value, above) in values.iter_mut().zip(pivot_row).skip(column) {
                        *value -= factor * above;
                    }
                }
            }
        }
        Some(Self { h: std::array::from_fn(|i| m[i][8] / m[i][i]) })
    }

    /// Where `p` goes.
    pub fn apply(&self, p: Point) -> Point {
        let h = &self.h;
        let w = h[6] * p.x + h[7] * p.y + 1.0;
        Point::new((h[0] * p.x + h[1] * p.y + h[2]) / w, (h[3] * p.x + h[4] * p.y + h[5]) / w)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_map_takes_corners_to_corners_and_back() {
        let square = Quad::whole(100, 50);
        let tilted = Quad {
            corners: [
                Point::new(20.0, 10.0),
                Point::new(150.0, 30.0),
                Point::new(140.0, 120.0),
                Point::new(10.0, 90.0),
            ],
        };
        let there = Homography::between(&square, &tilted).unwrap();
        let back = Homography::between(&tilted, &square).unwrap();
        for (from, to) in square.corners.iter().zip(&tilted.corners) {
            assert!(there.apply(*from).distance(*to) < 1e-6);
        }
        let inner = Point::new(33.0, 21.0);
        assert!(back.apply(there.apply(inner)).distance(inner) < 1e-6);
    }

    #[test]
    fn a_flat_quad_has_no_map() {
        let line = Quad { corners: std::array::from_fn(|i| Point::new(i as f64, i as f64)) };
        assert!(Homography::between(&line, &Quad::whole(10, 10)).is_none());
        assert!(!line.is_convex());
    }
}

//! Where a picture changes colour, how strongly and in which direction.

use crate::geometry::Point;
use crate::picture::Picture;

/// The gradient of a picture: at each pixel that of the colour that changes most.
pub(super) struct Edges {
    pub(super) width: u32,
    pub(super) height: u32,
    gx: Vec<f32>,
    gy: Vec<f32>,
    /// A gradient this strong counts in full.
    strong: f32,
}

impl Edges {
    pub(super) fn of(picture: &Picture) -> Self {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        let channels: [Vec<f32>; 3] = std::array::from_fn(|c| {
            smoothed(picture.rgb().iter().skip(c).step_by(3).map(|v| f32::from(*v)).collect(), width, height)
        });
        let mut gx = vec![0.0f32; width * height];
        let mut gy = vec![0.0f32; width * height];
        for y in 1..height.saturating_sub(1) {
            for x in 1..width.saturating_sub(1) {
                let i = y * width + x;
                let mut best = 0.0;
                for v in &channels {
                    // Scharr's 3x3 operator, divided so that a step of h over one pixel gives about h / 2.
                    let dx = (3.0 * (v[i - width + 1] - v[i - width - 1])
                        + 10.0 * (v[i + 1] - v[i - 1])
                        + 3.0 * (v[i + width + 1] - v[i + width - 1]))
                        / 32.0;
                    let dy = (3.0 * (v[i + width - 1] - v[i - width - 1])
                        + 10.0 * (v[i + width] - v[i - width])
                        + 3.0 * (v[i + width + 1] - v[i - width + 1]))
                        / 32.0;
                    let strength = dx * dx + dy * dy;
                    if strength > best {
                        best = strength;
                        gx[i] = dx;
                        gy[i] = dy;
                    }
                }
            }
        }
        let mut strengths: Vec<f32> = gx.iter().zip(&gy).step_by(7).map(|(x, y)| x.hypot(*y)).collect();
        let middle = strengths.len() / 2;
        let median = *strengths.select_nth_unstable_by(middle, f32::total_cmp).1;
        // Noise and grain raise the bar; a pale card on a pale desk still differs by a dozen steps.
        let strong = (3.0 * median).clamp(5.0, 14.0);
        Self { width: picture.width(), height: picture.height(), gx, gy, strong }
    }

    fn gradient(&self, x: i64, y: i64) -> (f32, f32) {
        if x < 0 || y < 0 || x >= i64::from(self.width) || y >= i64::from(self.height) {
            return (0.0, 0.0);
        }
        let i = y as usize * self.width as usize + x as usize;
        (self.gx[i], self.gy[i])
    }

    /// Pixels that are the crest of a strong edge: place, direction of change, and weight 0 to 1.
    pub(super) fn crests(&self) -> impl Iterator<Item = (Point, f64, f32)> + '_ {
        (1..i64::from(self.height) - 1).flat_map(move |y| {
            (1..i64::from(self.width) - 1).filter_map(move |x| {
                let (gx, gy) = self.gradient(x, y);
                let strength = gx.hypot(gy);
                if strength < 0.6 * self.strong {
                    return None;
                }
                let (sx, sy) = ((gx / strength).round() as i64, (gy / strength).round() as i64);
                let (before, after) = (self.gradient(x - sx, y - sy), self.gradient(x + sx, y + sy));
                let crest = strength >= before.0.hypot(before.1) && strength > after.0.hypot(after.1);
                let weight = (strength / (2.0 * self.strong)).min(1.0);
                crest.then(|| (Point::new(x as f64, y as f64), f64::from(gy).atan2(f64::from(gx)), weight))
            })
        })
    }

    /// Change across the line from `from` to `to`, at `t` of the way and `off` pixels beside it.
    fn across(&self, from: Point, to: Point, t: f64, off: f64) -> (f32, f32) {
        let length = from.distance(to).max(1.0);
        let (nx, ny) = ((to.y - from.y) / length, (from.x - to.x) / length);
        let p = from.toward(to, t);
        let (gx, gy) = self.gradient((p.x + nx * off).round() as i64, (p.y + ny * off).round() as i64);
        let across = gx * nx as f32 + gy * ny as f32;
        (across, gx.hypot(gy))
    }

    /// Share of the side that lies on an edge of its direction (0 to 1), and whether the change has one sign
    /// all along (-1 to 1). Corners are left out, since cards have round ones.
    pub(super) fn support(&self, from: Point, to: Point) -> (f64, f64) {
        const SAMPLES: u32 = 40;
        let (mut sum, mut signed, mut counted) = (0.0f32, 0.0f32, 0u32);
        for i in 0..SAMPLES {
            let t = 0.06 + 0.88 * (f64::from(i) + 0.5) / f64::from(SAMPLES);
            let p = from.toward(to, t);
            if p.x < 1.0
                || p.y < 1.0
                || p.x > f64::from(self.width) - 2.0
                || p.y > f64::from(self.height) - 2.0
            {
                continue;
            }
            counted += 1;
            let mut best = 0.0f32;
            for off in [-1.0, 0.0, 1.0] {
                let (across, all) = self.across(from, to, t, off);
                if across.abs() > best.abs() && across.abs() > 0.8 * all {
                    best = across;
                }
            }
            let weight = (best.abs() / self.strong).min(1.0);
            sum += weight;
            signed += weight * best.signum();
        }
        // A side that is mostly out of the picture has no support of its own.
        if counted < SAMPLES / 3 || sum <= 0.0 {
            return (0.0, 0.0);
        }
        (f64::from(sum) / f64::from(counted), f64::from(signed / sum))
    }

    /// The crest of the edge near the line, at many places along it, to a fraction of a pixel, with weights.
    pub(super) fn along(&self, from: Point, to: Point, reach: f64) -> Vec<(Point, f64)> {
        const SAMPLES: u32 = 80;
        let length = from.distance(to).max(1.0);
        let (nx, ny) = ((to.y - from.y) / length, (from.x - to.x) / length);
        let steps = (reach * 2.0) as i32;
        (0..SAMPLES)
            .filter_map(|i| {
                let t = 0.07 + 0.86 * (f64::from(i) + 0.5) / f64::from(SAMPLES);
                let profile: Vec<(f64, f32)> = (-steps..=steps)
                    .map(|step| {
                        let off = f64::from(step) / 2.0;
                        (off, self.across(from, to, t, off).0.abs())
                    })
                    .collect();
                let peak = profile.iter().map(|p| p.1).fold(0.0, f32::max);
                if peak < 0.5 * self.strong {
                    return None;
                }
                // The crest's centre of mass is steadier than its single highest sample.
                let near = profile.iter().filter(|p| p.1 > 0.6 * peak);
                let (mass, moment) =
                    near.fold((0.0, 0.0), |s, p| (s.0 + f64::from(p.1), s.1 + p.0 * f64::from(p.1)));
                let (p, off) = (from.toward(to, t), moment / mass);
                Some((Point::new(p.x + nx * off, p.y + ny * off), f64::from(peak.min(2.0 * self.strong))))
            })
            .collect()
    }
}

/// A 1-2-1 blur in both directions, twice: takes the noise and keeps the edges.
fn smoothed(mut v: Vec<f32>, width: usize, height: usize) -> Vec<f32> {
    for _ in 0..2 {
        for line in v.chunks_exact_mut(width) {
            let mut before = line[0];
            for x in 0..width {
                let here = line[x];
                line[x] = (before + 2.0 * here + line[(x + 1).min(width - 1)]) / 4.0;
                before = here;
            }
        }
        let mut above: Vec<f32> = v[..width].to_vec();
        for y in 0..height {
            let next = (y + 1).min(height - 1) * width;
            for x in 0..width {
                let here = v[y * width + x];
                let below = if next == y * width { here } else { v[next + x] };
                v[y * width + x] = (above[x] + 2.0 * here + below) / 4.0;
                above[x] = here;
            }
        }
    }
    v
}

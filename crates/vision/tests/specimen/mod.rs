//! Draws specimen cards and the photos that a phone would take of them, for the tests of this crate.
//!
//! Every person is made up and every card says SPECIMEN. The layout is that of domain practice (fractions of
//! the card's width and height); all randomness comes from a seed, so each picture can be made again.
#![allow(dead_code, clippy::unwrap_used, reason = "each test uses a part; a test may panic")]

use ingam_vision::geometry::{Homography, Point, Quad};
use ingam_vision::picture::Picture;
use resvg::{tiny_skia, usvg};
use std::sync::{Arc, OnceLock};

/// SplitMix64: small, seeded, the same everywhere.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x1234_5678)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (self.next() >> 11) as f64 / (1u64 << 53) as f64 * (high - low)
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[(self.next() % of.len() as u64) as usize]
    }
}

/// What stands on a card.
#[derive(Clone)]
pub(crate) struct Person {
    pub name: String,
    pub hanja: Option<String>,
    pub number: String,
    pub address: Vec<String>,
    pub issued: String,
    pub issued_iso: String,
    pub issuer: String,
}

impl Person {
    pub(crate) fn made_up(dice: &mut Dice) -> Self {
        let surname = dice.pick(&[
            "김", "이", "박", "최", "정", "강", "조", "윤", "장", "임", "한", "오", "서", "신", "권",
        ]);
        let given = dice.pick(&[
            "민수", "서연", "지훈", "하은", "도윤", "수아", "준호", "예린", "영희", "철수", "은정", "성민",
            "가온", "나래", "동현", "미경", "상우", "혜진", "태영", "보람", "정아", "현우",
        ]);
        let hanja = (dice.next().is_multiple_of(2))
            .then(|| dice.pick(&["金敏洙", "李瑞姸", "朴志勳", "崔夏恩", "鄭道允", "姜秀雅"]).to_string());
        let (year, month, day) = (1950 + dice.next() % 55, 1 + dice.next() % 12, 1 + dice.next() % 28);
        let sex = 1 + dice.next() % 2 + if year >= 2000 { 2 } else { 0 };
        let number = format!("{:02}{month:02}{day:02}-{sex}{:06}", year % 100, dice.next() % 1_000_000);
        let (y, m, d) = (2005 + dice.next() % 20, 1 + dice.next() % 12, 1 + dice.next() % 28);
        let (issued, issued_iso) = (
            if y < 2012 { format!("{y}.{m:02}.{d:02}") } else { format!("{y}. {m}. {d}.") },
            format!("{y}-{m:02}-{d:02}"),
        );
        let (region, office) = *dice.pick(&[
            &("서울특별시 강남구", "서울특별시 강남구청장"),
            &("서울특별시 마포구", "서울특별시 마포구청장"),
            &("부산광역시 해운대구", "부산광역시 해운대구청장"),
            &("경기도 수원시 팔달구", "경기도 수원시 팔달구청장"),
            &("대전광역시 유성구", "대전광역시 유성구청장"),
            &("전북특별자치도 전주시", "전북특별자치도 전주시장"),
            &("제주특별자치도 제주시", "제주특별자치도 제주시장"),
            &("강원특별자치도 춘천시", "강원특별자치도 춘천시장"),
            &("경상남도 창원시 성산구", "경상남도 창원시 성산구청장"),
        ]);
        let road = dice.pick(&[
            "테헤란로",
            "월드컵북로",
            "센텀중앙로",
            "효원로",
            "대학로",
            "한라대학로",
            "중앙로12번길",
            "새싹로",
        ]);
        let mut address = vec![region.to_string(), format!("{road} {}", 1 + dice.next() % 300)];
        if !dice.next().is_multiple_of(3) {
            address.push(format!("{}동 {}호", 101 + dice.next() % 20, 101 + dice.next() % 1900));
        }
        if dice.next().is_multiple_of(3) {
            address.push(format!(
                "({}, {})",
                dice.pick(&["역삼동", "상암동", "우동"]),
                dice.pick(&["한빛아파트", "푸른마을"])
            ));
        }
        // Half of the given names are syllables that no list of names would bring together.
        let syllable = |dice: &mut Dice| {
            dice.pick(&[
                "가", "강", "겸", "교", "규", "나", "누", "담", "덕", "령", "루", "린", "명", "빈", "백",
                "별", "솔", "슬", "심", "애", "양", "온", "완", "욱", "융", "의", "찬", "창", "채", "초",
                "택", "평", "필", "항", "헌", "형", "환", "흠", "희",
            ])
        };
        let name = match dice.next() % 4 {
            0 | 1 => format!("{surname}{given}"),
            2 => format!("{surname}{}{}", syllable(dice), syllable(dice)),
            _ => format!("{surname}{}", syllable(dice)),
        };
        Self { name, hanja, number, address, issued, issued_iso, issuer: office.to_string() }
    }
}

/// How a card is printed.
pub(crate) struct Print {
    pub font: &'static str,
    pub number_font: &'static str,
    pub shift: (f64, f64),
    pub weight: u32,
}

impl Print {
    pub(crate) fn plain() -> Self {
        Self { font: "NanumGothic", number_font: "NanumGothic", shift: (0.0, 0.0), weight: 400 }
    }

    pub(crate) fn any(dice: &mut Dice) -> Self {
        let font = dice.pick(&[
            "NanumGothic",
            "NanumBarunGothic",
            "NanumMyeongjo",
            "Noto Sans CJK KR",
            "NanumSquare",
        ]);
        let number_font = if dice.next().is_multiple_of(2) {
            font
        } else {
            dice.pick(&["NanumGothic", "Noto Sans CJK KR"])
        };
        Self {
            font,
            number_font,
            shift: (dice.between(-0.02, 0.02), dice.between(-0.02, 0.02)),
            weight: if dice.next().is_multiple_of(3) { 700 } else { 400 },
        }
    }
}

fn fonts() -> Arc<usvg::fontdb::Database> {
    static FONTS: OnceLock<Arc<usvg::fontdb::Database>> = OnceLock::new();
    FONTS
        .get_or_init(|| {
            let mut fonts = usvg::fontdb::Database::new();
            fonts.load_system_fonts();
            Arc::new(fonts)
        })
        .clone()
}

/// The card as SVG, 856 x 540 units.
pub(crate) fn svg(person: &Person, print: &Print) -> String {
    let (w, h) = (856.0, 539.8);
    let (dx, dy) = (print.shift.0 * w, print.shift.1 * h);
    let mut out = String::from(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 856 539.8'><rect width='856' height='539.8' rx='30' fill='#eef1ea'/>",
    );
    for i in 0..26 {
        let y = 10.0 + f64::from(i) * 21.0;
        out += &format!(
            "<path d='M0 {y} q107 {} 214 0 t214 0 t214 0 t214 0' fill='none' stroke='#c9dccf' stroke-width='1.2'/>",
            if i % 2 == 0 { 26 } else { -26 }
        );
    }
    out += "<text x='500' y='515' font-size='34' fill='#e2b9b4' font-family='NanumGothic' font-weight='700'>SPECIMEN 견본</text>";
    let text = |out: &mut String,
                x: f64,
                y: f64,
                size: f64,
                anchor: &str,
                font: &str,
                weight: u32,
                t: &str| {
        // A text's middle lies about 0.35 em above its baseline.
        let (x, y) = (x * w + dx, y * h + dy + size * 0.35);
        *out += &format!(
            "<text x='{x:.1}' y='{y:.1}' font-size='{size}' text-anchor='{anchor}' font-family='{font}' font-weight='{weight}' fill='#1d1f22'>{t}</text>"
        );
    };
    text(&mut out, 0.06, 0.14, 52.0, "start", print.font, 700, "주민등록증");
    let name = match &person.hanja {
        Some(hanja) => format!("{}({hanja})", person.name),
        None => person.name.clone(),
    };
    text(&mut out, 0.06, 0.30, 38.0, "start", print.font, print.weight, &name);
    text(&mut out, 0.06, 0.42, 36.0, "start", print.number_font, print.weight, &person.number);
    let lines = person.address.len() as f64;
    for (i, line) in person.address.iter().enumerate() {
        let y = if lines > 1.0 { 0.51 + 0.165 * i as f64 / (lines - 1.0).max(2.0) } else { 0.52 };
        text(&mut out, 0.06, y, 25.0, "start", print.font, print.weight, line);
    }
    text(&mut out, 0.45, 0.755, 28.0, "middle", print.number_font, print.weight, &person.issued);
    text(&mut out, 0.45, 0.85, 33.0, "middle", print.font, print.weight, &person.issuer);
    let seal = 0.45 * w + dx + person.issuer.chars().count() as f64 * 33.0 * 0.45 - 14.0;
    let seal_y = 0.85 * h + dy - 28.0;
    out += &format!(
        "<g fill='none' stroke='#d0342c' stroke-width='4'><rect x='{seal:.1}' y='{seal_y:.1}' width='56' height='56'/><path d='M{:.1} {:.1} h36 m-36 16 h36 m-18 -22 v40'/></g>",
        seal + 10.0,
        seal_y + 18.0
    );
    let (px, py) = (0.62 * w + dx, 0.10 * h + dy);
    out += &format!(
        "<g transform='translate({px:.1} {py:.1})'><rect width='274' height='324' fill='#c7d6e2'/><path d='M20 324 q20 -90 117 -96 q97 6 117 96z' fill='#38465c'/><ellipse cx='137' cy='140' rx='66' ry='84' fill='#e6bd9c'/><path d='M66 140 q-6 -110 71 -112 q77 2 71 112 q-18 -60 -71 -62 q-53 2 -71 62z' fill='#2a211c'/><circle cx='112' cy='140' r='6' fill='#222'/><circle cx='162' cy='140' r='6' fill='#222'/><path d='M114 186 q23 14 46 0' stroke='#8d4a3a' stroke-width='4' fill='none'/></g>"
    );
    out + "</svg>"
}

/// The flat card, `width` pixels wide, with a marker outside its round corners.
pub(crate) fn card(person: &Person, print: &Print, width: u32) -> (Picture, Vec<u8>) {
    let options = usvg::Options { fontdb: fonts(), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(&svg(person, print), &options).unwrap();
    let scale = width as f32 / 856.0;
    let height = (539.8 * scale).round() as u32;
    let mut pixels = tiny_skia::Pixmap::new(width, height).unwrap();
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    let mut rgb = Vec::new();
    let mut cover = Vec::new();
    for p in pixels.pixels() {
        let p = p.demultiply();
        rgb.extend([p.red(), p.green(), p.blue()]);
        cover.push(p.alpha());
    }
    (Picture::new(width, height, rgb).unwrap(), cover)
}

/// How a photo is taken.
#[derive(Clone, Debug)]
pub(crate) struct Shot {
    pub width: u32,
    pub height: u32,
    /// Card width over picture width.
    pub fill: f64,
    pub rotation_deg: f64,
    pub perspective: f64,
    pub desk: [f64; 3],
    pub grain: f64,
    pub noise: f64,
    pub blur: f64,
    pub brightness: f64,
    /// Centre and radius in fractions of the card, if light falls on it.
    pub glare: Option<(f64, f64, f64)>,
    pub jpeg: u8,
    pub grey: bool,
    pub seed: u64,
}

impl Shot {
    pub(crate) fn clean(width: u32) -> Self {
        Self {
            width,
            height: width * 3 / 4,
            fill: 0.8,
            rotation_deg: 0.0,
            perspective: 0.0,
            desk: [96.0, 72.0, 54.0],
            grain: 6.0,
            noise: 1.0,
            blur: 0.0,
            brightness: 1.0,
            glare: None,
            jpeg: 90,
            grey: false,
            seed: 1,
        }
    }

    pub(crate) fn any(dice: &mut Dice, medium: bool) -> Self {
        let desk = *dice.pick(&[
            &[96.0, 72.0, 54.0],
            &[40.0, 42.0, 46.0],
            &[170.0, 140.0, 108.0],
            &[60.0, 90.0, 80.0],
            &[205.0, 200.0, 196.0],
            &[120.0, 125.0, 132.0],
        ]);
        let turn = if dice.next().is_multiple_of(8) { 90.0 * (dice.next() % 4) as f64 } else { 0.0 };
        let card = if medium { dice.between(820.0, 1000.0) } else { dice.between(950.0, 1500.0) };
        let fill = dice.between(0.62, 0.85) * if (turn as i64 / 90) % 2 == 1 { 0.6 } else { 1.0 };
        let width = (card / fill).round() as u32;
        Self {
            width,
            height: width * 3 / 4,
            fill,
            rotation_deg: turn + dice.between(-12.0, 12.0) * if medium { 1.0 } else { 0.4 },
            perspective: dice.between(-0.05, 0.05) * if medium { 1.0 } else { 0.4 },
            desk,
            grain: dice.between(0.0, if medium { 14.0 } else { 6.0 }),
            noise: dice.between(0.5, if medium { 6.0 } else { 2.0 }),
            blur: if medium { dice.between(0.0, 1.0) } else { 0.0 },
            brightness: dice.between(0.75, 1.05),
            glare: (medium && dice.next().is_multiple_of(3))
                .then(|| (dice.between(0.62, 0.95), dice.between(0.1, 0.6), 0.1)),
            jpeg: if medium { 70 + (dice.next() % 20) as u8 } else { 85 + (dice.next() % 10) as u8 },
            grey: false,
            seed: dice.next(),
        }
    }
}

/// The card's corners in the photo, from the card's own top left.
pub(crate) fn corners(shot: &Shot) -> Quad {
    let (w, h) = (f64::from(shot.width) * shot.fill, f64::from(shot.width) * shot.fill / (856.0 / 539.8));
    let (cx, cy) = (f64::from(shot.width) / 2.0, f64::from(shot.height) / 2.0);
    let (sin, cos) = shot.rotation_deg.to_radians().sin_cos();
    let p = shot.perspective;
    let corner = |x: f64, y: f64| {
        let grow = 1.0 + p * 2.0 * y + 0.5 * p * 2.0 * x;
        let (x, y) = (x * w * grow, y * h * grow);
        Point::new(cx + x * cos - y * sin, cy + x * sin + y * cos)
    };
    Quad { corners: [corner(-0.5, -0.5), corner(0.5, -0.5), corner(0.5, 0.5), corner(-0.5, 0.5)] }
}

/// A photo of a card on a desk.
pub(crate) fn photo(card: &(Picture, Vec<u8>), shot: &Shot) -> Picture {
    let mut dice = Dice::new(shot.seed);
    let (face, cover) = card;
    let flat = Quad::whole(face.width(), face.height());
    let map = Homography::between(&corners(shot), &flat).unwrap();
    let (w, h) = (shot.width as usize, shot.height as usize);
    let mut light = vec![[0.0f32; 3]; w * h];
    let wave = dice.between(0.02, 0.06);
    for y in 0..h {
        for x in 0..w {
            let streak = ((y as f64 * wave * 3.0) + (x as f64 * wave * 0.2).sin() * 2.0).sin() * shot.grain;
            let shade = 1.0 - 0.15 * (x as f64 / w as f64);
            let mut value: [f64; 3] = std::array::from_fn(|c| (shot.desk[c] + streak) * shade);
            let p = map.apply(Point::new(x as f64, y as f64));
            let (fw, fh) = (f64::from(face.width()), f64::from(face.height()));
            if p.x >= 0.0 && p.y >= 0.0 && p.x < fw - 1.0 && p.y < fh - 1.0 {
                let (x0, y0) = (p.x as u32, p.y as u32);
                let (fx, fy) = (p.x - f64::from(x0), p.y - f64::from(y0));
                let alpha = f64::from(cover[y0 as usize * face.width() as usize + x0 as usize]) / 255.0;
                for (c, value) in value.iter_mut().enumerate() {
                    let at = |dx: u32, dy: u32| f64::from(face.at(x0 + dx, y0 + dy)[c]);
                    let top = at(0, 0) * (1.0 - fx) + at(1, 0) * fx;
                    let bottom = at(0, 1) * (1.0 - fx) + at(1, 1) * fx;
                    *value = *value * (1.0 - alpha) + (top * (1.0 - fy) + bottom * fy) * 0.95 * shade * alpha;
                }
                if let Some((gx, gy, radius)) = shot.glare {
                    let d = ((p.x / fw - gx).powi(2) + ((p.y / fh - gy) * 0.63).powi(2)).sqrt() / radius;
                    let added = 330.0 * (-d * d * d * d).exp();
                    value.iter_mut().for_each(|v| *v += added);
                }
            }
            light[y * w + x] = value.map(|v| (v * shot.brightness) as f32);
        }
    }
    if shot.blur > 0.0 {
        light = blurred(light, w, h, shot.blur);
    }
    let mut rgb = Vec::with_capacity(w * h * 3);
    for pixel in &light {
        let grey = pixel.iter().sum::<f32>() / 3.0;
        for value in pixel {
            let value = if shot.grey { grey } else { *value };
            let noise = (dice.between(-1.0, 1.0) + dice.between(-1.0, 1.0)) * shot.noise;
            rgb.push((f64::from(value) + noise).clamp(0.0, 255.0) as u8);
        }
    }
    Picture::new(shot.width, shot.height, rgb).unwrap()
}

fn blurred(mut v: Vec<[f32; 3]>, w: usize, h: usize, sigma: f64) -> Vec<[f32; 3]> {
    let reach = (sigma * 3.0).ceil() as i64;
    let weights: Vec<f32> =
        (-reach..=reach).map(|i| (-(i * i) as f64 / (2.0 * sigma * sigma)).exp() as f32).collect();
    let sum: f32 = weights.iter().sum();
    for vertical in [false, true] {
        let from = v.clone();
        for y in 0..h as i64 {
            for x in 0..w as i64 {
                let mut total = [0.0f32; 3];
                for (i, weight) in weights.iter().enumerate() {
                    let step = i as i64 - reach;
                    let (px, py) = if vertical { (x, y + step) } else { (x + step, y) };
                    let p = from[py.clamp(0, h as i64 - 1) as usize * w + px.clamp(0, w as i64 - 1) as usize];
                    (0..3).for_each(|c| total[c] += p[c] * weight);
                }
                v[y as usize * w + x as usize] = total.map(|t| t / sum);
            }
        }
    }
    v
}

/// The photo as the phone would send it.
pub(crate) fn jpeg(person: &Person, print: &Print, shot: &Shot) -> Vec<u8> {
    let width = ((f64::from(shot.width) * shot.fill) as u32).clamp(400, 1600);
    photo(&card(person, print, width), shot).to_jpeg(shot.jpeg).unwrap()
}

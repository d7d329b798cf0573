//! The front of a driver licence (자동차운전면허증) as SVG, and people who hold one.
//!
//! Refuses to know whether what it prints is true. What stands on it, and roughly where, follows the description of
//! licences since 2019: photograph left, classes above it, number, name, resident number, address, the period of the
//! aptitude test, conditions, day of issue and the police's seal; at the lower right a second small photograph with
//! the serial code (암호일련번호). The look is the project's own.
//!
//! Every number is 999xxx of a real region and first issue, which stands for no licence; resident numbers are as in
//! `people`.

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

use super::people::{BLACK, BROWN, BROWN_BLACK, GREY};
use super::portrait::{Age, Face, Garment, Glasses, Hair, PortraitStyle, Skin};
use super::print::{Format, Line, Paper, Sheet, advance};

/// What a licence shows. Not personal data: no such person exists.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DriverFace {
    /// One or two classes as printed (`2종보통`).
    pub classes: Vec<String>,
    /// `RR-YY-NNNNNN-CC`.
    pub licence_number: String,
    /// Korean name.
    pub name: String,
    /// `YYMMDD-SNNNNNN`.
    pub resident_number: String,
    /// One to three printed lines.
    pub address: Vec<String>,
    /// First day of the period in which the licence has to be renewed.
    pub valid_from: Date,
    /// Its last day.
    pub valid_until: Date,
    /// `적성검사 기간` or `갱신기간`.
    pub period_label: String,
    /// Codes of conditions, if any (`A`: only automatic gears).
    pub conditions: Option<String>,
    /// Day of issue.
    pub issue_date: Date,
    /// The police (`서울특별시경찰청장`).
    pub issuer: String,
    /// Five or six capitals and digits; older licences have none.
    pub serial_code: Option<String>,
    /// How the portraits are drawn.
    pub portrait: PortraitStyle,
}

const PAPER: Paper = Paper {
    ground: ["#F6F3EA", "#EEF1E6", "#E4ECEF"],
    curves: ["#C4AE7F", "#9DB58C", "#86A9BF"],
    phase: 0.9,
};

/// The licence as an SVG document of 856 by 539.8 units.
pub fn driver_licence_svg(face: &DriverFace) -> String {
    let mut sheet = Sheet::new(Format::Id1, &PAPER);
    sheet.watermark((0.60, 0.60), 86.0, -14.0);
    let (x, y) = sheet.at(0.36, 0.095);
    sheet.line(&Line {
        content: "자동차운전면허증",
        x,
        y,
        size: 36.0,
        weight: 700,
        anchor: "start",
        spacing: 2.0,
        colour: "#1E2A33",
        max_width: 300.0,
    });
    sheet.label("(Driver's License)", (0.715, 0.10), 19.0);
    for (class, row) in face.classes.iter().take(2).zip(0u8..) {
        sheet.print(class, (0.045, 0.10 + 0.075 * f32::from(row)), 27.0, 700, 220.0);
    }
    sheet.photograph(&face.portrait, (0.045, 0.245), (0.265, 0.50));
    sheet.print(&face.licence_number, (0.36, 0.205), 36.0, 700, 420.0);
    sheet.print(&face.name, (0.36, 0.305), 34.0, 700, 330.0);
    sheet.print(&face.resident_number, (0.36, 0.395), 32.0, 400, 330.0);
    for (line, row) in face.address.iter().take(3).zip(0u8..) {
        sheet.print(line, (0.36, 0.475 + 0.057 * f32::from(row)), 23.0, 400, 350.0);
    }
    sheet.label(&face.period_label, (0.36, 0.655), 17.0);
    let dotted = |day: Date| day.strftime("%Y.%m.%d.").to_string();
    let period = format!("{}~{}", dotted(face.valid_from), dotted(face.valid_until));
    sheet.print(&period, (0.36, 0.71), 24.0, 400, 380.0);
    if let Some(conditions) = &face.conditions {
        sheet.label(&format!("조건 : {conditions}"), (0.36, 0.765), 17.0);
    }
    sheet.print(&dotted(face.issue_date), (0.36, 0.825), 25.0, 400, 300.0);
    sheet.print(&face.issuer, (0.36, 0.91), 31.0, 700, 330.0);
    let end = 0.36 + (advance(&face.issuer, 31.0).min(330.0) - 16.0) / Format::Id1.size().0;
    sheet.seal((end, 0.90));
    sheet.second_photograph(&face.portrait, (0.825, 0.53), (0.125, 0.28));
    if let Some(code) = &face.serial_code {
        sheet.print(code, (0.822, 0.855), 25.0, 400, 120.0);
    }
    sheet.specimen((0.178, 0.805), (0.045, 0.98));
    sheet.finish()
}

/// Drivers to begin with; each is drawn from nobody.
pub fn drivers() -> Vec<DriverFace> {
    let face = |classes: &[&str],
                licence_number: &str,
                (name, resident_number): (&str, &str),
                address: &[&str],
                (from, until, issued): (Date, Date, Date),
                issuer: &str,
                serial_code: Option<&str>,
                portrait: PortraitStyle| DriverFace {
        classes: classes.iter().map(|class| (*class).to_owned()).collect(),
        licence_number: licence_number.to_owned(),
        name: name.to_owned(),
        resident_number: resident_number.to_owned(),
        address: address.iter().map(|line| (*line).to_owned()).collect(),
        valid_from: from,
        valid_until: until,
        period_label: if serial_code.is_some() { "적성검사 기간" } else { "갱신기간" }.to_owned(),
        conditions: classes.contains(&"2종보통").then(|| "A".to_owned()),
        issue_date: issued,
        issuer: issuer.to_owned(),
        serial_code: serial_code.map(str::to_owned),
        portrait,
    };
    vec![
        face(
            &["1종보통"],
            "11-08-999127-61",
            ("김민수", "900415-1981237"),
            &["서울특별시 견본구 보기로 12,", "101동 1203호", "(샘플동, 견본아파트)"],
            (date(2030, 1, 1), date(2030, 12, 31), date(2020, 9, 16)),
            "서울특별시경찰청장",
            Some("9WSWRQ"),
            PortraitStyle::new(Skin::Light, (Hair::SidePart, BLACK), (Garment::Suit, "#3F587C"), Age::Young),
        ),
        face(
            &["2종보통"],
            "12-14-999384-20",
            ("이서연", "950822-2971486"),
            &["부산광역시 보기구 표본대로 48,", "505호 (예시동)"],
            (date(2032, 1, 1), date(2032, 12, 31), date(2022, 4, 7)),
            "부산광역시경찰청장",
            Some("K3D7PX"),
            PortraitStyle::new(
                Skin::Porcelain,
                (Hair::Long, BLACK),
                (Garment::Blouse, "#6D4A6E"),
                Age::Young,
            )
            .soft()
            .studs(),
        ),
        face(
            &["1종대형", "2종소형"],
            "13-99-999610-53",
            ("정하준", "790930-1971569"),
            &["경기도 표본시 예시구 보기로 160"],
            (date(2028, 1, 1), date(2028, 12, 31), date(2018, 11, 2)),
            "경기도남부경찰청장",
            Some("7H2MVN"),
            PortraitStyle::new(
                Skin::Sand,
                (Hair::Receding, BROWN_BLACK),
                (Garment::Shirt, "#2E4A63"),
                Age::Middle,
            )
            .glasses(Glasses::Square),
        ),
        face(
            &["2종보통"],
            "22-87-999045-12",
            ("한옥순", "620311-2991823"),
            &["대구광역시 예시구 견본로5길 7"],
            (date(2025, 1, 1), date(2025, 12, 31), date(2015, 3, 30)),
            "대구지방경찰청장",
            None,
            PortraitStyle::new(Skin::Warm, (Hair::Perm, GREY), (Garment::Hanbok, "#8FA9B8"), Age::Elder)
                .face(Face::Round),
        ),
        face(
            &["1종보통"],
            "28-17-999872-40",
            ("오세라", "960728-2990157"),
            &["경기도 보기시 견본로 256,", "1102동 2401호"],
            (date(2033, 1, 1), date(2033, 12, 31), date(2023, 2, 28)),
            "경기도북부경찰청장",
            Some("4TQ8B2"),
            PortraitStyle::new(Skin::Warm, (Hair::Wavy, BROWN), (Garment::Blazer, "#8A6438"), Age::Young)
                .soft()
                .studs(),
        ),
    ]
}

//! The fronts of the three residence cards of foreigners as SVG (외국인등록증, 국내거소신고증, 영주증), and people who
//! hold one.
//!
//! Refuses to know whether what it prints is true. What stands on it follows the description of such cards: title in
//! Korean and English, photograph left, registration number, sex, name in capitals that may wrap, country or region,
//! status of stay, day of issue, and the immigration office with its seal. The look is the project's own.
//!
//! The eighth and ninth digits of every number are 97 to 99, as in `people`.

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

use super::people::{BLACK, BROWN, BROWN_BLACK};
use super::portrait::{Age, Face, Garment, Glasses, Hair, PortraitStyle, Skin};
use super::print::{Format, Line, Paper, Sheet, advance};

/// Which of the three cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlienCard {
    /// 외국인등록증.
    Alien,
    /// 국내거소신고증, of Koreans with another nationality.
    DomesticResidence,
    /// 영주증.
    PermanentResidence,
}

/// What such a card shows. Not personal data: no such person exists.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AlienFace {
    /// Which card.
    pub card: AlienCard,
    /// `YYMMDD-SNNNNNN`, S from 5 to 8.
    pub registration_number: String,
    /// `M` or `F`.
    pub sex: String,
    /// One or two printed lines of capitals; the last may be a Korean name in brackets.
    pub name: Vec<String>,
    /// As printed (`VIETNAM`).
    pub nationality: String,
    /// As printed (`일반연수(D-4)`).
    pub visa_status: String,
    /// Day of issue.
    pub issue_date: Date,
    /// The office (`서울출입국·외국인청장`).
    pub issuer: String,
    /// How the portrait is drawn.
    pub portrait: PortraitStyle,
}

const fn paper(card: AlienCard) -> Paper {
    match card {
        AlienCard::Alien => Paper {
            ground: ["#EFF4F8", "#E5EEF4", "#E2E6F1"],
            curves: ["#86A6C9", "#8DB8B4", "#A99BC8"],
            phase: 2.1,
        },
        AlienCard::DomesticResidence => Paper {
            ground: ["#F6F1EC", "#F2EBE3", "#EAE6EC"],
            curves: ["#C9A184", "#BFA97C", "#B79CC4"],
            phase: 3.3,
        },
        AlienCard::PermanentResidence => Paper {
            ground: ["#EEF5EE", "#E6F0E4", "#E1ECEA"],
            curves: ["#83B587", "#9CB87A", "#7FB5AC"],
            phase: 4.2,
        },
    }
}

/// The card as an SVG document of 856 by 539.8 units.
pub fn alien_card_svg(face: &AlienFace) -> String {
    let mut sheet = Sheet::new(Format::Id1, &paper(face.card));
    sheet.watermark((0.62, 0.52), 86.0, -14.0);
    let title = match face.card {
        AlienCard::Alien => "외국인등록증",
        AlienCard::DomesticResidence => "국내거소신고증",
        AlienCard::PermanentResidence => "영주증",
    };
    let (x, y) = sheet.at(0.05, 0.115);
    sheet.line(&Line {
        content: title,
        x,
        y,
        size: 42.0,
        weight: 700,
        anchor: "start",
        spacing: 4.0,
        colour: "#1E2A33",
        max_width: 330.0,
    });
    let english =
        if face.card == AlienCard::PermanentResidence { "PERMANENT RESIDENT CARD" } else { "RESIDENCE CARD" };
    sheet.label(english, (0.50, 0.122), 27.0);
    sheet.photograph(&face.portrait, (0.05, 0.225), (0.27, 0.51));
    let label = if face.card == AlienCard::DomesticResidence {
        "거소신고번호"
    } else {
        "외국인등록번호"
    };
    sheet.label(label, (0.36, 0.26), 18.0);
    sheet.print(&face.registration_number, (0.54, 0.255), 33.0, 700, 380.0);
    sheet.label("성별", (0.36, 0.345), 18.0);
    sheet.print(&face.sex, (0.54, 0.34), 29.0, 400, 100.0);
    sheet.label("성명", (0.36, 0.43), 18.0);
    for (line, row) in face.name.iter().take(2).zip(0u8..) {
        sheet.print(line, (0.54, 0.425 + 0.07 * f32::from(row)), 27.0, 400, 370.0);
    }
    sheet.label("국가/지역", (0.36, 0.585), 18.0);
    sheet.print(&face.nationality, (0.54, 0.58), 27.0, 400, 370.0);
    sheet.label("체류자격", (0.36, 0.67), 18.0);
    sheet.print(&face.visa_status, (0.54, 0.665), 27.0, 400, 370.0);
    sheet.label("발급일자", (0.36, 0.755), 18.0);
    sheet.print(&face.issue_date.strftime("%Y.%m.%d.").to_string(), (0.54, 0.75), 27.0, 400, 300.0);
    let size = 31.0;
    let wide = advance(&face.issuer, size).min(440.0);
    sheet.print(&face.issuer, (0.36, 0.875), size, 700, 440.0);
    sheet.seal((0.36 + (wide - 16.0) / Format::Id1.size().0, 0.87));
    sheet.specimen((0.185, 0.80), (0.05, 0.98));
    sheet.finish()
}

/// Foreigners to begin with; each is drawn from nobody.
pub fn aliens() -> Vec<AlienFace> {
    let face = |card: AlienCard,
                (registration_number, sex): (&str, &str),
                name: &[&str],
                (nationality, visa_status): (&str, &str),
                issue_date: Date,
                issuer: &str,
                portrait: PortraitStyle| AlienFace {
        card,
        registration_number: registration_number.to_owned(),
        sex: sex.to_owned(),
        name: name.iter().map(|line| (*line).to_owned()).collect(),
        nationality: nationality.to_owned(),
        visa_status: visa_status.to_owned(),
        issue_date,
        issuer: issuer.to_owned(),
        portrait,
    };
    vec![
        face(
            AlienCard::Alien,
            ("950317-5981204", "M"),
            &["NGUYEN VAN MAU"],
            ("VIETNAM", "일반연수(D-4)"),
            date(2023, 5, 11),
            "서울출입국·외국인청장",
            PortraitStyle::new(Skin::Tan, (Hair::Crop, BLACK), (Garment::Shirt, "#48704C"), Age::Young),
        ),
        face(
            AlienCard::Alien,
            ("880924-6972318", "F"),
            &["SAMPLE MARY", "ELIZABETH"],
            ("U.S.A.", "회화지도(E-2)"),
            date(2022, 8, 30),
            "부산출입국·외국인청장",
            PortraitStyle::new(
                Skin::Porcelain,
                (Hair::Wavy, BROWN),
                (Garment::Blazer, "#2F5D50"),
                Age::Young,
            )
            .soft(),
        ),
        face(
            AlienCard::DomesticResidence,
            ("720105-5990627", "M"),
            &["JIN YANGBEN"],
            ("CHINA", "재외동포(F-4)"),
            date(2021, 2, 9),
            "인천출입국·외국인청장",
            PortraitStyle::new(
                Skin::Warm,
                (Hair::SidePart, BROWN_BLACK),
                (Garment::Knit, "#6A5A3C"),
                Age::Middle,
            )
            .face(Face::Square),
        ),
        face(
            AlienCard::PermanentResidence,
            ("011213-8983471", "F"),
            &["EXAMPLE HANAKO"],
            ("JAPAN", "영주(F-5)"),
            date(2024, 10, 2),
            "수원출입국·외국인청장",
            PortraitStyle::new(Skin::Light, (Hair::Bob, BLACK), (Garment::Cardigan, "#2F7F8F"), Age::Young)
                .soft()
                .glasses(Glasses::Round),
        ),
    ]
}

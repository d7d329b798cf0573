//! The data page of a passport (여권) as SVG, and people who hold one.
//!
//! Refuses to know whether what it prints is true. What stands on it follows ICAO Doc 9303-4 and the description of
//! Korean pages: the visual zone with photograph left, labels above values, days as `15 10월/OCT 1987`; in the lowest
//! 23.2 mm two lines of 44 characters for machines (Doc 9303-4 §3.1), here in a plain face of one width, since OCR-B
//! is in no package. The look is the project's own.

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

use super::people::{BLACK, BROWN, BROWN_BLACK};
use super::portrait::{Age, Face, Garment, Glasses, Hair, PortraitStyle, Skin};
use super::print::{Format, Line, Paper, Sheet};

/// What a page shows. Not personal data: no such person exists.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PassportFace {
    /// `PM` for a Korean passport of many journeys, `P` of other states.
    pub code: String,
    /// Who issued it, three letters.
    pub issuing_state: String,
    /// Up to nine capitals and digits.
    pub number: String,
    /// Capitals.
    pub surname: String,
    /// Capitals; words apart by spaces.
    pub given_names: String,
    /// 한글성명.
    pub korean_name: Option<String>,
    /// Whose passport it is, three letters.
    pub nationality: String,
    /// The same in words (`REPUBLIC OF KOREA`).
    pub nationality_name: String,
    /// Day of birth.
    pub birth_date: Date,
    /// `M` or `F`.
    pub sex: String,
    /// Day of issue.
    pub issue_date: Date,
    /// Last day.
    pub expiry_date: Date,
    /// Who issued it, in words.
    pub authority: String,
    /// How the portrait is drawn.
    pub portrait: PortraitStyle,
}

impl PassportFace {
    /// The two lines for machines (ICAO Doc 9303-4 §4.2).
    pub fn machine_lines(&self) -> [String; 2] {
        let fill = |text: &str, len: usize| {
            let text: String = text.chars().take(len).map(|c| if c == ' ' { '<' } else { c }).collect();
            format!("{text:<<len$}")
        };
        let yymmdd = |day: Date| day.strftime("%y%m%d").to_string();
        let names = format!("{}<<{}", self.surname, self.given_names);
        let first = format!("{}{}{}", fill(&self.code, 2), fill(&self.issuing_state, 3), fill(&names, 39));
        let (number, birth, expiry) = (
            digited(&fill(&self.number, 9)),
            digited(&yymmdd(self.birth_date)),
            digited(&yymmdd(self.expiry_date)),
        );
        let optional = digited(&"<".repeat(14));
        let composite = check_digit(&[number.as_str(), &birth, &expiry, &optional].concat());
        let second =
            format!("{number}{}{birth}{}{expiry}{optional}{composite}", fill(&self.nationality, 3), self.sex);
        [first, second]
    }
}

fn digited(field: &str) -> String {
    format!("{field}{}", check_digit(field))
}

/// ICAO Doc 9303-3 §4.9.
fn check_digit(field: &str) -> u32 {
    let worth = |c: char| c.to_digit(36).unwrap_or(0);
    field.chars().zip([7, 3, 1].iter().cycle()).map(|(c, weight)| worth(c) * weight).sum::<u32>() % 10
}

const PAPER: Paper = Paper {
    ground: ["#F1F3F8", "#E8EEF2", "#EBE8F1"],
    curves: ["#8FA3CB", "#86B3BC", "#B49BBF"],
    phase: 5.4,
};

/// Columns of the visual zone, as fractions.
const COLUMNS: [f32; 3] = [0.345, 0.54, 0.70];

/// The page as an SVG document of 1250 by 880 units.
pub fn passport_page_svg(face: &PassportFace) -> String {
    let mut sheet = Sheet::new(Format::Id3, &PAPER);
    sheet.watermark((0.62, 0.42), 124.0, -14.0);
    let korean = face.issuing_state == "KOR";
    let title = |sheet: &mut Sheet, content: &str, x: f32, size: f32| {
        let (x, y) = sheet.at(x, 0.075);
        sheet.line(&Line {
            content,
            x,
            y,
            size,
            weight: 700,
            anchor: "start",
            spacing: 1.0,
            colour: "#1E2A33",
            max_width: 480.0,
        });
    };
    title(&mut sheet, if korean { "여권 PASSPORT" } else { "PASSPORT" }, 0.05, 38.0);
    title(&mut sheet, &face.nationality_name, COLUMNS[0], 32.0);
    sheet.photograph(&face.portrait, (0.05, 0.15), (0.25, 0.47));

    let mut field = |label: &str, value: &str, column: usize, y: f32| {
        let x = COLUMNS[column];
        sheet.label(if korean { label } else { label.split('/').next_back().unwrap_or(label) }, (x, y), 17.0);
        // The last column is empty beside surname and nationality only.
        let width = match (column, label) {
            (0, "성/Surname" | "국적/Nationality") => 760.0,
            (0, _) => 410.0,
            _ => 330.0,
        };
        sheet.print(value, (x, y + 0.042), 29.0, 400, width);
    };
    field("종류/Type", &face.code, 0, 0.135);
    field("발행국/Issuing country", &face.issuing_state, 1, 0.135);
    field("여권번호/Passport No.", &face.number, 2, 0.135);
    field("성/Surname", &face.surname, 0, 0.232);
    field("이름/Given names", &face.given_names, 0, 0.329);
    if let Some(name) = &face.korean_name {
        field("한글성명", name, 2, 0.329);
    }
    field("국적/Nationality", &face.nationality_name, 0, 0.426);
    field("생년월일/Date of birth", &day(face.birth_date, korean), 0, 0.523);
    field("성별/Sex", &face.sex, 2, 0.523);
    field("발급일/Date of issue", &day(face.issue_date, korean), 0, 0.62);
    field("발행관청/Authority", &face.authority, 2, 0.62);
    // The column of the last day is the portrait's, so that the zone for machines stays free.
    sheet.label(if korean { "기간만료일/Date of expiry" } else { "Date of expiry" }, (0.05, 0.65), 17.0);
    sheet.print(&day(face.expiry_date, korean), (0.05, 0.692), 29.0, 400, 330.0);

    // 44 characters at OCR-B's pitch of 2.54 mm, in the middle of the width.
    let [first, second] = face.machine_lines();
    let left = (Format::Id3.size().0 - 44.0 * 25.4) / 2.0;
    for (line, y) in [(first, 0.828), (second, 0.913)] {
        let (_, y) = sheet.at(0.0, y);
        sheet.pitched(&line, (left, y), 42.0, 25.4);
    }
    sheet.specimen((0.92, 0.40), (0.05, 0.975));
    sheet.finish()
}

/// A day as passports print it: `15 10월/OCT 1987`, `15 OCT 1987` in other states.
fn day(day: Date, korean: bool) -> String {
    const MONTHS: [&str; 12] =
        ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    let month = MONTHS[usize::from(day.month().unsigned_abs()).clamp(1, 12) - 1];
    if korean {
        format!("{:02} {}월/{month} {}", day.day(), day.month(), day.year())
    } else {
        format!("{:02} {month} {}", day.day(), day.year())
    }
}

/// Travellers to begin with; each is drawn from nobody. Their numbers end in 9999 or 99.
pub fn travellers() -> Vec<PassportFace> {
    let face = |(code, state, number): (&str, &str, &str),
                (surname, given, korean): (&str, &str, Option<&str>),
                nation: &str,
                (birth_date, sex): (Date, &str),
                (issue_date, expiry_date): (Date, Date),
                authority: &str,
                portrait: PortraitStyle| PassportFace {
        code: code.to_owned(),
        issuing_state: state.to_owned(),
        number: number.to_owned(),
        surname: surname.to_owned(),
        given_names: given.to_owned(),
        korean_name: korean.map(str::to_owned),
        nationality: state.to_owned(),
        nationality_name: nation.to_owned(),
        birth_date,
        sex: sex.to_owned(),
        issue_date,
        expiry_date,
        authority: authority.to_owned(),
        portrait,
    };
    const KOREA: (&str, &str) = ("REPUBLIC OF KOREA", "MINISTRY OF FOREIGN AFFAIRS");
    vec![
        face(
            ("PM", "KOR", "M417H9999"),
            ("KIM", "MINSU", Some("김민수")),
            KOREA.0,
            (date(1990, 4, 15), "M"),
            (date(2023, 3, 9), date(2033, 3, 9)),
            KOREA.1,
            PortraitStyle::new(Skin::Light, (Hair::SidePart, BLACK), (Garment::Suit, "#3F587C"), Age::Young),
        ),
        face(
            ("PM", "KOR", "M80249999"),
            ("LEE", "SEO YEON", Some("이서연")),
            KOREA.0,
            (date(1995, 8, 22), "F"),
            (date(2019, 11, 17), date(2029, 11, 17)),
            KOREA.1,
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
            ("PM", "KOR", "M952D9999"),
            ("JUNG", "HAJUN", Some("정하준")),
            KOREA.0,
            (date(1979, 9, 30), "M"),
            (date(2024, 8, 5), date(2034, 8, 5)),
            KOREA.1,
            PortraitStyle::new(
                Skin::Sand,
                (Hair::Receding, BROWN_BLACK),
                (Garment::Shirt, "#2E4A63"),
                Age::Middle,
            )
            .glasses(Glasses::Square),
        ),
        face(
            ("P", "USA", "512349999"),
            ("SAMPLE", "MARY ELIZABETH", None),
            "UNITED STATES OF AMERICA",
            (date(1988, 9, 24), "F"),
            (date(2021, 6, 1), date(2031, 5, 31)),
            "DEPARTMENT OF STATE",
            PortraitStyle::new(
                Skin::Porcelain,
                (Hair::Wavy, BROWN),
                (Garment::Blazer, "#2F5D50"),
                Age::Young,
            )
            .soft()
            .face(Face::Long),
        ),
    ]
}

//! Who of the catalogue holds which documents, as they are drawn.
//!
//! What issuers know of a document is the catalogue's; what else is printed on it (classes, address, office) is made up
//! here and asked by nobody. Refuses to know what a register says.

use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

use super::people::{BLACK, BROWN, BROWN_BLACK, GREY, people};
use super::portrait::{Age, Garment, Hair, PortraitStyle, Skin};
use super::print::Format;
use super::{
    AlienCard, AlienFace, DriverFace, PassportFace, SpecimenPerson, alien_card_svg, driver_licence_svg,
    passport_page_svg, resident_card_svg,
};
use crate::catalogue::{Catalogue, Person};
use crate::documents::{AlienCardKind, Licence, Passport};

/// Which of somebody's documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// 주민등록증.
    Resident,
    /// 외국인등록증, 국내거소신고증, 영주증.
    Alien,
    /// 운전면허증.
    Driver,
    /// A passport, of whatever state.
    Passport,
}

/// A drawn document.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// Which.
    pub held: Held,
    /// Its size.
    pub format: Format,
    face: Face,
}

#[derive(Clone, Debug)]
enum Face {
    Resident(SpecimenPerson),
    Alien(AlienFace),
    Driver(DriverFace),
    Passport(PassportFace),
}

impl Drawn {
    /// The document as SVG.
    pub fn svg(&self) -> String {
        match &self.face {
            Face::Resident(face) => resident_card_svg(face),
            Face::Alien(face) => alien_card_svg(face),
            Face::Driver(face) => driver_licence_svg(face),
            Face::Passport(face) => passport_page_svg(face),
        }
    }
}

/// A person with drawn documents, at least one.
#[derive(Clone, Debug)]
pub struct Holder {
    /// As in the catalogue.
    pub id: String,
    /// How the portrait is drawn.
    pub portrait: PortraitStyle,
    /// The documents; the first is what the person shows unless asked for another.
    pub documents: Vec<Drawn>,
}

/// Everyone of the built-in catalogue who holds anything that can be drawn.
pub fn holders() -> Vec<Holder> {
    Catalogue::built_in().people.iter().map(holder).filter(|holder| !holder.documents.is_empty()).collect()
}

fn holder(person: &Person) -> Holder {
    let specimen = people().iter().find(|specimen| specimen.id == person.id);
    let portrait = specimen.map_or_else(|| portrait_of(person), |specimen| specimen.portrait.clone());
    let mut documents = Vec::new();
    let mut add = |held, format, face| documents.push(Drawn { held, format, face });
    if let Some(specimen) = specimen {
        add(Held::Resident, Format::Id1, Face::Resident(specimen.clone()));
    }
    if let Some(card) = &person.documents.alien_card {
        let kind = match card.kind {
            AlienCardKind::Registration => AlienCard::Alien,
            AlienCardKind::Residence => AlienCard::DomesticResidence,
            AlienCardKind::Permanent => AlienCard::PermanentResidence,
        };
        let face = AlienFace {
            card: kind,
            registration_number: printed(&person.number),
            sex: sex(person).to_owned(),
            name: name_lines(&person.name),
            nationality: state_in_words(&card.nationality).to_owned(),
            visa_status: card.visa.clone(),
            issue_date: person.issued,
            issuer: "서울출입국·외국인청장".to_owned(),
            portrait: portrait.clone(),
        };
        add(Held::Alien, Format::Id1, Face::Alien(face));
    }
    if let Some(licence) = &person.documents.licence {
        add(Held::Driver, Format::Id1, Face::Driver(driver(person, licence, specimen, &portrait)));
    }
    if let Some(passport) = &person.documents.passport {
        add(Held::Passport, Format::Id3, Face::Passport(page(person, passport, &portrait)));
    }
    Holder { id: person.id.clone(), portrait, documents }
}

fn driver(
    person: &Person,
    licence: &Licence,
    specimen: Option<&SpecimenPerson>,
    portrait: &PortraitStyle,
) -> DriverFace {
    let address = specimen.map(|specimen| specimen.address.iter().take(3).cloned().collect());
    let until = person.issued.year() + 10;
    DriverFace {
        classes: vec!["2종보통".to_owned()],
        licence_number: licence.number.clone(),
        name: person.name.clone(),
        resident_number: printed(&person.number),
        address: address.unwrap_or_else(|| vec!["서울특별시 견본구 보기로 12".to_owned()]),
        valid_from: date(until, 1, 1),
        valid_until: date(until, 12, 31),
        period_label: if licence.serial.is_some() { "적성검사 기간" } else { "갱신기간" }.to_owned(),
        conditions: Some("A".to_owned()),
        issue_date: person.issued,
        issuer: "서울특별시경찰청장".to_owned(),
        serial_code: licence.serial.clone(),
        portrait: portrait.clone(),
    }
}

fn page(person: &Person, passport: &Passport, portrait: &PortraitStyle) -> PassportFace {
    let of_korea = passport.nationality == "KOR";
    let name = person.name_en.to_uppercase();
    let (surname, given) = name.split_once(' ').unwrap_or((&name, ""));
    PassportFace {
        code: if of_korea { "PM" } else { "P" }.to_owned(),
        issuing_state: passport.nationality.clone(),
        number: passport.number.clone(),
        surname: surname.to_owned(),
        given_names: given.to_owned(),
        korean_name: of_korea.then(|| person.name.clone()),
        nationality: passport.nationality.clone(),
        nationality_name: if of_korea { "REPUBLIC OF KOREA" } else { state_in_words(&passport.nationality) }
            .to_owned(),
        birth_date: born(person),
        sex: sex(person).to_owned(),
        issue_date: passport.issued,
        expiry_date: passport.expires,
        authority: if of_korea { "MINISTRY OF FOREIGN AFFAIRS" } else { "PASSPORT OFFICE" }.to_owned(),
        portrait: portrait.clone(),
    }
}

/// `900101-1234567`.
fn printed(number: &str) -> String {
    format!("{}-{}", &number[..6], &number[6..])
}

fn born(person: &Person) -> Date {
    let born = person.born();
    let part = |range: std::ops::Range<usize>| born.get(range).and_then(|digits| digits.parse::<i16>().ok());
    let day = || Date::new(part(0..4)?, part(4..6)? as i8, part(6..8)? as i8).ok();
    day().unwrap_or(person.issued)
}

/// The seventh digit of a number is odd for men.
fn sex(person: &Person) -> &'static str {
    if person.number.as_bytes()[6] % 2 == 1 { "M" } else { "F" }
}

/// Long names wrap.
fn name_lines(name: &str) -> Vec<String> {
    const WIDEST: usize = 20;
    let mut lines: Vec<String> = vec![String::new()];
    for word in name.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= WIDEST => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// States as cards and passports print them; the letters where the catalogue has no other.
fn state_in_words(letters: &str) -> &str {
    match letters {
        "VNM" => "VIETNAM",
        "PHL" => "PHILIPPINES",
        "UZB" => "UZBEKISTAN",
        "USA" => "UNITED STATES",
        "CHN" => "CHINA",
        "JPN" => "JAPAN",
        "MNG" => "MONGOLIA",
        other => other,
    }
}

/// A portrait for who has none of their own: always the same for the same person.
fn portrait_of(person: &Person) -> PortraitStyle {
    let mut dice = person
        .id
        .bytes()
        .fold(0x811C_9DC5_u32, |sum, byte| (sum ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let mut pick = |of: usize| {
        dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (dice >> 16) as usize % of
    };
    let skin = [Skin::Porcelain, Skin::Light, Skin::Warm, Skin::Sand, Skin::Tan][pick(5)];
    let man = sex(person) == "M";
    let hair = if man {
        [Hair::Crop, Hair::SidePart, Hair::Fringe, Hair::Buzz][pick(4)]
    } else {
        [Hair::Bob, Hair::Long, Hair::Wavy, Hair::Bun][pick(4)]
    };
    let garment = [Garment::Shirt, Garment::Knit, Garment::Blazer, Garment::Turtleneck][pick(4)];
    let colour = ["#3F587C", "#48704C", "#6D4A6E", "#8A6438", "#2F6F73"][pick(5)];
    let (hair_colour, age) = match born(person).year() {
        ..1960 => (GREY, Age::Elder),
        1960..1985 => (BROWN_BLACK, Age::Middle),
        2005.. => (BLACK, Age::Teen),
        _ => ([BLACK, BROWN_BLACK, BROWN][pick(3)], Age::Young),
    };
    let style = PortraitStyle::new(skin, (hair, hair_colour), (garment, colour), age);
    if man { style } else { style.soft() }
}

//! ID documents as issuers ask for them: which values each kind needs, as types that cannot be logged by accident.
//!
//! Shapes: resident and alien cards by 주민등록법 and 출입국관리법, licences `RR-YY-NNNNNN-CC`, passports by ICAO
//! Doc 9303. A check digit never refuses: those of licences are not public, those of numbers have ended.

use super::{Malformed, ResidentNumber};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A kind of ID document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// 주민등록증.
    #[default]
    Resident,
    /// 운전면허증.
    Driver,
    /// 대한민국 여권. It states no resident number since 2020-12-21.
    Passport,
    /// A passport of another state.
    ForeignPassport,
    /// 외국인등록증, 국내거소신고증, 영주증.
    Alien,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Resident, Self::Driver, Self::Passport, Self::ForeignPassport, Self::Alien];

    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Resident => "resident",
            Self::Driver => "driver",
            Self::Passport => "passport",
            Self::ForeignPassport => "foreign_passport",
            Self::Alien => "alien",
        }
    }

    /// Whether it is the one that this field-less view of the state leaves out.
    pub(crate) fn is_resident(&self) -> bool {
        *self == Self::Resident
    }

    /// Whether whoever shows it also names the number that Korea knows the person by: printed on it, or asked for
    /// beside it (a Korean passport alone is not enough for customer due diligence, FIU 2022-03).
    pub fn names_a_number(self) -> bool {
        self != Self::ForeignPassport
    }

    /// The fields without which its issuer can't be asked, in the order in which a person is asked for them.
    pub fn needs(self) -> &'static [DocumentField] {
        use DocumentField::*;
        match self {
            Self::Resident => &[Name, ResidentNumber, IssueDate],
            Self::Driver => &[Name, ResidentNumber, LicenceNumber],
            Self::Passport => &[Name, PassportNumber, ResidentNumber, IssueDate, ExpiryDate],
            Self::ForeignPassport => &[Name, PassportNumber, Nationality, BirthDate, ExpiryDate],
            Self::Alien => &[Name, RegistrationNumber, IssueDate],
        }
    }

    /// Fields that its issuer takes where the document has them. Old licences have no serial code.
    pub fn takes(self) -> &'static [DocumentField] {
        match self {
            Self::Driver => &[DocumentField::SerialCode],
            _ => &[],
        }
    }
}

/// A field of a document that a person confirms and its issuer is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentField {
    /// The name.
    Name,
    /// The resident registration number (주민등록번호).
    ResidentNumber,
    /// The day of issue.
    IssueDate,
    /// The number of a driver licence.
    LicenceNumber,
    /// The serial code of a driver licence (암호일련번호).
    SerialCode,
    /// The number of a passport.
    PassportNumber,
    /// The day on which it ends.
    ExpiryDate,
    /// The day of birth, where no number states it.
    BirthDate,
    /// The state that issued a passport, three letters.
    Nationality,
    /// The registration number of a foreigner (외국인등록번호, 국내거소신고번호).
    RegistrationNumber,
}

impl DocumentField {
    /// Every field.
    pub const ALL: [Self; 10] = [
        Self::Name,
        Self::ResidentNumber,
        Self::IssueDate,
        Self::LicenceNumber,
        Self::SerialCode,
        Self::PassportNumber,
        Self::ExpiryDate,
        Self::BirthDate,
        Self::Nationality,
        Self::RegistrationNumber,
    ];

    /// As in JSON, and as the sealed field is called.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::ResidentNumber => "resident_number",
            Self::IssueDate => "issue_date",
            Self::LicenceNumber => "licence_number",
            Self::SerialCode => "serial_code",
            Self::PassportNumber => "passport_number",
            Self::ExpiryDate => "expiry_date",
            Self::BirthDate => "birth_date",
            Self::Nationality => "nationality",
            Self::RegistrationNumber => "registration_number",
        }
    }

    /// Whether it is the number of a document or a person.
    pub fn is_number(self) -> bool {
        matches!(
            self,
            Self::ResidentNumber | Self::LicenceNumber | Self::PassportNumber | Self::RegistrationNumber
        )
    }

    /// Whether another value may mean another person, so that whatever was compared with the old one is void.
    pub fn names_the_person(self) -> bool {
        matches!(
            self,
            Self::Name
                | Self::ResidentNumber
                | Self::LicenceNumber
                | Self::PassportNumber
                | Self::BirthDate
                | Self::Nationality
                | Self::RegistrationNumber
        )
    }
}

/// A document's values, as its issuer is asked about them. The name stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// 주민등록증.
    Resident(ResidentCard),
    /// 운전면허증.
    Driver(DriverLicence),
    /// 대한민국 여권.
    Passport(Passport),
    /// A passport of another state.
    ForeignPassport(ForeignPassport),
    /// 외국인등록증 and its kin.
    Alien(AlienCard),
}

/// What is asked about a resident card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResidentCard {
    /// The number.
    pub number: ResidentNumber,
    /// The day of issue of the newest card.
    pub issued: Date,
}

/// What is asked about a driver licence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DriverLicence {
    /// Its number.
    pub licence: LicenceNumber,
    /// The holder's number, as printed on the licence.
    pub number: ResidentNumber,
    /// The serial code; without it only number and name are compared, which proves less.
    pub serial: Option<SerialCode>,
}

/// What is asked about a Korean passport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passport {
    /// Its number.
    pub number: PassportNumber,
    /// The holder's day of birth.
    pub birth: Date,
    /// The day of issue.
    pub issued: Date,
    /// Its last day.
    pub expires: Date,
}

/// What is asked about another state's passport.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForeignPassport {
    /// Its number.
    pub number: PassportNumber,
    /// Who issued it.
    pub nationality: Nationality,
    /// The holder's day of birth.
    pub birth: Date,
    /// Its last day.
    pub expires: Date,
}

/// What is asked about an alien registration card, a domestic residence card or a permanent residence card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlienCard {
    /// The registration number; the seventh digit is 5 to 8.
    pub number: ResidentNumber,
    /// The day of issue.
    pub issued: Date,
}

impl Document {
    /// Its kind.
    pub fn kind(&self) -> DocumentKind {
        match self {
            Self::Resident(_) => DocumentKind::Resident,
            Self::Driver(_) => DocumentKind::Driver,
            Self::Passport(_) => DocumentKind::Passport,
            Self::ForeignPassport(_) => DocumentKind::ForeignPassport,
            Self::Alien(_) => DocumentKind::Alien,
        }
    }

    /// The holder's day of birth.
    pub fn birth_date(&self) -> Date {
        match self {
            Self::Resident(d) => d.number.birth_date(),
            Self::Driver(d) => d.number.birth_date(),
            Self::Alien(d) => d.number.birth_date(),
            Self::Passport(d) => d.birth,
            Self::ForeignPassport(d) => d.birth,
        }
    }

    /// The number by which Korea knows the holder, where the document states one.
    pub fn resident_number(&self) -> Option<&ResidentNumber> {
        match self {
            Self::Resident(d) => Some(&d.number),
            Self::Driver(d) => Some(&d.number),
            Self::Alien(d) => Some(&d.number),
            Self::Passport(_) | Self::ForeignPassport(_) => None,
        }
    }

    /// Its last day, where it has one.
    pub fn expires(&self) -> Option<Date> {
        match self {
            Self::Passport(d) => Some(d.expires),
            Self::ForeignPassport(d) => Some(d.expires),
            _ => None,
        }
    }

    /// What its issuer counts wrong tries by, before it is made a keyed index: the document, not the person. A
    /// resident card's is the bare number, as it always was.
    pub fn counted_by(&self) -> String {
        match self {
            Self::Resident(d) => d.number.expose(),
            Self::Driver(d) => format!("driver/{}", d.licence.expose()),
            Self::Passport(d) => format!("passport/KOR/{}", d.number.expose()),
            Self::ForeignPassport(d) => {
                format!("passport/{}/{}", d.nationality.expose(), d.number.expose())
            }
            Self::Alien(d) => format!("alien/{}", d.number.expose()),
        }
    }

    /// What finds the holder again, before it is made a keyed index: the resident or registration number where the
    /// document states one, else the passport. Never name and day of birth alone.
    pub fn person_found_by(&self) -> String {
        match self {
            Self::Resident(_) | Self::Driver(_) | Self::Alien(_) => {
                self.resident_number().map(ResidentNumber::expose).unwrap_or_default()
            }
            Self::Passport(_) | Self::ForeignPassport(_) => self.counted_by(),
        }
    }
}

/// Regions of licence numbers (issuing police), as most sources have them; 27 is unused, and sources differ on 29.
const REGIONS: [(&str, &str); 18] = [
    ("서울", "11"),
    ("부산", "12"),
    ("경기북부", "28"),
    ("경기남부", "13"),
    ("경기", "13"),
    ("강원", "14"),
    ("충북", "15"),
    ("충남", "16"),
    ("전북", "17"),
    ("전남", "18"),
    ("경북", "19"),
    ("경남", "20"),
    ("제주", "21"),
    ("대구", "22"),
    ("인천", "23"),
    ("광주", "24"),
    ("대전", "25"),
    ("울산", "26"),
];

/// The number of a driver licence, `RR-YY-NNNNNN-CC`: region, year of the first licence, number, check and reissue.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LicenceNumber([u8; 12]);

impl LicenceNumber {
    /// Reads `11-19-123456-61`, the digits alone, or the old print `서울 19-123456-61`.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let text = text.trim();
        if text.is_empty() {
            return Err(Malformed::Empty);
        }
        let region = REGIONS.iter().find(|(name, _)| text.starts_with(name));
        let text = match region {
            Some((name, code)) => format!("{code}{}", &text[name.len()..]),
            None => text.to_owned(),
        };
        if !text.chars().all(|c| c.is_ascii_digit() || c == '-' || c == ' ') {
            return Err(Malformed::Character);
        }
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
        Ok(Self(digits.try_into().map_err(|_| Malformed::Length)?))
    }

    /// As printed, `11-19-123456-61`.
    pub fn expose(&self) -> String {
        let d: String = self.0.iter().map(|b| char::from(*b)).collect();
        format!("{}-{}-{}-{}", &d[..2], &d[2..4], &d[4..10], &d[10..])
    }

    /// `11-19-******-61`.
    pub fn masked(&self) -> String {
        let printed = self.expose();
        format!("{}******{}", &printed[..6], &printed[12..])
    }

    /// Whether the region is one that is given out. A licence with another is asked about all the same.
    pub fn region_known(&self) -> bool {
        REGIONS.iter().any(|(_, code)| code.as_bytes() == &self.0[..2])
    }
}

/// The serial code of a driver licence (암호일련번호): five or six capitals and digits.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SerialCode(String);

impl SerialCode {
    /// Reads it in any case, spaces dropped.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let code: String = text.split_whitespace().collect::<String>().to_ascii_uppercase();
        if code.is_empty() {
            return Err(Malformed::Empty);
        }
        if !code.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(Malformed::Character);
        }
        if !(5..=6).contains(&code.len()) {
            return Err(Malformed::Length);
        }
        Ok(Self(code))
    }

    /// The code.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// A passport's number: at most nine capitals and digits (ICAO Doc 9303-4 §4.2.2). Korea's are `M123A4567` since
/// 2021-12-21, and a letter and eight digits before.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct PassportNumber(String);

impl PassportNumber {
    /// Reads it in any case, spaces and fillers dropped.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let number: String =
            text.chars().filter(|c| !c.is_whitespace() && *c != '<').collect::<String>().to_ascii_uppercase();
        if number.is_empty() {
            return Err(Malformed::Empty);
        }
        if !number.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(Malformed::Character);
        }
        if !(5..=9).contains(&number.len()) {
            return Err(Malformed::Length);
        }
        Ok(Self(number))
    }

    /// The number.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `M12******`.
    pub fn masked(&self) -> String {
        format!("{}{}", &self.0[..3], "*".repeat(self.0.len() - 3))
    }
}

/// A state as passports name it: ISO 3166-1 alpha-3 and the codes of ICAO Doc 9303-3 §5, one to three letters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Nationality(String);

impl Nationality {
    /// Reads it in any case; fillers are dropped (`D<<` is Germany).
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let state: String =
            text.chars().filter(|c| !c.is_whitespace() && *c != '<').collect::<String>().to_ascii_uppercase();
        if state.is_empty() {
            return Err(Malformed::Empty);
        }
        if !state.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(Malformed::Character);
        }
        if state.len() != 3 && state != "D" {
            return Err(Malformed::Length);
        }
        Ok(Self(state))
    }

    /// The letters.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

macro_rules! masked_debug {
    ($($name:ident),*) => {$(
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        }
    )*};
}
masked_debug!(LicenceNumber, SerialCode, PassportNumber, Nationality);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licence_numbers_as_old_and_new_cards_print_them() {
        let check = |text: &str, expected: &str| {
            let number = LicenceNumber::parse(text).unwrap();
            assert_eq!(number.expose(), expected, "{text}");
            assert!(number.region_known(), "{text}");
        };
        check("11-19-123456-61", "11-19-123456-61");
        check("111912345661", "11-19-123456-61");
        check("서울 19-123456-61", "11-19-123456-61");
        check("경기북부 19-123456-61", "28-19-123456-61");
        check("울산19-123456-61", "26-19-123456-61");
        assert!(!LicenceNumber::parse("27-19-123456-61").unwrap().region_known());
        assert_eq!(LicenceNumber::parse("11-19-123456-6"), Err(Malformed::Length));
        assert_eq!(LicenceNumber::parse("평양 19-123456-61"), Err(Malformed::Character));
        assert_eq!(LicenceNumber::parse(" "), Err(Malformed::Empty));
        let number = LicenceNumber::parse("11-19-123456-61").unwrap();
        assert_eq!(number.masked(), "11-19-******-61");
        assert_eq!(format!("{number:?}"), "LicenceNumber(…)");
    }

    #[test]
    fn serial_codes_passports_and_states() {
        assert_eq!(SerialCode::parse("9wswrq").unwrap().expose(), "9WSWRQ");
        assert_eq!(SerialCode::parse("9WSW"), Err(Malformed::Length));
        assert_eq!(SerialCode::parse("9WS-RQ"), Err(Malformed::Character));
        assert_eq!(PassportNumber::parse("m123a4567").unwrap().masked(), "M12******");
        assert_eq!(PassportNumber::parse("L898902C<").unwrap().expose(), "L898902C");
        assert_eq!(PassportNumber::parse("M123A45678"), Err(Malformed::Length));
        assert_eq!(Nationality::parse("D<<").unwrap().expose(), "D");
        assert_eq!(Nationality::parse("KO"), Err(Malformed::Length));
        assert_eq!(Nationality::parse("K0R"), Err(Malformed::Character));
    }

    #[test]
    fn a_document_is_counted_for_itself_and_finds_its_holder() {
        let number = ResidentNumber::parse("900101-1234567").unwrap();
        let issued = Date::constant(2020, 1, 1);
        let resident = Document::Resident(ResidentCard { number: number.clone(), issued });
        let licence = LicenceNumber::parse("11-19-123456-61").unwrap();
        let driver = Document::Driver(DriverLicence { licence, number, serial: None });
        assert_eq!(resident.counted_by(), "9001011234567");
        assert_eq!(driver.counted_by(), "driver/11-19-123456-61");
        assert_eq!(resident.person_found_by(), driver.person_found_by());
        assert_eq!(driver.birth_date(), Date::constant(1990, 1, 1));
    }
}

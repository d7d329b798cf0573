//! A document's values as texts: as they are sealed, typed and shown, and as the types that an issuer is asked with.

use ingam_cases::values::{
    AlienCard, Document, DocumentField, DocumentKind, DriverLicence, ForeignPassport, LicenceNumber,
    Malformed, Nationality, Passport, PassportNumber, PersonName, ResidentCard, ResidentNumber, SerialCode,
    parse_date,
};
use jiff::civil::Date;
use std::collections::BTreeMap;

/// FieldTexts of a document's fields.
pub type FieldTexts = BTreeMap<DocumentField, String>;

/// What a Korean passport states of its holder beside the fields that its issuer is asked about: the typed number has
/// to agree with it.
pub const CROSS_CHECKED: [&str; 2] = ["birth_date", "sex"];

/// What a document says, as the person confirmed it.
#[derive(Debug, Clone)]
pub struct Confirmed {
    /// The name.
    pub name: PersonName,
    /// The number that Korea knows the person by: printed on the document, or asked for beside it.
    pub number: Option<ResidentNumber>,
    /// The document.
    pub document: Document,
}

impl Confirmed {
    /// Reads the fields that a kind of document needs and takes.
    ///
    /// # Errors
    /// The first field that can't be used, and why.
    pub fn parse(kind: DocumentKind, texts: &FieldTexts) -> Result<Self, (DocumentField, Malformed)> {
        use DocumentField as F;
        let text = |field| texts.get(&field).map_or("", String::as_str);
        fn read<T>(
            field: DocumentField,
            result: Result<T, Malformed>,
        ) -> Result<T, (DocumentField, Malformed)> {
            result.map_err(|why| (field, why))
        }
        let date = |field| read(field, parse_date(text(field)));
        let number = |field| read(field, ResidentNumber::parse(text(field)));
        let name = read(F::Name, PersonName::parse(text(F::Name)))?;
        let passport = || read(F::PassportNumber, PassportNumber::parse(text(F::PassportNumber)));
        let document = match kind {
            DocumentKind::Resident => Document::Resident(ResidentCard {
                number: number(F::ResidentNumber)?,
                issued: date(F::IssueDate)?,
            }),
            DocumentKind::Driver => Document::Driver(DriverLicence {
                licence: read(F::LicenceNumber, LicenceNumber::parse(text(F::LicenceNumber)))?,
                number: number(F::ResidentNumber)?,
                serial: match text(F::SerialCode).trim() {
                    "" => None,
                    code => Some(read(F::SerialCode, SerialCode::parse(code))?),
                },
            }),
            DocumentKind::Passport => {
                let birth = number(F::ResidentNumber)?.birth_date();
                Document::Passport(Passport {
                    number: passport()?,
                    birth,
                    issued: date(F::IssueDate)?,
                    expires: date(F::ExpiryDate)?,
                })
            }
            DocumentKind::ForeignPassport => Document::ForeignPassport(ForeignPassport {
                number: passport()?,
                nationality: read(F::Nationality, Nationality::parse(text(F::Nationality)))?,
                birth: date(F::BirthDate)?,
                expires: date(F::ExpiryDate)?,
            }),
            DocumentKind::Alien => {
                let number = number(F::RegistrationNumber)?;
                if !number.is_foreigner() {
                    return Err((F::RegistrationNumber, Malformed::Character));
                }
                Document::Alien(AlienCard { number, issued: date(F::IssueDate)? })
            }
        };
        let number = match kind {
            DocumentKind::Passport => Some(number(F::ResidentNumber)?),
            _ => document.resident_number().cloned(),
        };
        Ok(Self { name, number, document })
    }

    /// The fields again as texts, each in one spelling.
    pub fn texts(&self) -> FieldTexts {
        use DocumentField as F;
        let mut texts = FieldTexts::new();
        let mut put = |field, text: String| texts.insert(field, text);
        put(F::Name, self.name.expose().to_owned());
        match &self.document {
            Document::Resident(d) => {
                put(F::ResidentNumber, d.number.expose_printed());
                put(F::IssueDate, d.issued.to_string());
            }
            Document::Driver(d) => {
                put(F::ResidentNumber, d.number.expose_printed());
                put(F::LicenceNumber, d.licence.expose());
                put(F::SerialCode, d.serial.as_ref().map_or("", SerialCode::expose).to_owned());
            }
            Document::Passport(d) => {
                put(F::PassportNumber, d.number.expose().to_owned());
                put(F::IssueDate, d.issued.to_string());
                put(F::ExpiryDate, d.expires.to_string());
                let number = self.number.as_ref().map_or_else(String::new, ResidentNumber::expose_printed);
                put(F::ResidentNumber, number);
            }
            Document::ForeignPassport(d) => {
                put(F::PassportNumber, d.number.expose().to_owned());
                put(F::Nationality, d.nationality.expose().to_owned());
                put(F::BirthDate, d.birth.to_string());
                put(F::ExpiryDate, d.expires.to_string());
            }
            Document::Alien(d) => {
                put(F::RegistrationNumber, d.number.expose_printed());
                put(F::IssueDate, d.issued.to_string());
            }
        }
        texts
    }

    /// The day of birth.
    pub fn birth_date(&self) -> Date {
        self.document.birth_date()
    }

    /// What finds the person again, before it is made a keyed index: the number, else the passport.
    pub fn found_by(&self) -> String {
        match &self.number {
            Some(number) => number.expose(),
            None => self.document.person_found_by(),
        }
    }

    /// Whether the number is another's than the document's holder, by the day of birth (`YYYY-MM-DD`) and the sex (`M`
    /// or `F`) that were read for sure.
    pub fn number_differs(&self, birth_date: Option<&str>, sex: Option<&str>) -> bool {
        let Some(number) = &self.number else { return false };
        let of_a_man = number.expose().as_bytes().get(6).is_some_and(|seventh| seventh % 2 == 1);
        birth_date.is_some_and(|born| born != number.birth_date().to_string())
            || sex.is_some_and(|sex| (sex == "M") != of_a_man)
    }

    /// A day that the document states and that can't be: which, where there is one. `today` is Korea's.
    pub fn impossible_day(&self, today: Date) -> Option<DocumentField> {
        let issued = match &self.document {
            Document::Resident(d) => Some(d.issued),
            Document::Passport(d) => Some(d.issued),
            Document::Alien(d) => Some(d.issued),
            Document::Driver(_) | Document::ForeignPassport(_) => None,
        };
        let birth = self.birth_date();
        if birth > today {
            return Some(match self.document.kind() {
                DocumentKind::ForeignPassport => DocumentField::BirthDate,
                DocumentKind::Alien => DocumentField::RegistrationNumber,
                _ => DocumentField::ResidentNumber,
            });
        }
        if issued.is_some_and(|day| day > today || day < birth) {
            return Some(DocumentField::IssueDate);
        }
        let expires = self.document.expires()?;
        (expires < issued.unwrap_or(birth)).then_some(DocumentField::ExpiryDate)
    }
}

/// One spelling of a field's text; nothing where it is none of its kind.
pub fn canonical(field: DocumentField, text: &str) -> Option<String> {
    use DocumentField as F;
    Some(match field {
        F::Name => PersonName::parse(text).ok()?.expose().to_owned(),
        F::ResidentNumber | F::RegistrationNumber => ResidentNumber::parse(text).ok()?.expose_printed(),
        F::IssueDate | F::ExpiryDate | F::BirthDate => parse_date(text).ok()?.to_string(),
        F::LicenceNumber => LicenceNumber::parse(text).ok()?.expose(),
        F::SerialCode => SerialCode::parse(text).ok()?.expose().to_owned(),
        F::PassportNumber => PassportNumber::parse(text).ok()?.expose().to_owned(),
        F::Nationality => Nationality::parse(text).ok()?.expose().to_owned(),
    })
}

/// A field's text as a screen may show it: numbers keep their hidden half to themselves.
pub fn shown(field: DocumentField, text: &str) -> Option<String> {
    use DocumentField as F;
    Some(match field {
        F::ResidentNumber | F::RegistrationNumber => ResidentNumber::parse(text).ok()?.masked(),
        F::LicenceNumber => LicenceNumber::parse(text).ok()?.masked(),
        F::PassportNumber => PassportNumber::parse(text).ok()?.masked(),
        // As it was read, even where it is none: the person puts it right.
        F::Name => text.to_owned(),
        _ => canonical(field, text)?,
    })
}

/// Full years between two days.
pub fn age(birth: Date, today: Date) -> i16 {
    let years = today.year() - birth.year();
    if (today.month(), today.day()) < (birth.month(), birth.day()) { years - 1 } else { years }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(fields: &[(DocumentField, &str)]) -> FieldTexts {
        fields.iter().map(|(field, text)| (*field, (*text).to_owned())).collect()
    }

    #[test]
    fn each_kind_needs_its_own_fields_and_is_spelled_one_way() {
        use DocumentField as F;
        let check = |kind, given: &[(F, &str)], expected: &[(F, &str)]| {
            let confirmed = Confirmed::parse(kind, &texts(given)).unwrap();
            assert_eq!(confirmed.document.kind(), kind);
            assert_eq!(confirmed.texts(), texts(expected));
            let again = Confirmed::parse(kind, &confirmed.texts()).unwrap();
            assert_eq!(again.texts(), confirmed.texts());
            for field in kind.needs() {
                let mut short = texts(given);
                short.remove(field);
                let (missing, why) = Confirmed::parse(kind, &short).unwrap_err();
                assert_eq!((missing, why), (*field, Malformed::Empty), "{kind:?}");
            }
        };
        check(
            DocumentKind::Driver,
            &[
                (F::Name, "김 하늘"),
                (F::ResidentNumber, "9504171234567"),
                (F::LicenceNumber, "서울 19-123456-61"),
                (F::SerialCode, "9wswrq"),
            ],
            &[
                (F::Name, "김 하늘"),
                (F::ResidentNumber, "950417-1234567"),
                (F::LicenceNumber, "11-19-123456-61"),
                (F::SerialCode, "9WSWRQ"),
            ],
        );
        check(
            DocumentKind::Passport,
            &[
                (F::Name, "김하늘"),
                (F::ResidentNumber, "9504171234567"),
                (F::PassportNumber, "m123a4567"),
                (F::IssueDate, "2022. 1. 3."),
                (F::ExpiryDate, "20320103"),
            ],
            &[
                (F::Name, "김하늘"),
                (F::ResidentNumber, "950417-1234567"),
                (F::PassportNumber, "M123A4567"),
                (F::IssueDate, "2022-01-03"),
                (F::ExpiryDate, "2032-01-03"),
            ],
        );
        check(
            DocumentKind::ForeignPassport,
            &[
                (F::Name, "NGUYEN THI HOA"),
                (F::Nationality, "vnm"),
                (F::PassportNumber, "C1234567"),
                (F::BirthDate, "1990-01-01"),
                (F::ExpiryDate, "2030-01-01"),
            ],
            &[
                (F::Name, "NGUYEN THI HOA"),
                (F::Nationality, "VNM"),
                (F::PassportNumber, "C1234567"),
                (F::BirthDate, "1990-01-01"),
                (F::ExpiryDate, "2030-01-01"),
            ],
        );
        let alien = [
            (F::Name, "NGUYEN THI HOA"),
            (F::RegistrationNumber, "900101-1234567"),
            (F::IssueDate, "2020-01-01"),
        ];
        let native = Confirmed::parse(DocumentKind::Alien, &texts(&alien)).unwrap_err();
        assert_eq!(native, (F::RegistrationNumber, Malformed::Character));
    }

    #[test]
    fn days_that_cannot_be_are_seen_before_anybody_is_asked() {
        use DocumentField as F;
        let today = Date::constant(2026, 11, 26);
        let check = |issued: &str, expires: &str, expected| {
            let given = texts(&[
                (F::Name, "김하늘"),
                (F::ResidentNumber, "9504171234567"),
                (F::PassportNumber, "M123A4567"),
                (F::IssueDate, issued),
                (F::ExpiryDate, expires),
            ]);
            let confirmed = Confirmed::parse(DocumentKind::Passport, &given).unwrap();
            assert_eq!(confirmed.impossible_day(today), expected, "{issued} {expires}");
        };
        check("2022-01-03", "2032-01-03", None);
        check("2022-01-03", "2025-01-03", None);
        check("2027-01-03", "2032-01-03", Some(F::IssueDate));
        check("1990-01-03", "2032-01-03", Some(F::IssueDate));
        check("2022-01-03", "2021-01-03", Some(F::ExpiryDate));
    }

    #[test]
    fn a_number_agrees_with_the_passport_it_is_typed_beside() {
        use DocumentField as F;
        let given = texts(&[
            (F::Name, "김하늘"),
            (F::ResidentNumber, "9504171234567"),
            (F::PassportNumber, "M123A4567"),
            (F::IssueDate, "2022-01-03"),
            (F::ExpiryDate, "2032-01-03"),
        ]);
        let confirmed = Confirmed::parse(DocumentKind::Passport, &given).unwrap();
        let check =
            |born, sex, differs| assert_eq!(confirmed.number_differs(born, sex), differs, "{born:?} {sex:?}");
        check(Some("1995-04-17"), Some("M"), false);
        check(Some("1995-04-18"), Some("M"), true);
        check(Some("1995-04-17"), Some("F"), true);
        check(None, None, false);
    }

    #[test]
    fn people_grow_older_on_their_birthday() {
        let birth = Date::constant(2012, 11, 26);
        assert_eq!(age(birth, Date::constant(2026, 11, 25)), 13);
        assert_eq!(age(birth, Date::constant(2026, 11, 26)), 14);
    }

    #[test]
    fn screens_never_show_the_hidden_half_of_a_number() {
        assert_eq!(shown(DocumentField::ResidentNumber, "9504171234567").unwrap(), "950417-1******");
        assert_eq!(shown(DocumentField::LicenceNumber, "11-19-123456-61").unwrap(), "11-19-******-61");
        assert_eq!(shown(DocumentField::PassportNumber, "M123A4567").unwrap(), "M12******");
        assert_eq!(shown(DocumentField::IssueDate, "2020. 1. 1.").unwrap(), "2020-01-01");
    }
}

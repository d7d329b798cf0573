//! Authenticity of passports (여권 진위확인), vendor-shaped: Korea's at the Ministry of Foreign Affairs
//! (`POST /status/passport`), other states' at the Ministry of Justice (`POST /status/passport-overseas`).
//!
//! Two ministries, so two connectors: one that rests does not silence the other. The ministries' own wire formats are
//! not public; see `vendor.rs`. The vendor's public documents list A021, A023 and A024; that a passport is over, lost
//! or unknown has no public code, so it is a code of the contract. A passport's last day is printed on it: whether it
//! is over is not asked here.

use crate::vendor::{Asked, Vendor, VendorConfig, VendorDocument};
use ingam_cases::{
    answers::IssuerCode,
    values::{ForeignPassport, Passport, PersonName},
};
use serde::Serialize;

/// Settings of the connection for Korea's passports.
pub type PassportConfig = VendorConfig<Passport>;

/// Settings of the connection for other states' passports.
pub type ForeignPassportConfig = VendorConfig<ForeignPassport>;

/// Asks a vendor that asks the Ministry of Foreign Affairs.
pub type VendorPassports = Vendor<Passport>;

/// Asks a vendor that asks the Ministry of Justice.
pub type VendorForeignPassports = Vendor<ForeignPassport>;

/// What the sandbox says where the public documents have no code.
const SANDBOX_CODES: &[(&str, IssuerCode)] =
    &[("S11", IssuerCode::Expired), ("S12", IssuerCode::NotFound), ("S13", IssuerCode::LostReported)];

/// Codes of useB v1.4.0, by the pattern of the resident card's. Several values are asked about, and neither A023 nor
/// A024 says which one differs.
fn meaning(error_code: &str) -> Option<IssuerCode> {
    Some(match error_code {
        "A021" => IssuerCode::MismatchNumber,
        "A023" | "A024" => IssuerCode::Mismatch,
        _ => return None,
    })
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    user_name: &'a str,
    passport_no: String,
    issue_date: String,
    expiration_date: String,
    birth_date: String,
}

impl Asked for Passport {
    type Code = IssuerCode;
    const INSTITUTION: &'static str = "mofa";
    const SANDBOX_PATH: &'static str = "/mofa";
    const SANDBOX_CODES: &'static [(&'static str, IssuerCode)] = SANDBOX_CODES;
}

impl VendorDocument for Passport {
    const PATH: &'static str = "/status/passport";

    fn question(&self, name: &PersonName) -> impl Serialize + Send + Sync {
        Question {
            user_name: name.expose(),
            passport_no: self.number.expose().to_owned(),
            issue_date: self.issued.strftime("%Y%m%d").to_string(),
            expiration_date: self.expires.strftime("%Y%m%d").to_string(),
            birth_date: self.birth.strftime("%Y%m%d").to_string(),
        }
    }

    fn meaning(error_code: &str) -> Option<IssuerCode> {
        meaning(error_code)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ForeignQuestion<'a> {
    passport_no: &'a str,
    nationality: &'a str,
    birth_date: String,
}

impl Asked for ForeignPassport {
    type Code = IssuerCode;
    const INSTITUTION: &'static str = "moj";
    const SANDBOX_PATH: &'static str = "/moj";
    const SANDBOX_CODES: &'static [(&'static str, IssuerCode)] = SANDBOX_CODES;
}

impl VendorDocument for ForeignPassport {
    const PATH: &'static str = "/status/passport-overseas";

    /// The name is not asked about: this register answers for a number, a state and a day of birth.
    fn question(&self, _: &PersonName) -> impl Serialize + Send + Sync {
        ForeignQuestion {
            passport_no: self.number.expose(),
            nationality: self.nationality.expose(),
            birth_date: self.birth.strftime("%Y%m%d").to_string(),
        }
    }

    fn meaning(error_code: &str) -> Option<IssuerCode> {
        meaning(error_code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{line::Reply, vendor::read_issuer};
    use ingam_cases::values::{Nationality, PassportNumber};
    use jiff::civil::date;
    use std::collections::BTreeMap;

    #[test]
    fn every_code_of_the_vendor_has_a_meaning() {
        let check = |code: &str, expected: IssuerCode| {
            let body = format!(r#"{{"success":false,"error_code":"{code}"}}"#).into_bytes();
            let reply = Reply { status: 200, body };
            let contract = SANDBOX_CODES.iter().map(|(code, meaning)| ((*code).into(), *meaning)).collect();
            for contract in [&BTreeMap::new(), &contract] {
                let expected = if code.starts_with('S') && contract.is_empty() {
                    IssuerCode::NoAnswer
                } else {
                    expected
                };
                assert_eq!(read_issuer::<Passport>(&reply, contract).0, expected, "{code}");
                assert_eq!(read_issuer::<ForeignPassport>(&reply, contract).0, expected, "{code}");
            }
        };
        check("A021", IssuerCode::MismatchNumber);
        check("A022", IssuerCode::NoAnswer);
        check("A023", IssuerCode::Mismatch);
        check("A024", IssuerCode::Mismatch);
        check("S11", IssuerCode::Expired);
        check("S12", IssuerCode::NotFound);
        check("S13", IssuerCode::LostReported);
        check("A006", IssuerCode::NoAnswer);
        check("C061", IssuerCode::Unavailable);
    }

    #[test]
    fn the_questions_have_the_documented_members() {
        let (birth, issued, expires) = (date(1990, 1, 1), date(2022, 3, 4), date(2032, 3, 4));
        let number = PassportNumber::parse("M123A4567").unwrap();
        let name = PersonName::parse("홍길동").unwrap();
        let korean = Passport { number: number.clone(), birth, issued, expires };
        assert_eq!(
            serde_json::to_string(&korean.question(&name)).unwrap(),
            r#"{"userName":"홍길동","passportNo":"M123A4567","issueDate":"20220304","expirationDate":"20320304","birthDate":"19900101"}"#
        );
        let nationality = Nationality::parse("VNM").unwrap();
        let foreign = ForeignPassport { number, nationality, birth, expires };
        assert_eq!(
            serde_json::to_string(&foreign.question(&name)).unwrap(),
            r#"{"passportNo":"M123A4567","nationality":"VNM","birthDate":"19900101"}"#
        );
    }
}

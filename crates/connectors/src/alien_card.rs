//! Authenticity of alien registration cards, domestic residence cards and permanent residence cards (외국인등록증,
//! 국내거소신고증, 영주증), vendor-shaped: `POST /status/alien`.
//!
//! The wire format of the issuer itself (Ministry of Justice) is not public; see `vendor.rs`. The name is not asked
//! about. The vendor's public documents list A041 and A043; that a card is over, lost or unknown has no public code, so
//! it is a code of the contract. `issueNo` is taken to be the thirteen digits without a hyphen.

use crate::vendor::{Asked, Vendor, VendorConfig, VendorDocument};
use ingam_cases::{
    answers::IssuerCode,
    values::{AlienCard, PersonName},
};
use serde::Serialize;

/// Settings of the connection.
pub type AlienCardConfig = VendorConfig<AlienCard>;

/// Asks a vendor that asks the issuer.
pub type VendorAlienCards = Vendor<AlienCard>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question {
    issue_no: String,
    issue_date: String,
}

impl Asked for AlienCard {
    type Code = IssuerCode;
    const INSTITUTION: &'static str = "moj";
    const SANDBOX_PATH: &'static str = "/moj";
    const SANDBOX_CODES: &'static [(&'static str, IssuerCode)] =
        &[("S12", IssuerCode::NotFound), ("S13", IssuerCode::LostReported)];
}

impl VendorDocument for AlienCard {
    const PATH: &'static str = "/status/alien";

    fn question(&self, _: &PersonName) -> impl Serialize + Send + Sync {
        Question { issue_no: self.number.expose(), issue_date: self.issued.strftime("%Y%m%d").to_string() }
    }

    /// Codes of useB v1.4.0, by the pattern of the resident card's. Number and day of issue are all that is asked
    /// about, so a mismatch that is not the number's is the day's.
    fn meaning(error_code: &str) -> Option<IssuerCode> {
        Some(match error_code {
            "A041" => IssuerCode::MismatchNumber,
            "A043" => IssuerCode::MismatchIssueDate,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{line::Reply, vendor::read_issuer};
    use ingam_cases::values::ResidentNumber;
    use std::collections::BTreeMap;

    #[test]
    fn every_code_of_the_vendor_has_a_meaning() {
        let check = |code: &str, expected: IssuerCode| {
            let body = format!(r#"{{"success":false,"error_code":"{code}"}}"#).into_bytes();
            let code_read = read_issuer::<AlienCard>(&Reply { status: 200, body }, &BTreeMap::new()).0;
            assert_eq!(code_read, expected, "{code}");
        };
        check("A041", IssuerCode::MismatchNumber);
        check("A042", IssuerCode::NoAnswer);
        check("A043", IssuerCode::MismatchIssueDate);
        check("S12", IssuerCode::NoAnswer);
        check("C016", IssuerCode::Unavailable);
    }

    #[test]
    fn the_question_has_the_documented_members() {
        let number = ResidentNumber::parse("900101-5234561").unwrap();
        let card = AlienCard { number, issued: jiff::civil::date(2020, 1, 1) };
        assert_eq!(
            serde_json::to_string(&card.question(&PersonName::parse("NGUYEN VAN A").unwrap())).unwrap(),
            r#"{"issueNo":"9001015234561","issueDate":"20200101"}"#
        );
    }
}

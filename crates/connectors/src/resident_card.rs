//! Authenticity of resident cards (주민등록증 진위확인), vendor-shaped: `POST /status/idcard`.
//!
//! The wire format of the issuer itself (Ministry of the Interior and Safety) is not public; see `vendor.rs`.

use crate::vendor::{Asked, Vendor, VendorConfig, VendorDocument};
use ingam_cases::{
    answers::IssuerCode,
    values::{PersonName, ResidentCard},
};
use serde::Serialize;

/// Settings of the connection.
pub type ResidentCardConfig = VendorConfig<ResidentCard>;

/// Asks a vendor that asks the issuer.
pub type VendorResidentCards = Vendor<ResidentCard>;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    identity: String,
    issue_date: String,
    user_name: &'a str,
}

impl Asked for ResidentCard {
    type Code = IssuerCode;
    const INSTITUTION: &'static str = "mois";
    const SANDBOX_PATH: &'static str = "";
    const SANDBOX_CODES: &'static [(&'static str, IssuerCode)] = &[];
}

impl VendorDocument for ResidentCard {
    const PATH: &'static str = "/status/idcard";

    fn question(&self, name: &PersonName) -> impl Serialize + Send + Sync {
        Question {
            identity: self.number.expose(),
            issue_date: self.issued.strftime("%Y%m%d").to_string(),
            user_name: name.expose(),
        }
    }

    /// Codes of useB v1.4.0. Neither A003 nor A004 says whether name or day differs.
    fn meaning(error_code: &str) -> Option<IssuerCode> {
        Some(match error_code {
            "A001" => IssuerCode::MismatchNumber,
            "A002" => IssuerCode::NotFound,
            "A003" | "A004" => IssuerCode::MismatchNameOrIssueDate,
            "A005" => IssuerCode::Locked,
            "A006" => IssuerCode::LostReported,
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
        let check = |json: &str, expected: IssuerCode| {
            let reply = Reply { status: 200, body: json.as_bytes().to_vec() };
            assert_eq!(read_issuer::<ResidentCard>(&reply, &BTreeMap::new()).0, expected, "{json}");
        };
        check(r#"{"success":true,"message":"성공","transaction_id":"t-1"}"#, IssuerCode::Valid);
        let failed = |code: &str| {
            format!(r#"{{"success":false,"message":"","error_code":"{code}","transaction_id":"t-2"}}"#)
        };
        check(&failed("A001"), IssuerCode::MismatchNumber);
        check(&failed("A002"), IssuerCode::NotFound);
        check(&failed("A003"), IssuerCode::MismatchNameOrIssueDate);
        check(&failed("A004"), IssuerCode::MismatchNameOrIssueDate);
        check(&failed("A005"), IssuerCode::Locked);
        check(&failed("A006"), IssuerCode::LostReported);
        check(&failed("C016"), IssuerCode::Unavailable);
        check(&failed("C061"), IssuerCode::Unavailable);
        check(&failed("C504"), IssuerCode::NoAnswer);
        check(&failed("C413"), IssuerCode::Unavailable);
        check(&failed("C429"), IssuerCode::RateLimited);
        check(&failed("A777"), IssuerCode::NoAnswer);
        check(r#"{"success":true,"error_code":"A006"}"#, IssuerCode::NoAnswer);
        check("{}", IssuerCode::NoAnswer);
    }

    #[test]
    fn the_question_has_the_documented_members() {
        let number = ResidentNumber::parse("900101-1234567").unwrap();
        let card = ResidentCard { number, issued: jiff::civil::date(2020, 1, 1) };
        assert_eq!(
            serde_json::to_string(&card.question(&PersonName::parse("홍길동").unwrap())).unwrap(),
            r#"{"identity":"9001011234567","issueDate":"20200101","userName":"홍길동"}"#
        );
    }
}

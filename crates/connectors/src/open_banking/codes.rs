//! What open banking's codes mean. A code that is not in a table is doubt, never a no.
//!
//! `rsp_code` is KFTC's, `bank_rsp_code` the bank's. Sources: KFTC developers' site for `A0000`, `A0001`, `A0002`,
//! `A0007`, `A0324`; payment companies' documents for the bank's. Several codes that contracts know are not public:
//! they are configuration ([`ContractCode`]).

use ingam_cases::answers::{DepositCode, HolderCode};
use serde::Deserialize;
use std::collections::BTreeMap;

/// Meaning of a bank's code that only the contract's documents give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContractCode {
    /// The person blocked open banking at this bank (안심차단).
    BlockedByPerson,
    /// The day of birth is not the holder's.
    HolderInfoMismatch,
    /// The bank has no trace of the deposit that was asked for. Set with care: a wrong entry here makes the program
    /// believe that no money moved.
    NoTrace,
    /// The bank rests.
    Maintenance,
}

/// The contract's codes, by `bank_rsp_code`.
pub type ContractCodes = BTreeMap<String, ContractCode>;

/// What one bank code says, whatever was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BankSays {
    Done,
    NoAccount,
    Closed,
    OddAccount,
    Reported,
    Suspended,
    Refused,
    HolderDiffers,
    Contract(ContractCode),
    /// 400, 803, 804, 822 (unknown or still working), and every code that nobody told us about.
    Doubt,
}

fn bank_says(code: &str, contract: &ContractCodes) -> BankSays {
    if let Some(meaning) = contract.get(code) {
        return BankSays::Contract(*meaning);
    }
    match code {
        "000" => BankSays::Done,
        "412" => BankSays::NoAccount,
        "415" => BankSays::Closed,
        "416" => BankSays::OddAccount,
        "419" => BankSays::Reported,
        "420" => BankSays::Suspended,
        "499" => BankSays::Refused,
        "815" => BankSays::HolderDiffers,
        _ => BankSays::Doubt,
    }
}

/// Whether the bank's code counts: KFTC passed it on (`A0000`), or says to look at it (`A0002`).
fn bank_spoke(rsp_code: &str) -> bool {
    matches!(rsp_code, "A0000" | "A0002")
}

/// Whether KFTC refused the token (`O000x`): nothing was done.
pub(crate) fn token_refused(rsp_code: &str) -> bool {
    rsp_code.len() == 5 && rsp_code.starts_with("O000")
}

/// Meaning of an answer to a real-name inquiry.
pub(crate) fn holder(rsp_code: &str, bank_rsp_code: &str, contract: &ContractCodes) -> HolderCode {
    if !bank_spoke(rsp_code) {
        return HolderCode::Unavailable;
    }
    match bank_says(bank_rsp_code, contract) {
        // An error at the bank together with "done" contradicts itself.
        BankSays::Done if rsp_code == "A0000" => HolderCode::Found,
        BankSays::NoAccount => HolderCode::NoAccount,
        BankSays::Closed => HolderCode::Closed,
        BankSays::OddAccount => HolderCode::OddAccount,
        BankSays::Reported => HolderCode::Reported,
        BankSays::Suspended => HolderCode::Suspended,
        BankSays::Refused => HolderCode::Refused,
        BankSays::HolderDiffers | BankSays::Contract(ContractCode::HolderInfoMismatch) => {
            HolderCode::HolderInfoMismatch
        }
        BankSays::Contract(ContractCode::BlockedByPerson) => HolderCode::BlockedByPerson,
        BankSays::Contract(ContractCode::Maintenance) => HolderCode::Maintenance,
        BankSays::Contract(ContractCode::NoTrace) | BankSays::Done | BankSays::Doubt => {
            HolderCode::Unavailable
        }
    }
}

/// Meaning of an answer to a deposit. `NoTrace` has none here: only a question for the result may say that.
pub(crate) fn deposit(rsp_code: &str, bank_rsp_code: &str, contract: &ContractCodes) -> DepositCode {
    if !bank_spoke(rsp_code) {
        return DepositCode::Unknown;
    }
    match bank_says(bank_rsp_code, contract) {
        BankSays::Done if rsp_code == "A0000" => DepositCode::Deposited,
        BankSays::NoAccount => DepositCode::NoAccount,
        BankSays::Closed => DepositCode::Closed,
        BankSays::OddAccount => DepositCode::OddAccount,
        BankSays::Reported => DepositCode::Reported,
        BankSays::Suspended => DepositCode::Suspended,
        BankSays::Refused => DepositCode::Refused,
        BankSays::HolderDiffers | BankSays::Contract(ContractCode::HolderInfoMismatch) => {
            DepositCode::HolderMismatch
        }
        BankSays::Contract(ContractCode::BlockedByPerson) => DepositCode::BlockedByPerson,
        BankSays::Contract(ContractCode::Maintenance) => DepositCode::Maintenance,
        BankSays::Contract(ContractCode::NoTrace) | BankSays::Done | BankSays::Doubt => DepositCode::Unknown,
    }
}

/// Meaning of an answer about a deposit's result.
pub(crate) fn result(rsp_code: &str, bank_rsp_code: &str, contract: &ContractCodes) -> DepositCode {
    if bank_spoke(rsp_code) && bank_says(bank_rsp_code, contract) == BankSays::Contract(ContractCode::NoTrace)
    {
        return DepositCode::NotSent;
    }
    match deposit(rsp_code, bank_rsp_code, contract) {
        // These would say that nothing was sent; about a result they say only that nobody looked.
        DepositCode::Maintenance | DepositCode::Unavailable | DepositCode::RateLimited => {
            DepositCode::Unknown
        }
        code => code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract() -> ContractCodes {
        serde_json::from_str(r#"{"S01":"blocked_by_person","S02":"no_trace","S03":"maintenance"}"#).unwrap()
    }

    #[test]
    fn codes_of_a_deposit() {
        let check = |rsp: &str, bank: &str, expected: DepositCode| {
            assert_eq!(deposit(rsp, bank, &contract()), expected, "{rsp} {bank}");
        };
        check("A0000", "000", DepositCode::Deposited);
        check("A0002", "000", DepositCode::Unknown);
        for (bank, expected) in [
            ("412", DepositCode::NoAccount),
            ("415", DepositCode::Closed),
            ("416", DepositCode::OddAccount),
            ("419", DepositCode::Reported),
            ("420", DepositCode::Suspended),
            ("499", DepositCode::Refused),
            ("815", DepositCode::HolderMismatch),
            ("S01", DepositCode::BlockedByPerson),
            ("S03", DepositCode::Maintenance),
        ] {
            check("A0002", bank, expected);
            check("A0000", bank, expected);
        }
        for doubt in ["400", "803", "804", "822", "S02", "", "777"] {
            check("A0002", doubt, DepositCode::Unknown);
        }
        for rsp in ["A0001", "A0007", "A0324", "A9999", "", "O0002"] {
            check(rsp, "000", DepositCode::Unknown);
            check(rsp, "415", DepositCode::Unknown);
        }
    }

    #[test]
    fn codes_of_a_result() {
        let check = |rsp: &str, bank: &str, expected: DepositCode| {
            assert_eq!(result(rsp, bank, &contract()), expected, "{rsp} {bank}");
        };
        check("A0000", "000", DepositCode::Deposited);
        check("A0002", "S02", DepositCode::NotSent);
        check("A0002", "S03", DepositCode::Unknown);
        check("A0002", "415", DepositCode::Closed);
        check("A0001", "", DepositCode::Unknown);
        check("A0000", "400", DepositCode::Unknown);
        assert_eq!(result("A0002", "S02", &ContractCodes::new()), DepositCode::Unknown, "unset means doubt");
    }

    #[test]
    fn codes_of_a_holder() {
        let check = |rsp: &str, bank: &str, expected: HolderCode| {
            assert_eq!(holder(rsp, bank, &contract()), expected, "{rsp} {bank}");
        };
        check("A0000", "000", HolderCode::Found);
        check("A0002", "000", HolderCode::Unavailable);
        check("A0002", "412", HolderCode::NoAccount);
        check("A0002", "815", HolderCode::HolderInfoMismatch);
        check("A0002", "S01", HolderCode::BlockedByPerson);
        check("A0002", "S03", HolderCode::Maintenance);
        for doubt in ["400", "803", "804", "822", "S02", "", "777"] {
            check("A0002", doubt, HolderCode::Unavailable);
        }
        check("A0001", "415", HolderCode::Unavailable);
        check("A0324", "", HolderCode::Unavailable);
    }

    #[test]
    fn only_o_codes_are_about_the_token() {
        assert!(token_refused("O0002"));
        assert!(!token_refused("A0002"));
        assert!(!token_refused("O000"));
    }
}

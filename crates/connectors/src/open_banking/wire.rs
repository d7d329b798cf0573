//! Wire types of KFTC open banking 2.0, member for member. No meaning here; that is `codes.rs`.
//!
//! Questions are only written, answers only read: neither prints itself. Answers tolerate absent members, because
//! an error answer has few of them; the reader checks what it needs.

use super::tran_id::BankTranId;
use crate::config::Secret;
use serde::{Deserialize, Serialize};

/// `POST /oauth/2.0/token`, as a form.
#[derive(Serialize)]
pub(crate) struct TokenQuestion<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) client_secret: &'a str,
    pub(crate) scope: &'static str,
    pub(crate) grant_type: &'static str,
}

#[derive(Deserialize)]
pub(crate) struct TokenAnswer {
    pub(crate) access_token: Secret,
    /// Seconds; a number in the documents, a text in some answers.
    pub(crate) expires_in: NumberOrText,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(crate) enum NumberOrText {
    Number(i64),
    Text(String),
}

impl NumberOrText {
    pub(crate) fn number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => text.parse().ok(),
        }
    }
}

/// `POST /v2.0/inquiry/real_name`.
#[derive(Serialize)]
pub(crate) struct RealNameQuestion<'a> {
    pub(crate) bank_tran_id: &'a BankTranId,
    pub(crate) bank_code_std: &'a str,
    pub(crate) account_num: &'a str,
    pub(crate) account_seq: &'a str,
    /// A space: `account_holder_info` is a day of birth, `YYMMDD`.
    pub(crate) account_holder_info_type: &'a str,
    pub(crate) account_holder_info: &'a str,
    pub(crate) tran_dtime: &'a str,
}

/// The members that every answer begins with, and those of one account.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub(crate) struct RealNameAnswer {
    pub(crate) api_tran_id: String,
    pub(crate) rsp_code: String,
    pub(crate) bank_tran_id: String,
    pub(crate) bank_rsp_code: String,
    pub(crate) bank_code_std: String,
    pub(crate) account_num: String,
    pub(crate) account_holder_name: String,
}

/// `POST /v2.0/transfer/deposit/acnt_num`.
#[derive(Serialize)]
pub(crate) struct DepositQuestion<'a> {
    pub(crate) cntr_account_type: &'a str,
    pub(crate) cntr_account_num: &'a str,
    pub(crate) wd_pass_phrase: &'a str,
    pub(crate) wd_print_content: &'a str,
    pub(crate) name_check_option: &'a str,
    pub(crate) tran_dtime: &'a str,
    pub(crate) req_cnt: &'a str,
    pub(crate) req_list: [DepositLine<'a>; 1],
}

#[derive(Serialize)]
pub(crate) struct DepositLine<'a> {
    pub(crate) tran_no: &'a str,
    pub(crate) bank_tran_id: &'a BankTranId,
    pub(crate) bank_code_std: &'a str,
    pub(crate) account_num: &'a str,
    pub(crate) account_seq: &'a str,
    pub(crate) account_holder_name: &'a str,
    pub(crate) print_content: &'a str,
    pub(crate) tran_amt: &'a str,
    pub(crate) req_client_name: &'a str,
    pub(crate) req_client_bank_code: &'a str,
    pub(crate) req_client_account_num: &'a str,
    pub(crate) req_client_num: &'a str,
    pub(crate) transfer_purpose: &'a str,
}

/// `POST /v2.0/transfer/result` (결과조회). Member names as publicly known (confidence medium: the official text
/// needs a login); `check_type` 1 is a withdrawal, 2 a deposit.
#[derive(Serialize)]
pub(crate) struct ResultQuestion<'a> {
    pub(crate) check_type: &'a str,
    pub(crate) tran_dtime: &'a str,
    pub(crate) req_cnt: &'a str,
    pub(crate) req_list: [ResultLine<'a>; 1],
}

#[derive(Serialize)]
pub(crate) struct ResultLine<'a> {
    pub(crate) tran_no: &'a str,
    pub(crate) org_bank_tran_id: &'a BankTranId,
    pub(crate) org_bank_tran_date: &'a str,
    pub(crate) org_tran_amt: &'a str,
}

/// The answer to a deposit and to a question for its result.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct TransferAnswer {
    pub(crate) api_tran_id: String,
    pub(crate) api_tran_dtm: String,
    pub(crate) rsp_code: String,
    pub(crate) res_list: Vec<TransferLine>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct TransferLine {
    pub(crate) bank_tran_id: String,
    pub(crate) bank_rsp_code: String,
    pub(crate) tran_amt: String,
}

/// Enough of any answer to see whether the token was refused.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct AnyAnswer {
    pub(crate) rsp_code: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_name_question_is_the_documented_one() {
        let id: BankTranId = serde_json::from_str("\"F123456789U4BC34239Z\"").unwrap();
        let question = RealNameQuestion {
            bank_tran_id: &id,
            bank_code_std: "097",
            account_num: "1234567890123456",
            account_seq: "",
            account_holder_info_type: " ",
            account_holder_info: "880101",
            tran_dtime: "20250101121212",
        };
        let documented = r#"{"bank_tran_id":"F123456789U4BC34239Z","bank_code_std":"097","account_num":"1234567890123456","account_seq":"","account_holder_info_type":" ","account_holder_info":"880101","tran_dtime":"20250101121212"}"#;
        assert_eq!(serde_json::to_string(&question).unwrap(), documented);
    }

    #[test]
    fn the_deposit_question_has_the_documented_members() {
        let id: BankTranId = serde_json::from_str("\"F123456789U4BC34239Z\"").unwrap();
        let line = DepositLine {
            tran_no: "1",
            bank_tran_id: &id,
            bank_code_std: "097",
            account_num: "1234567890123456",
            account_seq: "",
            account_holder_name: "홍길동",
            print_content: "인감7482",
            tran_amt: "1",
            req_client_name: "견본기관",
            req_client_bank_code: "097",
            req_client_account_num: "00012300045678",
            req_client_num: "SANDBOX",
            transfer_purpose: "AU",
        };
        let question = DepositQuestion {
            cntr_account_type: "N",
            cntr_account_num: "00012300045678",
            wd_pass_phrase: "NONE",
            wd_print_content: "계좌확인",
            name_check_option: "on",
            tran_dtime: "20250101121212",
            req_cnt: "1",
            req_list: [line],
        };
        // The table of 입금이체, `/v2.0/transfer/deposit/acnt_num`; sub-merchant members are optional.
        let documented = r#"{"cntr_account_type":"N","cntr_account_num":"00012300045678","wd_pass_phrase":"NONE","wd_print_content":"계좌확인","name_check_option":"on","tran_dtime":"20250101121212","req_cnt":"1","req_list":[{"tran_no":"1","bank_tran_id":"F123456789U4BC34239Z","bank_code_std":"097","account_num":"1234567890123456","account_seq":"","account_holder_name":"홍길동","print_content":"인감7482","tran_amt":"1","req_client_name":"견본기관","req_client_bank_code":"097","req_client_account_num":"00012300045678","req_client_num":"SANDBOX","transfer_purpose":"AU"}]}"#;
        assert_eq!(serde_json::to_string(&question).unwrap(), documented);
    }

    #[test]
    fn the_documented_answers_are_read() {
        let answer: RealNameAnswer = serde_json::from_str(
            r#"{"api_tran_id":"…","api_tran_dtm":"20250101121212123","rsp_code":"A0000","rsp_message":"",
            "bank_tran_id":"F123456789U4BC34239Z","bank_tran_date":"20250101","bank_code_tran":"097",
            "bank_rsp_code":"000","bank_rsp_message":"","bank_code_std":"097","bank_code_sub":"0970001",
            "bank_name":"오픈은행","savings_bank_name":"","account_num":"1234567890123456","account_seq":"",
            "account_holder_info_type":" ","account_holder_info":"880101","account_holder_name":"홍길동",
            "account_type":"1"}"#,
        )
        .unwrap();
        assert_eq!((answer.rsp_code.as_str(), answer.account_holder_name.as_str()), ("A0000", "홍길동"));

        let token: TokenAnswer = serde_json::from_str(
            r#"{"access_token":"t","token_type":"Bearer","expires_in":7775999,"scope":"oob","client_use_code":"M202112345"}"#,
        )
        .unwrap();
        assert_eq!(token.expires_in.number(), Some(7_775_999));
    }
}

//! KFTC open banking 2.0 (금융결제원 오픈뱅킹): the holder of an account, a deposit of 1 won, and its result.
//!
//! Source: KFTC developers' site. The one rule above all: after a deposit may have left, every answer that is not
//! understood is `Unknown`, and only a question for the result ends the doubt.

pub(crate) mod codes;
mod tran_id;
pub(crate) mod wire;

pub use codes::{ContractCode, ContractCodes};
pub use tran_id::{BankTranId, InstitutionCode};

use crate::{
    clock::{Clock, kst_date, near_midnight, read_tran_dtm, tran_dtime},
    config::{Limits, Misconfigured, Secret},
    line::{Failure, Line, Observer, Reply, Said, Timer},
    maintenance::MaintenanceHours,
    roles::{Bank, Deposit, Holder},
    token::{Token, TokenCache},
    wire::Wire,
    words::HolderName,
};
use async_trait::async_trait;
use ingam_cases::{
    answers::{Answer, DepositCode, HolderCode},
    id::CallId,
    values::{AccountNumber, BankCode},
};
use jiff::{SignedDuration, Timestamp, civil::Date};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::sync::Arc;

/// Settings of the connection and of the contract.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenBankingConfig {
    /// Name under which answers are recorded; `kftc` unless set.
    #[serde(default = "kftc")]
    pub institution: String,
    /// `https://openapi.openbanking.or.kr`, or KFTC's test host.
    pub base_url: String,
    /// Credentials from the contract.
    pub client_id: Secret,
    /// Credentials from the contract.
    pub client_secret: Secret,
    /// Ten characters from KFTC (이용기관코드).
    pub institution_code: String,
    /// The account that pays the won (약정계좌번호).
    pub contract_account: Secret,
    /// `N` for an account, `C` for a ledger account (계정).
    #[serde(default = "account_type")]
    pub contract_account_type: String,
    /// Hash of the withdrawal's pass phrase; `NONE` in KFTC's test bed.
    pub pass_phrase: Secret,
    /// The line in our own book.
    pub own_print_content: String,
    /// Who asks for the transfer: the institution's name.
    pub client_name: String,
    /// The asker's bank.
    pub client_bank: BankCode,
    /// The asker's account.
    pub client_account: Secret,
    /// The asker's number at the institution.
    pub client_number: String,
    /// Whether the bank compares the holder's name before it books. On unless set.
    #[serde(default = "yes")]
    pub name_check: bool,
    /// Codes that only the contract's documents give.
    #[serde(default)]
    pub contract_codes: ContractCodes,
    /// How long a deposit may still be under way before "no trace" is believed, in milliseconds.
    #[serde(default = "settle_ms")]
    pub settle_ms: u64,
    /// How long before and after midnight in Korea no deposit is sent, in milliseconds: where two clocks differ a
    /// little, bank and asker would put it on two days, and a bank looks for a deposit under its day.
    #[serde(default = "midnight_ms")]
    pub midnight_ms: u64,
    /// Hours in which banks rest.
    #[serde(default)]
    pub maintenance: MaintenanceHours,
    /// Time-outs, size and breaker.
    #[serde(default)]
    pub limits: Limits,
}

fn kftc() -> String {
    "kftc".into()
}
fn account_type() -> String {
    "N".into()
}
fn yes() -> bool {
    true
}
/// Ten times the whole time-out of one call, and some.
fn settle_ms() -> u64 {
    60_000
}

fn midnight_ms() -> u64 {
    120_000
}

impl OpenBankingConfig {
    /// Settings that fit the sandbox at `base_url`: its credentials, its own codes, no hours of rest, no wait.
    pub fn for_sandbox(base_url: &str) -> Self {
        let codes = [
            ("S01", ContractCode::BlockedByPerson),
            ("S02", ContractCode::NoTrace),
            ("S03", ContractCode::Maintenance),
        ];
        Self {
            institution: kftc(),
            base_url: base_url.to_owned(),
            client_id: Secret::new("sandbox"),
            client_secret: Secret::new("sandbox"),
            institution_code: "F123456789".into(),
            contract_account: Secret::new("00012300045678"),
            contract_account_type: account_type(),
            pass_phrase: Secret::new("NONE"),
            own_print_content: "계좌확인".into(),
            client_name: "견본기관".into(),
            client_bank: BankCode::parse("097").expect("three digits"),
            client_account: Secret::new("00012300045678"),
            client_number: "SANDBOX".into(),
            name_check: true,
            contract_codes: codes.map(|(code, meaning)| (code.to_owned(), meaning)).into(),
            settle_ms: 0,
            midnight_ms: 0,
            maintenance: MaintenanceHours::none(),
            limits: Limits::default(),
        }
    }
}

/// Banks, reached through KFTC.
pub struct OpenBanking {
    config: OpenBankingConfig,
    code: InstitutionCode,
    settle: SignedDuration,
    line: Line,
    tokens: TokenCache,
}

impl OpenBanking {
    /// Makes the connection; nothing is called yet.
    pub fn new(
        config: OpenBankingConfig,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Misconfigured> {
        Self::made(config, None, clock, observer)
    }

    /// The same over another wire than sockets.
    pub fn over(
        wire: Arc<dyn Wire>,
        config: OpenBankingConfig,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Misconfigured> {
        Self::made(config, Some(wire), clock, observer)
    }

    fn made(
        config: OpenBankingConfig,
        wire: Option<Arc<dyn Wire>>,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Misconfigured> {
        let code = InstitutionCode::parse(&config.institution_code)?;
        if !matches!(config.contract_account_type.as_str(), "N" | "C") {
            return Err(Misconfigured::Value { setting: "contract_account_type", rule: "is N or C" });
        }
        let line = Line::new(&config.institution, &config.base_url, &config.limits, wire, clock, observer)?;
        let settle = SignedDuration::from_millis(i64::try_from(config.settle_ms).unwrap_or(i64::MAX));
        Ok(Self { config, code, settle, line, tokens: TokenCache::default() })
    }

    /// The id under which the bank books a deposit, for evidence and for a call to the bank's desk.
    pub fn deposit_id(&self, call: &CallId, sent_at: Timestamp) -> BankTranId {
        BankTranId::of(&self.code, "deposit", call, kst_date(sent_at), "")
    }

    async fn token(&self, timer: &Timer) -> Result<Secret, Failure> {
        let now = self.line.now();
        let fetch = async || {
            let question = wire::TokenQuestion {
                client_id: self.config.client_id.expose(),
                client_secret: self.config.client_secret.expose(),
                scope: "oob",
                grant_type: "client_credentials",
            };
            let request = self.line.post("/oauth/2.0/token").form(&question);
            let reply = self.line.send("token", request, timer).await?;
            let answer: wire::TokenAnswer =
                serde_json::from_slice(&reply.body).map_err(|_| Failure::lost("token"))?;
            let seconds = answer.expires_in.number().unwrap_or(0).clamp(0, 365 * 86_400);
            let ends = now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
            Ok(Token { value: answer.access_token, ends })
        };
        // Without a token no bank was asked, whatever went wrong.
        self.tokens.get(now, fetch).await.map_err(|failure| Failure::NotSent {
            reason: if failure.reason() == "breaker_open" { "breaker_open" } else { "token" },
            retry_at: failure.retry_at(),
        })
    }

    /// Money is sent, and a missing trace of it believed, by a clock that agrees with the bank's: a bank looks for a
    /// deposit under its day.
    async fn same_time(&self, timer: &Timer) -> Result<(), Failure> {
        if self.line.clock_off().is_some() {
            // What was heard may be old, where this machine has slept since. A new token comes with the time.
            self.tokens.clear().await;
        }
        self.token(timer).await?;
        match self.line.clock_off() {
            None => Ok(()),
            Some(off) => {
                tracing::error!(
                    seconds = off.as_secs(),
                    "this machine's clock stands beside the bank's: no money is sent"
                );
                Err(Failure::not_sent("clock_off"))
            }
        }
    }

    /// Asks with a token, once more with a new one if it was refused, and reads the answer.
    async fn ask<A: DeserializeOwned>(
        &self,
        operation: &'static str,
        path: &'static str,
        question: &impl Serialize,
        timer: &Timer,
    ) -> Result<A, Failure> {
        for _ in 0..2 {
            let token = self.token(timer).await?;
            let request = self.line.post(path).bearer_auth(token.expose()).json(question);
            let reply = self.line.send(operation, request, timer).await?;
            if !token_was_refused(&reply) {
                return read(&reply);
            }
            // A refused token is refused at the door, so asking again repeats nothing.
            self.tokens.forget(&token).await;
        }
        Err(Failure::not_sent("token"))
    }

    async fn ask_holder(
        &self,
        id: &BankTranId,
        bank: BankCode,
        account: &AccountNumber,
        birth: Date,
        timer: &Timer,
    ) -> Result<wire::RealNameAnswer, Failure> {
        let question = wire::RealNameQuestion {
            bank_tran_id: id,
            bank_code_std: bank.as_str(),
            account_num: account.expose(),
            account_seq: "",
            account_holder_info_type: " ",
            account_holder_info: &birth.strftime("%y%m%d").to_string(),
            tran_dtime: &tran_dtime(self.line.now()),
        };
        self.ask("holder", "/v2.0/inquiry/real_name", &question, timer).await
    }

    async fn ask_deposit(
        &self,
        id: &BankTranId,
        deposit: &Deposit<'_>,
        timer: &Timer,
    ) -> Result<wire::TransferAnswer, Failure> {
        let config = &self.config;
        let question = wire::DepositQuestion {
            cntr_account_type: &config.contract_account_type,
            cntr_account_num: config.contract_account.expose(),
            wd_pass_phrase: config.pass_phrase.expose(),
            wd_print_content: &config.own_print_content,
            name_check_option: if config.name_check { "on" } else { "off" },
            tran_dtime: &tran_dtime(self.line.now()),
            req_cnt: "1",
            req_list: [wire::DepositLine {
                tran_no: "1",
                bank_tran_id: id,
                bank_code_std: deposit.bank.as_str(),
                account_num: deposit.account.expose(),
                account_seq: "",
                account_holder_name: deposit.holder.expose(),
                print_content: deposit.print_content.expose(),
                tran_amt: "1",
                req_client_name: &config.client_name,
                req_client_bank_code: config.client_bank.as_str(),
                req_client_account_num: config.client_account.expose(),
                req_client_num: &config.client_number,
                transfer_purpose: "AU",
            }],
        };
        self.ask("deposit", "/v2.0/transfer/deposit/acnt_num", &question, timer).await
    }
}

#[async_trait]
impl Bank for OpenBanking {
    async fn holder(&self, call: &CallId, bank: BankCode, account: &AccountNumber, birth: Date) -> Holder {
        let timer = self.line.timer();
        let now = self.line.now();
        let answer = |code, said| Holder { answer: self.line.answer(code, &timer, said), name: None };
        if let Some(until) = self.config.maintenance.until(bank, now) {
            return answer(HolderCode::Maintenance, Said::later(Some(until)));
        }
        // An inquiry changes nothing, so a repeat gets an id of its own: by its time, and once more by number
        // should two fall on the same millisecond.
        for number in 0..2 {
            let repeat = format!("{}/{number}", now.as_millisecond());
            let id = BankTranId::of(&self.code, "holder", call, kst_date(now), &repeat);
            let said = match self.ask_holder(&id, bank, account, birth, &timer).await {
                Ok(said) => said,
                Err(failure) => return answer(holder_failure(&failure), Said::failed(&failure)),
            };
            if said.rsp_code == "A0324" && number == 0 {
                continue;
            }
            let evidence = Said::new(&said.api_tran_id, &[&said.rsp_code, &said.bank_rsp_code]);
            let code = codes::holder(&said.rsp_code, &said.bank_rsp_code, &self.config.contract_codes);
            if code != HolderCode::Found {
                return answer(code, evidence);
            }
            // An answer to another question must not name another person.
            let ours = said.bank_tran_id == id.as_str()
                && said.bank_code_std == bank.as_str()
                && said.account_num == account.expose();
            return match HolderName::parse(&said.account_holder_name) {
                Ok(name) if ours => Holder { name: Some(name), ..answer(code, evidence) },
                _ => answer(HolderCode::Unavailable, Said::failed(&Failure::lost("mixed_up"))),
            };
        }
        answer(HolderCode::Unavailable, Said::new("", &["A0324"]))
    }

    async fn deposit(&self, call: &CallId, sent_at: Timestamp, deposit: &Deposit<'_>) -> Answer<DepositCode> {
        let timer = self.line.timer_before(deposit.before);
        if let Some(until) = self.config.maintenance.until(deposit.bank, self.line.now()) {
            return self.line.answer(DepositCode::Maintenance, &timer, Said::later(Some(until)));
        }
        if let Some(until) = near_midnight(self.line.now(), self.config.midnight_ms) {
            return self.line.answer(DepositCode::Maintenance, &timer, Said::later(Some(until)));
        }
        // Invariant: one call moves money on one Korean day only; on the next its id would count as new. Looked at
        // twice, for the clock may be set while the bank's is asked.
        let day_over = || kst_date(self.line.now()) != kst_date(sent_at);
        let same_time = if day_over() { Ok(()) } else { self.same_time(&timer).await };
        if let Err(failure) = same_time {
            return self.line.answer(deposit_failure(&failure), &timer, Said::failed(&failure));
        }
        if day_over() {
            return self.line.answer(DepositCode::Unknown, &timer, Said::failed(&Failure::lost("day_over")));
        }
        let id = self.deposit_id(call, sent_at);
        let (code, said) = match self.ask_deposit(&id, deposit, &timer).await {
            Ok(answer) => {
                let (bank_code, evidence) = one_line(&answer, &id);
                (codes::deposit(&answer.rsp_code, bank_code, &self.config.contract_codes), evidence)
            }
            Err(failure) => (deposit_failure(&failure), Said::failed(&failure)),
        };
        self.line.answer(code, &timer, said)
    }

    async fn deposit_result(
        &self,
        call: &CallId,
        sent_at: Timestamp,
        doubted_at: Timestamp,
    ) -> Answer<DepositCode> {
        let timer = self.line.timer();
        let id = self.deposit_id(call, sent_at);
        let question = wire::ResultQuestion {
            check_type: "2",
            tran_dtime: &tran_dtime(self.line.now()),
            req_cnt: "1",
            req_list: [wire::ResultLine {
                tran_no: "1",
                org_bank_tran_id: &id,
                org_bank_tran_date: &kst_date(sent_at).strftime("%Y%m%d").to_string(),
                org_tran_amt: "1",
            }],
        };
        let asked =
            self.ask::<wire::TransferAnswer>("deposit_result", "/v2.0/transfer/result", &question, &timer);
        let (code, said) = match asked.await {
            Ok(answer) => {
                let (bank_code, mut evidence) = one_line(&answer, &id);
                let mut code = codes::result(&answer.rsp_code, bank_code, &self.config.contract_codes);
                let settled = doubted_at.checked_add(self.settle).unwrap_or(Timestamp::MAX);
                let now = self.line.now();
                // What was said before the bank had its time says nothing, however late it comes.
                let stale = read_tran_dtm(&answer.api_tran_dtm).is_some_and(|said| said < settled);
                if code == DepositCode::NotSent && (now < settled || stale || self.line.clock_off().is_some())
                {
                    // It may still be on its way: a trace that is missing now can appear.
                    code = DepositCode::Unknown;
                    evidence.retry_at = Some(settled).filter(|at| now < *at);
                }
                (code, evidence)
            }
            Err(failure) => (DepositCode::Unknown, Said::failed(&failure)),
        };
        self.line.answer(code, &timer, said)
    }
}

/// The bank's code of the one line that was asked for. A line of another deposit or another amount says nothing.
pub(crate) fn one_line<'a>(answer: &'a wire::TransferAnswer, id: &BankTranId) -> (&'a str, Said) {
    let bank_code = match answer.res_list.as_slice() {
        [line] if line.bank_tran_id == id.as_str() && matches!(line.tran_amt.as_str(), "1" | "") => {
            line.bank_rsp_code.as_str()
        }
        _ => "",
    };
    (bank_code, Said::new(&answer.api_tran_id, &[&answer.rsp_code, bank_code]))
}

fn token_was_refused(reply: &Reply) -> bool {
    let said: Option<wire::AnyAnswer> = serde_json::from_slice(&reply.body).ok();
    reply.status == 401 || said.is_some_and(|said| codes::token_refused(&said.rsp_code))
}

/// Reads an answer. Total: bytes that are none are `Lost`, or `NotSent` where a gateway turned the question away.
pub(crate) fn read<A: DeserializeOwned>(reply: &Reply) -> Result<A, Failure> {
    let said = serde_json::from_slice::<wire::AnyAnswer>(&reply.body).map(|said| said.rsp_code);
    match said.as_deref() {
        Ok("") | Err(_) if reply.turned_away() => return Err(Failure::not_sent("turned_away")),
        Ok("") | Err(_) => return Err(Failure::lost("malformed")),
        // Done, says the body, and refused, says the status: one of them is wrong.
        Ok("A0000") if reply.status >= 300 => return Err(Failure::lost("contradiction")),
        Ok(_) => {}
    }
    serde_json::from_slice(&reply.body).map_err(|_| Failure::lost("malformed"))
}

pub(crate) fn holder_failure(failure: &Failure) -> HolderCode {
    match failure {
        Failure::RateLimited { .. } => HolderCode::RateLimited,
        _ if failure.is_announced_rest() => HolderCode::Maintenance,
        _ => HolderCode::Unavailable,
    }
}

pub(crate) fn deposit_failure(failure: &Failure) -> DepositCode {
    match failure {
        Failure::RateLimited { .. } => DepositCode::RateLimited,
        Failure::NotSent { .. } => DepositCode::Unavailable,
        Failure::Lost { .. } => DepositCode::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_success_under_a_refusing_status_is_doubt() {
        let read = |status| {
            let body = br#"{"rsp_code":"A0000","res_list":[]}"#.to_vec();
            read::<wire::TransferAnswer>(&Reply { status, body }).map(|answer| answer.rsp_code)
        };
        assert_eq!(read(200), Ok("A0000".into()));
        assert_eq!(read(400), Err(Failure::lost("contradiction")));
    }

    proptest! {
        #[test]
        fn any_bytes_after_a_deposit_are_doubt(body in proptest::collection::vec(any::<u8>(), 0..512)) {
            let read = read::<wire::TransferAnswer>(&Reply { status: 200, body });
            let lost = matches!(read, Err(Failure::Lost { .. }));
            prop_assert!(lost);
        }

        #[test]
        fn any_json_is_read_without_panic(code in ".{0,12}", bank in ".{0,8}", id in ".{0,24}", amount in ".{0,4}") {
            let line = serde_json::json!({"bank_tran_id": id, "bank_rsp_code": bank, "tran_amt": amount});
            let body = serde_json::json!({"rsp_code": code, "res_list": [line]}).to_string().into_bytes();
            let ours: BankTranId = serde_json::from_str("\"F123456789U4BC34239Z\"").unwrap();
            if let Ok(answer) = read::<wire::TransferAnswer>(&Reply { status: 200, body }) {
                let (bank_code, _) = one_line(&answer, &ours);
                prop_assert_eq!(codes::deposit(&answer.rsp_code, bank_code, &ContractCodes::new()), DepositCode::Unknown);
            }
        }
    }

    #[test]
    fn settings_are_read_from_text() {
        let config: OpenBankingConfig = serde_json::from_str(
            r#"{"base_url":"https://bank.test","client_id":"a","client_secret":"b","institution_code":"F123456789",
            "contract_account":"1","pass_phrase":"NONE","own_print_content":"x","client_name":"y","client_bank":"004",
            "client_account":"2","client_number":"3","contract_codes":{"901":"no_trace"}}"#,
        )
        .unwrap();
        assert_eq!(config.limits.timeout_ms, 5_000);
        assert_eq!(config.maintenance.default.len(), 1);
        assert!(config.name_check);
        assert!(!format!("{config:?}").contains("\"b\""));
    }
}

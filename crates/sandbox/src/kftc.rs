//! Open banking 2.0 (금융결제원 오픈뱅킹) and the banks behind it, member for member as the real one answers.
//!
//! Codes that begin with `S` are the sandbox's own: the real ones are not public. `S01` the person blocked open
//! banking, `S02` no trace of the transfer, `S03` the bank rests, `S04xx` a question that breaks the format.

use crate::{
    Sandbox,
    catalogue::{Account, Person},
    clock::{day, kst},
    faults::Institution::Kftc,
    play::{Said, Visit, masked_account, play},
    vendor::authorization,
    world::{BookLine, Transfer, World},
};
use axum::{
    Form, Router,
    body::Bytes,
    extract::{State, rejection::FormRejection},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::post,
};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::collections::HashMap;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/oauth/2.0/token", post(token))
        .route("/v2.0/inquiry/real_name", post(real_name))
        .route("/v2.0/transfer/deposit/acnt_num", post(deposit))
        .route("/v2.0/transfer/result", post(result))
}

/// `POST /oauth/2.0/token`, as a form.
async fn token(
    State(sandbox): State<Sandbox>,
    form: Result<Form<HashMap<String, String>>, FormRejection>,
) -> Response {
    let options = &sandbox.inner.options;
    let form = form.map(|Form(form)| form).unwrap_or_default();
    let is = |key: &str, value: &str| form.get(key).is_some_and(|given| given == value);
    let known = is("client_id", &options.client_id)
        && is("client_secret", &options.client_secret)
        && is("scope", "oob")
        && is("grant_type", "client_credentials");
    play(&sandbox, visit("token", None, "client credentials".into()), |world| {
        if !known {
            return Said::new(401, "O0001", json!({"rsp_code": "O0001", "rsp_message": "인증 오류"}));
        }
        let (token, _) = world.issue_token(Kftc, options.clock.now(), options.token_ttl_s);
        let body = json!({
            "access_token": token, "token_type": "Bearer", "expires_in": options.token_ttl_s,
            "scope": "oob", "client_use_code": options.institution_code
        });
        Said::new(200, "200", body)
    })
    .await
}

#[derive(Deserialize)]
struct RealName {
    bank_tran_id: String,
    bank_code_std: String,
    account_num: String,
    #[serde(default)]
    account_seq: String,
    account_holder_info_type: String,
    account_holder_info: String,
    tran_dtime: String,
}

/// `POST /v2.0/inquiry/real_name`.
async fn real_name(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(question) = read::<RealName>(&body) else { return malformed("요청 전문 오류") };
    let desk = Desk::new(&sandbox, &headers);
    let account = sandbox.catalogue().account(&question.bank_code_std, &question.account_num);
    let summary = format!("{} {}", question.bank_code_std, masked_account(&question.account_num));
    let mut visit = visit("holder", account.map(|(person, _)| person.id.clone()), summary);
    visit.rests = resting(&question.bank_tran_id, "");
    play(&sandbox, visit, |world| {
        let head = match desk.admit(world, &question.bank_tran_id, &question.tran_dtime) {
            Ok(head) => head,
            Err(said) => return said,
        };
        let (code, name) = match account {
            None => ("412", String::new()),
            Some((_, account)) if account.says != "000" => (account.says.as_str(), String::new()),
            Some((person, account)) => {
                let born = account.birth.as_deref().unwrap_or(&person.number[..6]);
                let right = question.account_holder_info_type == " " && question.account_holder_info == born;
                if right { ("000", account.holder_on_wire(person)) } else { ("815", String::new()) }
            }
        };
        let bank = &question.bank_code_std;
        head.said(
            code,
            json!({
                "bank_tran_id": question.bank_tran_id, "bank_tran_date": desk.day(), "bank_code_tran": bank,
                "bank_rsp_code": code, "bank_rsp_message": message(code), "bank_code_std": bank,
                "bank_code_sub": format!("{bank}0001"), "bank_name": bank_name(bank), "savings_bank_name": "",
                "account_num": question.account_num, "account_seq": question.account_seq,
                "account_holder_info_type": question.account_holder_info_type,
                "account_holder_info": question.account_holder_info, "account_holder_name": name,
                "account_type": "1"
            }),
        )
    })
    .await
}

#[derive(Deserialize)]
struct DepositQuestion {
    cntr_account_type: String,
    cntr_account_num: String,
    #[serde(rename = "wd_pass_phrase")]
    _wd_pass_phrase: String,
    wd_print_content: String,
    name_check_option: String,
    tran_dtime: String,
    req_cnt: String,
    req_list: Vec<DepositLine>,
}

#[derive(Deserialize)]
struct DepositLine {
    tran_no: String,
    bank_tran_id: String,
    bank_code_std: String,
    account_num: String,
    account_holder_name: String,
    print_content: String,
    tran_amt: String,
    transfer_purpose: String,
}

/// `POST /v2.0/transfer/deposit/acnt_num`.
async fn deposit(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(question) = read::<DepositQuestion>(&body) else { return malformed("요청 전문 오류") };
    let [line] = question.req_list.as_slice() else {
        return malformed("req_list holds one line");
    };
    let Ok(amount) = line.tran_amt.parse::<u64>() else { return malformed("tran_amt") };
    let fits = question.req_cnt == "1"
        && matches!(question.cntr_account_type.as_str(), "N" | "C")
        && matches!(question.name_check_option.as_str(), "on" | "off")
        && matches!(line.transfer_purpose.as_str(), "TR" | "ST" | "RC" | "AU");
    if !fits {
        return malformed("req_cnt, cntr_account_type, name_check_option or transfer_purpose");
    }
    let desk = Desk::new(&sandbox, &headers);
    let account = sandbox.catalogue().account(&line.bank_code_std, &line.account_num);
    let summary = format!("{} {} {amount}원", line.bank_code_std, masked_account(&line.account_num));
    let mut visit = visit("deposit", account.map(|(person, _)| person.id.clone()), summary);
    visit.rests = resting(&line.bank_tran_id, &line.tran_amt);
    let response = play(&sandbox, visit, |world| {
        let head = match desk.admit(world, &line.bank_tran_id, &question.tran_dtime) {
            Ok(head) => head,
            Err(said) => return said,
        };
        let mut code = deposit_code(account, line, question.name_check_option == "on").to_owned();
        let mut transfer =
            Transfer { bank_rsp_code: code.clone(), amount: line.tran_amt.clone(), settles_after: 0 };
        if code == "000" {
            transfer.settles_after = account.map_or(0, |(_, account)| account.settles_after);
            world.book.push(BookLine {
                bank: line.bank_code_std.clone(),
                account: line.account_num.clone(),
                at: desk.now,
                print_content: line.print_content.clone(),
                amount,
                bank_tran_id: line.bank_tran_id.clone(),
            });
            if transfer.settles_after > 0 {
                code = "400".into();
            }
        }
        world.transfers.insert((line.bank_tran_id.clone(), desk.day()), transfer);
        head.said(
            &code,
            json!({
                "wd_bank_code_std": "097", "wd_account_num_masked": masked_account(&question.cntr_account_num),
                "wd_print_content": question.wd_print_content, "res_cnt": "1",
                "res_list": [{
                    "tran_no": line.tran_no, "bank_tran_id": line.bank_tran_id, "bank_tran_date": desk.day(),
                    "bank_code_tran": line.bank_code_std, "bank_rsp_code": code, "bank_rsp_message": message(&code),
                    "bank_code_std": line.bank_code_std, "bank_name": bank_name(&line.bank_code_std),
                    "account_num_masked": masked_account(&line.account_num), "print_content": line.print_content,
                    "tran_amt": line.tran_amt, "account_holder_name": line.account_holder_name
                }]
            }),
        )
    })
    .await;
    sandbox.tell("book", &json!({"bank": line.bank_code_std}));
    response
}

/// What the bank makes of a deposit.
fn deposit_code<'a>(
    account: Option<(&'a Person, &'a Account)>,
    line: &DepositLine,
    check_name: bool,
) -> &'a str {
    let Some((person, account)) = account else { return "412" };
    let says = account.deposit_says.as_ref().unwrap_or(&account.says);
    let fold = |name: &str| name.chars().filter(|c| !c.is_whitespace()).take(20).collect::<String>();
    let same = fold(&account.holder_on_wire(person)).starts_with(&fold(&line.account_holder_name))
        || fold(&line.account_holder_name).starts_with(&fold(&account.holder_on_wire(person)));
    if says == "000" && check_name && !same { "815" } else { says }
}

#[derive(Deserialize)]
struct ResultQuestion {
    check_type: String,
    tran_dtime: String,
    req_cnt: String,
    req_list: Vec<ResultLine>,
}

#[derive(Deserialize)]
struct ResultLine {
    tran_no: String,
    org_bank_tran_id: String,
    org_bank_tran_date: String,
    org_tran_amt: String,
}

/// `POST /v2.0/transfer/result` (결과조회).
async fn result(State(sandbox): State<Sandbox>, headers: HeaderMap, body: Bytes) -> Response {
    let Some(question) = read::<ResultQuestion>(&body) else { return malformed("요청 전문 오류") };
    let [line] = question.req_list.as_slice() else {
        return malformed("req_list holds one line");
    };
    if question.req_cnt != "1" || question.check_type != "2" {
        return malformed("req_cnt or check_type");
    }
    let desk = Desk::new(&sandbox, &headers);
    let booked = sandbox.book(None).into_iter().find(|booked| booked.bank_tran_id == line.org_bank_tran_id);
    let person = booked.as_ref().and_then(|b| sandbox.catalogue().account(&b.bank, &b.account));
    let mut visit = visit("deposit_result", person.map(|(p, _)| p.id.clone()), line.org_bank_tran_id.clone());
    visit.rests = resting(&line.org_bank_tran_id, &line.org_tran_amt);
    play(&sandbox, visit, |world| {
        let head = match desk.head(world, &question.tran_dtime) {
            Ok(head) => head,
            Err(said) => return said,
        };
        let key = (line.org_bank_tran_id.clone(), line.org_bank_tran_date.clone());
        let code = match world.transfers.get_mut(&key) {
            Some(transfer) if transfer.amount == line.org_tran_amt => {
                if transfer.settles_after > 0 {
                    transfer.settles_after -= 1;
                    "400".to_owned()
                } else {
                    transfer.bank_rsp_code.clone()
                }
            }
            _ => "S02".to_owned(),
        };
        let bank = booked.as_ref().map_or("", |booked| booked.bank.as_str());
        head.said(
            &code,
            json!({
                "res_cnt": "1",
                "res_list": [{
                    "tran_no": line.tran_no, "bank_tran_id": line.org_bank_tran_id,
                    "bank_tran_date": line.org_bank_tran_date, "bank_code_tran": bank, "bank_rsp_code": code,
                    "bank_rsp_message": message(&code), "tran_amt": line.org_tran_amt
                }]
            }),
        )
    })
    .await
}

/// What every call of open banking goes through first.
struct Desk {
    token: String,
    now: Timestamp,
    institution_code: String,
}

impl Desk {
    fn new(sandbox: &Sandbox, headers: &HeaderMap) -> Self {
        Self {
            token: authorization(headers, "Bearer ").unwrap_or_default().to_owned(),
            now: sandbox.inner.options.clock.now(),
            institution_code: sandbox.inner.options.institution_code.clone(),
        }
    }

    fn day(&self) -> String {
        day(self.now)
    }

    /// Checks the token and the time's form.
    fn head(&self, world: &mut World, tran_dtime: &str) -> Result<Head, Said> {
        let head = Head { reference: world.reference(Kftc), at: self.now };
        if !world.token_lives(Kftc, &self.token, self.now) {
            return Err(head.refused("O0002", "access token 오류"));
        }
        if tran_dtime.len() != 14 || !tran_dtime.bytes().all(|b| b.is_ascii_digit()) {
            return Err(head.refused("S0402", "tran_dtime 형식 오류"));
        }
        Ok(head)
    }

    /// Also takes the `bank_tran_id`: of our institution, twenty characters, once a day.
    fn admit(&self, world: &mut World, id: &str, tran_dtime: &str) -> Result<Head, Said> {
        let head = self.head(world, tran_dtime)?;
        let tail = id.strip_prefix(&self.institution_code).and_then(|rest| rest.strip_prefix('U'));
        let fits = |tail: &str| {
            tail.len() == 9 && tail.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        };
        if !tail.is_some_and(fits) {
            return Err(head.refused("S0401", "bank_tran_id 형식 오류"));
        }
        if !world.use_id(id, &self.day()) {
            return Err(head.refused("A0324", "거래고유번호 중복"));
        }
        Ok(head)
    }
}

/// The members that every answer begins with.
struct Head {
    reference: String,
    at: Timestamp,
}

impl Head {
    fn members(&self, rsp_code: &str, rsp_message: &str) -> Value {
        json!({
            "api_tran_id": self.reference,
            "api_tran_dtm": kst(self.at).strftime("%Y%m%d%H%M%S%3f").to_string(),
            "rsp_code": rsp_code, "rsp_message": rsp_message
        })
    }

    fn refused(&self, code: &str, message: &str) -> Said {
        Said::new(200, code, self.members(code, message))
    }

    /// With the bank's part behind; `A0002` sends the reader to the bank's code.
    fn said(&self, bank_code: &str, rest: Value) -> Said {
        let (code, text) = if bank_code == "000" { ("A0000", "") } else { ("A0002", "참가기관 에러") };
        let mut body = self.members(code, text);
        if let (Value::Object(body), Value::Object(rest)) = (&mut body, rest) {
            body.extend(rest);
        }
        Said::new(200, bank_code, body)
    }
}

fn visit(operation: &'static str, person: Option<String>, summary: String) -> Visit {
    let too_many = json!({"rsp_code": "S0429", "rsp_message": "요청이 너무 많습니다"});
    Visit { institution: Kftc, operation, person, summary, rests: None, too_many }
}

/// How a bank says that it rests: `A0002` and its own code, in a line for the transfer that was asked about.
fn resting(id: &str, amount: &str) -> Option<Said> {
    let line = json!({
        "tran_no": "1", "bank_tran_id": id, "bank_rsp_code": "S03", "bank_rsp_message": message("S03"),
        "tran_amt": amount
    });
    let body = json!({
        "api_tran_id": "", "rsp_code": "A0002", "rsp_message": "참가기관 에러", "bank_tran_id": id,
        "bank_rsp_code": "S03", "bank_rsp_message": message("S03"), "res_cnt": "1", "res_list": [line]
    });
    Some(Said::new(200, "S03", body))
}

fn read<Q: DeserializeOwned>(body: &[u8]) -> Option<Q> {
    serde_json::from_slice(body).ok()
}

fn malformed(why: &str) -> Response {
    (StatusCode::BAD_REQUEST, axum::Json(json!({"rsp_code": "S0400", "rsp_message": why}))).into_response()
}

fn message(code: &str) -> &'static str {
    match code {
        "000" => "",
        "400" => "처리 중",
        "412" => "계좌 없음",
        "415" => "해지 계좌",
        "416" => "잡좌",
        "419" => "사고 신고 계좌",
        "420" => "입금 정지 계좌",
        "815" => "예금주 불일치",
        "S01" => "오픈뱅킹 안심차단",
        "S02" => "원거래 없음",
        "S03" => "점검 시간",
        _ => "기타 오류",
    }
}

fn bank_name(code: &str) -> &'static str {
    match code {
        "004" => "국민은행",
        "011" => "농협은행",
        "020" => "우리은행",
        "081" => "하나은행",
        "088" => "신한은행",
        "090" => "카카오뱅크",
        "092" => "토스뱅크",
        "097" => "오픈은행",
        _ => "",
    }
}

//! Institutions that answer with anything, or cannot be reached: never a panic, never a verdict.
#![allow(clippy::unwrap_used)]

mod house;

use house::{
    NOON, house_at,
    strange::{Strange, http, whole},
};
use ingam_cases::answers::{DepositCode, HolderCode, IssuerCode};
use ingam_connectors::Bank;
use ingam_sandbox::{MovableClock, Options, Sandbox};
use jiff::Timestamp;
use proptest::{prelude::*, test_runner::TestRunner};
use std::sync::Arc;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

const KIM: &str = "kim-minsu";
const ACCOUNT: &str = "088/999110100123";

fn sandbox() -> Sandbox {
    let noon: Timestamp = NOON.parse().unwrap();
    Sandbox::new(Options::new(Arc::new(MovableClock::new(move || noon))))
}

/// Runs the story for many strange answers over one listener.
fn for_answers(answers: impl Strategy<Value = Vec<u8>>, refusal_is_known: bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let strange = Strange::default();
    let url = runtime.block_on(strange.listen());
    let house = house_at(url, sandbox(), |bank, issuer| {
        bank.limits.breaker_failures = u32::MAX;
        issuer.limits.breaker_failures = u32::MAX;
    });
    let config = ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() };
    TestRunner::new(config)
        .run(&answers, |answer| {
            *strange.0.lock().unwrap() = answer;
            runtime.block_on(async {
                let check = house.check(KIM).await.code;
                let known = refusal_is_known && check == IssuerCode::Unavailable;
                prop_assert!(check == IssuerCode::NoAnswer || known, "{check:?}");
                let holder = house.holder(KIM, ACCOUNT).await;
                prop_assert_eq!(holder.answer.code, HolderCode::Unavailable);
                prop_assert!(holder.name.is_none());
                let sent = house.deposit(KIM, ACCOUNT).await.code;
                let known = refusal_is_known && sent == DepositCode::Unavailable;
                prop_assert!(sent == DepositCode::Unknown || known, "{sent:?}");
                let result = house.bank.deposit_result(&house.call(), house.now(), house.now()).await.code;
                prop_assert_eq!(result, DepositCode::Unknown);
                Ok(())
            })
        })
        .unwrap();
}

#[test]
fn any_body_is_indeterminate() {
    for_answers(proptest::collection::vec(any::<u8>(), 0..2_000).prop_map(|body| http(200, &body)), false);
}

#[test]
fn any_bytes_on_the_line_are_indeterminate() {
    for_answers(proptest::collection::vec(any::<u8>(), 0..400), false);
}

#[test]
fn any_status_is_indeterminate() {
    let statuses = (200u16..=599).prop_filter("a limit has a code of its own", |status| *status != 429);
    for_answers(statuses.prop_map(|status| http(status, b"nothing that is known")), true);
}

#[test]
fn nested_and_odd_json_is_indeterminate() {
    let odd = prop_oneof![
        Just("[".repeat(20_000)),
        Just("{\"rsp_code\":".repeat(5_000)),
        Just(r#"{"success":"true"}"#.to_owned()),
        Just(r#"{"success":true,"error_code":7}"#.to_owned()),
        Just(r#"{"rsp_code":"A0000","bank_rsp_code":"000","res_list":[]}"#.to_owned()),
        Just(
            r#"{"rsp_code":"A0000","res_list":[{"bank_rsp_code":"000"},{"bank_rsp_code":"000"}]}"#.to_owned()
        ),
        Just(r#"{"rsp_code":"A0000","res_list":{"bank_rsp_code":"000"}}"#.to_owned()),
        Just(r#"{"rsp_code":["A0000"],"bank_rsp_code":null}"#.to_owned()),
        Just(format!(r#"{{"rsp_code":"A0000","rsp_message":"{}"}}"#, "가".repeat(60_000))),
    ];
    for_answers(odd.prop_map(|body| http(200, body.as_bytes())), false);
}

#[tokio::test]
async fn who_cannot_be_reached_was_sent_nothing() {
    // A port that was just given back: nobody listens there.
    let url = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    let house = house_at(url, sandbox(), |_, _| {});
    assert_eq!(house.check(KIM).await.code, IssuerCode::Unavailable);
    assert_eq!(house.holder(KIM, ACCOUNT).await.answer.code, HolderCode::Unavailable);
    let sent = house.deposit(KIM, ACCOUNT).await;
    assert_eq!((sent.code, sent.provider_code.as_deref()), (DepositCode::Unavailable, Some("token")));
    assert_eq!(
        house.bank.deposit_result(&house.call(), house.now(), house.now()).await.code,
        DepositCode::Unknown
    );
}

#[tokio::test]
async fn a_bank_that_vanishes_after_the_token_was_sent_nothing() {
    let strange = Strange::default();
    *strange.0.lock().unwrap() = http(200, b"{}");
    // The token desk listens on; the bank's door is another address that is closed. With one base address this is
    // seen as: token kept, then the listener is gone.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !whole(&request) {
            let mut piece = [0; 4_096];
            let many = stream.read(&mut piece).await.unwrap();
            request.extend_from_slice(&piece[..many]);
        }
        stream.write_all(&http(200, br#"{"access_token":"t","expires_in":9999}"#)).await.unwrap();
        stream.shutdown().await.unwrap();
        // The listener goes here, before the token's answer is read.
    });
    let house = house_at(url, sandbox(), |_, _| {});
    let sent = house.deposit(KIM, ACCOUNT).await;
    served.await.unwrap();
    assert_eq!((sent.code, sent.provider_code.as_deref()), (DepositCode::Unavailable, Some("unreachable")));
    assert_eq!(house.heard.count("kftc deposit unreachable"), 1);
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let strange = Strange::default();
    *strange.0.lock().unwrap() =
        b"HTTP/1.1 307 x\r\nlocation: http://127.0.0.1:9/\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            .to_vec();
    let house = house_at(strange.listen().await, sandbox(), |_, _| {});
    assert_eq!(house.check(KIM).await.code, IssuerCode::NoAnswer);
    assert_eq!(house.deposit(KIM, ACCOUNT).await.code, DepositCode::Unknown);
    assert_eq!(house.heard.count("kftc deposit unexpected_status"), 1);
}

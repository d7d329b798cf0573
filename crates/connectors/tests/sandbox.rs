//! The connectors against the sandbox over real HTTP: every answer, every fault, and no won sent twice.
#![allow(clippy::unwrap_used)]

mod house;

use house::{House, house, house_with};
use ingam_cases::{
    answers::{DepositCode, HolderCode, IssuerCode, Outcome},
    values::{NameMatch, PersonName},
};
use ingam_connectors::{Bank, Deadline, MaintenanceHours};
use ingam_sandbox::{
    Fault,
    Institution::{Kftc, Mois},
    Rule,
};

use std::sync::atomic::Ordering;

const KIM: &str = "kim-minsu";
const ACCOUNT: &str = "088/999110100123";

#[tokio::test]
async fn every_case_of_the_catalogue_is_understood() {
    let house = house().await;
    let mut seen = (Vec::new(), Vec::new(), Vec::new());
    let ours = |at| matches!(at, Kftc | Mois);
    for case in house.sandbox.catalogue().cases.clone().into_iter().filter(|case| ours(case.institution)) {
        if let Some(fault) = case.fault {
            house.fault(case.institution, fault, &case.operation, 1);
        }
        let account = case.account.as_deref().unwrap_or_default();
        let answer = match case.operation.as_str() {
            "check" => {
                let code = house.check(&case.person).await.code;
                seen.0.push(code);
                serde_json::to_value(code)
            }
            "holder" => {
                let holder = house.holder(&case.person, account).await;
                assert_eq!(holder.name.is_some(), holder.answer.code == HolderCode::Found);
                seen.1.push(holder.answer.code);
                serde_json::to_value(holder.answer.code)
            }
            "deposit" => {
                let code = house.deposit(&case.person, account).await.code;
                seen.2.push(code);
                serde_json::to_value(code)
            }
            _ => {
                let code = house.bank.deposit_result(&house.call(), house.now(), house.now()).await.code;
                seen.2.push(code);
                serde_json::to_value(code)
            }
        };
        assert_eq!(answer.unwrap(), case.answer, "{case:?}");
        let calls = house.sandbox.calls();
        assert_eq!(
            calls.last().unwrap().outcome,
            if case.code == "C429" { "429" } else { &case.code },
            "{case:?}"
        );
    }
    // What this wire cannot say is left out; everything else has someone who makes it happen.
    let unsaid = [
        IssuerCode::MismatchName,
        IssuerCode::MismatchIssueDate,
        IssuerCode::MismatchSerial,
        IssuerCode::MismatchBirthDate,
        IssuerCode::Mismatch,
        IssuerCode::Revoked,
        IssuerCode::Suspended,
        IssuerCode::Superseded,
        IssuerCode::Expired,
        IssuerCode::Deceased,
    ];
    for code in IssuerCode::ALL.iter().filter(|code| !unsaid.contains(code)) {
        assert!(seen.0.contains(code), "nobody makes {code:?} happen");
    }
    for code in HolderCode::ALL {
        assert!(seen.1.contains(code), "nobody makes {code:?} happen");
    }
    // Unavailable needs a bank that cannot be reached: see hostile.rs.
    for code in DepositCode::ALL.iter().filter(|code| **code != DepositCode::Unavailable) {
        assert!(seen.2.contains(code), "nobody makes {code:?} happen");
    }
}

#[tokio::test]
async fn names_come_as_banks_write_them() {
    let house = house().await;
    let check = async |person: &str, account: &str, expected: NameMatch| {
        let name = PersonName::parse(&house.sandbox.catalogue().person(person).unwrap().name).unwrap();
        let holder = house.holder(person, account).await.name.unwrap();
        assert_eq!(holder.compare(&name), expected, "{person}");
    };
    check(KIM, ACCOUNT, NameMatch::Same).await;
    check("lin-tao", "081/99991007001234", NameMatch::Same).await;
    check("im-haneul", "004/99900119001234", NameMatch::Similar).await;
    check("alexandra", "081/99991020001234", NameMatch::Similar).await;
    check("jung-hajun", "020/9991002500345", NameMatch::Different).await;
    check("seo-jun", "088/999111100123", NameMatch::Different).await;
}

#[tokio::test]
async fn an_answer_lost_after_the_act_is_doubt_and_the_result_ends_it() {
    for fault in [Fault::LostAnswer, Fault::ErrorAfter, Fault::Malformed, Fault::Duplicate, Fault::Huge] {
        let house = house().await;
        house.fault(Kftc, fault, "deposit", 1);
        let (call, sent_at) = (house.call(), house.now());
        let sent = house.send(&call, sent_at, KIM, ACCOUNT).await;
        assert_eq!(sent.code, DepositCode::Unknown, "{fault:?}");
        let result = house.bank.deposit_result(&call, sent_at, sent_at).await;
        assert_eq!(result.code, DepositCode::Deposited, "{fault:?}");
        assert_eq!(house.lines(ACCOUNT), 1, "{fault:?}");
        assert_eq!(house.sandbox.book(None)[0].print_content, "인감7482");
        assert_eq!(house.sandbox.book(None)[0].bank_tran_id, house.bank.deposit_id(&call, sent_at).as_str());
    }
}

#[tokio::test]
async fn a_deposit_that_never_arrived_is_found_missing() {
    let house = house().await;
    house.fault(Kftc, Fault::Error, "deposit", 1);
    let (call, sent_at) = (house.call(), house.now());
    assert_eq!(house.send(&call, sent_at, KIM, ACCOUNT).await.code, DepositCode::Unknown);
    assert_eq!(house.bank.deposit_result(&call, sent_at, sent_at).await.code, DepositCode::NotSent);
    assert_eq!(house.lines(ACCOUNT), 0);
}

#[tokio::test]
async fn no_trace_is_not_believed_before_it_can_have_settled() {
    let house = house_with(|bank, _| bank.settle_ms = 60_000).await;
    let (call, sent_at) = (house.call(), house.now());
    house.pass(59);
    let early = house.bank.deposit_result(&call, sent_at, sent_at).await;
    assert_eq!(early.code, DepositCode::Unknown);
    assert_eq!(early.retry_at.unwrap(), sent_at + jiff::SignedDuration::from_secs(60));
    house.pass(1);
    assert_eq!(house.bank.deposit_result(&call, sent_at, sent_at).await.code, DepositCode::NotSent);
}

#[tokio::test]
async fn a_deposit_sent_twice_by_mistake_is_booked_once() {
    let house = house().await;
    let (call, sent_at) = (house.call(), house.now());
    assert_eq!(house.send(&call, sent_at, KIM, ACCOUNT).await.code, DepositCode::Deposited);
    let again = house.send(&call, sent_at, KIM, ACCOUNT).await;
    assert_eq!((again.code, again.provider_code.as_deref()), (DepositCode::Unknown, Some("A0324")));
    assert_eq!(house.lines(ACCOUNT), 1);
    assert_eq!(house.sandbox.counts().duplicates_refused, 1);
}

#[tokio::test]
async fn on_the_next_day_the_same_call_sends_nothing() {
    let house = house().await;
    let (call, sent_at) = (house.call(), house.now());
    house.pass(12 * 3_600);
    let late = house.send(&call, sent_at, KIM, ACCOUNT).await;
    assert_eq!((late.code, late.provider_code.as_deref()), (DepositCode::Unknown, Some("day_over")));
    assert_eq!(house.sandbox.calls().len(), 0);
    assert_eq!(house.bank.deposit_result(&call, sent_at, sent_at).await.code, DepositCode::NotSent);
}

#[tokio::test]
async fn no_money_is_sent_while_the_clocks_disagree() {
    let house = house().await;
    for off_s in [7_200, -7_200, 61, -61] {
        house.off_s.store(off_s, Ordering::Relaxed);
        let sent = house.send(&house.call(), house.now(), KIM, ACCOUNT).await;
        assert_eq!((sent.code, sent.provider_code.as_deref()), (DepositCode::Unavailable, Some("clock_off")));
        let told_at = sent.told_at.unwrap();
        assert!(told_at.duration_since(house.now()).abs() < jiff::SignedDuration::from_secs(60), "{told_at}");
    }
    assert_eq!(house.lines(ACCOUNT), 0);
    house.off_s.store(50, Ordering::Relaxed);
    assert_eq!(house.deposit(KIM, ACCOUNT).await.code, DepositCode::Deposited, "networks are slow");
}

#[tokio::test]
async fn no_trace_is_not_believed_while_the_clocks_disagree() {
    let house = house().await;
    let (call, sent_at) = (house.call(), house.now());
    house.off_s.store(86_400, Ordering::Relaxed);
    assert_eq!(house.bank.deposit_result(&call, sent_at, sent_at).await.code, DepositCode::Unknown);
    house.off_s.store(0, Ordering::Relaxed);
    assert_eq!(house.bank.deposit_result(&call, sent_at, sent_at).await.code, DepositCode::NotSent);
}

#[tokio::test]
async fn no_trace_of_a_while_ago_is_not_believed_now() {
    let house = house_with(|bank, _| bank.settle_ms = 60_000).await;
    let (call, sent_at) = (house.call(), house.now());
    assert_eq!(house.bank.deposit_result(&call, sent_at, sent_at).await.code, DepositCode::Unknown);
    assert_eq!(house.send(&call, sent_at, KIM, ACCOUNT).await.code, DepositCode::Deposited, "it comes late");
    house.pass(60);
    house.fault(Kftc, Fault::Stale, "deposit_result", 1);
    assert_eq!(house.bank.deposit_result(&call, sent_at, sent_at).await.code, DepositCode::Unknown);
    assert_eq!(house.bank.deposit_result(&call, sent_at, sent_at).await.code, DepositCode::Deposited);
}

#[tokio::test]
async fn around_midnight_no_money_is_sent() {
    let house = house_with(|bank, _| bank.midnight_ms = 120_000).await;
    house.pass(12 * 3_600 - 119);
    let sent = house.deposit(KIM, ACCOUNT).await;
    assert_eq!(sent.code, DepositCode::Maintenance);
    assert_eq!(sent.retry_at, Some("2026-03-03T00:02:00+09:00".parse().unwrap()));
    house.pass(119 + 120);
    assert_eq!(house.deposit(KIM, ACCOUNT).await.code, DepositCode::Deposited);
    assert_eq!(house.lines(ACCOUNT), 1);
}

#[tokio::test]
async fn nothing_leaves_after_its_deadline() {
    let house = house().await;
    let (steady, wall) = (tokio::time::Instant::now(), house.now());
    let minute = std::time::Duration::from_secs(60);
    // A clock that was set back does not open it again, nor does one that stood still.
    for deadline in [Deadline::new(steady, wall + minute), Deadline::new(steady + minute, wall)] {
        let sent = house.send_before(deadline, &house.call(), house.now(), KIM, ACCOUNT).await;
        assert_eq!(sent.code, DepositCode::Unavailable);
        let asked = house.check_before(deadline, KIM).await;
        assert_eq!(asked.code, IssuerCode::Unavailable);
    }
    assert_eq!(house.sandbox.calls().len(), 0);
}

#[tokio::test]
async fn a_slow_bank_is_asked_until_it_has_booked() {
    let house = house().await;
    let (call, sent_at, account) = (house.call(), house.now(), "004/99900121001234");
    assert_eq!(house.send(&call, sent_at, "bae-narae", account).await.code, DepositCode::Unknown);
    assert_eq!(house.bank.deposit_result(&call, sent_at, sent_at).await.code, DepositCode::Unknown);
    assert_eq!(house.bank.deposit_result(&call, sent_at, sent_at).await.code, DepositCode::Deposited);
    assert_eq!(house.lines(account), 1);
}

#[tokio::test]
async fn silence_is_indeterminate() {
    let house = house_with(|bank, issuer| {
        bank.limits.timeout_ms = 1_500;
        issuer.limits.timeout_ms = 1_500;
        bank.limits.breaker_failures = 100;
    })
    .await;
    for fault in [Fault::Hang, Fault::Trickle] {
        // Tokens first, so that the silence falls on the question.
        for institution in [Kftc, Mois] {
            house.sandbox.clear_faults(institution);
        }
        house.holder(KIM, ACCOUNT).await;
        house.check(KIM).await;
        for institution in [Kftc, Mois] {
            house.sandbox.set_fault(institution, Rule::always(fault)).unwrap();
        }
        let (call, sent_at) = (house.call(), house.now());
        let (check, holder, sent, result) = tokio::join!(
            house.check(KIM),
            house.holder(KIM, ACCOUNT),
            house.send(&call, sent_at, KIM, ACCOUNT),
            house.bank.deposit_result(&call, sent_at, sent_at),
        );
        assert_eq!(check.code, IssuerCode::NoAnswer, "{fault:?}");
        assert_eq!(holder.answer.code, HolderCode::Unavailable, "{fault:?}");
        assert_eq!(sent.code, DepositCode::Unknown, "{fault:?}");
        assert_eq!(result.code, DepositCode::Unknown, "{fault:?}");
        assert!(check.elapsed_ms >= 1_400, "it waited");
    }
    assert_eq!(house.heard.count("kftc deposit timeout"), 2);
}

#[tokio::test]
async fn an_issuer_that_is_down_is_found_out_before_the_next_question_is_spent() {
    let house = house().await;
    assert_eq!(house.check(KIM).await.code, IssuerCode::Valid);
    let down = Rule::always(Fault::Error);
    house.sandbox.set_fault(Mois, Rule { operation: Some("token".into()), ..down.clone() }).unwrap();
    house.sandbox.set_fault(Mois, down).unwrap();
    assert_eq!(house.check(KIM).await.code, IssuerCode::NoAnswer, "it may have been counted");
    assert_eq!(house.check(KIM).await.code, IssuerCode::Unavailable, "no token, so nothing was asked");
    assert_eq!(house.check(KIM).await.code, IssuerCode::Unavailable);
    house.sandbox.clear_faults(Mois);
    assert_eq!(house.check(KIM).await.code, IssuerCode::Valid);
}

#[tokio::test]
async fn an_answer_to_another_question_is_not_taken() {
    let house = house().await;
    house.holder("lin-tao", "081/99991007001234").await;
    house.deposit("lin-tao", "081/99991007001234").await;
    house.fault(Kftc, Fault::Stale, "holder", 1);
    let holder = house.holder(KIM, ACCOUNT).await;
    assert_eq!(holder.answer.code, HolderCode::Unavailable);
    assert!(holder.name.is_none(), "another person's name must not come out");
    house.fault(Kftc, Fault::Stale, "deposit", 1);
    assert_eq!(house.deposit(KIM, ACCOUNT).await.code, DepositCode::Unknown);
}

#[tokio::test]
async fn a_token_is_kept_renewed_before_its_end_and_renewed_once_when_refused() {
    let house = house().await;
    let tokens = |house: &House, of: &str| house.sandbox.counts().calls.get(&format!("{of}.token")).copied();
    for _ in 0..3 {
        assert_eq!(house.check(KIM).await.code, IssuerCode::Valid);
        assert_eq!(house.holder(KIM, ACCOUNT).await.answer.code, HolderCode::Found);
    }
    assert_eq!((tokens(&house, "mois"), tokens(&house, "kftc")), (Some(1), Some(1)));
    house.pass(3_590);
    assert_eq!(house.check(KIM).await.code, IssuerCode::Valid);
    assert_eq!(house.holder(KIM, ACCOUNT).await.answer.code, HolderCode::Found);
    assert_eq!(
        (tokens(&house, "mois"), tokens(&house, "kftc")),
        (Some(2), Some(2)),
        "ten seconds before the end"
    );
    house.fault(Mois, Fault::ExpireTokens, "check", 1);
    house.fault(Kftc, Fault::ExpireTokens, "deposit", 1);
    assert_eq!(house.check(KIM).await.code, IssuerCode::Valid);
    assert_eq!(house.deposit(KIM, ACCOUNT).await.code, DepositCode::Deposited);
    assert_eq!((tokens(&house, "mois"), tokens(&house, "kftc")), (Some(3), Some(3)));
    // Refused again and again: two attempts, then silence about the person.
    house.sandbox.set_fault(Mois, Rule::always(Fault::ExpireTokens)).unwrap();
    house.sandbox.set_fault(Kftc, Rule::always(Fault::ExpireTokens)).unwrap();
    assert_eq!(house.check(KIM).await.code, IssuerCode::Unavailable);
    assert_eq!(house.deposit(KIM, ACCOUNT).await.code, DepositCode::Unavailable);
    assert_eq!(house.lines(ACCOUNT), 1);
}

#[tokio::test]
async fn wrong_credentials_are_nobodys_mismatch() {
    let house = house_with(|bank, issuer| {
        bank.client_secret = ingam_connectors::Secret::new("wrong");
        issuer.client_secret = ingam_connectors::Secret::new("wrong");
    })
    .await;
    assert_eq!(house.check(KIM).await.code, IssuerCode::Unavailable);
    assert_eq!(house.holder(KIM, ACCOUNT).await.answer.code, HolderCode::Unavailable);
    assert_eq!(house.deposit(KIM, ACCOUNT).await.code, DepositCode::Unavailable);
}

#[tokio::test]
async fn after_failures_in_a_row_calls_stop_and_one_tries_later() {
    let house = house_with(|bank, issuer| {
        bank.limits.breaker_failures = 2;
        issuer.limits.breaker_failures = 2;
    })
    .await;
    let (call, sent_at) = (house.call(), house.now());
    house.sandbox.set_fault(Kftc, Rule::always(Fault::Error)).unwrap();
    house.holder(KIM, ACCOUNT).await;
    house.holder(KIM, ACCOUNT).await;
    let before = house.sandbox.calls().len();
    let sent = house.send(&call, sent_at, KIM, ACCOUNT).await;
    assert_eq!(sent.code, DepositCode::Unavailable, "nothing was sent, and that is known");
    assert_eq!(sent.retry_at.unwrap(), sent_at + jiff::SignedDuration::from_secs(30));
    assert_eq!(
        house.bank.deposit_result(&call, sent_at, sent_at).await.code,
        DepositCode::Unknown,
        "nobody was asked about the result, so nothing is known"
    );
    assert_eq!(house.sandbox.calls().len(), before, "nobody called");
    assert_eq!(house.heard.count("kftc deposit breaker_open"), 1);
    assert_eq!(house.check(KIM).await.code, IssuerCode::Valid, "each institution has its own");
    house.pass(30);
    house.sandbox.clear_faults(Kftc);
    assert_eq!(house.send(&call, sent_at, KIM, ACCOUNT).await.code, DepositCode::Deposited);
}

#[tokio::test]
async fn in_hours_of_maintenance_nobody_is_called() {
    let house = house_with(|bank, issuer| {
        bank.maintenance = MaintenanceHours::default();
        issuer.maintenance = MaintenanceHours::default().default;
    })
    .await;
    house.pass(11 * 3_600 + 45 * 60);
    let until = Some("2026-03-03T00:30:00+09:00".parse().unwrap());
    let (call, sent_at) = (house.call(), house.now());
    let check = house.check(KIM).await;
    let holder = house.holder(KIM, ACCOUNT).await.answer;
    let sent = house.send(&call, sent_at, KIM, ACCOUNT).await;
    assert_eq!((check.code, check.retry_at), (IssuerCode::Maintenance, until));
    assert_eq!((holder.code, holder.retry_at), (HolderCode::Maintenance, until));
    assert_eq!((sent.code, sent.retry_at), (DepositCode::Maintenance, until));
    assert_eq!(house.sandbox.calls().len(), 0);
}

#[tokio::test]
async fn maintenance_that_the_institution_announces_says_until_when() {
    let house = house().await;
    house.fault(Mois, Fault::Maintenance, "check", 1);
    house.fault(Mois, Fault::RateLimited, "check", 1);
    let limited = house.check(KIM).await;
    assert_eq!(limited.code, IssuerCode::RateLimited);
    assert_eq!(limited.retry_at.unwrap(), house.now() + jiff::SignedDuration::from_secs(60));
    house.fault(Mois, Fault::Maintenance, "check", 1);
    let resting = house.check(KIM).await;
    assert_eq!(resting.code, IssuerCode::Maintenance);
    assert_eq!(resting.retry_at.unwrap(), house.now() + jiff::SignedDuration::from_mins(30));
}

#[tokio::test]
async fn maintenance_while_asking_for_a_result_leaves_the_doubt() {
    let house = house().await;
    house.fault(Kftc, Fault::LostAnswer, "deposit", 1);
    let (call, sent_at) = (house.call(), house.now());
    assert_eq!(house.send(&call, sent_at, KIM, ACCOUNT).await.code, DepositCode::Unknown);
    for fault in [Fault::Maintenance, Fault::RateLimited, Fault::Error, Fault::Malformed, Fault::LostAnswer] {
        house.fault(Kftc, fault, "deposit_result", 1);
        assert_eq!(
            house.bank.deposit_result(&call, sent_at, sent_at).await.code,
            DepositCode::Unknown,
            "{fault:?}"
        );
    }
    assert_eq!(house.bank.deposit_result(&call, sent_at, sent_at).await.code, DepositCode::Deposited);
}

#[tokio::test]
async fn five_wrong_dates_lock_a_card() {
    let house = house().await;
    let wrong = jiff::civil::date(2020, 3, 8);
    for _ in 0..5 {
        let answer = house.check_date(KIM, wrong).await;
        assert!(answer.code.counts_as_wrong_date());
        assert_eq!(answer.provider_code.as_deref(), Some("A004"));
    }
    assert_eq!(house.check(KIM).await.code, IssuerCode::Locked);
    assert_eq!(house.sandbox.counts().wrong_dates["9004151981237"], 5);
}

#[tokio::test]
async fn an_inquiry_may_be_asked_again_with_the_same_call() {
    let house = house().await;
    let call = house.call();
    let person = house.sandbox.catalogue().person("hong-gildong").unwrap();
    let account = ingam_cases::values::AccountNumber::parse(&person.accounts[0].number).unwrap();
    let bank = ingam_cases::values::BankCode::parse("097").unwrap();
    for _ in 0..2 {
        let holder = house.bank.holder(&call, bank, &account, jiff::civil::date(1988, 1, 1)).await;
        assert_eq!(holder.answer.code, HolderCode::Found);
        assert_eq!(holder.answer.code.outcome(), Outcome::Passed);
        assert_eq!(holder.name.unwrap().expose(), "홍길동");
    }
}

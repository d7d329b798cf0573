//! Every call of the store is made to fail in turn, before its effect and after it with the answer lost, during one
//! whole verification each: it ends verified all the same, with one deposit, and the ledger is clean.
//!
//! Workers and sequencer are stepped by hand, so that the n-th call is the same call in every run.

use super::house::House;
use super::visitor::{Slips, Step, Visitor};
use crate::sequencer;
use crate::work;
use ingam_cases::verification::End;
use ingam_ledger::testing::Moment;
use ingam_ledger::{Commit, Release, Stream};
use ingam_sandbox::catalogue::Catalogue;
use std::time::Duration;

/// Far more than a verification needs, whatever fails once.
const STEPS: u32 = 300;

/// Longer than a lease and than any pause after one failure; shorter than the life of a code.
const SOON_S: i64 = 120;

/// Does what is due, one task after the other; where nothing is, moves the clock to what is next. Answers whether
/// there was anything that comes soon.
async fn work_off(house: &House) -> bool {
    let ledger = &house.app.ledger;
    for stream in Stream::ALL {
        // A numbering that fails is repeated with the next one.
        let _ = sequencer::number(&house.app, stream).await;
    }
    let Ok(tasks) = work::lease(&house.app, 16).await else { return true };
    if tasks.is_empty() {
        let Ok(Some(due)) = ledger.next_due(&work::KINDS).await else { return true };
        let wait = house.app.now().duration_until(due);
        if wait.as_secs() > SOON_S {
            return false;
        }
        house.advance(Duration::from_millis(wait.as_millis().max(1) as u64));
    }
    for task in &tasks {
        work::settle(&house.app, task).await;
    }
    true
}

/// One whole verification; answers how often the bank booked 1 won.
async fn verify(house: &House, catalogue: &Catalogue) -> usize {
    let who = catalogue.person("kim-minsu").unwrap();
    let before = house.sandbox.book(None).len();
    let visitor = Visitor::at(house, house.open().await, who.clone()).await;
    let mut steps = 0;
    loop {
        steps += 1;
        assert!(steps < STEPS, "it does not end: {:#?}", visitor.state().await.0);
        match visitor.step(Slips::default()).await {
            Step::Done => {}
            Step::Waits => {
                work_off(house).await;
            }
            Step::Ended(end) => {
                assert_eq!(end, End::Verified);
                break;
            }
            Step::GivesUp => panic!("one failure takes one try at the card, never both"),
        }
    }
    // Until the person is linked, the original picture is gone, and every entry has its number.
    while work_off(house).await {
        steps += 1;
        assert!(steps < STEPS, "the work does not end");
    }
    let (state, _) = visitor.state().await;
    assert!(state.person.is_some(), "the person is linked");
    house.sandbox.book(None).len() - before
}

/// A verification for every call of the store, each with that call failing at this moment.
async fn fail_in_turn(moment: Moment) {
    let catalogue = Catalogue::built_in();
    let house = House::with(catalogue.clone(), 2_000).await;
    // The first verification also makes keys and finds no person; the second is like all that follow.
    assert_eq!(verify(&house, &catalogue).await, 1);
    let mut failed = 0;
    loop {
        // A silence keeps its try; a second one within minutes would take the card's last. A reviewer frees both.
        let base = house.tries_of(&catalogue.person("kim-minsu").unwrap().number).await;
        let freed = Commit { release: vec![Release::All { base }], ..Commit::default() };
        house.app.ledger.commit(freed).await.unwrap().unwrap();
        house.failing.fail_at(Some((failed, moment)));
        let booked = verify(&house, &catalogue).await;
        let reached = house.failing.calls() > failed;
        house.failing.fail_at(None);
        assert_eq!(booked, 1, "call {failed} failed {moment:?}");
        if !reached {
            break;
        }
        failed += 1;
    }
    house.audit().await;
    let wrong = house.sandbox.counts().wrong_dates;
    assert!(wrong.is_empty(), "{wrong:?}");
    for stream in Stream::ALL {
        let left = house.app.ledger.pending(stream, 10).await.unwrap();
        assert!(left.is_empty(), "{} entries have no number", left.len());
    }
    assert!(failed > 100, "only {failed} calls were made to fail");
    println!("{failed} calls of the store failed, one in each verification, {moment:?} their effect");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whichever_call_of_the_store_fails_the_person_is_verified_once() {
    let (before, after) =
        (tokio::spawn(fail_in_turn(Moment::Before)), tokio::spawn(fail_in_turn(Moment::After)));
    before.await.unwrap();
    after.await.unwrap();
}

//! Claims: unique strings, slots, expiry.

use super::*;
use crate::commit::{Claim, Refused, Release};

fn takes(now: Timestamp, take: Vec<Take>) -> CommitRows {
    CommitRows { now, take, ..nothing() }
}

fn releases(release: Vec<Release>) -> CommitRows {
    CommitRows { release, ..nothing() }
}

/// Held is held, also for who holds it; the note is there to read; releases come before takes.
pub async fn a_claim_is_held_until_it_is_released(store: Shared) {
    let note = Some(serde_json::json!({"answer": "가"}));
    let first = Take { note: note.clone(), ..take("c", None, "one", None) };
    assert_eq!(accepted(&store, takes(at(0), vec![first])).await, ["c"]);
    for holder in ["one", "two"] {
        let held = Refused::ClaimHeld { key: "c".into(), holder: "one".into(), note: note.clone() };
        assert_eq!(refused(&store, takes(at(9), vec![take("c", None, holder, None)])).await, held);
    }
    let claim = Claim { base: "c".into(), slot: None, holder: "one".into(), expires_at: None, note };
    assert_eq!(store.claims("c", at(0)).await.unwrap(), [claim]);
    accepted(&store, releases(vec![Release::Holder { base: "c".into(), holder: "two".into() }])).await;
    assert_eq!(store.claims("c", at(0)).await.unwrap().len(), 1, "another's release changes nothing");
    let swap = CommitRows {
        release: vec![Release::Holder { base: "c".into(), holder: "one".into() }],
        ..takes(at(0), vec![take("c", None, "two", None)])
    };
    assert_eq!(accepted(&store, swap).await, ["c"]);
    accepted(&store, releases(vec![Release::All { base: "c".into() }, Release::All { base: "x".into() }]))
        .await;
    assert!(store.claims("c", at(0)).await.unwrap().is_empty());
}

/// The lowest free slot is given; all held is full; a released one is given again.
pub async fn slots_are_given_lowest_first(store: Shared) {
    let slot = |holder: &str| take("s", Some(3), holder, None);
    assert_eq!(accepted(&store, takes(at(0), vec![slot("a"), slot("b")])).await, ["s:1", "s:2"]);
    assert_eq!(accepted(&store, takes(at(0), vec![slot("c")])).await, ["s:3"]);
    let full = Refused::SlotsFull { base: "s".into() };
    assert_eq!(refused(&store, takes(at(0), vec![slot("d")])).await, full);
    accepted(&store, releases(vec![Release::Holder { base: "s".into(), holder: "b".into() }])).await;
    assert_eq!(refused(&store, takes(at(0), vec![slot("d"), slot("e")])).await, full);
    assert_eq!(
        accepted(&store, takes(at(0), vec![slot("d")])).await,
        ["s:2"],
        "the refused one took nothing"
    );
    let wider = take("s", Some(5), "f", None);
    assert_eq!(accepted(&store, takes(at(0), vec![wider])).await, ["s:4"], "a limit may be raised");
    let narrower = take("s", Some(2), "g", None);
    assert_eq!(refused(&store, takes(at(0), vec![narrower])).await, full, "and lowered");
}

/// At its expiry a claim is free: unseen, taken again, and swept.
pub async fn claims_run_out(store: Shared) {
    let until = |holder: &str, end| take("e", None, holder, Some(at(end)));
    accepted(&store, takes(at(0), vec![until("a", 10)])).await;
    let slots = (0..2).map(|n| take("s", Some(2), &format!("h{n}"), Some(at(10 + n)))).collect();
    accepted(&store, takes(at(0), slots)).await;
    assert_eq!(refused(&store, takes(at(9), vec![until("b", 20)])).await.code(), "claim_held");
    assert_eq!(store.claims("e", at(10)).await.unwrap(), []);
    accepted(&store, takes(at(10), vec![until("b", 20)])).await;
    assert_eq!(store.claims("e", at(10)).await.unwrap()[0].holder, "b");
    assert_eq!(accepted(&store, takes(at(10), vec![take("s", Some(2), "new", None)])).await, ["s:1"]);
    assert_eq!(
        store.sweep_claims(at(11), 10).await.unwrap(),
        1,
        "the slot that ran out and was not taken again"
    );
    assert_eq!(store.sweep_claims(at(50), 0).await.unwrap(), 0);
    assert_eq!(store.sweep_claims(at(50), 10).await.unwrap(), 1);
    assert_eq!(store.claims("s", at(99)).await.unwrap().len(), 1);
}

/// The audit's walk meets every claim once, page by page, also one that has run out.
pub async fn every_claim_is_walked_once(store: Shared) {
    let all = vec![
        take("s", Some(12), "h", None),
        take("s", Some(12), "h", None),
        take("s", None, "h", None),
        take("a:1", None, "h", Some(at(1))),
        take("한", None, "h", None),
    ];
    accepted(&store, takes(at(0), all)).await;
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page = store.scan_claims(after, 2).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some((last.base.clone(), last.slot));
        seen.extend(page.iter().map(Claim::key));
    }
    assert_eq!(seen, ["a:1", "s", "s:1", "s:2", "한"]);
}

/// Ten want three slots at once: three have one each.
pub async fn slots_are_never_given_twice(store: Shared) {
    let mut racing = tokio::task::JoinSet::new();
    for n in 0..10 {
        let store = store.clone();
        racing.spawn(async move {
            store.commit(takes(at(0), vec![take("s", Some(3), &format!("h{n}"), None)])).await
        });
    }
    let mut given = Vec::new();
    for outcome in racing.join_all().await {
        match outcome.unwrap() {
            Ok(keys) => given.extend(keys),
            Err(refused) => assert_eq!(refused, Refused::SlotsFull { base: "s".into() }),
        }
    }
    given.sort();
    assert_eq!(given, ["s:1", "s:2", "s:3"]);
}

/// A commit that fails at its last claim has released and taken none of the others, also while many
/// others commit beside it.
pub async fn a_refused_commit_leaves_claims_as_they_were(store: Shared) {
    accepted(&store, takes(at(0), vec![take("mine", None, "me", None), take("held", None, "you", None)]))
        .await;
    let mut beside = tokio::task::JoinSet::new();
    for n in 0..20 {
        let store = store.clone();
        beside.spawn(async move {
            let try_all = CommitRows {
                release: vec![Release::All { base: "mine".into() }],
                ..takes(at(0), vec![take("new", None, "me", None), take("held", None, "me", None)])
            };
            assert_eq!(refused(&store, try_all).await.code(), "claim_held");
            accepted(&store, takes(at(0), vec![take(&format!("other_{n}"), None, "o", None)])).await;
        });
    }
    beside.join_all().await;
    assert_eq!(store.claims("mine", at(0)).await.unwrap()[0].holder, "me");
    assert_eq!(store.claims("new", at(0)).await.unwrap(), []);
    assert_eq!(store.claims("other_19", at(0)).await.unwrap().len(), 1);
}

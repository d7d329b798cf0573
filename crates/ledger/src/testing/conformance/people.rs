//! Index rows, and following the journal of destructions.

use super::*;
use crate::commit::{IndexRow, IndexValue, Refused};
use crate::entry::{RetentionClass, SealedRow};
use crate::store::{Destruction, JournalMark};

pub(super) fn row(subject: &str, class: RetentionClass, institution: Option<&str>, case: &str) -> IndexRow {
    IndexRow {
        purpose: "card".into(),
        value: value(1),
        subject: subject.into(),
        class,
        case: case.into(),
        institution: institution.map(str::to_owned),
    }
}

pub(super) fn value(key_version: u32) -> IndexValue {
    IndexValue { key_version, hex: "ab".repeat(32) }
}

pub(super) fn rows(index: Vec<IndexRow>) -> CommitRows {
    CommitRows { index, ..nothing() }
}

pub(super) fn destruction(institution: Option<&str>, classes: &[RetentionClass]) -> Destruction {
    Destruction {
        subject: "s".into(),
        institution: institution.map(str::to_owned),
        classes: classes.to_vec(),
    }
}

pub(super) fn mark(count: u64) -> JournalMark {
    JournalMark { count, hash: [count as u8; 32] }
}

async fn cases_found(store: &Shared) -> Vec<String> {
    let found = store.find("card", &[value(1)]).await.unwrap();
    found.into_iter().map(|row| row.case).collect()
}

/// Rows are found by purpose, value and key version; a destruction removes just what it covers, and from
/// then on such rows are refused.
pub async fn people_are_found_until_destroyed(store: Shared) {
    use RetentionClass::{Contact, Identity};
    let all = vec![
        row("s", Identity, Some("i1"), "a"),
        row("s", Contact, Some("i1"), "b"),
        row("s", Identity, Some("i2"), "c"),
        row("s", Identity, None, "d"),
        row("other", Identity, Some("i1"), "e"),
    ];
    accepted(&store, rows(all.clone())).await;
    accepted(&store, rows(all.clone())).await;
    assert_eq!(store.find("card", &[value(2), value(1)]).await.unwrap().len(), 5, "once each");
    assert!(store.find("phone", &[value(1)]).await.unwrap().is_empty());
    assert!(store.find("card", &[value(2)]).await.unwrap().is_empty());
    assert!(store.find("card", &[]).await.unwrap().is_empty());

    store.destroy(destruction(Some("i1"), &[Identity]), mark(1)).await.unwrap();
    assert_eq!(cases_found(&store).await, ["e", "b", "c", "d"]);
    let gone = Refused::Destroyed { subject: "s".into() };
    assert_eq!(refused(&store, rows(vec![all[0].clone()])).await, gone);
    accepted(&store, rows(all[1..].to_vec())).await;
    store.destroy(destruction(None, &[Identity, Contact]), mark(2)).await.unwrap();
    assert_eq!(cases_found(&store).await, ["e"]);
    for one in &all[..4] {
        assert_eq!(refused(&store, rows(vec![one.clone()])).await, gone);
    }
    accepted(&store, rows(vec![row("s", RetentionClass::Signing, Some("i1"), "f")])).await;
}

/// The mark never goes back, and a record followed twice changes nothing more.
pub async fn following_the_journal_twice_is_following_it_once(store: Shared) {
    assert_eq!(store.journal_mark().await.unwrap(), JournalMark { count: 0, hash: [0; 32] });
    let (first, second) =
        (destruction(None, &[RetentionClass::Identity]), destruction(None, &RetentionClass::ALL));
    for (destruction, n, expected) in [(&first, 1, 1), (&second, 2, 2), (&first, 1, 2), (&second, 2, 2)] {
        store.destroy(destruction.clone(), mark(n)).await.unwrap();
        assert_eq!(store.journal_mark().await.unwrap(), mark(expected));
    }
    assert!(!store.knows_subject("s").await.unwrap(), "a destruction makes nobody known");
}

pub(super) fn sealed_for(subject: &str, case: &str, class: RetentionClass) -> WriteRows {
    let mut sealed = write(case, 0, 1);
    sealed.entries[0].sealed = vec![SealedRow {
        name: "n".into(),
        subject: subject.into(),
        class,
        key_id: "k".into(),
        sealed: vec![1],
    }];
    sealed
}

/// A sealed field makes its subject known; once its class is destroyed at its institution, no commit with such a
/// field is taken, whoever sealed it under a key that was there a moment before.
pub async fn nothing_is_written_for_the_destroyed(store: Shared) {
    use RetentionClass::{Contact, Identity};
    store.destroy(destruction(Some("ins_1"), &[Identity]), mark(1)).await.unwrap();
    let late =
        CommitRows { take: vec![take("c", None, "h", None)], ..writes(vec![sealed_for("s", "a", Identity)]) };
    assert_eq!(refused(&store, late).await, Refused::Destroyed { subject: "s".into() });
    assert_eq!(version(&store, "a").await, 0);
    assert!(store.claims("c", at(0)).await.unwrap().is_empty());
    assert!(!store.knows_subject("s").await.unwrap(), "a refused commit makes nobody known");
    accepted(&store, writes(vec![sealed_for("s", "b", Contact)])).await;
    assert!(store.knows_subject("s").await.unwrap());
    let mut elsewhere = sealed_for("s", "c", Identity);
    elsewhere.entries[0].institution = Some("ins_2".into());
    accepted(&store, writes(vec![elsewhere])).await;
    store.destroy(destruction(None, &RetentionClass::ALL), mark(2)).await.unwrap();
    let gone = refused(&store, writes(vec![sealed_for("s", "d", Contact)])).await;
    assert_eq!(gone, Refused::Destroyed { subject: "s".into() });
}

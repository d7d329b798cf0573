//! The reviewers' desk over real HTTP, as a browser without scripts walks it.

use crate::console::story::House;
use crate::testing::{NAME, NUMBER};
use ingam_cases::id::VerificationId;
use ingam_ledger::{ACCESS_READ, EntryQuery, Stream};
use jiff::SignedDuration;
use serde_json::{Value, json};

/// A refused verification of the house's institution, and the path of its review.
async fn asked(house: &House) -> (VerificationId, String) {
    let policy = house.program.policy(&house.caller).await;
    let id = house.program.card_refused(&house.caller, &policy).await;
    let review = house.post("/v1/reviews", json!({ "verification": id })).await;
    (id, format!("/console/review/{}", review["id"].as_str().unwrap()))
}

async fn looks(house: &House) -> Vec<Value> {
    house.program.number().await;
    let query = EntryQuery::Numbered { stream: Stream::Access, institution: None, after: 0, limit: 1_000 };
    let rows = house.program.app.ledger.store().entries(query).await.unwrap();
    let staff = rows.iter().filter(|row| row.kind == ACCESS_READ).map(|row| row.to_clear().unwrap().clear);
    staff.filter(|read| read["actor"]["kind"] == "staff").map(|read| read["reason"].clone()).collect()
}

#[tokio::test]
async fn a_reviewer_claims_looks_and_decides() {
    let house = House::open().await;
    let (_, secret) = house.set_up("one.reviewer", &["reviewer"]).await;
    let mut browser = house.signed_in("one.reviewer", &secret).await;
    assert!(browser.get("/console/review").await.shows("review").text.contains("지금 심사할 일이 없어요"));
    let (id, path) = asked(&house).await;
    house.waits(SignedDuration::from_mins(5));
    let queue = browser.get("/console/review").await;
    assert!(queue.text.contains(&format!("href=\"{path}\"")) && queue.text.contains("class=\"fresh\""));
    assert!(queue.text.contains("기관이 부탁함, 5분 전"), "{}", queue.text);

    // Nothing of the person before it is claimed, and then no more than is needed.
    let before = looks(&house).await.len();
    let page = browser.get(&path).await;
    assert!(page.shows("review_case").text.contains("lost_reported"));
    assert!(!page.text.contains("표*희") && !page.text.contains(NAME));
    assert_eq!(looks(&house).await.len(), before, "nothing is read");
    assert_eq!(browser.get(&format!("{path}/picture?why=review")).await.status, 404);
    assert_eq!(browser.send(&page, &format!("{path}/claim"), &[]).await.to, path);
    let page = browser.get(&path).await;
    assert!(page.text.contains("표*희") && !page.text.contains(NAME));
    let page = browser.get(&format!("{path}?why=complaint")).await;
    assert!(page.text.contains(NAME) && page.text.contains("900101-1******"));
    assert!(page.text.contains("보고 있음: 이름과 사진. 까닭: 민원. 기록됨"));
    assert!(!page.text.contains(NUMBER) && !page.text.contains(&NUMBER.replace('-', "")));
    assert_eq!(looks(&house).await[before..], [json!("show_masked"), json!("complaint")]);
    let surely = browser.get(&format!("{path}?why=because")).await;
    assert!(!surely.text.contains(NAME), "an unknown reason is none");

    let decide = format!("{path}/decide");
    let without = browser.send(&page, &decide, &[("decision", "again"), ("reason_upheld", "forged")]).await;
    assert_eq!(without.to, format!("{path}?at=no_reason"));
    assert!(browser.get(&without.to).await.text.contains("까닭을 골라 주세요"));
    let fields = [("decision", "again"), ("reason_again", "misread"), ("note", "발급일의 7을 1로 읽음")];
    let decided = browser.send(&page, &decide, &fields).await;
    assert_eq!(decided.to, "/console/review?at=decided");
    assert!(browser.get(&decided.to).await.text.contains("정했어요"));
    assert!(browser.get(&path).await.text.contains("정해졌어요: 다시 하게 하기, 잘못 읽거나 적음"));
    let seen = house.program.get(&house.caller, &format!("/v1/verifications/{id}")).await.expect(200);
    assert_eq!((&seen["status"], &seen["review"]["decision"]), (&json!("in_progress"), &json!("again")));
}

#[tokio::test]
async fn one_reviewer_has_it_and_nobody_else_sees_the_person() {
    let house = House::open().await;
    let (_, one) = house.set_up("one.reviewer", &["reviewer"]).await;
    let (_, two) = house.set_up("two.reviewer", &["reviewer"]).await;
    let (_, agent) = house.set_up("an.agent", &["agent"]).await;
    let (_, path) = asked(&house).await;
    let mut one = house.signed_in("one.reviewer", &one).await;
    let mut two = house.signed_in("two.reviewer", &two).await;
    let mut agent = house.signed_in("an.agent", &agent).await;
    assert_eq!(agent.get(&path).await.shows("denied").status, 403);
    assert_eq!(one.get("/console/review/rvw_x").await.shows("gone").status, 404);
    let (mine, theirs) = (one.get(&path).await, two.get(&path).await);
    one.send(&mine, &format!("{path}/claim"), &[]).await;
    assert_eq!(two.send(&theirs, &format!("{path}/claim"), &[]).await.to, format!("{path}?at=taken"));
    assert!(two.get(&format!("{path}?why=review")).await.text.contains("다른 담당자가 맡고 있어요"));
    assert!(two.get("/console/review").await.text.contains("다른 담당자가 맡음"));
    // Half an hour later it is free again.
    house.waits(SignedDuration::from_mins(30));
    let fields = [("decision", "upheld"), ("reason_upheld", "cannot_tell")];
    let late = one.send(&mine, &format!("{path}/decide"), &fields).await;
    assert_eq!(late.to, "/console?at=ended", "the session was idle as long");
    let (_, again) = house.set_up("three.reviewer", &["reviewer"]).await;
    let mut three = house.signed_in("three.reviewer", &again).await;
    let page = three.get(&path).await;
    three.send(&page, &format!("{path}/claim"), &[]).await;
    let page = three.get(&path).await;
    let released = three.send(&page, &format!("{path}/release"), &[]).await;
    assert_eq!(released.to, "/console/review?at=released");
    // A form of another site decides nothing.
    let token = page.text.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let fields = [("form", token), ("decision", "upheld"), ("reason_upheld", "cannot_tell")];
    assert_eq!(three.posts(&format!("{path}/decide"), &fields, "cross-site").await.status, 403);
}

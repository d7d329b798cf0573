//! Nothing that names a person, and nothing that lets somebody act for one, stands in clear where it does not belong:
//! not in the log at its most talkative, in figures, in the store's files, in pictures, in webhooks, or in refusals.
//!
//! The people are the catalogue's; each of their values is looked for in every spelling that a program could give it.
//! Masked forms (`김*수`, `900415-1******`) are allowed.

use crate::support::client::{Institution, Who};
use crate::support::hook::Hook;
use crate::support::notes::Notes;
use crate::support::walk::Walker;
use crate::support::{Stage, until};
use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;

const WALK: Duration = Duration::from_secs(90);
/// Where the persons' browsers stand: an address for documentation (RFC 5737).
const PERSONS_ADDRESS: &str = "203.0.113.77";

/// A value that must not be found, and what it is.
pub struct Mark {
    /// What it is.
    pub what: String,
    /// What must not be found.
    pub value: String,
}

/// Every spelling of a text in which a program could let it slip.
fn spellings(text: &str) -> Vec<Vec<u8>> {
    let utf8 = text.as_bytes();
    let utf16: Vec<u16> = text.encode_utf16().collect();
    let hex: String = utf8.iter().map(|byte| format!("{byte:02x}")).collect();
    let percent: String = utf8.iter().map(|byte| format!("%{byte:02X}")).collect();
    let escaped: String = utf16.iter().map(|unit| format!("\\u{unit:04x}")).collect();
    let rust: String = text.chars().map(|c| format!("\\u{{{:x}}}", u32::from(c))).collect();
    let bytes: String = utf8.iter().map(|byte| format!("\\x{byte:02x}")).collect();
    let mut all = vec![
        utf8.to_vec(),
        utf16.iter().flat_map(|unit| unit.to_le_bytes()).collect(),
        utf16.iter().flat_map(|unit| unit.to_be_bytes()).collect(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        percent.to_lowercase().into_bytes(),
        percent.into_bytes(),
        escaped.into_bytes(),
        rust.into_bytes(),
        bytes.into_bytes(),
        format!("{utf8:?}").trim_matches(['[', ']']).as_bytes().to_vec(),
    ];
    // In base64 a text looks different at each of three offsets; its inner characters are the same in all of them.
    for offset in 0..3 {
        let mut padded = vec![0; offset];
        padded.extend_from_slice(utf8);
        for engine in [STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD] {
            let text = engine.encode(&padded);
            let sure = text.trim_end_matches('=').len().saturating_sub(1);
            let inner = &text.as_bytes()[(offset * 8).div_ceil(6)..sure];
            if inner.len() >= 8 {
                all.push(inner.to_vec());
            }
        }
    }
    all.sort();
    all.dedup();
    all
}

/// Finds marks.
pub struct Search {
    marks: Vec<Mark>,
    owners: Vec<usize>,
    automaton: AhoCorasick,
}

impl Search {
    pub fn for_marks(marks: Vec<Mark>) -> Self {
        let mut owners = Vec::new();
        let mut patterns = Vec::new();
        for (index, mark) in marks.iter().enumerate() {
            for spelling in spellings(&mark.value) {
                owners.push(index);
                patterns.push(spelling);
            }
        }
        Self { marks, owners, automaton: AhoCorasick::new(patterns).unwrap() }
    }

    /// What is found in there, with some of what stands around it.
    pub fn found(&self, place: &str, bytes: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        for hit in self.automaton.find_iter(bytes) {
            let around = &bytes[hit.start().saturating_sub(120)..(hit.end() + 40).min(bytes.len())];
            let what = &self.marks[self.owners[hit.pattern().as_usize()]].what;
            found.push(format!("{what} in {place}: …{}…", String::from_utf8_lossy(around)));
            if found.len() == 5 {
                break;
            }
        }
        found
    }

    pub fn in_folder(&self, dir: &Path, all: &mut Vec<String>) {
        for entry in std::fs::read_dir(dir).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                self.in_folder(&path, all);
            } else {
                all.extend(self.found(&path.display().to_string(), &std::fs::read(&path).unwrap()));
            }
        }
    }
}

fn of_person(who: &Who) -> Vec<Mark> {
    let mark = |what: &str, value: String| Mark { what: format!("{}'s {what}", who.id), value };
    let (birth, rest) = who.number.split_at(6);
    let century = if matches!(&rest[..1], "1" | "2") { "19" } else { "20" };
    let mut marks = vec![
        mark("name", who.name.clone()),
        mark("number", who.number.clone()),
        mark("number", format!("{birth}-{rest}")),
        mark("number's end", rest[1..].to_owned()),
        mark("day of birth", format!("{century}{}-{}-{}", &birth[..2], &birth[2..4], &birth[4..])),
        mark("day of issue", who.issued.clone()),
        mark("day of issue", who.issued.replace('-', "")),
    ];
    for account in &who.accounts {
        marks.push(mark("account", account.number.clone()));
        let (head, tail) = account.number.split_at(3);
        marks.push(mark("account", format!("{head}-{tail}")));
    }
    marks
}

#[test]
fn the_search_finds_what_it_looks_for() {
    let mark = Mark { what: "name".into(), value: "김민수".into() };
    let search = Search::for_marks(vec![mark]);
    let check = |text: &[u8], expected: bool| {
        assert_eq!(!search.found("here", text).is_empty(), expected, "{}", String::from_utf8_lossy(text));
    };
    check("이름은 김민수 입니다".as_bytes(), true);
    check("이름은 김*수 입니다".as_bytes(), false);
    for offset in ["", "a", "ab"] {
        check(STANDARD.encode(format!("{offset}{{\"name\":\"김민수\"}}")).as_bytes(), true);
        check(URL_SAFE_NO_PAD.encode(format!("{offset}김민수")).as_bytes(), true);
    }
    check(b"EAB980EBAFBCEC8898", true);
    check(b"?reason=%EA%B9%80%EB%AF%BC%EC%88%98", true);
    check(r#"{"name":"\uae40\ubbfc\uc218"}"#.as_bytes(), true);
    check(format!("{:?}", "김민수".as_bytes()).as_bytes(), true);
    check(&"김민수".encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(), true);
}

/// An institution with screens of its own hands everything in, twice a little wrong.
async fn hand_in(bank: &Institution, who: &Who, photo: &[u8], stage: &Stage) -> String {
    let policy = json!({
        "name": "직접", "purpose": "비대면 계좌 만들기",
        "steps": [
            { "step": "id_document", "documents": ["resident"], "sources": ["file"] },
            { "step": "existing_account" },
        ],
    });
    let (_, saved) = bank.post("/v1/policies", &policy, "own-screens").await.unwrap();
    let opening = json!({ "policy": saved["id"], "reference": "own-screens" });
    let (_, opened) = bank.post("/v1/verifications", &opening, "own-screens-open").await.unwrap();
    let path = format!("/v1/verifications/{}", opened["id"].as_str().unwrap());
    let submit = async |step: Value| {
        let once = format!("{:x}", step.to_string().len() + step["step"].as_str().unwrap().len());
        let once = format!("{once}-{}", step["step"].as_str().unwrap());
        bank.post(&format!("{path}/submit"), &step, &once).await.unwrap()
    };
    let next = async |wanted: &str| {
        until(wanted, WALK, || async {
            let (_, object) = bank.get(&path).await.unwrap();
            (object["next"] == wanted).then_some(())
        })
        .await;
    };
    let text =
        json!({ "text_id": "safety.told_to", "version": 1, "language": "ko", "sha256": "0".repeat(64) });
    submit(json!({ "step": "safety", "text": text, "told_to": false })).await;
    submit(json!({ "step": "card", "picture": STANDARD.encode(photo) })).await;
    next("confirm").await;
    bank.get(&format!("{path}/card?reason=show_to_person")).await.unwrap();
    let wrong = json!({ "step": "confirm", "name": who.name, "resident_number": format!("{}9", who.number) });
    assert_eq!(submit(wrong).await.0, 422);
    let right = json!({
        "step": "confirm", "name": who.name, "resident_number": who.number, "issue_date": who.issued,
    });
    assert_eq!(submit(right).await.0, 200);
    next("account").await;
    let account = who.accounts.last().unwrap();
    let wrong = json!({ "step": "account", "bank": "088", "account_number": format!("{}x", account.number) });
    assert_eq!(submit(wrong).await.0, 422);
    let device = "0123456789abcdef0123456789abcdef";
    let given = json!({
        "step": "account", "bank": account.bank, "account_number": account.number, "device": device,
        "address": PERSONS_ADDRESS,
    });
    assert_eq!(submit(given).await.0, 200);
    next("code").await;
    let book = stage.desk.book(account).await;
    let code = book.last().unwrap()["print_content"].as_str().unwrap().to_owned();
    assert_eq!(submit(json!({ "step": "code", "code": code })).await.0, 200);
    let (status, result) = bank.get(&format!("{path}/result?reason=open_account")).await.unwrap();
    assert_eq!(
        (status, result["name"].as_str()),
        (200, Some(who.name.as_str())),
        "the result names the person"
    );
    code
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_names_a_person_stands_in_clear() {
    let stage = Stage::set("filter = \"trace\"").await;
    let bank = stage.institution("새솔은행").await;
    let (hook, url) = Hook::listen().await;
    let server = stage.start().await;
    let policy = bank.policy().await;
    let endpoint = bank.made("/v1/webhook_endpoints", &json!({ "url": url })).await;
    hook.trust(endpoint["secret"].as_str().unwrap());

    let mut marks = vec![Mark { what: "a person's address".into(), value: PERSONS_ADDRESS.into() }];
    // What lets somebody act: never in a log or a file, though the link stands in the institution's webhooks.
    let mut secrets = vec![
        Mark { what: "the API key".into(), value: bank.key.clone() },
        Mark {
            what: "the webhooks' secret".into(),
            value: endpoint["secret"].as_str().unwrap()[6..].to_owned(),
        },
    ];
    // Well; another's account first; reported lost; answers cut, lost and malformed on the way.
    for (who, to) in
        [("kim-minsu", "done"), ("jung-hajun", "account"), ("park-doyun", "camera"), ("lin-tao", "done")]
    {
        if who == "lin-tao" {
            let once =
                |fault: &str, operation: &str| json!({ "fault": fault, "operation": operation, "count": 1 });
            stage.desk.fault("mois", &once("malformed", "check")).await;
            stage.desk.fault("kftc", &once("malformed", "holder")).await;
            stage.desk.fault("kftc", &once("lost_answer", "deposit")).await;
        }
        let opening = json!({ "policy": policy, "reference": who });
        let (_, opened) = bank.post("/v1/verifications", &opening, who).await.unwrap();
        let link = opened["url"].as_str().unwrap().to_owned();
        let mut person = stage.person(&link).await;
        person.from = PERSONS_ADDRESS.into();
        let walker = Walker::new(&stage.desk, who, &Notes::default()).await;
        marks.extend(of_person(&walker.who));
        secrets.push(Mark {
            what: format!("{who}'s link"),
            value: link.split("/p/").nth(1).unwrap()[26..].into(),
        });
        let kept = person.cookies.split("; ").map(|pair| pair.split_once('=').unwrap());
        secrets.extend(kept.map(|(name, value)| {
            let value = value.rsplit('.').next().unwrap().to_owned();
            Mark { what: format!("{who}'s {name}"), value }
        }));
        walker.walk(&person, "check", WALK).await.unwrap();
        for page in ["", "/picture", "/crop/name", "/crop/issue_date"] {
            assert_eq!(person.bytes(page).await.unwrap().0, 200, "{page}");
        }
        let wrong = [("name", walker.who.name.as_str()), ("resident_number", &walker.who.number[..12])];
        assert_eq!(person.send("confirm", &wrong).await.unwrap().0, 422);
        let seen = walker.walk(&person, if to == "done" { "code" } else { to }, WALK).await.unwrap();
        if who == "jung-hajun" {
            // The account is somebody else's, whose name the bank tells the program and nobody else.
            person.send("account", &[("bank", "004"), ("account_number", "99900105001234")]).await.unwrap();
            marks.push(Mark { what: "the other holder's name".into(), value: "정하윤".into() });
            until("the bank has answered", WALK, || async {
                let (screen, _) = person.state().await.unwrap();
                (screen == "account").then_some(())
            })
            .await;
        }
        if seen == "code" {
            assert_eq!(person.send("code", &[("code", "가나다라")]).await.unwrap().0, 200);
            let book = stage.desk.book(&walker.account).await;
            let code = book.last().unwrap()["print_content"].as_str().unwrap().to_owned();
            secrets.push(Mark { what: format!("{who}'s code"), value: code });
            assert_eq!(walker.walk(&person, "done", WALK).await.as_deref(), Some("done"));
        }
    }
    let who = stage.desk.who("seo-jun").await;
    let who = Who { accounts: who.accounts[..1].to_vec(), ..who };
    marks.extend(of_person(&who));
    let photo = stage.desk.photo("seo-jun").await;
    let code = hand_in(&bank, &who, &photo, &stage).await;
    secrets.push(Mark { what: "seo-jun's code".into(), value: code });

    // Refusals don't say again what they were given.
    let name = &who.name;
    let mut refusals = Vec::new();
    for body in
        [json!({ "policy": name }), json!({ (name.as_str()): 1 }), json!([name]), json!({ "policy": [name] })]
    {
        refusals.push(bank.post("/v1/verifications", &body, "bad").await.unwrap());
    }
    for path in [
        "/v1/verifications?status=",
        "/v1/verifications?cursor=",
        "/v1/",
        "/v1/verifications/",
        "/v1/events/",
    ] {
        refusals.push(bank.get(&format!("{path}{}", who.number)).await.unwrap());
    }
    for (status, problem) in &refusals {
        assert!((400..500).contains(status), "{problem:#}");
    }
    let figures = reqwest::get(stage.address.of("/metrics")).await.unwrap().text().await.unwrap();
    assert!(figures.contains("ingam_"), "{figures}");
    let events = bank.all("/v1/events").await;
    until("every event arrives", Duration::from_secs(30), || async {
        let arrived = hook.bodies();
        events.iter().all(|event| arrived.contains_key(event["id"].as_str().unwrap())).then_some(())
    })
    .await;
    server.stop().await;

    let log: Vec<_> =
        stage.logs().into_iter().filter(|(path, _)| path.to_str().unwrap().contains("serve-")).collect();
    let traced = log.iter().any(|(_, bytes)| bytes.windows(7).any(|word| word == b"\"TRACE\""));
    assert!(traced, "the log is at its most talkative");
    let mut found = Vec::new();
    let people = Search::for_marks(marks);
    for (id, body) in hook.bodies() {
        found.extend(people.found(&format!("webhook {id}"), &body));
    }
    for (_, problem) in &refusals {
        found.extend(people.found("a refusal", problem.to_string().as_bytes()));
    }
    for search in [people, Search::for_marks(secrets)] {
        for (path, bytes) in &log {
            found.extend(search.found(&path.display().to_string(), bytes));
        }
        found.extend(search.found("/metrics", figures.as_bytes()));
        search.in_folder(&stage.dir.path().join("disk"), &mut found);
    }
    assert!(found.is_empty(), "{} in clear:\n{}", found.len(), found.join("\n"));
}

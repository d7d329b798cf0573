//! Every no that a person can meet, in one table: what it means, what the person reads in each language, the ways on, what
//! a reviewer may decide, and how the sandbox makes it happen. It is `docs/refusals.md`.
//!
//! Made from the rules, the drawn screens and the sandbox's catalogue, so it can say nothing else than they do.
//! `INGAM_RENEW_GOLDEN=1 cargo nextest run -p ingam page::refusals` writes it anew.

use super::screens::{ScreenData, screen};
use super::specimen::{all, banks, data, profile};
use super::story::drawn;
use super::texts::{ALL, EN, KO, Texts};
use ingam_cases::answers::{DepositCode, DeviceCode, HolderCode, IssuerCode, Outcome, PhoneCode};
use ingam_cases::review::decisions;
use ingam_cases::verification::RefusedCode;
use ingam_sandbox::catalogue::{Case, Catalogue};
use serde::Serialize;
use std::fmt::Write;
use std::path::PathBuf;

/// The stable word of a code.
fn word(code: &impl Serialize) -> String {
    serde_json::to_value(code).unwrap().as_str().unwrap().to_owned()
}

/// What a screen says, read from its HTML as a person reads it.
struct Said {
    title: String,
    text: String,
    ways: Vec<String>,
    telephone: bool,
}

/// The text between the first `open` and the next `close`, without marks.
fn between<'h>(html: &'h str, open: &str, close: &str) -> Option<&'h str> {
    let (_, rest) = html.split_once(open)?;
    Some(rest.split_once('>')?.1.split_once(close)?.0)
}

fn plain(html: &str) -> String {
    let mut text = String::new();
    let mut inside = false;
    for c in html.chars() {
        match c {
            '<' => inside = true,
            '>' => inside = false,
            c if !inside => text.push(if c == '\n' { ' ' } else { c }),
            _ => {}
        }
    }
    let text = text.replace("&#38;", "&").replace("&#39;", "'").replace("&#34;", "\"");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn read(html: &str) -> Said {
    let main = html.split_once("<main").unwrap().1.split_once("</main>").unwrap().0;
    let act = html.split_once("<footer").map_or("", |(_, rest)| rest.split_once("</footer>").unwrap().0);
    let alert = main.find("role=\"alert\"").and_then(|at| between(&main[at..], "alert\"", "</p>"));
    let help = between(main, "class=\"help\"", "</p>");
    let ways = [main, act].into_iter().flat_map(|part| {
        let buttons = part.split("<button").skip(1).map(|rest| rest.split_once("</button>").unwrap().0);
        let links = part.split("<a class=\"btn\"").skip(1).map(|rest| rest.split_once("</a>").unwrap().0);
        buttons.chain(links).map(|inner| plain(inner.split_once('>').unwrap().1))
    });
    Said {
        title: plain(between(main, "<h1", "</h1>").unwrap()),
        text: plain(alert.or(help).unwrap_or_default()),
        ways: ways.filter(|way| !way.is_empty()).collect(),
        telephone: main.contains("href=\"tel:"),
    }
}

fn said(t: &'static Texts, state: &str) -> Said {
    let (profile, banks) = (profile(), banks());
    let (_, v) = all().into_iter().find(|(name, _)| name == state).unwrap_or_else(|| panic!("no {state}"));
    read(&screen(&v, &ScreenData { t, ..data(&profile, &banks) }).html().unwrap())
}

/// One row.
struct Row {
    code: String,
    meaning: String,
    /// The state of the page that says it.
    state: String,
    reviewer: String,
    sandbox: String,
}

/// The people of the sandbox about whom somebody answers so.
fn by_catalogue(cases: &[Case], operations: &[&str], answer: &str) -> String {
    let asked = cases.iter().filter(|case| operations.contains(&case.operation.as_str()));
    let mut people: Vec<String> = asked
        .filter(|case| case.answer == answer)
        .map(|case| {
            let what = case.document.as_ref().map(|d| format!(" ({d})"));
            let account = case.account.as_ref().map(|a| format!(" {a}"));
            let fault = case.fault.as_ref().map(|fault| format!(", fault `{}`", word(fault)));
            format!("`{}`{}{}", case.person, what.or(account).unwrap_or_default(), fault.unwrap_or_default())
        })
        .collect();
    people.dedup();
    people.truncate(2);
    people.join(", ")
}

/// How the sandbox's people come to an end.
fn to_the_end(code: RefusedCode) -> &'static str {
    match code {
        RefusedCode::StoppedByPerson => "anybody who answers the safety question with yes",
        RefusedCode::ConsentRefused => "anybody who does not agree",
        RefusedCode::CardUnreadable => "`kim-minsu` with the camera covered, ten times",
        RefusedCode::CardRefused => "`park-doyun`, three times",
        RefusedCode::AccountNotProved => "`jung-hajun` with others' accounts; `im-haneul` for a similar name",
        RefusedCode::BlockedByPerson => "`yang-sori`",
        RefusedCode::Deceased => "`pyo-haram`",
        RefusedCode::TooYoung => "`yoon-ain`",
        RefusedCode::StoppedByInstitution => "anybody, where your endpoint answers `stop`",
        RefusedCode::DeviceNotProved => "anybody who types five wrong codes",
        RefusedCode::PhoneNotProved => "`cha-miru`, three times",
    }
}

fn answered<C: Copy + Serialize + std::fmt::Debug>(
    codes: &[C],
    outcome: impl Fn(C) -> Outcome,
    meaning: impl Fn(C) -> &'static str,
    state: impl Fn(C) -> String,
    sandbox: impl Fn(&str) -> String,
) -> Vec<Row> {
    let failed = codes.iter().copied().filter(|code| outcome(*code) == Outcome::Failed);
    let row = |code: C| Row {
        code: word(&code),
        meaning: meaning(code).to_owned(),
        state: state(code),
        reviewer: String::new(),
        sandbox: sandbox(&word(&code)),
    };
    failed.map(row).collect()
}

fn tables() -> Vec<(&'static str, Vec<Row>)> {
    let catalogue = Catalogue::built_in();
    let cases = &catalogue.cases;
    let ends = RefusedCode::ALL.iter().map(|code| Row {
        code: word(code),
        meaning: code.meaning().to_owned(),
        state: format!("v15-{code:?}"),
        reviewer: decisions(*code, true).iter().map(|d| d.as_str()).collect::<Vec<_>>().join(", "),
        sandbox: to_the_end(*code).to_owned(),
    });
    let device = |answer: &str| match answer {
        "locked" => "ten wrong codes of a one-time password, five of a card".to_owned(),
        _ => "type it".to_owned(),
    };
    vec![
        ("The end (`refused.code`)", ends.collect()),
        (
            "The issuer (`checks`, `id_document`)",
            answered(
                IssuerCode::ALL,
                IssuerCode::outcome,
                IssuerCode::meaning,
                |code| match code {
                    IssuerCode::MismatchIssueDate => "v6-again-date".to_owned(),
                    IssuerCode::MismatchNameOrIssueDate => "v6-again-both".to_owned(),
                    IssuerCode::MismatchSerial => "v6-again-serial".to_owned(),
                    // It ends everything, and reads like any other second look.
                    IssuerCode::Deceased => "v15-Deceased".to_owned(),
                    code => format!("v4-{:?}", super::specimen::refused_card(code)),
                },
                |answer| by_catalogue(cases, &["check"], answer),
            ),
        ),
        (
            "The bank, about the holder (`account_holder`)",
            answered(
                HolderCode::ALL,
                HolderCode::outcome,
                HolderCode::meaning,
                |code| format!("v10-{:?}", super::specimen::refused_holder(code)),
                |answer| by_catalogue(cases, &["holder"], answer),
            ),
        ),
        (
            "The bank, about 1 won (`deposit`)",
            answered(
                DepositCode::ALL,
                DepositCode::outcome,
                DepositCode::meaning,
                |code| match code {
                    DepositCode::NotSent => "resend-NotSent".to_owned(),
                    code => format!("v10-{:?}", super::specimen::refused_deposit(code)),
                },
                |answer| by_catalogue(cases, &["deposit", "deposit_result"], answer),
            ),
        ),
        (
            "The telecom (`phone`)",
            answered(
                PhoneCode::ALL,
                PhoneCode::outcome,
                PhoneCode::meaning,
                |code| match code {
                    PhoneCode::WrongCode => "phone-code-Some(WrongCode)".to_owned(),
                    code => format!("phone-{code:?}"),
                },
                |answer| by_catalogue(cases, &["send", "confirm"], answer),
            ),
        ),
        (
            "An access medium (`device`)",
            answered(
                DeviceCode::ALL,
                DeviceCode::outcome,
                DeviceCode::meaning,
                |code| match code {
                    DeviceCode::Locked => "v15-DeviceNotProved".to_owned(),
                    code => format!("device-otp-{:?}", Some(code)),
                },
                device,
            ),
        ),
    ]
}

const HEAD: &str = "# Refusals

Every no, as the program knows it. The first column is the stable code that you read in `refused.code` or in `checks`;
the person never sees it. What hints at forgery, an institution's own lists, and `deceased` are never told to the person:
they read that a person will look. Silence is no refusal: then somebody is asked again, or waited for.

This page is made from the rules, the screens and the sandbox's catalogue; a test keeps it true.
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    for (title, rows) in tables() {
        writeln!(page, "\n## {title}\n").unwrap();
        let ends = rows.iter().any(|row| !row.reviewer.is_empty());
        let (head, line) = if ends { (" a reviewer may decide |", "---|") } else { ("", "") };
        writeln!(page, "| code | meaning | the person reads | ways on | in the sandbox |{head}").unwrap();
        writeln!(page, "|---|---|---|---|---|{line}").unwrap();
        for row in rows {
            let [ko, en] = [&KO, &EN].map(|t| said(t, &row.state));
            let reads = |said: &Said| format!("**{}** {}", said.title, said.text);
            let mut ways = ko.ways.clone();
            ways.extend(ko.telephone.then(|| "전화".to_owned()));
            write!(
                page,
                "| `{}` | {} | {} <br> {} | {} | {} |",
                row.code,
                row.meaning,
                reads(&ko),
                reads(&en),
                ways.join(" · "),
                row.sandbox
            )
            .unwrap();
            let reviewer = if row.reviewer.is_empty() { "nothing" } else { &row.reviewer };
            writeln!(page, "{}", if ends { format!(" {reviewer} |") } else { String::new() }).unwrap();
        }
    }
    page
}

#[test]
fn the_document_is_what_rules_and_screens_say() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/refusals.md");
    let fresh = page();
    if std::env::var_os("INGAM_RENEW_GOLDEN").is_some_and(|v| v == "1") {
        std::fs::write(&path, &fresh).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap() == fresh, "renew docs/refusals.md, see this file's head");
}

#[test]
fn every_no_has_words_a_way_on_and_somebody_in_the_sandbox() {
    for (table, rows) in tables() {
        assert!(!rows.is_empty(), "{table}");
        for row in rows {
            assert!(row.meaning.ends_with('.') && row.meaning.len() > 3, "{table}: {}", row.code);
            assert!(!row.sandbox.is_empty(), "{table}: nobody in the sandbox meets `{}`", row.code);
            for t in ALL {
                let said = said(t, &row.state);
                assert!(!said.title.is_empty() && !said.text.is_empty(), "{table}: {}", row.code);
                assert!(!said.ways.is_empty() || said.telephone, "{table}: a dead end at `{}`", row.code);
                // Some codes are words of English, too.
                let shown = row.code.contains('_') && said.text.contains(&row.code);
                assert!(!shown, "{table}: the person reads `{}`", row.code);
            }
        }
    }
}

#[test]
fn no_state_is_a_dead_end() {
    for t in ALL {
        for (name, drawn) in drawn(t, false) {
            let html = drawn.html().unwrap();
            let said = read(&html);
            // Whoever waits is taken on by the page itself; whoever is done reads a number, and whoever has no link of
            // ours reads where to get one.
            let goes_on = html.contains("<live-status") || ["done", "missing"].contains(&drawn.page().screen);
            let linked = html.contains("<a class=\"btn\"") || html.contains("?at=");
            let on = !said.ways.is_empty() || said.telephone || goes_on || linked;
            assert!(on, "{name} {}", t.language.code);
        }
    }
}

//! A page to click, without scripts: people and their fate, fault switches, calls, the book, messages, the clock.
//!
//! Every text is in `texts.toml`. The studio is the pretty one; this one works everywhere.

use crate::{
    Fault, Institution, Rule, Sandbox,
    catalogue::{Person, Text},
    clock::kst,
    desk::Move,
    play::{masked_account, masked_number},
};
use axum::{
    Form, Router,
    extract::State,
    http::header,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use serde::Deserialize;
use std::{collections::BTreeMap, fmt::Write as _, sync::LazyLock};

/// Texts by key.
static TEXTS: LazyLock<BTreeMap<String, Text>> =
    LazyLock::new(|| toml::from_str(include_str!("texts.toml")).expect("a test reads the texts"));

fn text(key: &str) -> &'static Text {
    // A test asks for every key of the page.
    TEXTS.get(key).unwrap_or_else(|| TEXTS.values().next().expect("the texts are not empty"))
}

/// The name of a fault.
pub(crate) fn fault_text(fault: Fault) -> &'static Text {
    text(&format!("fault_{}", fault.as_str()))
}

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/", get(page))
        .route("/page.css", get(css))
        .route("/page/fault", post(fault))
        .route("/page/clock", post(clock))
        .route("/page/reset", post(reset))
}

const CSS: &str = "body{font:16px/1.6 'Noto Sans KR','Nanum Gothic',sans-serif;max-width:72rem;margin:1.5rem auto;\
padding:0 1rem;color:#1c1b19;background:#fbfaf7}table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}\
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #ddd8cc;vertical-align:top}\
form{display:inline-flex;gap:.4rem;flex-wrap:wrap;margin:.2rem .8rem .2rem 0}\
button,select,input{font:inherit;min-height:44px;padding:.2rem .7rem}small{color:#5b574f}\
@media(prefers-color-scheme:dark){body{color:#eee9df;background:#191817}th,td{border-color:#3a3733}\
small{color:#b8b2a6}}";

async fn css() -> Response {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], CSS).into_response()
}

async fn page(State(sandbox): State<Sandbox>) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'self'; \
             base-uri 'none'",
        ),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (headers, render(&sandbox)).into_response()
}

fn render(sandbox: &Sandbox) -> String {
    let ko = |key: &str| escaped(&text(key).ko);
    let mut html = format!(
        "<!doctype html><html lang=\"ko\"><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width\"><title>{0}</title><link rel=\"stylesheet\" href=\"/page.css\">\
         <h1>{0}</h1><p>{1}</p>",
        ko("title"),
        ko("intro")
    );
    faults(sandbox, &mut html);
    let now = kst(sandbox.clock().now()).strftime("%Y-%m-%d %H:%M:%S").to_string();
    add(&mut html, format_args!("<h2>{}</h2><p>{now}</p>", ko("clock")));
    for (seconds, key) in [(60, "minute"), (300, "five_minutes"), (3_600, "hour"), (86_400, "day")] {
        let button = format!("<button name=\"advance_s\" value=\"{seconds}\">{}</button>", ko(key));
        add(&mut html, format_args!("<form method=\"post\" action=\"/page/clock\">{button}</form>"));
    }
    add(
        &mut html,
        format_args!("<form method=\"post\" action=\"/page/reset\"><button>{}</button></form>", ko("reset")),
    );
    people(sandbox, &mut html);
    book(sandbox, &mut html);
    messages(sandbox, &mut html);
    calls(sandbox, &mut html);
    html
}

fn faults(sandbox: &Sandbox, html: &mut String) {
    let ko = |key: &str| escaped(&text(key).ko);
    add(html, format_args!("<h2>{}</h2>", ko("faults")));
    for (institution, rules) in sandbox.faults() {
        let mut set = String::new();
        for rule in &rules {
            let whom = [rule.operation.as_deref(), rule.person.as_deref()].into_iter().flatten();
            let whom = escaped(&whom.collect::<Vec<_>>().join(" "));
            let left = rule.count.map(|count| format!(" ×{count}")).unwrap_or_default();
            add(
                &mut set,
                format_args!("<strong>{}</strong> {whom}{left} ", escaped(&fault_text(rule.fault).ko)),
            );
        }
        if set.is_empty() {
            set = ko("fault_none");
        }
        let mut choices = format!("<option value=\"\">{}</option>", ko("fault_none"));
        for fault in Fault::ALL {
            let name = escaped(&fault_text(fault).ko);
            add(&mut choices, format_args!("<option value=\"{}\">{name}</option>", fault.as_str()));
        }
        let mut whom = format!("<option value=\"\">{}</option>", ko("everyone"));
        for person in &sandbox.catalogue().people {
            let (id, name) = (escaped(&person.id), escaped(&person.name));
            add(&mut whom, format_args!("<option value=\"{id}\">{name}</option>"));
        }
        add(
            html,
            format_args!(
                "<h3>{}</h3><p>{set}</p><form method=\"post\" action=\"/page/fault\">\
                 <input type=\"hidden\" name=\"institution\" value=\"{institution}\">\
                 <label>{} <select name=\"fault\">{choices}</select></label>\
                 <label>{} <select name=\"person\">{whom}</select></label>\
                 <label>{} <input name=\"count\" inputmode=\"numeric\" size=\"4\"></label><button>{}</button></form>",
                ko(institution),
                ko("fault"),
                ko("whom"),
                ko("count"),
                ko("set")
            ),
        );
    }
}

fn people(sandbox: &Sandbox, html: &mut String) {
    let rows = sandbox.catalogue().people.iter().map(|person| {
        let accounts = person.accounts.iter().map(|a| format!("{} {}", a.bank, a.number)).collect::<Vec<_>>();
        [
            format!("{} <small>{}</small>", escaped(&person.name), escaped(&person.name_en)),
            format!("{} <small>{}</small>", masked_number(&person.number), person.issued),
            escaped(&documents(person).join(", ")),
            escaped(&person.story.ko),
            escaped(&person.expect.ko),
            escaped(&accounts.join(", ")),
        ]
    });
    table(html, "people", ["name", "card", "documents", "story", "expect", "accounts"], rows);
}

/// What a person has beside the card. Nobody has these numbers, and they have to be typed: they are not masked.
fn documents(person: &Person) -> Vec<String> {
    let documents = &person.documents;
    let serial = |code: &Option<String>| code.as_ref().map_or(String::new(), |code| format!(" ({code})"));
    [
        documents.licence.as_ref().map(|l| format!("{}{}", l.number, serial(&l.serial))),
        documents.passport.as_ref().map(|p| format!("{} {}", p.nationality, p.number)),
        documents.alien_card.as_ref().map(|card| card.visa.clone()),
        documents.phone.as_ref().map(|phone| format!("{} {}", phone.telecom, phone.number)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn book(sandbox: &Sandbox, html: &mut String) {
    let lines = sandbox.book(None);
    let rows = lines.iter().rev().take(20).map(|line| {
        [
            kst(line.at).strftime("%m-%d %H:%M:%S").to_string(),
            escaped(&format!("{} {}", line.bank, masked_account(&line.account))),
            escaped(&line.print_content),
            line.amount.to_string(),
        ]
    });
    table(html, "book", ["time", "account", "print_content", "amount"], rows);
}

fn messages(sandbox: &Sandbox, html: &mut String) {
    let messages = sandbox.world().messages.clone();
    let rows = messages.iter().rev().take(20).map(|message| {
        [
            kst(message.at).strftime("%m-%d %H:%M:%S").to_string(),
            escaped(&message.phone),
            escaped(&message.text),
        ]
    });
    table(html, "messages", ["time", "phone", "text"], rows);
}

fn calls(sandbox: &Sandbox, html: &mut String) {
    let calls = sandbox.calls();
    let rows = calls.iter().rev().take(30).map(|call| {
        [
            kst(call.at).strftime("%H:%M:%S").to_string(),
            format!("{} {}", call.institution.as_str(), call.operation),
            escaped(&call.summary),
            escaped(&call.outcome),
            call.fault.unwrap_or("").to_owned(),
            call.elapsed_ms.to_string(),
        ]
    });
    table(html, "calls", ["time", "operation", "asked", "answered", "fault", "elapsed"], rows);
}

fn table<const N: usize>(
    html: &mut String,
    title: &str,
    heads: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) {
    let cells = |cells: &[String], tag: &str| {
        cells.iter().map(|cell| format!("<{tag}>{cell}</{tag}>")).collect::<String>()
    };
    let heads = heads.map(|key| escaped(&text(key).ko));
    add(html, format_args!("<h2>{}</h2><table><tr>{}</tr>", escaped(&text(title).ko), cells(&heads, "th")));
    for row in rows {
        add(html, format_args!("<tr>{}</tr>", cells(&row, "td")));
    }
    html.push_str("</table>");
}

fn add(html: &mut String, what: std::fmt::Arguments<'_>) {
    html.write_fmt(what).expect("a String takes every text");
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[derive(Deserialize)]
struct Switch {
    institution: Institution,
    fault: String,
    #[serde(default)]
    person: String,
    #[serde(default)]
    count: String,
}

async fn fault(State(sandbox): State<Sandbox>, Form(switch): Form<Switch>) -> Response {
    let chosen = Fault::ALL.into_iter().find(|fault| fault.as_str() == switch.fault);
    match chosen {
        None => sandbox.clear_faults(switch.institution),
        Some(fault) => {
            let person = (!switch.person.is_empty()).then_some(switch.person);
            let rule = Rule { person, count: switch.count.trim().parse().ok(), ..Rule::always(fault) };
            // What can't be set is not set; the page shows what is.
            let _ = sandbox.set_fault(switch.institution, rule);
        }
    }
    Redirect::to("/").into_response()
}

#[derive(Deserialize)]
struct Advance {
    advance_s: i64,
}

async fn clock(State(sandbox): State<Sandbox>, Form(advance): Form<Advance>) -> Response {
    sandbox.move_clock(&Move::AdvanceS(advance.advance_s));
    Redirect::to("/").into_response()
}

async fn reset(State(sandbox): State<Sandbox>) -> Response {
    sandbox.reset();
    Redirect::to("/").into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_text_of_the_page_exists_and_every_value_is_escaped() {
        for key in [
            "title",
            "intro",
            "faults",
            "fault",
            "fault_none",
            "everyone",
            "whom",
            "count",
            "set",
            "clock",
            "minute",
            "five_minutes",
            "hour",
            "day",
            "reset",
            "people",
            "name",
            "card",
            "story",
            "expect",
            "accounts",
            "book",
            "time",
            "account",
            "print_content",
            "amount",
            "calls",
            "operation",
            "asked",
            "answered",
            "elapsed",
            "documents",
            "messages",
            "phone",
            "text",
        ] {
            assert!(TEXTS.contains_key(key), "{key}");
        }
        for institution in Institution::ALL {
            assert!(TEXTS.contains_key(institution.as_str()), "{institution:?}");
        }
        for fault in Fault::ALL {
            assert!(TEXTS.contains_key(&format!("fault_{}", fault.as_str())), "{fault:?}");
        }
        assert_eq!(escaped("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}

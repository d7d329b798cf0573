//! The sandbox's own desk over HTTP: people, scenarios, faults, calls, books, messages, counts and the clock, as JSON.
//!
//! Open to whoever reaches it: it shows nobody who exists, and runs only in development.

use crate::{
    Institution, Rule, Sandbox,
    catalogue::{Person, Text},
    faults::{Fault, OPERATIONS},
    page::fault_text,
    play::masked_number,
};
use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing::{get, post, put},
};
use futures_util::stream;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::convert::Infallible;
use tokio::sync::broadcast::error::RecvError;

pub(crate) fn router() -> Router<Sandbox> {
    Router::new()
        .route("/scenarios", get(scenarios))
        .route("/people", get(people))
        .route("/people/{id}", get(person))
        .route("/book", get(book))
        .route("/phones/{number}/messages", get(messages))
        .route("/faults", get(faults))
        .route("/faults/{institution}", put(set_fault).delete(clear_faults))
        .route("/calls", get(calls))
        .route("/counts", get(counts))
        .route("/events", get(events))
        .route("/clock", get(clock).put(move_clock))
        .route("/reset", post(reset))
}

/// `GET /scenarios`: all that can be made to happen, and how.
async fn scenarios(State(sandbox): State<Sandbox>) -> Response {
    let faults: Vec<_> = Fault::ALL
        .iter()
        .map(
            |fault| json!({"fault": fault, "text": fault_text(*fault), "institutions": fault.institutions()}),
        )
        .collect();
    let catalogue = sandbox.catalogue();
    Json(json!({
        "people": catalogue.people, "faults": faults, "operations": OPERATIONS, "cases": catalogue.cases
    }))
    .into_response()
}

/// A person in the list.
#[derive(Serialize)]
struct Brief<'a> {
    id: &'a str,
    name: &'a str,
    name_en: &'a str,
    number_masked: String,
    story: &'a Text,
    expect: &'a Text,
    accounts: usize,
}

impl<'a> From<&'a Person> for Brief<'a> {
    fn from(person: &'a Person) -> Self {
        Self {
            id: &person.id,
            name: &person.name,
            name_en: &person.name_en,
            number_masked: masked_number(&person.number),
            story: &person.story,
            expect: &person.expect,
            accounts: person.accounts.len(),
        }
    }
}

/// `GET /people`.
async fn people(State(sandbox): State<Sandbox>) -> Response {
    Json(sandbox.catalogue().people.iter().map(Brief::from).collect::<Vec<_>>()).into_response()
}

/// `GET /people/{id}`.
async fn person(State(sandbox): State<Sandbox>, Path(id): Path<String>) -> Response {
    match sandbox.catalogue().person(&id) {
        Some(person) => Json(person).into_response(),
        None => refused(StatusCode::NOT_FOUND, "no such person"),
    }
}

#[derive(Deserialize)]
struct Which {
    bank: Option<String>,
    account: Option<String>,
}

/// `GET /book?bank=&account=`: the lines of one account; of all without parameters.
async fn book(State(sandbox): State<Sandbox>, Query(which): Query<Which>) -> Response {
    match (&which.bank, &which.account) {
        (Some(bank), Some(account)) => Json(sandbox.book(Some((bank, account)))).into_response(),
        (None, None) => Json(sandbox.book(None)).into_response(),
        _ => refused(StatusCode::BAD_REQUEST, "bank and account go together"),
    }
}

/// `GET /phones/{number}/messages`: what came to a phone, as its owner reads it; none for a phone that nobody has.
async fn messages(State(sandbox): State<Sandbox>, Path(number): Path<String>) -> Response {
    Json(sandbox.messages(&number)).into_response()
}

/// `GET /faults`.
async fn faults(State(sandbox): State<Sandbox>) -> Response {
    Json(sandbox.faults()).into_response()
}

/// `PUT /faults/{institution}` with a [`Rule`].
async fn set_fault(
    State(sandbox): State<Sandbox>,
    Path(institution): Path<Institution>,
    Json(rule): Json<Rule>,
) -> Response {
    match sandbox.set_fault(institution, rule) {
        Ok(()) => Json(sandbox.faults()).into_response(),
        Err(why) => refused(StatusCode::BAD_REQUEST, why),
    }
}

/// `DELETE /faults/{institution}`.
async fn clear_faults(State(sandbox): State<Sandbox>, Path(institution): Path<Institution>) -> Response {
    sandbox.clear_faults(institution);
    Json(sandbox.faults()).into_response()
}

/// `GET /calls`: the newest thousand, oldest first.
async fn calls(State(sandbox): State<Sandbox>) -> Response {
    Json(sandbox.calls()).into_response()
}

/// `GET /counts`.
async fn counts(State(sandbox): State<Sandbox>) -> Response {
    Json(sandbox.counts()).into_response()
}

/// `GET /events`: server-sent events `{type, at, data}`; `type` is call, book, message, fault, clock, reset, or missed.
async fn events(State(sandbox): State<Sandbox>) -> Response {
    let listener = sandbox.inner.events.subscribe();
    let stream = stream::unfold(listener, |mut listener| async {
        let text = match listener.recv().await {
            Ok(text) => text.to_string(),
            // A slow listener is told so, and reads `/calls`.
            Err(RecvError::Lagged(missed)) => {
                json!({"type": "missed", "data": {"events": missed}}).to_string()
            }
            Err(RecvError::Closed) => return None,
        };
        Some((Ok::<_, Infallible>(Event::default().data(text)), listener))
    });
    Sse::new(stream).keep_alive(KeepAlive::default()).into_response()
}

/// `GET /clock`.
async fn clock(State(sandbox): State<Sandbox>) -> Response {
    let clock = sandbox.clock();
    Json(json!({"now": clock.now(), "moved_ms": clock.moved_ms()})).into_response()
}

/// One of the three.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Move {
    /// So far from the machine's time.
    MovedMs(i64),
    /// So many seconds on, or back.
    AdvanceS(i64),
    /// To this time.
    At(Timestamp),
}

/// `PUT /clock` with `{"moved_ms": …}`, `{"advance_s": …}` or `{"at": "…"}`.
async fn move_clock(State(sandbox): State<Sandbox>, Json(to): Json<Move>) -> Response {
    match sandbox.move_clock(&to) {
        true => clock(State(sandbox)).await,
        false => refused(StatusCode::BAD_REQUEST, "farther than a hundred years"),
    }
}

impl Sandbox {
    /// Moves the clock; false where it would leave the century.
    pub(crate) fn move_clock(&self, to: &Move) -> bool {
        const HUNDRED_YEARS_MS: i64 = 100 * 366 * 86_400 * 1_000;
        let clock = self.clock();
        let moved_ms = match to {
            Move::MovedMs(ms) => Some(*ms),
            Move::AdvanceS(s) => s.checked_mul(1_000).and_then(|ms| clock.moved_ms().checked_add(ms)),
            Move::At(at) => Some(clock.moved_ms() + at.as_millisecond() - clock.now().as_millisecond()),
        };
        let Some(moved_ms) = moved_ms.filter(|ms| (-HUNDRED_YEARS_MS..HUNDRED_YEARS_MS).contains(ms)) else {
            return false;
        };
        clock.move_to(moved_ms);
        self.tell("clock", &json!({"now": clock.now(), "moved_ms": moved_ms}));
        true
    }
}

/// `POST /reset`.
async fn reset(State(sandbox): State<Sandbox>) -> Response {
    sandbox.reset();
    StatusCode::NO_CONTENT.into_response()
}

fn refused(status: StatusCode, why: &str) -> Response {
    (status, Json(json!({"detail": why}))).into_response()
}

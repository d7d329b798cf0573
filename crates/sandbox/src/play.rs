//! One call to an institution: looks for a fault, lets the institution act, records the call, and answers well or
//! in the way of the fault.
//!
//! Refuses to know what the institutions do; they come as closures.

use crate::{
    Sandbox,
    faults::{Fault, Institution, Rule},
    world::{Call, World},
};
use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use serde_json::{Value, json};
use std::{io, time::Duration};
use tokio::time::Instant;

/// When a resting institution asks to be asked again.
const REST_S: u32 = 1_800;

/// What an institution answers.
#[derive(Debug, Clone)]
pub(crate) struct Said {
    pub(crate) status: u16,
    pub(crate) body: Value,
    /// The institution's code, for the record of calls.
    pub(crate) code: String,
}

impl Said {
    pub(crate) fn new(status: u16, code: impl Into<String>, body: Value) -> Self {
        Self { status, body, code: code.into() }
    }
}

/// A call that came in.
pub(crate) struct Visit {
    pub(crate) institution: Institution,
    pub(crate) operation: &'static str,
    /// Whom it is about.
    pub(crate) person: Option<String>,
    /// What is asked, masked.
    pub(crate) summary: String,
    /// How the institution says that it rests, where it has words of its own.
    pub(crate) rests: Option<Said>,
    /// How it says that there are too many calls.
    pub(crate) too_many: Value,
}

/// Plays one call.
pub(crate) async fn play(sandbox: &Sandbox, visit: Visit, act: impl Fn(&mut World) -> Said) -> Response {
    let began = Instant::now();
    let (rule, said) = {
        let mut world = sandbox.world();
        let rule = world.faults.take(visit.institution, visit.operation, visit.person.as_deref());
        let said = perform(&mut world, rule.as_ref(), &visit, &act);
        (rule, said)
    };
    let slow_ms = rule.as_ref().filter(|rule| rule.fault == Fault::Slow).map_or(0, |rule| rule.ms);
    let call = sandbox.world().record(Call {
        seq: 0,
        at: sandbox.inner.options.clock.now(),
        institution: visit.institution,
        operation: visit.operation,
        person: visit.person,
        summary: visit.summary,
        outcome: said.code.clone(),
        fault: rule.as_ref().map(|rule| rule.fault.as_str()),
        elapsed_ms: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX) + slow_ms,
    });
    sandbox.tell("call", &call);
    answer(rule, said).await
}

/// What happens at the institution, before anything goes back.
fn perform(world: &mut World, rule: Option<&Rule>, visit: &Visit, act: &impl Fn(&mut World) -> Said) -> Said {
    match rule.map(|rule| (rule.fault, rule.status)) {
        Some((Fault::Hang, _)) => Said::new(200, "hang", Value::Null),
        Some((Fault::Error, status)) => {
            Said::new(status, status.to_string(), json!({"message": "out of order"}))
        }
        Some((Fault::ErrorAfter, status)) => {
            act(world);
            Said::new(status, status.to_string(), json!({"message": "out of order"}))
        }
        Some((Fault::Maintenance, _)) => {
            visit.rests.clone().unwrap_or_else(|| Said::new(503, "503", json!({"message": "maintenance"})))
        }
        Some((Fault::RateLimited, _)) => Said::new(429, "429", visit.too_many.clone()),
        Some((Fault::Duplicate, _)) => {
            act(world);
            act(world)
        }
        Some((Fault::Stale, _)) => {
            let older = world.last.get(visit.operation).cloned();
            let said = act(world);
            world.last.insert(visit.operation, said.clone());
            older.unwrap_or(said)
        }
        Some((Fault::ExpireTokens, _)) => {
            world.expire_tokens(visit.institution);
            act(world)
        }
        _ => {
            let said = act(world);
            world.last.insert(visit.operation, said.clone());
            said
        }
    }
}

/// What goes back over the wire.
async fn answer(rule: Option<Rule>, said: Said) -> Response {
    let Some(rule) = rule else { return whole(said) };
    match rule.fault {
        Fault::Hang => std::future::pending().await,
        Fault::Slow => {
            tokio::time::sleep(Duration::from_millis(rule.ms)).await;
            whole(said)
        }
        Fault::LostAnswer => broken(&said),
        Fault::Malformed => {
            ([(header::CONTENT_TYPE, "application/json")], "<html>{\"rsp_code\":\"A00").into_response()
        }
        Fault::Huge => {
            // Sixteen MiB of the beginning of an answer: a limit must end it, not memory.
            let piece = Bytes::from(vec![b' '; 64 * 1024]);
            let pieces = (0..256).map(move |_| Ok::<_, io::Error>(piece.clone()));
            Body::from_stream(stream::iter(pieces)).into_response()
        }
        Fault::Trickle => {
            let pieces = stream::unfold((), |()| async {
                tokio::time::sleep(Duration::from_millis(20)).await;
                Some((Ok::<_, io::Error>(Bytes::from_static(b" ")), ()))
            });
            Body::from_stream(pieces).into_response()
        }
        Fault::Maintenance | Fault::RateLimited => {
            let seconds = if rule.fault == Fault::RateLimited { 60 } else { REST_S };
            let mut response = whole(said);
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
            response
        }
        Fault::Error | Fault::ErrorAfter | Fault::Duplicate | Fault::Stale | Fault::ExpireTokens => {
            whole(said)
        }
    }
}

fn whole(said: Said) -> Response {
    let status = StatusCode::from_u16(said.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, axum::Json(said.body)).into_response()
}

/// Promises the answer's length, sends half of it, and breaks the connection.
fn broken(said: &Said) -> Response {
    let text = said.body.to_string().into_bytes();
    let length = HeaderValue::from(text.len());
    let half = Bytes::copy_from_slice(&text[..text.len() / 2]);
    let pieces = [Ok(half), Err(io::Error::other("the line is cut"))];
    ([(header::CONTENT_LENGTH, length)], Body::from_stream(stream::iter(pieces))).into_response()
}

/// `900415-1******` of a text of 13 digits; stars for anything else.
pub(crate) fn masked_number(number: &str) -> String {
    match (number.get(..6), number.get(6..7), number.len()) {
        (Some(birth), Some(sex), 13) => format!("{birth}-{sex}******"),
        _ => "***".into(),
    }
}

/// `M12******` of nine characters; stars for anything shorter.
pub(crate) fn masked_passport(number: &str) -> String {
    number.get(..3).map_or("***".into(), |head| format!("{head}******"))
}

/// `***-1234`.
pub(crate) fn masked_account(number: &str) -> String {
    let tail = number.len().checked_sub(4).and_then(|at| number.get(at..)).unwrap_or("");
    format!("***-{tail}")
}

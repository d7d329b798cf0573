//! The wires out of a node: to the institutions, which the sandbox plays, and to the endpoints of webhooks. A question
//! goes its own way: it may arrive long after whoever asked has given up, or has ended.

use super::plan::Whom;
use super::way::Life;
use super::world::World;
use async_trait::async_trait;
use axum::body::{Body, Bytes};
use axum::http;
use http_body_util::BodyExt;
use ingam_connectors::{Broken, Wire};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tower::ServiceExt;

/// How long it takes until a connection to nobody is given up: the connectors' own limit.
const NOBODY_THERE: Duration = Duration::from_millis(2_000);

/// More than a connector reads of any answer.
const MOST_BYTES: usize = 128 * 1024;
/// Longer than any caller waits: nobody hears what comes later.
const LONGEST_ANSWER: Duration = Duration::from_secs(30);

/// To the issuer and the banks.
pub(super) struct InstitutionWire {
    pub(super) world: Arc<World>,
    pub(super) node: usize,
    pub(super) life: Arc<Life>,
}

/// What a question arrives with.
pub(super) struct Question {
    pub(super) path: String,
    pub(super) body: Bytes,
}

#[async_trait]
impl Wire for InstitutionWire {
    async fn send(&self, request: reqwest::Request) -> Result<reqwest::Response, Broken> {
        self.life.goes_on().await;
        let question = Question {
            path: request.url().path().to_owned(),
            body: Bytes::copy_from_slice(
                request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default(),
            ),
        };
        let whom = match question.path.as_str() {
            "/oauth/token" | "/status/idcard" => Whom::Issuer,
            _ => Whom::Banks,
        };
        let (world, dice) = (self.world.clone(), &self.world.dice);
        if world.apart(self.node, whom) {
            tokio::time::sleep(NOBODY_THERE).await;
            return Err(Broken::Unreachable);
        }
        let storms = world.storms();
        let ways = if storms { world.plan.wire } else { Default::default() };
        if dice.chance(ways.crash_ppm) {
            world.crash(self.node, &format!("on its way to {}", question.path));
        }
        self.life.goes_on().await;
        let leg = || match dice.chance(ways.stuck_ppm) {
            true => dice.between(3_000, 30_000),
            false => dice.below(ways.wait_ms + 1),
        };
        let (there_ms, back_ms) = (leg(), leg());
        let (lost, unheard, dies) =
            (dice.chance(ways.lost_ppm), dice.chance(ways.unheard_ppm), dice.chance(ways.crash_ppm));
        world.tell_node(
            self.node,
            format!("asks {}{}", question.path, if lost { ", which never arrives" } else { "" }),
        );
        let asked = to_http(&request, &question).map_err(|_| Broken::Unreachable)?;
        let (answer, answered) = oneshot::channel();
        let waits = self.world.busy();
        tokio::spawn(async move {
            let under_way = world.busy();
            tokio::time::sleep(Duration::from_millis(there_ms)).await;
            if lost {
                return;
            }
            drop(under_way);
            world.arrives(&question);
            let response = match world.institutions.clone().oneshot(asked).await {
                Ok(response) => response,
                Err(never) => match never {},
            };
            let (parts, body) = response.into_parts();
            let Some(bytes) = read(body).await else { return };
            world.answered(&question, parts.status, &bytes);
            tokio::time::sleep(Duration::from_millis(back_ms)).await;
            if !unheard {
                // Whoever asked may have gone away.
                let _ = answer.send(http::Response::from_parts(parts, reqwest::Body::from(bytes)));
            }
        });
        let answer = answered.await;
        drop(waits);
        self.life.goes_on().await;
        if dies {
            self.world.crash(self.node, "on its way back from an institution");
            self.life.goes_on().await;
        }
        answer.map(reqwest::Response::from).map_err(|_| Broken::Cut)
    }
}

fn to_http(request: &reqwest::Request, question: &Question) -> Result<http::Request<Body>, http::Error> {
    let mut asked = http::Request::builder().method(request.method()).uri(&question.path);
    for (name, value) in request.headers() {
        asked = asked.header(name, value);
    }
    asked.body(Body::from(question.body.clone()))
}

/// Reads an answer as it comes: whole, or as much as any client would take; nothing where the line breaks first.
async fn read(body: Body) -> Option<Bytes> {
    let mut body = body;
    let mut bytes = Vec::new();
    let reading = async {
        while let Some(frame) = body.frame().await {
            let Ok(data) = frame.ok()?.into_data() else { continue };
            bytes.extend_from_slice(&data);
            if bytes.len() > MOST_BYTES {
                break;
            }
        }
        Some(())
    };
    tokio::time::timeout(LONGEST_ANSWER, reading).await.ok()??;
    Some(bytes.into())
}

/// To the endpoints of webhooks.
pub(super) struct HookWire {
    pub(super) world: Arc<World>,
    pub(super) life: Arc<Life>,
}

#[async_trait]
impl Wire for HookWire {
    async fn send(&self, request: reqwest::Request) -> Result<reqwest::Response, Broken> {
        self.life.goes_on().await;
        let id = request.headers().get("webhook-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
        let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default();
        let dice = &self.world.dice;
        let ways = if self.world.storms() { self.world.plan.web } else { Default::default() };
        tokio::time::sleep(Duration::from_millis(dice.below(ways.wait_ms + 1))).await;
        if dice.chance(ways.lost_ppm) {
            return Err(Broken::Unreachable);
        }
        self.world.hook(id, body);
        if dice.chance(ways.unheard_ppm) {
            return Err(Broken::Cut);
        }
        self.life.goes_on().await;
        let refused = self.world.storms() && dice.chance(50_000);
        let status = if refused { http::StatusCode::SERVICE_UNAVAILABLE } else { http::StatusCode::OK };
        let mut answer = http::Response::new(reqwest::Body::default());
        *answer.status_mut() = status;
        Ok(reqwest::Response::from(answer))
    }
}

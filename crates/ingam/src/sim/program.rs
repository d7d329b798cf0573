//! An institution's program: opens verifications, hands the links to persons, asks how it goes, takes a request back.

use super::node::{self, NoAnswer, Reply};
use super::person;
use super::plan::Visit;
use super::world::World;
use axum::body::Body;
use axum::http::{Method, Request, header};
use ingam_cases::institution::Profile;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Where its webhooks go.
const HOOKS: &str = "https://bank.example/hooks/ingam";
/// So often it tries to open one verification.
const TRIES: u32 = 60;

/// The institution.
pub(super) struct Program {
    secret: String,
    policy: String,
}

impl Program {
    /// Makes the institution with its key, its policy and its endpoint, before any fault.
    pub(super) async fn set_up(world: &Arc<World>) -> Result<Self, String> {
        let app = world.nodes[0].app().ok_or("no node stands")?;
        let profile = Profile { name: "새솔은행".into(), phone: "1588-0000".into(), hours: None };
        let id = app.create_institution(profile).await.map_err(|e| e.to_string())?;
        let (_, secret) = app.add_key(&id, "first").await.map_err(|e| e.to_string())?;
        let program = Self { secret, policy: String::new() };
        let policy = ingam_cases::policy::Policy::id_and_account("기본", "비대면 계좌 만들기");
        let policy = serde_json::to_value(policy).map_err(|e| e.to_string())?;
        let policy = program.make(world, "/v1/policies", &policy).await?;
        program.make(world, "/v1/webhook_endpoints", &json!({ "url": HOOKS })).await?;
        let policy = policy["id"].as_str().unwrap_or_default().to_owned();
        Ok(Self { policy, ..program })
    }

    async fn make(&self, world: &Arc<World>, path: &str, what: &Value) -> Result<Value, String> {
        match self.call(world, Method::POST, path, Some(what), None).await {
            Ok(reply) if reply.status.as_u16() == 201 => Ok(reply.json()),
            Ok(reply) => Err(format!("{path}: {} {}", reply.status, reply.text)),
            Err(NoAnswer) => Err(format!("{path}: no answer")),
        }
    }

    async fn call(
        &self,
        world: &Arc<World>,
        method: Method,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Result<Reply, NoAnswer> {
        let _busy = world.busy();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {}", self.secret));
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let request = match body {
            Some(json) => {
                request.header(header::CONTENT_TYPE, "application/json").body(Body::from(json.to_string()))
            }
            None => request.body(Body::empty()),
        };
        node::call(world, request.unwrap_or_default()).await
    }

    /// One visit from its opening to its end.
    pub(super) async fn serve(&self, world: &Arc<World>, index: usize, visit: &Visit) {
        {
            let _busy = world.busy();
            tokio::time::sleep(Duration::from_millis(visit.late_ms)).await;
        }
        let Some((case, url)) = self.open(world, index, visit).await else { return };
        let person = person::walk(world, visit, &case, &url);
        let cancel = async {
            if let Some(after_ms) = visit.cancelled_after_ms {
                tokio::time::sleep(Duration::from_millis(after_ms)).await;
                self.cancel(world, &case).await;
            }
        };
        tokio::join!(person, cancel);
        self.ask(world, &case).await;
    }

    /// Opens a verification: with a key the same request again and again, without one a new one each time.
    async fn open(&self, world: &Arc<World>, index: usize, visit: &Visit) -> Option<(String, String)> {
        let number = world.sandbox.catalogue().people.get(visit.card)?.number.clone();
        for attempt in 0..TRIES {
            let reference = match world.plan.keys {
                true => format!("visit-{index}"),
                false => format!("visit-{index}-{attempt}"),
            };
            world.judge.seen().numbers_of.insert(reference.clone(), number.clone());
            let key = world.plan.keys.then(|| format!("key-{index}"));
            let body = json!({ "policy": self.policy, "reference": reference });
            match self.call(world, Method::POST, "/v1/verifications", Some(&body), key.as_deref()).await {
                Ok(reply) if reply.status.as_u16() == 201 => {
                    let made = reply.json();
                    let text = |name: &str| made[name].as_str().unwrap_or_default().to_owned();
                    let (id, url) = (text("id"), text("url"));
                    world.tell("bank", format!("opens {id} as {reference} for person {}", visit.card + 1));
                    world.judge.told(&id, 1);
                    world.count("opened");
                    return Some((id, url));
                }
                Ok(reply) if reply.status.is_server_error() && world.excuses() => {
                    world.tell("bank", format!("opens {reference}: {}", reply.status.as_u16()));
                }
                Ok(reply) => {
                    world.fail(format!("opening {reference} is answered {} {}", reply.status, reply.text));
                    return None;
                }
                Err(NoAnswer) => world.tell("bank", format!("opens {reference}, and no answer comes")),
            }
            let _busy = world.busy();
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
        None
    }

    async fn cancel(&self, world: &Arc<World>, case: &str) {
        for _ in 0..TRIES {
            match self
                .call(world, Method::POST, &format!("/v1/verifications/{case}/cancel"), None, None)
                .await
            {
                Ok(reply) if !reply.status.is_server_error() => {
                    world.tell("bank", format!("cancels {case}: {}", reply.status.as_u16()));
                    return;
                }
                _ => tokio::time::sleep(Duration::from_millis(700)).await,
            }
        }
    }

    /// Asks how it went: what was acknowledged is there, and a result is there for whom was verified.
    async fn ask(&self, world: &Arc<World>, case: &str) {
        for _ in 0..TRIES {
            let path = format!("/v1/verifications/{case}");
            match self.call(world, Method::GET, &path, None, None).await {
                Ok(reply) if reply.status.as_u16() == 200 => {
                    let verified = reply.json()["status"] == "verified";
                    if !verified || self.result(world, case).await {
                        return;
                    }
                }
                Ok(reply) if !reply.status.is_server_error() => {
                    world.fail(format!("{case} was acknowledged and is answered {}", reply.status));
                    return;
                }
                _ => {}
            }
            tokio::time::sleep(Duration::from_millis(700)).await;
        }
    }

    async fn result(&self, world: &Arc<World>, case: &str) -> bool {
        let path = format!("/v1/verifications/{case}/result?reason=open_account");
        match self.call(world, Method::GET, &path, None, None).await {
            Ok(reply) if reply.status.as_u16() == 200 => true,
            Ok(reply) if !reply.status.is_server_error() => {
                world.fail(format!("the result of {case} is answered {} {}", reply.status, reply.text));
                true
            }
            _ => false,
        }
    }
}

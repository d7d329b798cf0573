//! An institution's receiver of webhooks: notes what arrives, once it is signed right.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// What arrived.
#[derive(Clone, Default)]
pub struct Hook(Arc<Mutex<Arrived>>);

#[derive(Default)]
struct Arrived {
    secret: Option<String>,
    /// Bodies by the message's id.
    bodies: BTreeMap<String, Vec<u8>>,
    wrong: Vec<String>,
}

impl Hook {
    /// Listens; answers itself and its address.
    pub async fn listen() -> (Self, String) {
        let hook = Self::default();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let router = Router::new().route("/hook", post(arrive)).with_state(hook.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        (hook, url)
    }

    /// The endpoint's secret. What comes before it is known is asked for again.
    pub fn trust(&self, secret: &str) {
        self.0.lock().unwrap().secret = Some(secret.to_owned());
    }

    /// The bodies by the message's id.
    pub fn bodies(&self) -> BTreeMap<String, Vec<u8>> {
        let arrived = self.0.lock().unwrap();
        assert!(arrived.wrong.is_empty(), "{:?}", arrived.wrong);
        arrived.bodies.clone()
    }
}

async fn arrive(State(hook): State<Hook>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let mut arrived = hook.0.lock().unwrap();
    let Some(secret) = arrived.secret.clone() else { return StatusCode::SERVICE_UNAVAILABLE };
    let id = headers.get("webhook-id").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
    if standardwebhooks::Webhook::new(&secret).unwrap().verify(&body, &headers).is_err() {
        arrived.wrong.push(format!("{id} is not signed"));
        return StatusCode::UNAUTHORIZED;
    }
    let before = arrived.bodies.insert(id.clone(), body.to_vec());
    if before.is_some_and(|before| before != body) {
        arrived.wrong.push(format!("{id} came again with another body"));
    }
    StatusCode::NO_CONTENT
}

//! A browser as far as the pages need one: it keeps cookies by path, and sends forms as a program does.

use super::node::{self, NoAnswer, Reply};
use super::world::World;
use axum::body::Body;
use axum::http::{Method, Request, header};
use std::sync::Arc;

/// A browser.
pub(super) struct Browser {
    world: Arc<World>,
    /// Path, name, value.
    cookies: Vec<(String, String, String)>,
}

impl Browser {
    pub(super) fn new(world: Arc<World>) -> Self {
        Self { world, cookies: vec![] }
    }

    /// A request with this browser's cookies. `json`: the answer is wanted as a program reads it.
    pub(super) fn request(&self, method: Method, path: &str, json: bool, body: &[u8]) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(path).header("sec-fetch-site", "same-origin");
        if json {
            request = request.header(header::ACCEPT, "application/json");
        }
        let plain = path.split('?').next().unwrap_or_default();
        for (at, name, value) in &self.cookies {
            if plain.starts_with(at.as_str()) {
                request = request.header(header::COOKIE, format!("{name}={value}"));
            }
        }
        // Every part of it is written here or came from the program itself.
        request.body(Body::from(body.to_vec())).unwrap_or_default()
    }

    /// Sends it and keeps the cookies of the answer.
    pub(super) async fn send(&mut self, request: Request<Body>) -> Result<Reply, NoAnswer> {
        let reply = node::call(&self.world, request).await?;
        for set in reply.headers.get_all(header::SET_COOKIE) {
            let Some((pair, rest)) = set.to_str().unwrap_or_default().split_once("; Path=") else { continue };
            let Some((name, value)) = pair.split_once('=') else { continue };
            let at = rest.split(';').next().unwrap_or_default();
            self.cookies.retain(|(a, n, _)| (a.as_str(), n.as_str()) != (at, name));
            self.cookies.push((at.to_owned(), name.to_owned(), value.to_owned()));
        }
        Ok(reply)
    }

    /// Looks at a page.
    pub(super) async fn get(&mut self, path: &str, json: bool) -> Result<Reply, NoAnswer> {
        self.send(self.request(Method::GET, path, json, b"")).await
    }

    /// Sends a form.
    pub(super) async fn post(&mut self, path: &str, form: &str) -> Result<Reply, NoAnswer> {
        self.send(self.request(Method::POST, path, true, form.as_bytes())).await
    }
}

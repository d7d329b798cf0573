//! HTTP as a browser or an institution's program speaks it: no redirects behind one's back, cookies by hand.

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, RequestBuilder, Response};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// A client.
pub(super) fn client() -> Result<Client, String> {
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        .build()
        .map_err(|e| e.to_string())
}

/// The cookies of a browser, by path and name; what is sent is chosen by the path (RFC 6265 §5.4).
#[derive(Default)]
pub(super) struct Jar(BTreeMap<(String, String), String>);

impl Jar {
    /// Keeps what an answer sets.
    pub(super) fn keep(&mut self, answer: &Response) {
        for header in answer.headers().get_all(SET_COOKIE) {
            let Ok(text) = header.to_str() else { continue };
            let mut parts = text.split(';').map(str::trim);
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { continue };
            let path = parts.find_map(|part| part.strip_prefix("Path=")).unwrap_or("/");
            self.0.insert((path.to_owned(), name.to_owned()), value.to_owned());
        }
    }

    /// Adds what belongs to a path.
    pub(super) fn add(&self, request: RequestBuilder, to: &str) -> RequestBuilder {
        let fits = |path: &str| {
            to.strip_prefix(path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || path.ends_with('/'))
        };
        let pairs: Vec<String> = self
            .0
            .iter()
            .filter(|((path, _), _)| fits(path))
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        if pairs.is_empty() { request } else { request.header(COOKIE, pairs.join("; ")) }
    }
}

/// Sends and takes only a status that says yes (2xx or 303).
///
/// # Errors
/// What was asked for and what came, without the body: it may name a person.
pub(super) async fn send(what: &str, request: RequestBuilder) -> Result<Response, String> {
    let answer = request.send().await.map_err(|e| format!("{what}: {}", e.without_url()))?;
    let status = answer.status();
    if status.is_success() || status == reqwest::StatusCode::SEE_OTHER {
        return Ok(answer);
    }
    let code = answer.json::<Value>().await.ok().and_then(|v| v["code"].as_str().map(str::to_owned));
    Err(format!("{what}: {status} {}", code.unwrap_or_default()))
}

/// The answer as JSON.
///
/// # Errors
/// As [`send`], and where it is no JSON.
pub(super) async fn json(what: &str, request: RequestBuilder) -> Result<Value, String> {
    send(what, request).await?.json().await.map_err(|_| format!("{what}: not JSON"))
}

/// Where an answer leads.
pub(super) fn location(answer: &Response) -> Option<String> {
    answer.headers().get(LOCATION)?.to_str().ok().map(str::to_owned)
}

/// A form with one file (RFC 7578).
pub(super) fn file_form(name: &str, file: &str, kind: &str, bytes: &[u8]) -> (String, Vec<u8>) {
    let boundary = "ingam-demo-7f3a1c5e9b";
    let mut body = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\nContent-Type: {kind}\r\n\r\n"
    )
    .into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// The values of a page's fields, by name; enough for our own pages, which quote every attribute.
pub(super) fn fields(html: &str) -> BTreeMap<String, String> {
    let attribute = |tag: &str, name: &str| {
        let from = tag.find(&format!(" {name}=\""))? + name.len() + 3;
        Some(tag[from..].split('"').next()?.to_owned())
    };
    html.split("<input")
        .skip(1)
        .filter_map(|rest| {
            let tag = rest.split('>').next()?;
            Some((attribute(tag, "name")?, attribute(tag, "value").unwrap_or_default()))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_with_their_values() {
        let html = r#"<input id="name" name="name" value="김민수" form="check"><p>a</p><input name="code" required>"#;
        let found = fields(html);
        assert_eq!(found["name"], "김민수");
        assert_eq!(found["code"], "");
    }

    #[test]
    fn a_cookie_goes_where_its_path_is() {
        let mut jar = Jar::default();
        jar.0.insert(("/v/ver_1".into(), "s".into()), "1".into());
        jar.0.insert(("/v/".into(), "d".into()), "2".into());
        let sent = |to: &str| {
            let request = client().unwrap().get(format!("http://127.0.0.1:1{to}"));
            let request = jar.add(request, to).build().unwrap();
            request.headers().get(COOKIE).map(|v| v.to_str().unwrap().to_owned())
        };
        assert_eq!(sent("/v/ver_1/state").as_deref(), Some("d=2; s=1"));
        assert_eq!(sent("/v/ver_12").as_deref(), Some("d=2"));
        assert_eq!(sent("/p/x"), None);
    }
}

//! Whoever speaks with the program over HTTP: an institution's server, a person's browser, and the desk of the
//! institutions outside.

use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, Method, RequestBuilder, redirect};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Where the program is reached; changes when it is started again.
#[derive(Clone, Default)]
pub struct Address(Arc<Mutex<String>>);

impl Address {
    /// It is reached here now.
    pub fn set(&self, url: &str) {
        *self.0.lock().unwrap() = url.to_owned();
    }

    /// A path at the program.
    pub fn of(&self, path: &str) -> String {
        format!("{}{path}", self.0.lock().unwrap())
    }
}

/// No whole answer came: whether anything happened is unknown.
#[derive(Debug)]
pub struct Lost;

/// A status and a body.
pub type Reply = Result<(u16, Value), Lost>;

fn http() -> Client {
    Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

async fn json_of(request: RequestBuilder) -> Reply {
    let answer = request.send().await.map_err(|_| Lost)?;
    let status = answer.status().as_u16();
    let bytes = answer.bytes().await.map_err(|_| Lost)?;
    Ok((status, serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
}

/// An institution's server.
#[derive(Clone)]
pub struct Institution {
    address: Address,
    http: Client,
    /// Its key.
    pub key: String,
}

impl Institution {
    /// With a key.
    pub fn new(address: Address, key: String) -> Self {
        Self { address, http: http(), key }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, self.address.of(path)).bearer_auth(&self.key)
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        json_of(self.request(Method::GET, path)).await
    }

    /// POST under an idempotency key.
    pub async fn post(&self, path: &str, body: &Value, once: &str) -> Reply {
        json_of(self.request(Method::POST, path).header("idempotency-key", once).json(body)).await
    }

    /// POST that must succeed: for setting a stage.
    pub async fn made(&self, path: &str, body: &Value) -> Value {
        let (status, made) = self.post(path, body, &format!("made-{path}")).await.unwrap();
        assert_eq!(status, 201, "{made:#}");
        made
    }

    /// Saves the policy that the demo has: ID and 1 won, with both consents. Answers its id.
    pub async fn policy(&self) -> String {
        let policy = json!({
            "name": "기본",
            "purpose": "비대면 계좌 만들기",
            "steps": [
                { "step": "id_document", "documents": ["resident"], "sources": ["camera"] },
                { "step": "existing_account" },
            ],
            "consents": [
                { "text_id": "consent.identity", "required": true },
                { "text_id": "consent.issuer_and_bank", "required": true },
            ],
        });
        self.made("/v1/policies", &policy).await["id"].as_str().unwrap().to_owned()
    }

    /// Every object of a list, over all its pages.
    pub async fn all(&self, list: &str) -> Vec<Value> {
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let (status, page) = self.get(&format!("{list}?limit=100{cursor}")).await.unwrap();
            assert_eq!(status, 200, "{page:#}");
            let data = page["data"].as_array().unwrap();
            all.extend(data.iter().cloned());
            match page["next_cursor"].as_str() {
                // The list of events always has a next page, which is empty at its end.
                Some(next) if !data.is_empty() => cursor = format!("&cursor={next}"),
                _ => return all,
            }
        }
    }
}

/// A person's browser at one verification.
pub struct Person {
    address: Address,
    http: Client,
    /// What the browser keeps: its session and its device.
    pub cookies: String,
    /// The page's path, `/v/ver_…`.
    pub page: String,
    /// Where the browser stands, as a proxy in front of the program says.
    pub from: String,
}

impl Person {
    /// Follows a link: any address that ends with `/p/` and a token.
    pub async fn open(address: &Address, link: &str) -> Result<Self, Lost> {
        let path = &link[link.find("/p/").expect("a person's link")..];
        let http = http();
        let mut answer = http.get(address.of(path)).send().await.map_err(|_| Lost)?;
        if answer.status() == 200 {
            // The page is open in another browser, as far as the program knows: the answer that brought the
            // session got lost. The person goes on here.
            let here = address.of(&format!("{path}/take_over"));
            answer = http.post(here).send().await.map_err(|_| Lost)?;
        }
        let page = answer.headers().get(LOCATION).and_then(|v| v.to_str().ok()).ok_or(Lost)?.to_owned();
        let mut cookies: Vec<&str> = answer
            .headers()
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok()?.split(';').next())
            .collect();
        cookies.sort_unstable();
        cookies.dedup();
        Ok(Self {
            address: address.clone(),
            cookies: cookies.join("; "),
            http,
            page,
            from: "127.0.0.1".into(),
        })
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, self.address.of(&format!("{}{path}", self.page)));
        request
            .header(COOKIE, &self.cookies)
            .header("accept", "application/json")
            .header("x-forwarded-for", &self.from)
    }

    /// A form.
    pub async fn send(&self, action: &str, form: &[(&str, &str)]) -> Reply {
        json_of(self.request(Method::POST, &format!("/{action}")).form(form)).await
    }

    /// A picture of the camera; the same upload again is the same picture.
    pub async fn picture(&self, jpeg: &[u8], upload: &str) -> Reply {
        let request = self.request(Method::POST, "/card").header("content-type", "image/jpeg");
        json_of(request.header("ingam-upload", upload).body(jpeg.to_vec())).await
    }

    /// Which screen, and which version of the case.
    pub async fn state(&self) -> Result<(String, u64), Lost> {
        let (status, state) = json_of(self.request(Method::GET, "/state")).await?;
        match (status, state["screen"].as_str(), state["version"].as_u64()) {
            (200, Some(screen), Some(version)) => Ok((screen.to_owned(), version)),
            _ => Err(Lost),
        }
    }

    /// A page or a picture as bytes.
    pub async fn bytes(&self, path: &str) -> Result<(u16, Vec<u8>), Lost> {
        let answer = self.request(Method::GET, path).send().await.map_err(|_| Lost)?;
        let status = answer.status().as_u16();
        Ok((status, answer.bytes().await.map_err(|_| Lost)?.to_vec()))
    }
}

/// Someone in the sandbox's catalogue, with one of their accounts.
#[derive(Debug, Clone, Deserialize)]
pub struct Who {
    /// Their id there.
    pub id: String,
    /// The name as printed.
    pub name: String,
    /// Thirteen digits.
    pub number: String,
    /// The day of issue as printed.
    pub issued: String,
    /// Where 1 won can be sent.
    pub accounts: Vec<Account>,
}

/// An account in the catalogue.
#[derive(Debug, Clone, Deserialize)]
pub struct Account {
    /// Three digits.
    pub bank: String,
    /// Its number.
    pub number: String,
}

/// The desk of the institutions outside.
#[derive(Clone)]
pub struct Desk {
    url: String,
    http: Client,
}

impl Desk {
    /// At an address.
    pub fn at(url: &str) -> Self {
        Self { url: url.to_owned(), http: http() }
    }

    /// GET of JSON.
    pub async fn get(&self, path: &str) -> Value {
        self.http.get(format!("{}{path}", self.url)).send().await.unwrap().json().await.unwrap()
    }

    /// Someone in the catalogue.
    pub async fn who(&self, id: &str) -> Who {
        serde_json::from_value(self.get(&format!("/people/{id}")).await).unwrap()
    }

    /// A picture of somebody's card as a phone takes it.
    pub async fn photo(&self, id: &str) -> Vec<u8> {
        let url = format!("{}/people/{id}/photo.jpg?width=1200", self.url);
        let answer = self.http.get(url).send().await.unwrap();
        assert!(answer.status().is_success());
        answer.bytes().await.unwrap().to_vec()
    }

    /// The lines in an account's book, oldest first.
    pub async fn book(&self, account: &Account) -> Vec<Value> {
        let path = format!("/book?bank={}&account={}", account.bank, account.number);
        self.get(&path).await.as_array().unwrap().clone()
    }

    /// Sets a fault of an institution.
    pub async fn fault(&self, institution: &str, rule: &Value) {
        let request = self.http.put(format!("{}/faults/{institution}", self.url)).json(rule);
        assert!(request.send().await.unwrap().status().is_success());
    }

    /// What was counted.
    pub async fn counts(&self) -> Value {
        self.get("/counts").await
    }
}

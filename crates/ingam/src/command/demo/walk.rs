//! One whole verification, step by step, each with its time: as the institution's program and as the person's browser.

use super::line::{Jar, client, fields, file_form, json, location, send};
use ingam_cases::values::parse_date;
use reqwest::{Client, Method, RequestBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use std::path::Path;
use std::time::Duration;
use tokio::time::Instant;

/// Who is verified.
const PERSON: &str = "kim-minsu";
/// Between two looks at whether something has happened.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Where everything is: `DIR/sandbox.json`.
#[derive(Deserialize)]
pub(super) struct Places {
    base_url: String,
    api_key: String,
    pub(super) sandbox_url: String,
    policy_id: String,
}

impl Places {
    /// Reads the file.
    ///
    /// # Errors
    /// Where it is not there, or not as it should be.
    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(file).map_err(|e| format!("{}: {e}", file.display()))?;
        serde_json::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))
    }
}

/// The sandbox's catalogue, as far as the person knows it of themselves.
#[derive(Deserialize)]
struct Card {
    name: String,
    number: String,
    issued: String,
    accounts: Vec<Account>,
}

#[derive(Deserialize)]
struct Account {
    bank: String,
    number: String,
}

/// Someone who walks.
pub(super) struct Walk {
    places: Places,
    jar: Jar,
    page: String,
    id: String,
}

impl Walk {
    /// Before the first step.
    pub(super) fn begin(places: Places) -> Self {
        Self { places, jar: Jar::default(), page: String::new(), id: String::new() }
    }

    /// All steps.
    ///
    /// # Errors
    /// What did not go as it should, in words.
    pub(super) async fn whole(mut self) -> Result<(), String> {
        let http = client()?;
        let sandbox = self.places.sandbox_url.clone();
        let card: Value = json("the catalogue", http.get(format!("{sandbox}/people/{PERSON}"))).await?;
        let card: Card = serde_json::from_value(card).map_err(|e| format!("the catalogue: {e}"))?;
        let account = card.accounts.first().ok_or("the catalogue: no account")?;
        let photo = send("the photo", http.get(format!("{sandbox}/people/{PERSON}/photo.jpg"))).await?;
        let photo = photo.bytes().await.map_err(|e| e.to_string())?;
        let before = self.figures(&http).await?;
        let began = Instant::now();

        let step = Instant::now();
        self.open(&http).await?;
        said(step, "institution", &format!("opens {}", self.id));

        let step = Instant::now();
        self.post(&http, "safety", &[("told_to", "no")]).await?;
        self.post(&http, "consents", &[("answer", "agree")]).await?;
        self.until(&http, "camera").await?;
        said(step, "person", "opens the link, was told by nobody to do this, consents");

        let step = Instant::now();
        let (kind, body) = file_form("picture", "card.jpg", "image/jpeg", &photo);
        let sent = body.len();
        let to = format!("{}/card", self.page);
        let request = self.at(&http, Method::POST, &to).header("content-type", kind).body(body);
        send("handing in the picture", request).await?;
        self.until(&http, "check").await?;
        said(step, "person", &format!("hands in a photo of the card ({} kB); it is read", sent / 1_000));

        let step = Instant::now();
        let changed = self.confirm(&http, &card).await?;
        self.until(&http, "account").await?;
        let changed = match changed.as_slice() {
            [] => "everything was read right".to_owned(),
            fields => format!("put right: {}", fields.join(", ")),
        };
        said(step, "person", &format!("confirms it ({changed}); the issuer says that it is valid"));

        let step = Instant::now();
        let given = [("bank", account.bank.as_str()), ("account_number", account.number.as_str())];
        self.post(&http, "account", &given).await?;
        self.until(&http, "code").await?;
        let code = self.code_in_book(&http, account).await?;
        said(step, "person", "names an account; the bank books 1 won");

        let step = Instant::now();
        self.post(&http, "code", &[("code", &code)]).await?;
        self.until(&http, "done").await?;
        said(step, "person", "types the code out of the bank's book");

        let step = Instant::now();
        self.told(&http).await?;
        said(step, "institution", "is told by a webhook, signed right: verification.verified");

        let step = Instant::now();
        let methods = self.result(&http, &card).await?;
        said(step, "institution", &format!("reads the result: {methods}"));

        let whole = began.elapsed().as_secs_f64();
        let after = self.figures(&http).await?;
        let outside = after.outside - before.outside;
        println!(
            "  verified in {whole:.2} s: {:.0} ms at institutions, {:.2} s of our own (reading {:.2} s)",
            outside * 1_000.0,
            whole - outside,
            after.reading - before.reading
        );
        Ok(())
    }

    async fn open(&mut self, http: &Client) -> Result<(), String> {
        let opening = json!({"policy": self.places.policy_id, "reference": PERSON});
        let request = self.by_key(http, Method::POST, "/v1/verifications").json(&opening);
        let opened = json("opening", request).await?;
        let text = |name: &str| opened[name].as_str().map(str::to_owned).ok_or(format!("opening: no {name}"));
        self.id = text("id")?;
        // On this machine, wherever the link leads a phone.
        let link = reqwest::Url::parse(&text("url")?).map_err(|e| format!("opening: {e}"))?;
        let answer = send("the person's link", self.at(http, Method::GET, link.path())).await?;
        self.jar.keep(&answer);
        self.page = location(&answer).ok_or("the person's link leads nowhere")?;
        Ok(())
    }

    /// Confirms the card as it is printed; tells which fields had been read otherwise.
    async fn confirm(&self, http: &Client, card: &Card) -> Result<Vec<String>, String> {
        let html = send("the page", self.at(http, Method::GET, &self.page)).await?.text().await;
        let read = fields(&html.map_err(|e| e.to_string())?);
        let printed = [("name", &card.name), ("resident_number", &card.number), ("issue_date", &card.issued)];
        // A day is written in several ways; it is the day that counts.
        let plain = |text: &str| match parse_date(text) {
            Ok(day) => day.to_string(),
            Err(_) => text.chars().filter(|c| c.is_alphanumeric()).collect(),
        };
        let changed: Vec<_> = printed
            .iter()
            .filter(|(name, value)| {
                read.get(*name).is_some_and(|r| !r.is_empty() && plain(r) != plain(value))
            })
            .map(|(name, _)| (*name).to_owned())
            .collect();
        let form: Vec<(&str, &str)> = printed.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.post(http, "confirm", &form).await?;
        Ok(changed)
    }

    async fn code_in_book(&self, http: &Client, account: &Account) -> Result<String, String> {
        let (bank, number) = (&account.bank, &account.number);
        let url = format!("{}/book?bank={bank}&account={number}", self.places.sandbox_url);
        let book = json("the bank's book", http.get(url)).await?;
        let line = book.as_array().and_then(|lines| lines.last()).ok_or("the bank's book is empty")?;
        Ok(line["print_content"].as_str().unwrap_or_default().to_owned())
    }

    /// Waits for the webhook that says how it ended.
    async fn told(&self, http: &Client) -> Result<(), String> {
        let url = format!("{}/studio/api/webhooks", self.places.base_url);
        loop {
            let arrived = json("webhooks", http.get(&url)).await?;
            let ours =
                arrived.as_array().into_iter().flatten().filter(|one| one["verification_id"] == *self.id);
            for one in ours {
                if one["signed"] != true {
                    return Err("a webhook arrived with a wrong signature".into());
                }
                if one["type"] == "verification.verified" {
                    return Ok(());
                }
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// Reads the result and compares it with the card.
    async fn result(&self, http: &Client, card: &Card) -> Result<String, String> {
        let path = format!("/v1/verifications/{}", self.id);
        let found = json("the verification", self.by_key(http, Method::GET, &path)).await?;
        if found["status"] != "verified" {
            return Err(format!("the verification is {}", found["status"]));
        }
        let path = format!("{path}/result?reason=demo");
        let result = json("the result", self.by_key(http, Method::GET, &path)).await?;
        if result["name"] != *card.name || result["issue_date"] != *card.issued {
            return Err("the result names someone else".into());
        }
        let methods: Vec<String> = found["methods"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|m| format!("{} by {}", text(&m["method"]), text(&m["by"])))
            .collect();
        Ok(methods.join(", "))
    }

    /// Waits until the page is at a screen.
    async fn until(&self, http: &Client, wanted: &str) -> Result<(), String> {
        loop {
            let state =
                json("the page's state", self.at(http, Method::GET, &format!("{}/state", self.page))).await?;
            let screen = text(&state["screen"]);
            if screen == wanted {
                return Ok(());
            }
            let on_the_way = ["working", "start", "consents", "pause"].contains(&screen)
                || (wanted == "check" && screen == "camera" && state["version"].as_u64().unwrap_or(0) < 2);
            if !on_the_way {
                return Err(format!("the page shows `{screen}` instead of `{wanted}`"));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    async fn post(&self, http: &Client, action: &str, form: &[(&str, &str)]) -> Result<(), String> {
        let to = format!("{}/{action}", self.page);
        send(action, self.at(http, Method::POST, &to).form(form)).await.map(|_| ())
    }

    /// A request of the person's browser.
    fn at(&self, http: &Client, method: Method, path: &str) -> RequestBuilder {
        let base = &self.places.base_url;
        self.jar.add(http.request(method, format!("{base}{path}")).header("origin", base), path)
    }

    /// A request of the institution's program.
    fn by_key(&self, http: &Client, method: Method, path: &str) -> RequestBuilder {
        http.request(method, format!("{}{path}", self.places.base_url)).bearer_auth(&self.places.api_key)
    }

    /// What the program itself measured so far, in seconds.
    async fn figures(&self, http: &Client) -> Result<Figures, String> {
        let answer = send("figures", http.get(format!("{}/metrics", self.places.base_url))).await?;
        let text = answer.text().await.map_err(|e| e.to_string())?;
        let sum = |name: &str, of: &str| -> f64 {
            text.lines()
                .filter(|line| line.starts_with(name) && line.contains(of))
                .filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok())
                .sum()
        };
        Ok(Figures {
            outside: sum("ingam_outside_seconds_sum", ""),
            reading: sum("ingam_task_seconds_sum", "kind=\"read_card\""),
        })
    }
}

struct Figures {
    outside: f64,
    reading: f64,
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn said(since: Instant, who: &str, what: &str) {
    println!("{:>6} ms  {who:<11}  {what}", since.elapsed().as_millis());
}

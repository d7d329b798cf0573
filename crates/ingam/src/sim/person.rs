//! A person at a verification, who does the one thing that the page asks for, and again where no answer came: with
//! slips, from another device, away for a while, or gone.

use super::browser::Browser;
use super::node::{self, NoAnswer, Reply};
use super::plan::Visit;
use super::world::World;
use axum::http::Method;
use ingam_sandbox::catalogue::Person;
use std::sync::Arc;
use std::time::Duration;

/// Far more than anybody needs, whatever fails.
const MOST_STEPS: u32 = 150;

/// Somebody at one verification.
struct Visitor<'w> {
    world: &'w Arc<World>,
    visit: &'w Visit,
    who: Person,
    case: String,
    /// The path of the link.
    link: String,
    browser: Browser,
    /// Pictures tried, to name each upload.
    pictures: u32,
    /// Codes that were typed.
    typed: Vec<String>,
}

/// Walks through a verification until it ends or the person gives up.
pub(super) async fn walk(world: &Arc<World>, visit: &Visit, case: &str, url: &str) {
    let Some(who) = world.sandbox.catalogue().people.get(visit.card).cloned() else { return };
    let mut visitor = Visitor {
        world,
        visit,
        who,
        case: case.to_owned(),
        link: url.strip_prefix(node::BASE_URL).unwrap_or(url).to_owned(),
        browser: Browser::new(world.clone()),
        pictures: 0,
        typed: vec![],
    };
    for step in 0..MOST_STEPS {
        if visit.gone == Some(step) {
            visitor.tell("leaves for good");
            return;
        }
        if let Some((after, for_ms)) = visit.leaves
            && after == step
        {
            visitor.tell(&format!("is away for {} s", for_ms / 1000));
            world.until(world.time.now_ms() + for_ms).await;
        }
        if visit.moves == Some(step) {
            visitor.tell("goes on with another device");
            visitor.browser = Browser::new(world.clone());
        }
        if visitor.step().await {
            return;
        }
    }
    visitor.tell("gives up");
}

impl Visitor<'_> {
    fn tell(&self, what: &str) {
        self.world.tell(format!("person {}", self.visit.card + 1), format!("{what} ({})", self.case));
    }

    /// Does what is next; true where there is nothing more to do.
    async fn step(&mut self) -> bool {
        let page = format!("/v/{}", self.case);
        let state = {
            let _busy = self.world.busy();
            self.browser.get(&format!("{page}/state"), true).await
        };
        let screen = match state {
            Ok(reply) if reply.status.is_success() => {
                let json = reply.json();
                self.told(&json);
                json["screen"].as_str().unwrap_or_default().to_owned()
            }
            Ok(reply) if reply.status.as_u16() == 404 => "elsewhere".to_owned(),
            _ => {
                let _busy = self.world.busy();
                self.pause(700).await;
                return false;
            }
        };
        match screen.as_str() {
            "done" | "stopped" | "refused" | "expired" | "cancelled" => {
                self.tell(&format!("is shown \"{screen}\""));
                return true;
            }
            "working" => self.pause(800).await,
            "pause" => self.pause(3_000).await,
            _ => {
                let _busy = self.world.busy();
                self.act(&page, &screen).await;
                let thinks_ms = self.world.dice.between(50, 1_500);
                tokio::time::sleep(Duration::from_millis(thinks_ms)).await;
            }
        }
        false
    }

    /// Waits without doing anything.
    async fn pause(&self, ms: u64) {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    async fn act(&mut self, page: &str, screen: &str) {
        let dice = self.world.dice.clone();
        if dice.chance(self.visit.looks_ppm)
            && let Ok(reply) = self.browser.get(page, false).await
            && reply.status.is_server_error()
            && !self.world.excuses()
        {
            self.world.fail(format!("the page {page} answers {} without a reason", reply.status));
        }
        let (path, body) = match screen {
            "elsewhere" => return self.open().await,
            "start" => ("safety", "told_to=no".to_owned()),
            "consents" => ("consents", "answer=agree".to_owned()),
            "camera" => return self.picture(page).await,
            "check" => ("confirm", self.confirm()),
            "account" => {
                let account = &self.who.accounts[0];
                ("account", form(&[("bank", &account.bank), ("account_number", &account.number)]))
            }
            "code" => match self.code() {
                Some(code) => {
                    let body = form(&[("code", &code)]);
                    let reply = self.send(Method::POST, &format!("{page}/code"), body.as_bytes(), None).await;
                    // Without an answer the same code is typed again.
                    if reply.is_ok() {
                        self.typed.push(code);
                    }
                    return self.hear("code", reply);
                }
                None => ("resend", String::new()),
            },
            "resend" => ("resend", String::new()),
            other => {
                self.world.fail(format!("a screen that nobody knows: {other}"));
                return;
            }
        };
        let reply = self.send(Method::POST, &format!("{page}/{path}"), body.as_bytes(), None).await;
        self.hear(path, reply);
    }

    /// Sends one request, or the same one twice at once.
    async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: &[u8],
        upload: Option<&str>,
    ) -> Result<Reply, NoAnswer> {
        let make = |browser: &Browser| {
            let mut request = browser.request(method.clone(), path, true, body);
            if let Some(value) = upload.and_then(|upload| upload.parse().ok()) {
                request.headers_mut().insert("ingam-upload", value);
            }
            request
        };
        if self.world.dice.chance(self.visit.twice_ppm) {
            self.tell("presses twice");
            let (world, twin) = (self.world.clone(), make(&self.browser));
            tokio::spawn(async move {
                let _busy = world.busy();
                let _ = node::call(&world, twin).await;
            });
        }
        let request = make(&self.browser);
        self.browser.send(request).await
    }

    /// What came of an act.
    fn hear(&mut self, what: &str, reply: Result<Reply, NoAnswer>) {
        match reply {
            Ok(reply) if reply.status.is_success() => {
                let json = reply.json();
                self.told(&json);
                let result = json["result"]["code"].as_str().unwrap_or_default().to_owned();
                self.tell(&format!("sends {what}: {} {result}", json["screen"].as_str().unwrap_or("?")));
            }
            Ok(reply) => {
                let code = reply.json()["code"].as_str().unwrap_or_default().to_owned();
                self.tell(&format!("sends {what}: {} {code}", reply.status.as_u16()));
                if reply.status.is_server_error() && !self.world.excuses() {
                    self.world.fail(format!("{what} is answered {} without a reason", reply.status));
                }
            }
            Err(NoAnswer) => self.tell(&format!("sends {what}, and no answer comes")),
        }
    }

    /// What an answer says of the case holds from now on.
    fn told(&self, json: &serde_json::Value) {
        if let Some(version) = json["version"].as_u64() {
            self.world.judge.told(&self.case, version);
        }
    }

    /// Opens the link; takes the page over where another browser has it.
    async fn open(&mut self) {
        let link = self.link.clone();
        match self.browser.get(&link, false).await {
            Ok(reply) if reply.status.is_redirection() => self.tell("opens the link"),
            Ok(reply) if reply.status.is_success() => {
                let taken = self.browser.post(&format!("{link}/take_over"), "").await;
                self.tell(&format!("takes the page over: {}", taken.map_or(0, |r| r.status.as_u16())));
            }
            Ok(reply) => self.tell(&format!("opens the link: {}", reply.status.as_u16())),
            Err(NoAnswer) => self.tell("opens the link, and no answer comes"),
        }
    }

    async fn picture(&mut self, page: &str) {
        let upload = format!("upload-{}", self.pictures);
        let path = format!("{page}/card");
        let reply = self.send(Method::POST, &path, b"a picture of a card", Some(&upload)).await;
        // Without an answer the same picture is sent again under the same name.
        self.pictures += u32::from(reply.is_ok());
        self.hear("a picture", reply);
    }

    fn confirm(&self) -> String {
        let dice = &self.world.dice;
        let wrong = dice.chance(self.visit.wrong_day_ppm);
        let days = if wrong { dice.between(1, 300) as i64 } else { 0 };
        let issued = self.who.issued.saturating_add(jiff::Span::new().days(days)).to_string();
        form(&[("name", &self.who.name), ("resident_number", &self.who.number), ("issue_date", &issued)])
    }

    /// The newest code in the book that was not typed yet; a wrong one now and then; none where all were typed.
    fn code(&self) -> Option<String> {
        if self.world.dice.chance(self.visit.wrong_code_ppm) {
            return Some("가가가가".to_owned());
        }
        let account = &self.who.accounts[0];
        let book = self.world.sandbox.book(Some((&account.bank, &account.number)));
        if book.is_empty() {
            let why = format!("{} waits for a code, and no won was ever sent", self.case);
            self.world.fail(why);
        }
        book.into_iter().rev().map(|line| line.print_content).find(|code| !self.typed.contains(code))
    }
}

fn form(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

//! Staff from outside: invited on the command line, set up and signed in over real HTTP, with the log at its most
//! talkative. Nothing that names them or lets somebody in as them stands in clear.

use crate::privacy::{Mark, Search};
use crate::support::Stage;
use crate::support::client::Institution;
use ingam_cases::otp::{self, Form, OtpSecret, Step};
use reqwest::header::{COOKIE, LOCATION, SET_COOKIE};
use reqwest::{Client, RequestBuilder, redirect};
use std::collections::BTreeMap;

const NAME: &str = "표본아람";
const LOGIN: &str = "pyobon.aram";
const PASSWORD: &str = "blue-whale-7!";
const WRONG: &str = "grey-shark-6?";

/// A browser that keeps cookies.
struct Browser<'s> {
    stage: &'s Stage,
    http: Client,
    cookies: BTreeMap<String, String>,
}

struct Page {
    status: u16,
    to: String,
    text: String,
}

impl Browser<'_> {
    async fn ask(&mut self, request: RequestBuilder) -> Page {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let answer = request.header(COOKIE, pairs.join("; ")).send().await.unwrap();
        for set in answer.headers().get_all(SET_COOKIE) {
            let (name, value) = set.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            if !value.is_empty() {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let to = answer.headers().get(LOCATION).map_or("", |v| v.to_str().unwrap()).to_owned();
        Page { status: answer.status().as_u16(), to, text: answer.text().await.unwrap() }
    }

    async fn get(&mut self, path: &str) -> Page {
        let request = self.http.get(self.stage.address.of(path));
        self.ask(request).await
    }

    async fn send(&mut self, page: &Page, path: &str, fields: &[(&str, &str)]) -> Page {
        let (_, token) = page.text.split_once("name=\"form\" value=\"").unwrap();
        let token = token.split('"').next().unwrap();
        let form = [&[("form", token)][..], fields].concat();
        let request = self.http.post(self.stage.address.of(path)).form(&form);
        self.ask(request).await
    }

    /// The part of a cookie that proves something.
    fn proof(&self, name: &str) -> Mark {
        let value = self.cookies[name].rsplit('.').next().unwrap().to_owned();
        Mark { what: name.to_owned(), value }
    }
}

/// What a device shows, so many steps from now. The proof has the machine's own clock, as the program has.
#[allow(clippy::disallowed_methods)]
fn code(secret: &OtpSecret, steps: i64) -> String {
    let step = Step::Thirty.at(jiff::Timestamp::now()).saturating_add_signed(steps);
    otp::generate(secret, Form::COMMON, step).expose().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_that_names_or_lets_in_staff_stands_in_clear() {
    let stage = Stage::set("filter = \"trace\"").await;
    let said = async |words: &[&str]| {
        let (code, out, err) = stage.run(words).await;
        assert_eq!(code, 0, "{words:?}: {err}");
        out.trim().to_owned()
    };
    let id = said(&["institution", "create", "--name", "새솔은행", "--phone", "1588-0000"]).await;
    let add = ["institution", "staff-add", "--institution", &id, "--name", NAME, "--login", LOGIN];
    let link = said(&[&add[..], &["--role", "administrator", "--role", "reviewer"]].concat()).await;
    let (bad, _, why) = stage.run(&[&add[..], &["--role", "owner"]].concat()).await;
    assert_eq!(bad, 64, "{why}");
    let (taken, _, why) = stage.run(&[&add[..], &["--role", "agent"]].concat()).await;
    assert!(taken == 65 && why.contains("login_taken"), "{why}");
    let key = said(&["key", "create", "--institution", &id]).await;
    let bank = Institution::new(stage.address.clone(), key);
    let link = link.strip_prefix("http://ingam.test").expect("the address that the settings name");

    let server = stage.start().await;
    let http = Client::builder().no_proxy().redirect(redirect::Policy::none()).build().unwrap();
    let mut browser = Browser { stage: &stage, http, cookies: BTreeMap::new() };
    let page = browser.get(link).await;
    let (_, shown) = page.text.split_once("class=\"secret\">").unwrap();
    let shown = shown.split("</p>").next().unwrap().replace("<span>", "").replace("</span>", "");
    let secret = OtpSecret::parse(&shown).unwrap();
    let first = code(&secret, 0);
    let done = browser.send(&page, link, &[("password", PASSWORD), ("code", &first)]).await;
    assert_eq!((done.status, done.to.as_str()), (303, "/console?at=ready"), "{}", done.text);

    let door = browser.get("/console").await;
    for (login, password) in [(LOGIN, WRONG), (NAME, WRONG), ("somebody.else", PASSWORD)] {
        let fields = [("login", login), ("password", password)];
        assert_eq!(browser.send(&door, "/console/sign_in", &fields).await.status, 422);
    }
    let fields = [("login", LOGIN), ("password", PASSWORD)];
    assert_eq!(browser.send(&door, "/console/sign_in", &fields).await.to, "/console/code");
    let page = browser.get("/console/code").await;
    assert_eq!(browser.send(&page, "/console/code", &[("code", &first)]).await.status, 422, "used");
    // That of the next step, which is taken already: nothing hangs on when a step ends.
    let second = code(&secret, 1);
    let entered = browser.send(&page, "/console/code", &[("code", &second)]).await;
    assert_eq!((entered.status, entered.to.as_str()), (303, "/console"), "{}", entered.text);
    assert!(browser.get("/console").await.text.contains(NAME), "to herself she has her name");
    let (status, listed) = bank.get("/v1/staff?reason=monthly_review").await.unwrap();
    assert_eq!((status, listed["data"][0]["name"].as_str()), (200, Some(NAME)));
    let figures = reqwest::get(stage.address.of("/metrics")).await.unwrap().text().await.unwrap();
    server.stop().await;
    stage.audit().await;

    let mark = |what: &str, value: &str| Mark { what: what.to_owned(), value: value.to_owned() };
    let search = Search::for_marks(vec![
        mark("the name", NAME),
        mark("the login", LOGIN),
        mark("the password", PASSWORD),
        mark("a wrong password", WRONG),
        mark("a login of nobody's", "somebody.else"),
        mark("the secret", &secret.expose()),
        mark("a code", &format!("code={first}")),
        mark("a code", &format!("code={second}")),
        mark("the setup link", link.rsplit('.').next().unwrap()),
        browser.proof("ingam_console"),
        browser.proof("ingam_console_attempt"),
    ]);
    let mut found = search.found("/metrics", figures.as_bytes());
    let logs = stage.logs();
    let log: Vec<_> = logs.iter().filter(|(path, _)| path.to_str().unwrap().contains("serve-")).collect();
    assert!(log.iter().any(|(_, bytes)| bytes.windows(7).any(|word| word == b"\"TRACE\"")));
    for (path, bytes) in log {
        found.extend(search.found(&path.display().to_string(), bytes));
    }
    search.in_folder(&stage.dir.path().join("disk"), &mut found);
    assert!(found.is_empty(), "{} in clear:\n{}", found.len(), found.join("\n"));
}

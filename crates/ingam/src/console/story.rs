//! The console over real HTTP, as a browser without scripts walks it.

use crate::flow::door::KNOCK;
use crate::testing::{Caller, Program};
use axum::http::Method;
use ingam_cases::otp::{self, Form, OtpSecret, Step};
use ingam_cases::staff::Event;
use jiff::SignedDuration;
use metrics_exporter_prometheus::PrometheusBuilder;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use tokio::net::TcpListener;

const NAME: &str = "표본아";
const LOGIN: &str = "pyobon.a";
const PASSWORD: &str = "blue-whale-7!";

/// The whole program, listening.
pub(super) struct House {
    pub(super) program: Program,
    pub(super) caller: Caller,
    url: String,
}

impl House {
    pub(super) async fn open() -> Self {
        let program = Program::new().await;
        let caller = program.institution("새솔은행").await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let figures = PrometheusBuilder::new().build_recorder().handle();
        let router = crate::serve::router(&program.app, figures, false);
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { program, caller, url }
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> Value {
        self.program.call(&self.caller, Method::POST, path, Some(body), &[]).await.json()
    }

    /// Invites somebody; answers the id and the setup link's path.
    async fn invites(&self, login: &str, roles: &[&str]) -> (String, String) {
        let body = json!({ "name": NAME, "login": login, "roles": roles });
        let invited = self.post("/v1/staff", body).await;
        let link = invited["setup_url"].as_str().unwrap();
        (invited["id"].as_str().unwrap().to_owned(), link[link.find("/console").unwrap()..].to_owned())
    }

    async fn status(&self, id: &str) -> Value {
        self.program.get(&self.caller, &format!("/v1/staff/{id}")).await.expect(200)["status"].clone()
    }

    pub(super) fn waits(&self, by: SignedDuration) {
        let clock = &self.program.app.clock;
        clock.move_to(clock.moved_ms() + by.as_millis() as i64);
    }

    /// What a device shows, so many steps from now.
    fn code(&self, secret: &OtpSecret, steps: i64) -> String {
        let step = Step::Thirty.at(self.program.app.now()).saturating_add_signed(steps);
        otp::generate(secret, Form::COMMON, step).expose().to_owned()
    }

    fn browser(&self) -> Browser {
        let none = reqwest::redirect::Policy::none();
        let http = reqwest::Client::builder().no_proxy().redirect(none).build().unwrap();
        Browser { http, url: self.url.clone(), cookies: BTreeMap::new(), language: "ko" }
    }

    /// Somebody who has set everything up.
    pub(super) async fn set_up(&self, login: &str, roles: &[&str]) -> (String, OtpSecret) {
        let (id, link) = self.invites(login, roles).await;
        let mut browser = self.browser();
        let page = browser.get(&link).await;
        let secret = secret_on(&page);
        // This step's, which is still taken in the next one; whoever signs in types that of the next step, which is
        // taken already. So no test hangs on when a step ends.
        let fields = [("password", PASSWORD), ("code", &self.code(&secret, 0))];
        let done = browser.send(&page, &link, &fields).await;
        assert_eq!((done.status, done.to.as_str()), (303, "/console?at=ready"), "{}", done.text);
        (id, secret)
    }

    /// A browser that is in.
    pub(super) async fn signed_in(&self, login: &str, secret: &OtpSecret) -> Browser {
        let mut browser = self.browser();
        let passed = browser.knocks(login, PASSWORD).await;
        assert_eq!((passed.status, passed.to.as_str()), (303, "/console/code"), "{}", passed.text);
        let page = browser.get("/console/code").await;
        let entered = browser.send(&page, "/console/code", &[("code", &self.code(secret, 1))]).await;
        assert_eq!((entered.status, entered.to.as_str()), (303, "/console"), "{}", entered.text);
        browser
    }
}

/// A browser: keeps cookies.
pub(super) struct Browser {
    http: reqwest::Client,
    url: String,
    cookies: BTreeMap<String, String>,
    language: &'static str,
}

pub(super) struct Page {
    pub(super) status: u16,
    pub(super) to: String,
    pub(super) text: String,
    headers: reqwest::header::HeaderMap,
}

impl Page {
    /// What its forms carry.
    fn token(&self) -> String {
        let (_, after) = self.text.split_once("name=\"form\" value=\"").expect("a form with a token");
        after.split('"').next().unwrap().to_owned()
    }

    #[track_caller]
    pub(super) fn shows(&self, screen: &str) -> &Self {
        assert!(self.text.contains(&format!("data-screen=\"{screen}\"")), "{screen}: {}", self.text);
        self
    }
}

impl Browser {
    async fn ask(&mut self, request: reqwest::RequestBuilder) -> Page {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header("cookie", pairs.join("; ")).header("accept-language", self.language);
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        for set in headers.get_all("set-cookie") {
            let set = set.to_str().unwrap();
            assert!(set.contains("; Path=/console; HttpOnly; SameSite=Strict"), "{set}");
            let (name, value) = set.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        let to = headers.get("location").map_or("", |v| v.to_str().unwrap()).to_owned();
        Page { status, to, headers, text: answer.text().await.unwrap() }
    }

    pub(super) async fn get(&mut self, path: &str) -> Page {
        let request = self.http.get(format!("{}{path}", self.url));
        self.ask(request).await
    }

    /// Sends the form of a page.
    pub(super) async fn send(&mut self, page: &Page, path: &str, fields: &[(&str, &str)]) -> Page {
        let token = page.token();
        self.posts(path, &[&[("form", token.as_str())][..], fields].concat(), "same-origin").await
    }

    pub(super) async fn posts(&mut self, path: &str, fields: &[(&str, &str)], site: &str) -> Page {
        let request = self.http.post(format!("{}{path}", self.url)).header("sec-fetch-site", site);
        self.ask(request.form(fields)).await
    }

    async fn knocks(&mut self, login: &str, password: &str) -> Page {
        let door = self.get("/console").await;
        self.send(&door, "/console/sign_in", &[("login", login), ("password", password)]).await
    }
}

/// The secret that a setup page shows by hand.
fn secret_on(page: &Page) -> OtpSecret {
    let (_, after) = page.shows("setup").text.split_once("class=\"secret\">").unwrap();
    let text = after.split("</p>").next().unwrap().replace("<span>", "").replace("</span>", "");
    OtpSecret::parse(&text).unwrap()
}

#[tokio::test]
async fn somebody_sets_up_signs_in_and_out_with_forms_alone() {
    let house = House::open().await;
    let (id, link) = house.invites(LOGIN, &["reviewer", "administrator"]).await;
    assert_eq!(house.status(&id).await, "invited");
    let mut browser = house.browser();
    let page = browser.get(&link).await;
    assert!(page.shows("setup").text.contains("새솔은행") && page.text.contains("<svg class=\"qr"));
    for (name, part) in [
        ("cache-control", "no-store"),
        (
            "content-security-policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'",
        ),
        ("content-security-policy", "frame-ancestors 'none'"),
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert!(page.headers[name].to_str().unwrap().contains(part), "{name}");
    }
    let secret = secret_on(&page);
    let code = house.code(&secret, 0);
    let weak = browser.send(&page, &link, &[("password", "blue-whale"), ("code", &code)]).await;
    assert_eq!(weak.status, 422);
    assert!(weak.text.contains("새 비밀번호에 더 필요해요: 숫자") && !weak.text.contains("blue-whale"));
    let wrong = browser.send(&page, &link, &[("password", PASSWORD), ("code", "000000")]).await;
    assert!(wrong.status == 422 && wrong.text.contains("앱의 숫자가 달라요"), "{}", wrong.text);
    assert_eq!(house.status(&id).await, "invited");
    let done = browser.send(&page, &link, &[("password", PASSWORD), ("code", &code)]).await;
    assert_eq!((done.status, done.to.as_str()), (303, "/console?at=ready"));
    assert!(browser.get(&done.to).await.shows("sign_in").text.contains("준비가 끝났어요"));
    // A link is used once.
    assert_eq!(browser.get(&link).await.shows("gone").status, 404);
    let again = browser.send(&page, &link, &[("password", "other-pass-9!"), ("code", &code)]).await;
    assert_eq!(again.shows("gone").status, 404);

    let mut browser = house.signed_in(LOGIN, &secret).await;
    let home = browser.get("/console").await;
    assert!(
        home.shows("home").text.contains("표본아 님")
            && home.text.contains("심사")
            && home.text.contains("관리")
    );
    browser.get("/console/review").await.shows("review");
    browser.language = "en";
    assert!(browser.get("/console").await.text.contains("Hello, 표본아"));
    assert!(browser.get("/console?lang=ko").await.text.contains("안녕하세요"));
    assert!(browser.get("/console").await.text.contains("안녕하세요"), "the choice is remembered");
    let out = browser.send(&home, "/console/sign_out", &[]).await;
    assert_eq!(out.to, "/console?at=signed_out");
    assert_eq!(browser.get("/console/review").await.to, "/console");
}

#[tokio::test]
async fn a_wrong_login_a_wrong_password_and_a_locked_account_are_told_apart_to_nobody() {
    let house = House::open().await;
    let (id, secret) = house.set_up(LOGIN, &["agent"]).await;
    let mut browser = house.browser();
    let nobody = browser.knocks("nobody.here", PASSWORD).await;
    assert_eq!(nobody.status, 422);
    for _ in 0..5 {
        assert_eq!(browser.knocks(LOGIN, "wrong-pass-1!").await.text, nobody.text);
    }
    assert_eq!(house.status(&id).await, "locked");
    let locked = browser.knocks(LOGIN, PASSWORD).await;
    assert_eq!((locked.status, &locked.text), (422, &nobody.text), "the right password of a locked account");
    assert!(!locked.headers.contains_key("set-cookie"));
    // The institution knows why, and opens it.
    let path = format!("/v1/staff/{id}");
    let known = house.program.get(&house.caller, &path).await.expect(200);
    assert_eq!(known["locked_because"], "wrong_password");
    assert_eq!(house.post(&format!("{path}/unlock"), json!({})).await["status"], "active");
    house.signed_in(LOGIN, &secret).await;

    // All of it is recorded, and nothing of it is what was typed.
    let entries = house.program.app.ledger.entries(&id, 0, 1_000).await.unwrap();
    let failed = entries.iter().filter(|e| e.kind == "staff.sign_in_failed/1").count();
    assert_eq!(failed, 6);
    let sealed = entries.iter().find(|e| e.kind == "staff.sign_in_failed/1").unwrap().sealed.clone();
    assert_eq!(sealed[0].name, "address");
    house.program.number().await;
    let stream = ingam_ledger::Stream::Main;
    let pending = house.program.app.ledger.store().entries(ingam_ledger::EntryQuery::Numbered {
        stream,
        institution: None,
        after: 0,
        limit: 1_000,
    });
    let knocks = pending.await.unwrap().into_iter().filter(|row| row.kind == "knock.refused/1").count();
    assert_eq!((knocks, KNOCK), (1, "knock"));
}

#[tokio::test]
async fn a_code_is_taken_once_and_the_tenth_wrong_one_locks() {
    let house = House::open().await;
    let (id, secret) = house.set_up(LOGIN, &["agent"]).await;
    let mut browser = house.browser();
    browser.knocks(LOGIN, PASSWORD).await;
    let page = browser.get("/console/code").await;
    let replayed = house.code(&secret, 1);
    let entered = browser.send(&page, "/console/code", &[("code", &replayed)]).await;
    assert_eq!(entered.to, "/console");
    let mut browser = house.browser();
    browser.knocks(LOGIN, PASSWORD).await;
    let page = browser.get("/console/code").await;
    let tried = browser.send(&page, "/console/code", &[("code", &replayed)]).await;
    assert!(tried.status == 422 && tried.text.contains("한 번 쓴 숫자는"), "{}", tried.text);
    // A slip of the fingers is no try.
    assert_eq!(browser.send(&page, "/console/code", &[("code", "12345")]).await.status, 422);
    for n in 2..10 {
        let tried = browser.send(&page, "/console/code", &[("code", "000000")]).await;
        assert_eq!(tried.status, 422, "{n}");
    }
    assert_eq!(house.status(&id).await, "active");
    let last = browser.send(&page, "/console/code", &[("code", "000000")]).await;
    assert_eq!((last.status, last.to.as_str()), (303, "/console?at=over"));
    assert_eq!(house.status(&id).await, "locked");
    // Five minutes after the password it begins anew.
    house.post(&format!("/v1/staff/{id}/unlock"), json!({})).await;
    browser.knocks(LOGIN, PASSWORD).await;
    house.waits(SignedDuration::from_secs(300));
    let page = browser.get("/console/code").await;
    let late = browser.send(&page, "/console/code", &[("code", &house.code(&secret, 0))]).await;
    assert_eq!(late.to, "/console?at=over");
}

#[tokio::test]
async fn a_session_ends_when_idle_after_its_hours_and_with_a_newer_one() {
    let house = House::open().await;
    let (id, secret) = house.set_up(LOGIN, &["agent"]).await;
    let minutes = |n| house.waits(SignedDuration::from_mins(n));
    let mut first = house.signed_in(LOGIN, &secret).await;
    minutes(29);
    first.get("/console").await.shows("home");
    minutes(29);
    first.get("/console").await.shows("home");
    minutes(30);
    assert!(first.get("/console").await.shows("sign_in").text.contains("30분 동안 쓰지 않았거나"));
    assert_eq!(first.get("/console/review").await.to, "/console?at=ended");

    let mut second = house.signed_in(LOGIN, &secret).await;
    minutes(1);
    let mut third = house.signed_in(LOGIN, &secret).await;
    second.get("/console").await.shows("sign_in");
    third.get("/console").await.shows("home");
    // An older page's button ends nothing.
    for _ in 0..20 {
        minutes(29);
        third.get("/console").await.shows("home");
    }
    minutes(20);
    third.get("/console").await.shows("sign_in");
    // Whoever is locked, reset or gone is out at once, and a form at the door still works with the old cookie.
    let passed = third.knocks(LOGIN, PASSWORD).await;
    assert_eq!(passed.to, "/console/code");
    let mut fourth = house.signed_in(LOGIN, &secret).await;
    house.post(&format!("/v1/staff/{id}/remove"), json!({})).await;
    fourth.get("/console").await.shows("sign_in");
    assert_eq!(fourth.knocks(LOGIN, PASSWORD).await.status, 422);
}

#[tokio::test]
async fn a_form_of_another_site_or_another_browser_does_nothing() {
    let house = House::open().await;
    let (_, secret) = house.set_up(LOGIN, &["agent"]).await;
    let mut mine = house.signed_in(LOGIN, &secret).await;
    let token = mine.get("/console").await.token();
    assert_eq!(mine.posts("/console/sign_out", &[("form", &token)], "cross-site").await.status, 403);
    assert_eq!(mine.posts("/console/sign_out", &[], "same-origin").await.shows("stale").status, 403);
    let mut other = house.browser();
    let theirs = other.get("/console").await.token();
    assert_eq!(mine.posts("/console/sign_out", &[("form", &theirs)], "same-origin").await.status, 403);
    mine.get("/console").await.shows("home");
    // Nor does the door take a form that it did not give to this browser.
    let fields = [("form", token.as_str()), ("login", LOGIN), ("password", PASSWORD)];
    assert_eq!(other.posts("/console/sign_in", &fields, "same-origin").await.shows("stale").status, 403);
    assert_eq!(house.browser().posts("/console/sign_in", &fields, "same-origin").await.status, 403);
    // A cookie of somebody else's session is none.
    let cookie = mine.cookies["ingam_console"].replace(".1.", ".2.");
    mine.cookies.insert("ingam_console".into(), cookie);
    mine.get("/console").await.shows("sign_in");
}

#[tokio::test]
async fn one_address_has_so_many_tries_and_whoever_passes_does_not_count() {
    let house = House::open().await;
    let (_, secret) = house.set_up(LOGIN, &["agent"]).await;
    let mut browser = house.browser();
    let most = house.program.app.config.console.sign_ins_per_address;
    for _ in 0..3 {
        assert_eq!(browser.knocks(LOGIN, PASSWORD).await.status, 303);
    }
    for n in 0..most {
        assert_eq!(browser.knocks(&format!("nobody.{n}"), "x").await.status, 422, "{n}");
    }
    let refused = browser.knocks(LOGIN, PASSWORD).await;
    assert_eq!(refused.status, 429);
    assert_eq!(refused.headers["retry-after"], "600");
    house.waits(SignedDuration::from_mins(10));
    house.signed_in(LOGIN, &secret).await;
}

#[tokio::test]
async fn an_old_password_is_changed_before_anything_else_and_not_into_itself() {
    let house = House::open().await;
    let (id, secret) = house.set_up(LOGIN, &["reviewer"]).await;
    house.waits(SignedDuration::from_hours(24 * 90));
    let mut browser = house.signed_in(LOGIN, &secret).await;
    for path in ["/console", "/console/review"] {
        assert_eq!(browser.get(path).await.to, "/console/password", "{path}");
    }
    let page = browser.get("/console/password").await;
    assert!(page.shows("password").text.contains("정한 지 오래됐어요"));
    let mut change = async |old: &str, new: &str| {
        browser.send(&page, "/console/password", &[("old", old), ("password", new)]).await
    };
    let wrong = change("wrong-pass-1!", "green-whale-8!").await;
    assert!(wrong.status == 422 && wrong.text.contains("지금 비밀번호가 달라요"));
    let same = change(PASSWORD, PASSWORD).await;
    assert!(same.status == 422 && same.text.contains("바로 전에 쓴 비밀번호예요"));
    assert_eq!(change(PASSWORD, "green-whale-8!").await.to, "/console?at=changed");
    browser.get("/console").await.shows("home");
    assert_eq!(house.browser().knocks(LOGIN, PASSWORD).await.status, 422);
    // A reset does not bring the last one back either.
    let path = format!("/v1/staff/{id}/reset");
    let reset = house.post(&path, json!({})).await;
    let link = reset["setup_url"].as_str().unwrap();
    let link = &link[link.find("/console").unwrap()..];
    browser.get("/console").await.shows("sign_in");
    let page = browser.get(link).await;
    let new = secret_on(&page);
    assert_ne!(new.expose(), secret.expose());
    let fields = |password: &'static str| [("password", password.to_owned()), ("code", house.code(&new, 0))];
    let sent = async |browser: &mut Browser, password| {
        let fields = fields(password);
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        browser.send(&page, link, &fields).await
    };
    assert_eq!(sent(&mut browser, "green-whale-8!").await.status, 422);
    assert_eq!(sent(&mut browser, PASSWORD).await.status, 303);
    house.signed_in(LOGIN, &new).await;
}

#[tokio::test]
async fn a_screen_asks_for_its_role_and_a_link_ends_after_three_days() {
    let house = House::open().await;
    let (id, secret) = house.set_up(LOGIN, &["agent"]).await;
    let mut browser = house.signed_in(LOGIN, &secret).await;
    assert!(!browser.get("/console").await.text.contains("/console/review"));
    assert_eq!(browser.get("/console/review").await.shows("denied").status, 403);
    house.post(&format!("/v1/staff/{id}"), json!({ "roles": ["reviewer"] })).await;
    browser.get("/console/review").await.shows("review");
    let (_, link) = house.invites("another.one", &["agent"]).await;
    house.waits(SignedDuration::from_hours(72));
    assert_eq!(house.browser().get(&link).await.shows("gone").status, 404);
    assert_eq!(house.browser().get("/console/setup/nothing").await.status, 404);
}

#[tokio::test]
async fn nothing_that_names_somebody_or_lets_somebody_in_stands_in_clear() {
    let house = House::open().await;
    let (id, secret) = house.set_up(LOGIN, &["reviewer"]).await;
    let browser = house.signed_in(LOGIN, &secret).await;
    let app = &house.program.app;
    let state = app.ledger.case(&id).await.unwrap().unwrap().view.unwrap().state.to_string();
    let entries = app.ledger.entries(&id, 0, 1_000).await.unwrap();
    let clear: Vec<String> = entries.iter().map(|e| format!("{} {:?}", e.kind, e.clear)).collect();
    let report = ingam_ledger::audit::audit(&app.ledger, &crate::replay::fold).await.unwrap();
    assert!(report.clean(), "{report:?}");
    let code = house.code(&secret, 1);
    let session = browser.cookies["ingam_console"].rsplit('.').next().unwrap();
    for mark in [NAME, LOGIN, PASSWORD, &secret.expose(), &code, session, "127.0.0.1", "argon2"] {
        assert!(!state.contains(mark) && clear.iter().all(|e| !e.contains(mark)), "{mark}");
    }
    let kinds: Vec<&str> = entries.iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(
        kinds,
        [
            "staff.invited/1",
            "staff.setup_opened/1",
            "staff.password_set/1",
            "staff.otp_enrolled/1",
            "staff.password_passed/1",
            "staff.signed_in/1",
        ]
    );
    let read: Vec<Event> =
        entries.iter().map(|e| crate::flow::read_event(&e.kind, &e.clear).unwrap()).collect();
    assert!(matches!(read[5], Event::SignedIn { session: 1, .. }));
}

//! The page over HTTP, as a browser without scripts walks it.

use super::router;
use crate::testing::{ACCOUNT, Caller, NAME, NUMBER, Program, Reply, picture};
use axum::Router;
use axum::body::Body;
use axum::http::{Method, Request, header};
use http_body_util::BodyExt;
use ingam_cases::answers::IssuerCode;
use ingam_cases::id::VerificationId;
use ingam_cases::policy::{PictureSource, Policy, Step};
use ingam_cases::verification::{Command, Stage};
use tower::ServiceExt;

/// A browser: keeps cookies, by path.
struct Browser {
    router: Router,
    cookies: Vec<(String, String, String)>,
}

impl Browser {
    fn new(program: &Program) -> Self {
        Self { router: router(program.app.clone(), false), cookies: vec![] }
    }

    async fn send(&mut self, mut request: Request<Body>) -> Reply {
        let path = request.uri().path().to_owned();
        for (at, name, value) in &self.cookies {
            if path.starts_with(at.as_str()) {
                let pair = format!("{name}={value}").parse().unwrap();
                request.headers_mut().append(header::COOKIE, pair);
            }
        }
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        for set in parts.headers.get_all(header::SET_COOKIE) {
            let set = set.to_str().unwrap();
            assert!(set.contains("; HttpOnly; SameSite=Lax"), "{set}");
            let (pair, rest) = set.split_once("; Path=").unwrap();
            let at = rest.split(';').next().unwrap().to_owned();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.retain(|(a, n, _)| (a.as_str(), n.as_str()) != (at.as_str(), name));
            self.cookies.push((at, name.to_owned(), value.to_owned()));
        }
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Reply { status: parts.status, headers: parts.headers, text }
    }

    async fn get(&mut self, path: &str) -> Reply {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    async fn post(&mut self, path: &str, form: &str) -> Reply {
        let request = Request::post(path)
            .header("content-type", "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(form.to_owned()));
        self.send(request.unwrap()).await
    }

    /// Sends a form and follows the way back to the page.
    async fn step(&mut self, page: &str, action: &str, form: &str) -> Reply {
        let sent = self.post(&format!("{page}/{action}"), form).await;
        assert_eq!(sent.status.as_u16(), 303, "{action}: {}", sent.text);
        let to = sent.headers[header::LOCATION].to_str().unwrap().to_owned();
        self.get(&to).await
    }

    async fn json(&mut self, method: Method, path: &str, body: &str) -> Reply {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("accept", "application/json")
            .header("sec-fetch-site", "same-origin")
            .body(Body::from(body.to_owned()));
        self.send(request.unwrap()).await
    }
}

/// An institution, a verification that asks for consents and takes files, and its link.
async fn begin(program: &Program) -> (Caller, VerificationId, String) {
    let caller = program.institution("새솔은행").await;
    let mut policy = Policy::id_and_account("기본", "비대면 계좌 만들기");
    if let Step::IdDocument { sources, .. } = &mut policy.steps[0] {
        sources.push(PictureSource::File);
    }
    let saved = program.post(&caller, "/v1/policies", serde_json::to_value(policy).unwrap()).await;
    let policy = saved.expect(201)["id"].as_str().unwrap().to_owned();
    let id = program.open(&caller, &policy).await;
    let url = program.app.person_url(&id).await.unwrap();
    let link = url.strip_prefix(&program.app.base_url).unwrap().to_owned();
    (caller, id, link)
}

#[tokio::test]
async fn a_person_walks_to_the_end_with_forms_alone() {
    let program = Program::new().await;
    let (_, id, link) = begin(&program).await;
    let page = format!("/v/{id}");
    let mut browser = Browser::new(&program);

    let opened = browser.get(&link).await;
    assert_eq!(opened.status.as_u16(), 303);
    assert_eq!(opened.headers[header::LOCATION], page.as_str());
    let start = browser.get(&page).await;
    assert!(start.text.contains("본인 확인을 시작할게요") && start.text.contains("새솔은행"));
    for (name, part) in [
        ("cache-control", "no-store"),
        ("content-security-policy", "default-src 'none'; script-src 'self'; style-src 'self'"),
        ("content-security-policy", "frame-ancestors 'none'"),
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert!(start.headers[name].to_str().unwrap().contains(part), "{name}");
    }
    assert!(browser.get(&format!("{page}?at=safety")).await.text.contains("누가 전화나 메시지로"));

    let consents = browser.step(&page, "safety", "told_to=no").await;
    assert!(consents.text.contains("필요한 동의를 받을게요") && consents.text.contains("금융실명거래"));
    let camera = browser.step(&page, "consents", "answer=agree").await;
    assert!(camera.text.contains("카메라를 켤게요") && camera.text.contains("type=\"file\""));

    let form = [
        b"--B\r\ncontent-disposition: form-data; name=\"picture\"; filename=\"c.jpg\"\r\n\r\n".as_slice(),
        &picture(),
        b"\r\n--B--\r\n",
    ]
    .concat();
    let request = Request::post(format!("{page}/card"))
        .header("content-type", "multipart/form-data; boundary=B")
        .header("origin", "http://ingam.test")
        .body(Body::from(form));
    assert_eq!(browser.send(request.unwrap()).await.status.as_u16(), 303);
    assert!(browser.get(&page).await.text.contains("사진을 읽고 있어요"));

    program.card_read(&id, NAME, NUMBER, "2020-01-01").await;
    let check = browser.get(&page).await;
    assert!(check.text.contains(NAME) && check.text.contains("1990년 1월 1일"));
    assert!(!check.text.contains("1234567"));
    let working = browser.step(&page, "confirm", "").await;
    assert!(working.text.contains("행정안전부에 물어보고 있어요"));
    program.issuer_answers(&id, IssuerCode::Valid).await;
    assert!(browser.get(&page).await.text.contains("1원을 받을 내 계좌를"));

    let wrong = browser.post(&format!("{page}/account"), "bank=088&account_number=12").await;
    assert_eq!(wrong.status.as_u16(), 422);
    assert!(wrong.text.contains("숫자 7~16자리예요") && wrong.text.contains("value=\"12\""));
    let working = browser.step(&page, "account", &format!("bank=088&account_number={ACCOUNT}")).await;
    assert!(working.text.contains("신한은행의 답을 기다려요"));
    let code = program.bank_answers(&id).await;
    let wrong = browser.step(&page, "code", "code=%ED%9E%A3%ED%9E%A3%ED%9E%A3%ED%9E%A3").await;
    assert!(wrong.text.contains("글자가 달라요. 4번 남았어요."));
    let code: String = url::form_urlencoded::byte_serialize(code.as_bytes()).collect();
    let done = browser.step(&page, "code", &format!("code={code}")).await;
    assert!(done.text.contains("확인을 마쳤어요") && done.text.contains("표*희 님"));
    assert!(!done.text.contains(NAME));
    // Reload, back and the link again: the same screen.
    assert!(browser.get(&page).await.text.contains("확인을 마쳤어요"));
    assert_eq!(browser.get(&link).await.status.as_u16(), 303);
    assert_eq!(browser.get(&format!("{page}/code")).await.headers[header::LOCATION], page.as_str());
}

#[tokio::test]
async fn the_words_that_were_shown_are_what_is_recorded() {
    let program = Program::new().await;
    let (_, id, link) = begin(&program).await;
    let page = format!("/v/{id}");
    let mut browser = Browser::new(&program);
    browser.get(&link).await;
    browser.step(&page, "safety", "told_to=no").await;
    browser.step(&page, "consents", "answer=agree").await;
    let entries = program.app.ledger.entries(id.as_str(), 0, 100).await.unwrap();
    let of = |kind: &str| entries.iter().find(|e| e.kind == kind).unwrap().clear.clone();
    let safety = of("verification.safety_answered/1");
    let t = &crate::page::texts::KO;
    let shown = t.safety.shown(t, "새솔은행");
    assert_eq!((&safety["sha256"], &safety["told_to"]), (&shown.sha256.into(), &false.into()));
    let consents = of("verification.consents_answered/1");
    let first = t.consent("consent.identity").unwrap().answered(t, "새솔은행", true, true);
    assert_eq!(consents["answers"][0], serde_json::to_value(first).unwrap());
}

#[tokio::test]
async fn saying_yes_stops_here() {
    let program = Program::new().await;
    let (_, id, link) = begin(&program).await;
    let page = format!("/v/{id}");
    let mut browser = Browser::new(&program);
    browser.get(&link).await;
    let stopped = browser.step(&page, "safety", "told_to=yes").await;
    assert!(stopped.text.contains("여기서 멈추세요") && stopped.text.contains("1588-0000"));
    // What comes late meets the end.
    let late = browser.step(&page, "consents", "answer=agree").await;
    assert!(late.text.contains("여기서 멈추세요"));
}

#[tokio::test]
async fn refusing_a_consent_ends_and_offers_a_new_link() {
    let program = Program::new().await;
    let (_, id, link) = begin(&program).await;
    let page = format!("/v/{id}");
    let mut browser = Browser::new(&program);
    browser.get(&link).await;
    browser.step(&page, "safety", "told_to=no").await;
    let ended = browser.step(&page, "consents", "answer=decline").await;
    assert!(ended.text.contains("동의하지 않아") && ended.text.contains("새 링크 받기"));
    let asked = browser.step(&page, "new_link", "").await;
    assert!(asked.text.contains("새 링크를 부탁했어요"));
}

#[tokio::test]
async fn a_second_device_takes_over_and_the_first_is_told() {
    let program = Program::new().await;
    let (_, id, link) = begin(&program).await;
    let page = format!("/v/{id}");
    let (mut first, mut second) = (Browser::new(&program), Browser::new(&program));
    first.get(&link).await;
    // Closed and reopened in the same browser: it goes on.
    assert_eq!(first.get(&link).await.status.as_u16(), 303);

    let elsewhere = second.get(&link).await;
    assert_eq!(elsewhere.status.as_u16(), 200);
    assert!(elsewhere.text.contains("다른 기기에서 하고 있어요"));
    assert_eq!(second.get(&page).await.status.as_u16(), 404, "no session yet");
    let here = second.step(&link, "take_over", "").await;
    assert!(here.text.contains("본인 확인을 시작할게요"));

    assert!(first.get(&page).await.text.contains("다른 기기에서 하고 있어요"));
    let state = first.json(Method::GET, &format!("{page}/state"), "").await;
    assert_eq!(state.expect(200)["screen"], "elsewhere");
    let refused = first.json(Method::POST, &format!("{page}/safety"), "told_to=no").await;
    assert_eq!(refused.expect(409)["code"], "other_session");
    // And back again, from the page itself.
    let back = first.step(&page, "take_over", "").await;
    assert!(back.text.contains("본인 확인을 시작할게요"));
    assert!(second.get(&page).await.text.contains("다른 기기에서 하고 있어요"));
}

#[tokio::test]
async fn nobody_without_link_or_session_learns_anything() {
    let program = Program::new().await;
    let (_, id, link) = begin(&program).await;
    let mut browser = Browser::new(&program);
    Browser::new(&program).get(&link).await;
    let flipped = if link.ends_with('0') { "1" } else { "0" };
    for path in [
        format!("/v/{id}"),
        format!("/v/{id}/state"),
        format!("/v/{id}/picture"),
        format!("/v/{id}/crop/name"),
        "/v/ver_00000000000000000000000000".into(),
        "/v/x".into(),
        "/p/x".into(),
        format!("{}{flipped}", &link[..link.len() - 1]),
    ] {
        let reply = browser.get(&path).await;
        assert_eq!(reply.status.as_u16(), 404, "{path}");
        assert!(!reply.text.contains("새솔은행"), "{path}");
    }
    let reply = browser.post(&format!("/v/{id}/safety"), "told_to=no").await;
    assert_eq!(reply.status.as_u16(), 404);
    let state = program.app.verification(&id).await.unwrap().unwrap().state;
    assert_eq!(state.stage, Stage::Safety);
}

#[tokio::test]
async fn forms_of_other_sites_and_bad_bodies_change_nothing() {
    let program = Program::new().await;
    let (_, id, link) = begin(&program).await;
    let page = format!("/v/{id}");
    let mut browser = Browser::new(&program);
    browser.get(&link).await;
    let before = program.app.verification(&id).await.unwrap().unwrap().version;
    for (name, value) in
        [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example"), ("origin", "null")]
    {
        let request =
            Request::post(format!("{page}/safety")).header(name, value).body(Body::from("told_to=no"));
        assert_eq!(browser.send(request.unwrap()).await.status.as_u16(), 403, "{name}: {value}");
    }
    assert_eq!(browser.post(&format!("{page}/safety"), &"x".repeat(20_000)).await.status.as_u16(), 413);
    assert_eq!(browser.post(&format!("{page}/safety"), "told_to=maybe").await.status.as_u16(), 422);
    assert_eq!(browser.post(&format!("{page}/nothing"), "").await.status.as_u16(), 404);
    assert_eq!(browser.post(&format!("{page}/code"), "code=x").await.status.as_u16(), 409);
    assert_eq!(program.app.verification(&id).await.unwrap().unwrap().version, before);
}

#[tokio::test]
async fn pictures_that_are_none_are_refused_with_their_reason() {
    let program = Program::with(|config| config.http.picture_bytes = 100_000).await;
    let (_, id, link) = begin(&program).await;
    let page = format!("/v/{id}");
    let mut browser = Browser::new(&program);
    browser.get(&link).await;
    browser.step(&page, "safety", "told_to=no").await;
    browser.step(&page, "consents", "answer=agree").await;
    let mut send = async |body: Vec<u8>| {
        let request = Request::post(format!("{page}/card"))
            .header("content-type", "image/jpeg")
            .header("accept", "application/json")
            .header("ingam-upload", "0123456789abcdef")
            .body(Body::from(body));
        browser.send(request.unwrap()).await
    };
    assert_eq!(send(vec![]).await.expect(422)["code"], "empty");
    let none = send(b"GIF89a".to_vec()).await;
    assert_eq!(none.headers["content-type"], "application/problem+json");
    assert!(none.expect(422)["message"].as_str().unwrap().contains("사진으로 열 수 없어요"));
    assert_eq!(send(vec![0xff; 150_000]).await.expect(413)["code"], "image_too_large");
    assert_eq!(send(vec![0xff; 400_000]).await.expect(413)["code"], "image_too_large");
    // The same picture twice is one picture.
    assert_eq!(send(picture()).await.expect(200)["screen"], "working");
    assert_eq!(send(picture()).await.expect(200)["screen"], "working");
    assert_eq!(program.app.verification(&id).await.unwrap().unwrap().state.pictures, 1);
}

#[tokio::test]
async fn an_ended_link_says_how_it_ended() {
    let program = Program::new().await;
    let (_, id, link) = begin(&program).await;
    program
        .app
        .act(&id, crate::flow::verification::Along::default(), |_, _| {
            Ok(crate::flow::verification::Act::plain(Command::Cancel))
        })
        .await
        .unwrap();
    let mut stranger = Browser::new(&program);
    let shown = stranger.get(&link).await;
    assert!(shown.text.contains("새솔은행이 요청을 거두었어요"));
    let asked = stranger.step(&link, "new_link", "").await;
    assert_eq!(asked.status.as_u16(), 200);
}

#[tokio::test]
async fn files_are_kept_by_their_hash_and_the_specimen_camera_only_in_the_sandbox() {
    let program = Program::new().await;
    let mut browser = Browser::new(&program);
    let address = crate::page::assets::address("page/person.css");
    let first = browser.get(&address).await;
    assert_eq!(first.headers["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(first.headers["content-type"], "text/css; charset=utf-8");
    assert_eq!(browser.get("/assets/page/person.css").await.headers["cache-control"], "no-cache");
    assert_eq!(browser.get("/assets/page/person.css?v=old").await.headers["cache-control"], "no-cache");
    let again = Request::get(&address).header("if-none-match", first.headers["etag"].clone());
    assert_eq!(browser.send(again.body(Body::empty()).unwrap()).await.status.as_u16(), 304);
    assert_eq!(browser.get("/assets/page/specimen-camera.js").await.status.as_u16(), 404);
    assert_eq!(browser.get("/assets/page/nothing.js").await.status.as_u16(), 404);
    browser.router = router(program.app.clone(), true);
    assert_eq!(browser.get("/assets/page/specimen-camera.js").await.status.as_u16(), 200);
}

/// A window inside KakaoTalk on a phone with Android.
const KAKAO: &str = "Mozilla/5.0 (Linux; Android 14; wv) Chrome/126.0 Mobile Safari/537.36;KAKAOTALK 2410400";

#[tokio::test]
async fn a_window_inside_an_app_hands_over_to_a_browser_once() {
    let program = Program::new().await;
    let (_, id, link) = begin(&program).await;
    let page = format!("/v/{id}");
    let (mut inside, mut outside) = (Browser::new(&program), Browser::new(&program));
    inside.get(&link).await;
    inside.step(&page, "safety", "told_to=no").await;
    inside.step(&page, "consents", "answer=agree").await;
    let asks = |path: String| Request::get(path).header("user-agent", KAKAO).body(Body::empty()).unwrap();
    // A browser needs no way out, and is offered none.
    assert!(!inside.get(&page).await.text.contains("data-part=\"in_app\""));
    assert_eq!(inside.get(&format!("{page}/outside")).await.headers[header::LOCATION], page.as_str());
    let camera = inside.send(asks(page.clone())).await;
    assert!(camera.text.contains("data-part=\"in_app\"") && camera.text.contains(&format!("{page}/outside")));
    let leads = async |inside: &mut Browser| {
        let out = inside.send(asks(format!("{page}/outside"))).await;
        let to = out.headers[header::LOCATION].to_str().unwrap().to_owned();
        let url = to.strip_prefix("kakaotalk://web/openExternal?url=").expect("KakaoTalk's way out");
        let url = url::form_urlencoded::parse(format!("u={url}").as_bytes()).next().unwrap().1.into_owned();
        url.strip_prefix(&program.app.base_url).unwrap().to_owned()
    };
    let handed = leads(&mut inside).await;
    let opened = outside.get(&handed).await;
    assert_eq!((opened.status.as_u16(), &opened.headers[header::LOCATION]), (303, &page.parse().unwrap()));
    assert!(outside.get(&page).await.text.contains("data-screen=\"camera\""), "the same step");
    let left = inside.get(&page).await;
    assert!(left.text.contains("data-screen=\"elsewhere\"") && left.text.contains("<live-status"));
    // Once: who finds the address later is asked, as everybody is who holds the link.
    let mut stranger = Browser::new(&program);
    assert!(stranger.get(&handed).await.text.contains("data-screen=\"elsewhere\""));
    // Nor for longer than ten minutes.
    let late = leads(&mut outside).await;
    program.app.clock.move_to(10 * 60 * 1_000);
    assert!(stranger.get(&late).await.text.contains("data-screen=\"elsewhere\""));
    let forged = format!("{}0", &late[..late.len() - 1]);
    assert_eq!(stranger.get(&forged).await.status.as_u16(), 404);
    assert_eq!(stranger.get("/h/nothing").await.status.as_u16(), 404);
}

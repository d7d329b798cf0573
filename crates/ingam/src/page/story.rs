//! The page told as stories: every point of a verification has its screen, and every screen keeps the rules.

use super::in_app::InApp;
use super::screens::{Screen, ScreenData, Side, elsewhere, fault, missing, name, screen};
use super::specimen::{all, banks, card, checking, consented, data, ended, profile, stage};
use super::texts::{ALL, EN, KO, Texts};
use super::view::Message;
use super::{problems, specimen};
use ingam_cases::refusal::Refusal;
use ingam_cases::verification::{AccountStep, CardStep, DocumentField, End, RefusedCode, Stage};

/// Every screen that can be shown in every language, with a name for what failed.
fn screens() -> Vec<(String, Screen)> {
    let named = |t: &'static Texts| {
        let code = t.language.code;
        screens_in(t).into_iter().map(move |(name, screen)| (format!("{name} {code}"), screen))
    };
    ALL.iter().copied().flat_map(named).collect()
}

/// The screen of every point that a verification can be at, and those that need none.
pub(super) fn drawn(t: &'static Texts, simple: bool) -> Vec<(String, Screen)> {
    let (profile, banks) = (profile(), banks());
    let at = |side| ScreenData { t, simple, side, ..data(&profile, &banks) };
    let mut screens: Vec<(String, Screen)> =
        all().iter().map(|(name, v)| (name.clone(), screen(v, &at(Side::None)))).collect();
    let start = stage(Stage::Safety);
    let mut add = |name: &str, screen| screens.push((name.to_owned(), screen));
    add("v2", screen(&start, &at(Side::Safety)));
    add("help", screen(&start, &at(Side::Help)));
    let shooting = checking(CardStep::Picture { problem: None }, AccountStep::Idle);
    for in_app in [InApp::KakaoTalk, InApp::Android, InApp::Ios] {
        let inside = ScreenData { in_app: Some(in_app), ..at(Side::None) };
        add(&format!("g1 {in_app:?}"), screen(&shooting, &inside));
    }
    add("help consents", screen(&consented(), &at(Side::Help)));
    add("link asked", screen(&ended(End::Expired), &at(Side::LinkAsked)));
    add("g6", elsewhere(&start, &at(Side::None)));
    add("missing", missing(t));
    add("fault", fault(t, "/v/ver_1".into()));
    screens
}

fn screens_in(t: &'static Texts) -> Vec<(String, Screen)> {
    let mut screens = drawn(t, false);
    let (profile, banks) = (profile(), banks());
    for (point, v) in all() {
        for refusal in Refusal::ALL {
            let message = problems::refusal(t, *refusal, name(&v));
            let said = ScreenData { t, message, ..data(&profile, &banks) };
            screens.push((format!("{point} {refusal:?}"), screen(&v, &said)));
        }
        for field in
            ["picture", "name", "resident_number", "issue_date", "bank", "account_number", "code", "x"]
        {
            let message = Some(problems::invalid(t, field, "length"));
            let said = ScreenData { t, message, ..data(&profile, &banks) };
            screens.push((format!("{point} {field}"), screen(&v, &said)));
        }
    }
    screens
}

fn count(html: &str, part: &str) -> usize {
    html.matches(part).count()
}

/// Values of an attribute, in order.
fn attributes<'h>(html: &'h str, name: &str) -> Vec<&'h str> {
    let start = format!(" {name}=\"");
    html.split(start.as_str()).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[test]
fn every_screen_keeps_the_rules() {
    for (name, screen) in screens() {
        let html = screen.html().unwrap();
        let code = screen.page().t.language.code;
        assert!(html.starts_with(&format!("<!doctype html>\n<html lang=\"{code}\"")), "{name}");
        assert_eq!(count(&html, "<h1"), 1, "{name}: one title");
        assert_eq!(count(&html, "<main"), 1, "{name}");
        assert_eq!(count(&html, "<title>"), 1, "{name}");
        // The page's Content-Security-Policy would not run or draw these.
        for forbidden in [" style=\"", "<style", " onclick", " onload", "javascript:", "<script>"] {
            assert!(!html.contains(forbidden), "{name}: {forbidden}");
        }
        assert_eq!(
            count(&html, "<script"),
            count(&html, "<script type=\"module\" src=\"/assets/page/"),
            "{name}"
        );
        // The pattern of a text that was not filled in. The clock's is filled by its script.
        let without_clock: String = html.split(" data-minutes=").next().unwrap().to_owned();
        assert!(!without_clock.contains('{') && !without_clock.contains('}'), "{name}: an open place");
        for other in ["오류가 발생", "undefined", "None", "Some("] {
            assert!(!html.contains(other), "{name}: {other}");
        }
        let ids = attributes(&html, "id");
        for id in &ids {
            assert_eq!(ids.iter().filter(|other| other == &id).count(), 1, "{name}: id {id} twice");
        }
        for target in ["for", "form", "aria-labelledby", "aria-describedby"] {
            for value in attributes(&html, target) {
                for id in value.split(' ') {
                    assert!(ids.contains(&id), "{name}: {target} names {id}");
                }
            }
        }
    }
}

/// Korean stands in English screens only where it is meant: the other language's name, the Korean original of what is
/// consented to, what is typed in Korean, and what the institution or the card says.
#[test]
fn english_screens_are_in_english() {
    let korean = |c: char| matches!(c, '가'..='힣' | 'ㄱ'..='ㅣ');
    let (profile, banks) = (profile(), banks());
    let mut meant = vec!["한국어", "가나다라", "오픈뱅킹 안심차단", "김하늘", "김*늘", "비대면 계좌 만들기"];
    meant.extend([profile.name.as_str(), profile.hours.as_deref().unwrap()]);
    meant.extend(banks.iter().map(|bank| bank.name.as_str()));
    for (name, screen) in screens_in(&EN) {
        let html = screen.html().unwrap();
        let mut rest = String::new();
        for (i, part) in html.split("<div lang=\"ko\">").enumerate() {
            rest.push_str(if i == 0 { part } else { part.split_once("</div>").unwrap().1 });
        }
        for known in &meant {
            rest = rest.replace(known, "");
        }
        let at = rest.find(korean);
        let around = |at| rest[at..].chars().take(30).collect::<String>();
        assert!(at.is_none(), "{name}: {}", around(at.unwrap()));
    }
}

#[test]
fn the_simple_view_is_one_tap_away_and_back() {
    let (profile, banks) = (profile(), banks());
    for (name, v) in all() {
        let drawn = |simple| screen(&v, &ScreenData { simple, ..data(&profile, &banks) }).html().unwrap();
        let (normal, simple) = (drawn(false), drawn(true));
        assert!(normal.contains("?view=simple") && !normal.contains("data-view"), "{name}");
        assert!(
            simple.contains("?view=normal") && simple.contains("<html lang=\"ko\" data-view=\"simple\">"),
            "{name}"
        );
    }
}

#[test]
fn one_filled_button_says_what_happens_next() {
    for (name, screen) in screens() {
        let html = screen.html().unwrap();
        // What stands in noscript is the same button for browsers without scripts; the shutter shows after the door.
        let plain: String = html
            .split("<noscript>")
            .enumerate()
            .map(|(i, part)| if i == 0 { part } else { part.split_once("</noscript>").map_or("", |p| p.1) })
            .collect();
        let filled = count(&plain, "class=\"btn\"")
            - count(&plain, "class=\"btn\" type=\"button\" data-part=\"manual\"");
        let expected = match &screen {
            // Two equal ones.
            Screen::Safety(_) => 0,
            // It acts by itself; `알림 받기` comes after 20 s.
            Screen::Working(w) => usize::from(w.notice),
            Screen::Done(d) => usize::from(d.back.is_some()),
            Screen::Notice(n) => usize::from(n.action.is_some()),
            _ => 1,
        };
        assert_eq!(filled, expected, "{name}");
        for vague in [">확인<", ">다음<", ">OK<", ">제출<"] {
            assert!(!html.contains(vague), "{name}");
        }
    }
}

#[test]
fn every_link_leads_somewhere() {
    let path = data(&profile(), &banks()).path;
    let actions = [
        "safety",
        "consents",
        "card",
        "confirm",
        "retake",
        "account",
        "code",
        "form",
        "device",
        "resend",
        "phone",
        "phone_code",
        "change_phone",
        "change_account",
        "notice",
        "review",
        "withdraw.consent.identity",
        "new_link",
        "take_over",
    ];
    for (name, screen) in screens() {
        let html = screen.html().unwrap();
        for action in attributes(&html, "action") {
            let known = actions.iter().any(|a| action == format!("{path}/{a}"));
            assert!(known, "{name}: {action}");
        }
        for href in attributes(&html, "href").into_iter().chain(attributes(&html, "src")) {
            let page = href == path
                || ["at", "lang", "view"].iter().any(|p| href.starts_with(&format!("{path}?{p}=")));
            let out = href == format!("{path}/outside");
            let picture = href == format!("{path}/picture") || href.starts_with(&format!("{path}/crop/"));
            let outside = href.starts_with("tel:") || href.starts_with("https://") || href == "/v/ver_1";
            let asset = href.strip_prefix("/assets/").and_then(|a| a.split_once("?v="));
            let asset = asset.is_some_and(|(name, hash)| {
                super::assets::find(name).is_some_and(|asset| asset.hash == hash)
            });
            assert!(out || page || picture || outside || asset, "{name}: {href}");
        }
    }
}

#[test]
fn nothing_personal_stands_where_it_must_not() {
    for (name, screen) in screens() {
        let html = screen.html().unwrap();
        // The person's own name stands where it is confirmed, and masked at the end; nobody's anywhere else.
        let shown = html.contains("김하늘");
        assert_eq!(shown, matches!(screen, Screen::Check(_)), "{name}");
        // What caught a forger is never shown.
        for word in ["위조", "도용", "의심", "차단 목록", "본인이 아닙니다"] {
            assert!(!html.contains(word), "{name}: {word}");
        }
    }
}

#[test]
fn one_state_one_screen() {
    let (profile, banks) = (profile(), banks());
    for (point, v) in all() {
        let drawn = screen(&v, &data(&profile, &banks));
        assert_eq!(drawn.page().screen, name(&v), "{point}");
        assert_eq!(drawn.page().version, 7, "{point}");
        // Whoever waits is told when something changed; what ended for good is not asked for.
        let goes_on = v.end().is_none() || name(&v) == "review";
        assert_eq!(drawn.page().every_s.is_some(), goes_on && name(&v) != "start", "{point}");
    }
}

#[test]
fn a_doubtful_field_is_open_with_its_crop() {
    let (profile, banks) = (profile(), banks());
    let check = |doubtful: Vec<DocumentField>, open: &[&str], title: &str| {
        let blob = ingam_cases::id::BlobId::new(1, [9; 10]);
        let v = checking(CardStep::Confirm { blob, doubtful, again: None }, AccountStep::Idle);
        let Screen::Check(drawn) = screen(&v, &data(&profile, &banks)) else { panic!("not V6") };
        let fields: Vec<_> = drawn.open.iter().map(|f| f.name).collect();
        assert_eq!((fields.as_slice(), drawn.title.as_str()), (open, title));
        let html = screen(&v, &data(&profile, &banks)).html().unwrap();
        assert_eq!(html.contains("doubt"), !open.is_empty());
        assert!(html.contains("1995년 4월 17일"));
        // The hidden half of the number is nowhere in the page.
        assert!(!html.contains("950417"));
    };
    check(vec![], &[], "이렇게 읽었어요. 맞나요?");
    check(vec![DocumentField::IssueDate], &["issue_date"], "이렇게 읽었어요. 맞나요?");
    check(
        vec![DocumentField::Name, DocumentField::ResidentNumber],
        &["name", "resident_number"],
        "이렇게 읽었어요. 맞나요?",
    );
}

#[test]
fn only_the_policys_steps_are_shown() {
    let (profile, banks) = (profile(), banks());
    let mut v = stage(Stage::Safety);
    let html = screen(&v, &data(&profile, &banks)).html().unwrap();
    assert!(html.contains("신분증 찍기") && html.contains("1원 받기") && !html.contains("얼굴"));
    v.plan.steps.truncate(1);
    let html = screen(&v, &data(&profile, &banks)).html().unwrap();
    assert!(html.contains("신분증 찍기") && !html.contains("1원 받기"));
}

#[test]
fn a_file_is_offered_only_where_policy_and_installation_take_it() {
    let (profile, banks) = (profile(), banks());
    let mut v = checking(CardStep::Picture { problem: None }, AccountStep::Idle);
    let offered = |v: &ingam_cases::verification::Verification, files| {
        let data = ScreenData { files, ..data(&profile, &banks) };
        screen(v, &data).html().unwrap().contains("type=\"file\"")
    };
    assert!(offered(&v, true));
    assert!(!offered(&v, false));
    if let ingam_cases::policy::Step::IdDocument { sources, .. } = &mut v.plan.steps[0] {
        sources.retain(|s| *s == ingam_cases::policy::PictureSource::Camera);
    }
    assert!(!offered(&v, true));
}

#[test]
fn what_is_typed_in_vain_is_not_asked_twice() {
    let (profile, banks) = (profile(), banks());
    let v = checking(CardStep::Passed, AccountStep::Name { problem: None });
    let message = problems::invalid(&KO, "account_number", "length");
    let said = ScreenData {
        message: Some(message.clone()),
        typed: vec![("bank".into(), "088".into()), ("account_number".into(), "12<34".into())],
        ..data(&profile, &banks)
    };
    let html = screen(&v, &said).html().unwrap();
    assert!(html.contains("value=\"088\" form=\"account\" required checked"));
    assert!(html.contains("12&#60;34") && html.contains("role=\"alert\" id=\"message\""));
    assert_eq!(
        message,
        Message { field: Some("account_number".into()), text: KO.message.account_number.into() }
    );
    assert_eq!(count(&html, "aria-invalid=\"true\""), 1);
}

#[test]
fn an_answer_that_cannot_be_taken_is_pointed_at_and_the_others_stay() {
    let (profile, banks) = (profile(), banks());
    let (_, v) = all().into_iter().find(|(name, _)| name == "form").unwrap();
    let typed = [("q.purpose", "savings"), ("q.sources", "salary"), ("q.job", "<b>"), ("q.owner", "false")];
    let said = ScreenData {
        message: Some(problems::answer(&KO, "year", "out_of_range")),
        typed: typed.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
        ..data(&profile, &banks)
    };
    let html = screen(&v, &said).html().unwrap();
    assert_eq!(count(&html, " checked"), 3);
    assert!(html.contains("value=\"&#60;b&#62;\""));
    let wrong = html.split("<input id=\"q.year\"").nth(1).unwrap().split('>').next().unwrap();
    assert!(wrong.contains("aria-invalid=\"true\" aria-describedby=\"message\""), "{wrong}");
    assert_eq!(count(&html, "aria-invalid"), 1);
    // A code is never written back.
    let (_, v) = all().into_iter().find(|(name, _)| name == "device-otp-None").unwrap();
    let said = ScreenData { typed: vec![("code".into(), "123456".into())], ..data(&profile, &banks) };
    assert!(!screen(&v, &said).html().unwrap().contains("123456"));
}

#[test]
fn an_institutions_own_words_stand_where_it_stopped_or_waits() {
    let (profile, banks) = (profile(), banks());
    let own = ingam_cases::policy::Words { ko: "지점에서 도와드릴게요.".into(), en: None };
    let check = |v: &ingam_cases::verification::Verification, ours: &str| {
        let said = ScreenData { institution_text: Some(own.clone()), ..data(&profile, &banks) };
        assert!(screen(v, &said).html().unwrap().contains(&own.ko));
        assert!(screen(v, &data(&profile, &banks)).html().unwrap().contains(ours));
    };
    let (_, waits) = all().into_iter().find(|(name, _)| name == "pause-institution").unwrap();
    check(&waits, "새솔은행이 마치면 저절로 이어져요.");
    check(
        &ended(End::Refused { code: RefusedCode::StoppedByInstitution }),
        "새솔은행이 이 확인을 여기서 멈추기로",
    );
}

#[test]
fn a_return_address_is_a_web_address_or_none() {
    let (profile, banks) = (profile(), banks());
    let check = |url: Option<&str>, expected: bool| {
        let v = ingam_cases::verification::Verification {
            return_url: url.map(str::to_owned),
            ..ended(End::Verified)
        };
        let Screen::Done(done) = screen(&v, &data(&profile, &banks)) else { panic!("not V14") };
        assert_eq!(done.back.is_some(), expected, "{url:?}");
    };
    check(Some("https://bank.example/done"), true);
    check(Some("javascript:alert(1)"), false);
    check(None, false);
}

#[test]
fn the_end_says_why_and_what_next() {
    let (profile, banks) = (profile(), banks());
    let check = |end, parts: &[&str]| {
        let html = screen(&ended(end), &data(&profile, &banks)).html().unwrap();
        for part in parts {
            assert!(html.contains(part), "{end:?}: {part}");
        }
    };
    check(End::Verified, &["김*늘 님", "오후 2:00", "오후 2:02", "2031년 11월 23일까지"]);
    check(End::Expired, &["시간이 지났어요", "새 링크 받기", "1599-0000"]);
    check(End::Cancelled, &["새솔은행이 요청을 거두었어요"]);
    check(End::Refused { code: RefusedCode::StoppedByPerson }, &["여기서 멈추세요", "1332", "tel:112"]);
    check(
        End::Refused { code: RefusedCode::CardRefused },
        &["행정안전부가 이 신분증을", "자동으로 내린 결정"],
    );
    check(End::Refused { code: RefusedCode::ConsentRefused }, &["동의하지 않아", "새 링크 받기"]);
}

#[test]
fn the_specimens_hold_what_they_say() {
    assert_eq!(card().shown[&DocumentField::Name], "김하늘");
    assert!(specimen::all().len() > 60);
}

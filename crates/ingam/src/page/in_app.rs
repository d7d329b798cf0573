//! Windows inside other apps, in which cameras often do not open: how they are known, and how one leads out of them.
//!
//! Known by what they say of themselves (User-Agent); what they can do is tried out on the page. KakaoTalk opens an address
//! outside by a scheme of its own, Android by an intent; an iPhone has no such way, so there the address is copied.

use axum::http::{HeaderMap, header};
use url::form_urlencoded::byte_serialize;

/// A window inside another app.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InApp {
    /// KakaoTalk's, on either system.
    KakaoTalk,
    /// Another app's on Android.
    Android,
    /// Another app's on an iPhone or iPad.
    Ios,
}

/// Words with which apps name themselves.
const APPS: [&str; 8] =
    ["NAVER(inapp", " Line/", "Instagram", "FBAN", "FBAV", "DaumApps", "everytimeApp", "TossApp"];

impl InApp {
    /// The window that a request comes from; nothing for a browser.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let agent = headers.get(header::USER_AGENT)?.to_str().ok()?;
        if agent.contains("KAKAOTALK") {
            return Some(Self::KakaoTalk);
        }
        let named = APPS.iter().any(|app| agent.contains(app));
        let apple = ["iPhone", "iPad"].iter().any(|device| agent.contains(device));
        // A WebView of Android says so; one of an iPhone leaves out the browser's name.
        match (apple, agent.contains("Android")) {
            (true, _) if named || !agent.contains("Safari/") => Some(Self::Ios),
            (false, true) if named || agent.contains("; wv)") => Some(Self::Android),
            _ => None,
        }
    }

    /// Where an address opens in a browser; nothing where no link can do that.
    pub fn leads_out(self, url: &str) -> Option<String> {
        let encoded: String = byte_serialize(url.as_bytes()).collect();
        let (scheme, rest) = url.split_once("://")?;
        match self {
            Self::KakaoTalk => Some(format!("kakaotalk://web/openExternal?url={encoded}")),
            Self::Android => Some(format!(
                "intent://{rest}#Intent;scheme={scheme};action=android.intent.action.VIEW;\
                 category=android.intent.category.BROWSABLE;S.browser_fallback_url={encoded};end"
            )),
            Self::Ios => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_inside_apps_are_told_from_browsers() {
        let check = |agent: &str, expected: Option<InApp>| {
            let mut headers = HeaderMap::new();
            headers.insert(header::USER_AGENT, agent.parse().unwrap());
            assert_eq!(InApp::of(&headers), expected, "{agent}");
        };
        let android = "Mozilla/5.0 (Linux; Android 14; SM-S921N";
        let iphone =
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)";
        let chrome =
            "AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/126.0.0.0 Mobile Safari/537.36";
        check(&format!("{android}) {chrome}"), None);
        check(&format!("{android}; wv) {chrome}"), Some(InApp::Android));
        check(&format!("{android}; wv) {chrome};KAKAOTALK 2410400"), Some(InApp::KakaoTalk));
        check(&format!("{android}) {chrome} NAVER(inapp; search; 1000; 12.7.2)"), Some(InApp::Android));
        check(&format!("{iphone} Version/17.5 Mobile/15E148 Safari/604.1"), None);
        check(&format!("{iphone} Mobile/15E148"), Some(InApp::Ios));
        check(&format!("{iphone} Mobile/15E148 KAKAOTALK 10.9.0"), Some(InApp::KakaoTalk));
        check("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36", None);
        assert_eq!(InApp::of(&HeaderMap::new()), None);
    }

    #[test]
    fn an_address_leads_out() {
        let url = "https://id.bank.example/h/a.1.2.b";
        let kakao = "kakaotalk://web/openExternal?url=https%3A%2F%2Fid.bank.example%2Fh%2Fa.1.2.b";
        assert_eq!(InApp::KakaoTalk.leads_out(url).as_deref(), Some(kakao));
        let intent = InApp::Android.leads_out(url).unwrap();
        assert!(intent.starts_with("intent://id.bank.example/h/a.1.2.b#Intent;scheme=https;"), "{intent}");
        assert!(intent.ends_with("S.browser_fallback_url=https%3A%2F%2Fid.bank.example%2Fh%2Fa.1.2.b;end"));
        assert_eq!(InApp::Ios.leads_out(url), None);
    }
}

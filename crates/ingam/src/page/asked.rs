//! How a browser is answered. Language: the one that was chosen by a link and is remembered, else the one that it asks for
//! (RFC 9110 §12.5.4), else Korean. View: the simple one (쉬운 화면) where it was chosen, the same in larger type.

use super::in_app::InApp;
use super::routes::guard::cookie;
use super::texts::{ALL, KO, Texts};
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Uri, header};
use std::convert::Infallible;

/// The cookie of the chosen language.
const LANGUAGE: &str = "ingam_language";
/// The cookie of the chosen view.
const VIEW: &str = "ingam_view";
/// How long a choice is remembered, in seconds.
pub(super) const REMEMBERED_S: u32 = 365 * 86_400;

/// How a request is answered.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    /// From which catalogue.
    pub(super) t: &'static Texts,
    /// In the simple view.
    pub(super) simple: bool,
    /// The window inside another app that it comes from.
    pub(super) in_app: Option<InApp>,
}

impl Asked {
    pub(super) fn of(uri: &Uri, headers: &HeaderMap) -> Self {
        let remembered = || of(&cookie(headers, LANGUAGE)?);
        let t = language(uri).or_else(remembered).or_else(|| accepted(headers, of)).unwrap_or(&KO);
        let remembered = || cookie(headers, VIEW).as_deref().and_then(view_of);
        let simple = view(uri).or_else(remembered) == Some(SIMPLE);
        Self { t, simple, in_app: InApp::of(headers) }
    }
}

/// What a link chose, as cookies that remember it.
pub(super) fn chosen(uri: &Uri) -> impl Iterator<Item = (&'static str, &'static str)> {
    let language = language(uri).map(|texts| (LANGUAGE, texts.language.code));
    language.into_iter().chain(view(uri).map(|view| (VIEW, view)))
}

const SIMPLE: &str = "simple";

fn view_of(word: &str) -> Option<&'static str> {
    [SIMPLE, "normal"].into_iter().find(|known| *known == word)
}

/// `?view=simple`
fn view(uri: &Uri) -> Option<&'static str> {
    parameter(uri, "view").as_deref().and_then(view_of)
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::of(&parts.uri, &parts.headers))
    }
}

/// The catalogue of a language's code.
fn of(code: &str) -> Option<&'static Texts> {
    ALL.iter().find(|texts| texts.language.code == code).copied()
}

/// `?lang=en`
fn language(uri: &Uri) -> Option<&'static Texts> {
    parameter(uri, "lang").as_deref().and_then(of)
}

fn parameter(uri: &Uri, name: &str) -> Option<String> {
    let (_, value) = url::form_urlencoded::parse(uri.query()?.as_bytes()).find(|(given, _)| given == name)?;
    Some(value.into_owned())
}

/// The best of what a browser asks for and `of` has.
pub(crate) fn accepted<T>(headers: &HeaderMap, of: impl Fn(&str) -> Option<T>) -> Option<T> {
    let asked =
        headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut best: Option<(f32, T)> = None;
    for range in asked.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let tag = parts.next().unwrap_or_default().to_ascii_lowercase();
        let weight = parts.find_map(|p| p.strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
        let language = tag.split('-').next().unwrap_or_default();
        if let Some(texts) = of(language)
            && weight > best.as_ref().map_or(0.0, |(best, _)| *best)
        {
            best = Some((weight, texts));
        }
    }
    best.map(|(_, texts)| texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_then_what_is_remembered_then_what_the_browser_asks_for() {
        let check = |uri: &str, remembered: Option<&str>, asked: Option<&str>, expected: &str| {
            let mut headers = HeaderMap::new();
            if let Some(code) = remembered {
                headers.insert(header::COOKIE, format!("{LANGUAGE}={code}").parse().unwrap());
            }
            if let Some(asked) = asked {
                headers.insert(header::ACCEPT_LANGUAGE, asked.parse().unwrap());
            }
            let asked_for = Asked::of(&uri.parse().unwrap(), &headers);
            assert_eq!(asked_for.t.language.code, expected, "{uri} {remembered:?} {asked:?}");
        };
        check("/v/1", None, None, "ko");
        check("/v/1", None, Some("ko-KR,ko;q=0.9,en-US;q=0.8"), "ko");
        check("/v/1", None, Some("en-US,en;q=0.9,ko;q=0.8"), "en");
        check("/v/1", None, Some("vi, en;q=0.5"), "en");
        check("/v/1", None, Some("vi"), "ko");
        check("/v/1", Some("ko"), Some("en"), "ko");
        check("/v/1", Some("surprise"), Some("en"), "en");
        check("/v/1?lang=ko", Some("en"), Some("en"), "ko");
        check("/v/1?at=help&lang=xx", Some("en"), None, "en");
    }

    #[test]
    fn the_simple_view_is_chosen_and_remembered_until_the_normal_one_is() {
        let check = |uri: &str, remembered: Option<&str>, simple: bool| {
            let mut headers = HeaderMap::new();
            if let Some(view) = remembered {
                headers.insert(header::COOKIE, format!("{VIEW}={view}").parse().unwrap());
            }
            assert_eq!(Asked::of(&uri.parse().unwrap(), &headers).simple, simple, "{uri} {remembered:?}");
        };
        check("/v/1", None, false);
        check("/v/1?view=simple", None, true);
        check("/v/1", Some("simple"), true);
        check("/v/1?view=normal", Some("simple"), false);
        check("/v/1?view=surprise", Some("simple"), true);
        let both: Vec<_> = chosen(&"/v/1?lang=en&view=simple".parse().unwrap()).collect();
        assert_eq!(both, [(LANGUAGE, "en"), (VIEW, "simple")]);
        assert_eq!(chosen(&"/v/1?lang=xx".parse().unwrap()).count(), 0);
    }

    #[test]
    fn each_language_leads_to_another() {
        for texts in ALL {
            assert!(
                of(texts.language.other_code).is_some_and(|other| other.language.code != texts.language.code)
            );
        }
    }
}

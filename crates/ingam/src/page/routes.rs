//! The hosted page over HTTP: the person's link, the screen, its pictures, its state.
//!
//! A link's token proves that its holder was sent the link; a session's cookie proves that this browser opened it.
//! Nobody without one of them learns that a verification exists.

mod act;
mod answer;
pub(crate) mod guard;
#[cfg(test)]
mod story;
mod visitor;

use super::asked::Asked;
use super::assets;
use super::screens::{self, ScreenData, Side};
use super::texts::{ALL, KO, Texts};
use super::view::{House, Message};
use crate::app::App;
use crate::fault::Fault;
use crate::flow::ActError;
use crate::flow::link::Opened;
use answer::{cookie_header, page_of};
use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use ingam_cases::policy::Words;
use ingam_cases::verification::{DocumentField, InstitutionStep, Verification};
use ingam_connectors::banks::{HOUSES, Kind};
use std::sync::Arc;
use visitor::{Seen, Visitor};

/// Largest body of a form. None has more than a few hundred bytes.
const FORM_BYTES: usize = 16 * 1024;
/// What a form around a picture may weigh beside it.
const FORM_AROUND_PICTURE: usize = 64 * 1024;
/// Banks in the order in which people hold accounts there; the others follow by code.
const MOST_USED: [&str; 12] =
    ["004", "088", "020", "081", "011", "090", "092", "003", "089", "045", "071", "048"];

/// What the routes share.
pub(super) struct Pages {
    app: Arc<App>,
    sandbox: bool,
    /// In each language, in the order of the catalogues.
    houses: Vec<Vec<House>>,
}

type Shared = State<Arc<Pages>>;

/// The hosted page. `sandbox` lets a specimen camera stand in for the real one, and a page of ours frame it.
pub fn router(app: Arc<App>, sandbox: bool) -> Router {
    let picture = DefaultBodyLimit::max(app.config.http.picture_bytes + FORM_AROUND_PICTURE);
    let pages = Arc::new(Pages { app, sandbox, houses: ALL.iter().map(|t| houses(t, sandbox)).collect() });
    Router::new()
        .route("/v/{id}/card", post(act::card).layer(picture).get(back))
        .route("/v/{id}/{action}", post(act::form).get(back))
        .route("/v/{id}/state", get(state))
        .route("/v/{id}/picture", get(picture_of_card))
        .route("/v/{id}/crop/{field}", get(crop))
        .route("/v/{id}", get(current))
        .route("/v/{id}/outside", get(outside))
        .route("/h/{token}", get(hand_over))
        .route("/p/{token}", get(open_link))
        .route("/p/{token}/{action}", post(act::by_link).get(back_to_link))
        .layer(axum::middleware::from_fn_with_state(pages.clone(), guard::around))
        .route("/assets/page/{name}", get(asset))
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .with_state(pages)
}

fn houses(t: &Texts, sandbox: bool) -> Vec<House> {
    let korean = t.language.code == KO.language.code;
    let rank = |code: &str| MOST_USED.iter().position(|c| *c == code).unwrap_or(MOST_USED.len());
    let mut all: Vec<(usize, usize, House)> = HOUSES
        .iter()
        .filter_map(|house| {
            let group = match house.kind {
                Kind::Bank => 0,
                Kind::Securities => 1,
                Kind::Branch => 2,
                Kind::Test if sandbox => 3,
                Kind::Test | Kind::Closed => return None,
            };
            let code = house.code().to_string();
            Some((
                group,
                rank(&code),
                House { code, name: if korean { house.ko } else { house.en }.to_owned() },
            ))
        })
        .collect();
    all.sort_by_key(|(group, rank, _)| (*group, *rank));
    all.into_iter().map(|(.., house)| house).collect()
}

#[derive(serde::Deserialize, Default)]
struct At {
    #[serde(default)]
    at: String,
}

impl At {
    fn side(&self) -> Side {
        match self.at.as_str() {
            "safety" => Side::Safety,
            "help" => Side::Help,
            "link_asked" => Side::LinkAsked,
            _ => Side::None,
        }
    }
}

async fn open_link(
    State(pages): Shared,
    Path(token): Path<String>,
    Query(at): Query<At>,
    asked: Asked,
    headers: HeaderMap,
) -> Response {
    let cookie = guard::cookie(&headers, guard::SESSION);
    match pages.app.open_link(&token, cookie.as_deref(), false).await {
        Ok(opened) => pages.opened(&token, opened, &at, &headers, asked).await,
        Err(problem) => pages.failed(asked.t, problem, &format!("/p/{token}")),
    }
}

/// `GET /v/{id}/outside`: out of a window inside another app, into a browser that goes on here.
async fn outside(State(pages): Shared, visitor: Visitor) -> Response {
    let page = visitor.path();
    let (Some((current, Seen::Mine)), Some(in_app)) = (visitor.known(), visitor.asked.in_app) else {
        return Redirect::to(&page).into_response();
    };
    match pages.app.hand_over_url(&visitor.id, current.state.session).await {
        Ok(url) => Redirect::to(&in_app.leads_out(&url).unwrap_or(page)).into_response(),
        Err(fault) => pages.failed(visitor.asked.t, fault.into(), &page),
    }
}

/// `GET /h/{token}`: a browser goes on where another one was.
async fn hand_over(
    State(pages): Shared,
    Path(token): Path<String>,
    asked: Asked,
    headers: HeaderMap,
) -> Response {
    match pages.app.take_hand_over(&token).await {
        Ok((opened, link)) => pages.opened(&link, opened, &At::default(), &headers, asked).await,
        Err(problem) => pages.failed(asked.t, problem, &format!("/h/{token}")),
    }
}

async fn back(Path(path): Path<Vec<(String, String)>>) -> Redirect {
    let id = path.into_iter().find(|(name, _)| name == "id").map(|(_, id)| id).unwrap_or_default();
    Redirect::to(&format!("/v/{id}"))
}

async fn back_to_link(Path((token, _)): Path<(String, String)>) -> Redirect {
    Redirect::to(&format!("/p/{token}"))
}

async fn current(State(pages): Shared, visitor: Visitor, Query(at): Query<At>) -> Response {
    let side = at.side();
    pages.show(&visitor, Draw { side, ..Draw::default() }).await
}

async fn state(visitor: Visitor) -> Response {
    let Some((current, seen)) = visitor.known() else { return StatusCode::NOT_FOUND.into_response() };
    let screen = match seen {
        Seen::Mine => screens::name(&current.state),
        Seen::Old if current.state.end().is_some() => screens::name(&current.state),
        Seen::Old => "elsewhere",
    };
    axum::Json(serde_json::json!({ "version": current.version, "screen": screen })).into_response()
}

async fn picture_of_card(State(pages): Shared, visitor: Visitor) -> Response {
    pages.kept(&visitor, "masked").await
}

async fn crop(State(pages): Shared, visitor: Visitor, Path((_, field)): Path<(String, String)>) -> Response {
    match field.as_str() {
        field if cut_out().any(|known| known.as_str() == field) => {
            pages.kept(&visitor, &format!("crop.{field}")).await
        }
        _ => StatusCode::NOT_FOUND.into_response(),
    }
}

/// The fields whose place on a document is kept as a picture. Those of numbers would be the numbers.
fn cut_out() -> impl Iterator<Item = DocumentField> {
    DocumentField::ALL.into_iter().filter(|field| !field.is_number())
}

#[derive(serde::Deserialize)]
struct Hash {
    v: Option<String>,
}

async fn asset(
    State(pages): Shared,
    Path(name): Path<String>,
    Query(hash): Query<Hash>,
    headers: HeaderMap,
) -> Response {
    // The specimen camera is no part of the real page.
    let ours = pages.sandbox || name != "specimen-camera.js";
    let Some(asset) = assets::find(&format!("page/{name}")).filter(|_| ours) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    asset_answer(asset, hash.v.as_deref(), &headers)
}

/// A file, kept for ever where it was asked for by its hash, else asked for again each time.
pub(crate) fn asset_answer(
    asset: &'static assets::Asset,
    hash: Option<&str>,
    headers: &HeaderMap,
) -> Response {
    let etag = format!("\"{}\"", asset.hash);
    let keep = match hash {
        Some(hash) if hash == asset.hash => "public, max-age=31536000, immutable",
        _ => "no-cache",
    };
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == etag.as_bytes());
    let mut answer = if known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        ([(header::CONTENT_TYPE, asset.media_type)], asset.bytes).into_response()
    };
    let set = answer.headers_mut();
    set.insert(header::CACHE_CONTROL, HeaderValue::from_static(keep));
    set.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        set.insert(header::ETAG, etag);
    }
    answer
}

/// How a screen is drawn beside its state.
#[derive(Default)]
struct Draw {
    side: Side,
    status: Option<StatusCode>,
    message: Option<Message>,
    typed: Vec<(String, String)>,
    /// Where its actions lead: the link instead of the session's page.
    path: Option<String>,
}

impl Pages {
    /// What a link leads to.
    async fn opened(
        &self,
        token: &str,
        opened: Opened,
        at: &At,
        headers: &HeaderMap,
        asked: Asked,
    ) -> Response {
        let path = format!("/p/{token}");
        match opened {
            Opened::Here { id, cookie } => {
                let page = format!("/v/{id}");
                let mut answer = Redirect::to(&page).into_response();
                let secure = self.app.base_url.starts_with("https:");
                // Twice, since a cookie has one path: for the page, and for the link that leads to it again.
                for path in [page, path] {
                    answer.headers_mut().append(
                        header::SET_COOKIE,
                        cookie_header(guard::SESSION, &cookie, &path, None, secure),
                    );
                }
                if guard::cookie(headers, guard::DEVICE).is_none() {
                    let device = super::texts::hex(&self.app.entropy.draw::<16>());
                    answer.headers_mut().append(
                        header::SET_COOKIE,
                        cookie_header(guard::DEVICE, &device, "/v/", Some(guard::DEVICE_S), secure),
                    );
                }
                answer
            }
            Opened::Elsewhere { id } | Opened::Ended { id } => {
                let draw = Draw { side: at.side(), path: Some(path.clone()), ..Draw::default() };
                match Visitor::by_link(self, id, headers, asked).await {
                    Ok(visitor) => self.show(&visitor, draw).await,
                    Err(fault) => self.failed(asked.t, fault.into(), &path),
                }
            }
            Opened::Unknown => self.html(&screens::missing(asked.t), StatusCode::NOT_FOUND),
        }
    }

    /// Draws the screen that a visitor is at.
    async fn show(&self, visitor: &Visitor, draw: Draw) -> Response {
        match self.drawn(visitor, &draw).await {
            Ok((screen, status)) => self.html(&screen, draw.status.unwrap_or(status)),
            Err(problem) => self.failed(visitor.asked.t, problem, &visitor.path()),
        }
    }

    async fn drawn(&self, visitor: &Visitor, draw: &Draw) -> Result<(screens::Screen, StatusCode), ActError> {
        let Some((current, seen)) = visitor.known() else {
            return Ok((screens::missing(visitor.asked.t), StatusCode::NOT_FOUND));
        };
        let v = &current.state;
        let institution = self.app.institution(&v.institution).await?;
        let Some(institution) = institution else {
            return Ok((screens::missing(visitor.asked.t), StatusCode::NOT_FOUND));
        };
        let mine = seen == Seen::Mine;
        let mut data = ScreenData {
            t: visitor.asked.t,
            simple: visitor.asked.simple,
            now: self.app.now(),
            profile: &institution.profile,
            path: draw.path.clone().unwrap_or_else(|| visitor.path()),
            version: current.version,
            side: draw.side,
            banks: self.houses_in(visitor.asked.t),
            card: None,
            files: self.app.config.policy.picture_files,
            specimen_camera: self.sandbox,
            name_masked: None,
            kept: None,
            message: draw.message.clone(),
            typed: draw.typed.clone(),
            challenge: None,
            institution_text: None,
            in_app: visitor.asked.in_app,
            link: None,
        };
        if !mine && v.end().is_none() {
            return Ok((screens::elsewhere(v, &data), StatusCode::OK));
        }
        if mine && draw.side != Side::Help {
            match screens::name(v) {
                "camera" => data.link = Some(self.app.person_url(&v.id).await?),
                "check" => data.card = Some(self.card(visitor).await?),
                "device" => data.challenge = self.app.card_challenge(v).await?,
                "pause" | "refused" => data.institution_text = self.institution_text(visitor, v).await?,
                "done" => {
                    data.name_masked = self.masked_name(visitor).await?;
                    data.kept = answer::kept_until(v);
                }
                _ => {}
            }
        }
        Ok((screens::screen(v, &data), StatusCode::OK))
    }

    async fn card(&self, visitor: &Visitor) -> Result<screens::CardShown, ActError> {
        let Some(person) = visitor.person(&self.app) else { return Ok(screens::CardShown::default()) };
        let read = person.card_to_confirm().await?;
        let mut shown = screens::CardShown {
            birth_date: read.birth_date,
            shown: read.shown,
            ..screens::CardShown::default()
        };
        shown.picture = self.app.kept_picture(&visitor.id, "masked").await?.is_some();
        for field in cut_out() {
            let what = format!("crop.{}", field.as_str());
            if self.app.kept_picture(&visitor.id, &what).await?.is_some() {
                shown.crops.push(field);
            }
        }
        Ok(shown)
    }

    /// The banks by their names in a language.
    fn houses_in(&self, t: &'static Texts) -> &[House] {
        let at = ALL.iter().position(|texts| texts.language.code == t.language.code).unwrap_or(0);
        &self.houses[at]
    }

    /// What the institution wants the person to read; nothing where it said nothing, or it has been destroyed.
    async fn institution_text(&self, visitor: &Visitor, v: &Verification) -> Result<Option<Words>, ActError> {
        if v.institution_check == InstitutionStep::Idle {
            return Ok(None);
        }
        match self.app.institution_text(&visitor.id, visitor.reader("show_to_person")).await {
            Err(ActError::Destroyed | ActError::Refused(_)) => Ok(None),
            other => other,
        }
    }

    /// The person's name as it may stand on a screen; nothing once it has been destroyed.
    async fn masked_name(&self, visitor: &Visitor) -> Result<Option<String>, ActError> {
        match self.app.confirmed(&visitor.id, visitor.reader("show_to_person")).await {
            Ok(confirmed) => Ok(Some(confirmed.name.masked())),
            Err(ActError::Destroyed | ActError::Refused(_)) => Ok(None),
            Err(other) => Err(other),
        }
    }

    async fn kept(&self, visitor: &Visitor, what: &str) -> Response {
        // Only while the person confirms it, and only in the browser that has the page.
        let confirming = visitor
            .known()
            .is_some_and(|(current, seen)| seen == Seen::Mine && screens::name(&current.state) == "check");
        let Some(person) = visitor.person(&self.app).filter(|_| confirming) else {
            return StatusCode::NOT_FOUND.into_response();
        };
        match person.picture(what).await {
            Ok(Some(jpeg)) => ([(header::CONTENT_TYPE, "image/jpeg")], jpeg).into_response(),
            Ok(None) | Err(ActError::Destroyed | ActError::Refused(_)) => {
                StatusCode::NOT_FOUND.into_response()
            }
            Err(problem) => self.failed(visitor.asked.t, problem, &visitor.path()),
        }
    }

    fn html(&self, screen: &screens::Screen, status: StatusCode) -> Response {
        page_of(screen, status)
    }

    /// A fault: said once in the log, and to the person without what failed.
    fn failed(&self, t: &'static Texts, problem: ActError, again: &str) -> Response {
        tracing::error!(error = %problem, "the page failed");
        let screen = screens::fault(t, again.to_owned());
        if !matches!(problem, ActError::Fault(Fault::Ledger(ingam_ledger::Fault::Unavailable(_)))) {
            return page_of(&screen, StatusCode::INTERNAL_SERVER_ERROR);
        }
        // A failover takes seconds; a browser and what stands before us may try again by themselves.
        let mut answer = page_of(&screen, StatusCode::SERVICE_UNAVAILABLE);
        answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
        answer
    }
}

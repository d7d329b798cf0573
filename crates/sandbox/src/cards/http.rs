//! The pictures over HTTP: `/people/{id}/card.png`, `card.svg`, `photo.jpg` and `portrait.svg`. The first three show the
//! document that `?document=resident|alien|driver|passport` names, else the first that the person holds.
//!
//! Refuses to know who may see them (they show nobody) and where they are mounted. What was drawn once is
//! kept: drawing takes tenths of a second, and the same address always gives the same bytes.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::holder::{Drawn, Held, Holder, holders};
use super::pixels::{CardFault, png_bytes, render_document};
use super::portrait_svg;
use super::scene::{Field, Glare, Scene, photograph_document};
use super::surface::Surface;

/// The pictures of the built-in people. An unknown id, and a document that the person does not hold, are 404, a query
/// out of bounds 400, no font 500.
pub fn router() -> Router {
    Router::new()
        .route("/people/{id}/card.png", get(card_png))
        .route("/people/{id}/card.svg", get(card_svg))
        .route("/people/{id}/photo.jpg", get(photo))
        .route("/people/{id}/portrait.svg", get(portrait))
        .with_state(Arc::new(Gallery {
            holders: holders(),
            drawn: Mutex::new(VecDeque::new()),
            // Two drawings at a time, so that a page of twelve cards leaves the machine usable.
            easels: Semaphore::new(2),
        }))
}

/// Number of drawn pictures that are kept; a photograph takes about 300 kB.
const KEPT: usize = 96;

struct Gallery {
    holders: Vec<Holder>,
    drawn: Mutex<VecDeque<(String, Bytes)>>,
    easels: Semaphore,
}

impl Gallery {
    fn find(&self, id: &str) -> Result<&Holder, Refusal> {
        self.holders.iter().find(|holder| holder.id == id).ok_or(Refusal::UnknownPerson)
    }

    /// The document that is asked for, else the person's first.
    fn document(&self, id: &str, held: Option<Held>) -> Result<Drawn, Refusal> {
        let asked = |drawn: &&Drawn| held.is_none_or(|held| drawn.held == held);
        self.find(id)?.documents.iter().find(asked).cloned().ok_or(Refusal::NotHeld)
    }

    fn kept(&self, key: &str) -> Option<Bytes> {
        let drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        drawn.iter().find(|(known, _)| known == key).map(|(_, bytes)| bytes.clone())
    }

    async fn draw(
        &self,
        key: String,
        work: impl FnOnce() -> Result<Vec<u8>, CardFault> + Send + 'static,
    ) -> Result<Bytes, Refusal> {
        if let Some(bytes) = self.kept(&key) {
            return Ok(bytes);
        }
        let _easel = self.easels.acquire().await.map_err(|_| Refusal::Fault("closing".to_owned()))?;
        // Whoever waited for the same picture finds it now.
        if let Some(bytes) = self.kept(&key) {
            return Ok(bytes);
        }
        let bytes: Bytes = tokio::task::spawn_blocking(work)
            .await
            .map_err(|fault| Refusal::Fault(fault.to_string()))?
            .map_err(|fault| Refusal::Fault(fault.to_string()))?
            .into();
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        if drawn.len() >= KEPT {
            drawn.pop_front();
        }
        drawn.push_back((key, bytes.clone()));
        Ok(bytes)
    }
}

#[derive(Debug)]
enum Refusal {
    UnknownPerson,
    NotHeld,
    BadQuery(String),
    Fault(String),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, detail) = match self {
            Self::UnknownPerson => (StatusCode::NOT_FOUND, "unknown_person", "no such specimen".to_owned()),
            Self::NotHeld => {
                (StatusCode::NOT_FOUND, "unknown_document", "the person holds no such document".to_owned())
            }
            Self::BadQuery(detail) => (StatusCode::BAD_REQUEST, "bad_query", detail),
            Self::Fault(detail) => (StatusCode::INTERNAL_SERVER_ERROR, "drawing_failed", detail),
        };
        let body = serde_json::json!({ "status": status.as_u16(), "code": code, "detail": detail });
        (status, [(header::CONTENT_TYPE, "application/problem+json")], body.to_string()).into_response()
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CardQuery {
    width: Option<u32>,
    document: Option<Held>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct DrawingQuery {
    document: Option<Held>,
}

async fn card_png(
    State(gallery): State<Arc<Gallery>>,
    Path(id): Path<String>,
    query: Result<Query<CardQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    let CardQuery { width, document } = read(query)?;
    let drawn = gallery.document(&id, document)?;
    let width = within("width", width, 1284, 64..=2400)?;
    let key = format!("{id} {:?} {width}", drawn.held);
    let work = move || png_bytes(&render_document(&drawn.svg(), drawn.format, width)?);
    Ok(picture("image/png", gallery.draw(key, work).await?))
}

async fn card_svg(
    State(gallery): State<Arc<Gallery>>,
    Path(id): Path<String>,
    query: Result<Query<DrawingQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    let drawn = gallery.document(&id, read(query)?.document)?;
    Ok(picture("image/svg+xml", drawn.svg().into()))
}

async fn portrait(State(gallery): State<Arc<Gallery>>, Path(id): Path<String>) -> Result<Response, Refusal> {
    Ok(picture("image/svg+xml", portrait_svg(&gallery.find(&id)?.portrait).into()))
}

/// `rotation`, `perspective` in degrees; `glare` a field, `glare_strength` 0 to 1; the rest as in `Scene`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PhotoQuery {
    document: Option<Held>,
    width: Option<u32>,
    height: Option<u32>,
    card_width: Option<f32>,
    rotation: Option<f32>,
    perspective: Option<f32>,
    glare: Option<Field>,
    glare_strength: Option<f32>,
    blur: Option<f32>,
    noise: Option<f32>,
    brightness: Option<f32>,
    background: Option<Surface>,
    quality: Option<u8>,
    seed: Option<u64>,
}

impl PhotoQuery {
    fn scene(self) -> Result<Scene, Refusal> {
        let good = Scene::default();
        let width = within("width", self.width, good.width, 160..=2400)?;
        let pitch = within("perspective", self.perspective, good.pitch_deg, -40.0..=40.0)?;
        let strength = within("glare_strength", self.glare_strength, 1.0, 0.0..=1.0)?;
        Ok(Scene {
            width,
            height: within("height", self.height, width * 3 / 4, 160..=2400)?,
            card_width: within("card_width", self.card_width, good.card_width, 0.2..=1.2)?,
            rotation_deg: within("rotation", self.rotation, good.rotation_deg, -180.0..=180.0)?,
            pitch_deg: pitch,
            yaw_deg: if self.perspective.is_some() { pitch * -0.5 } else { good.yaw_deg },
            glare: self.glare.map(|field| Glare { field, strength }),
            blur: within("blur", self.blur, good.blur, 0.0..=12.0)?,
            noise: within("noise", self.noise, good.noise, 0.0..=40.0)?,
            brightness: within("brightness", self.brightness, good.brightness, 0.05..=1.6)?,
            background: self.background.unwrap_or_default(),
            jpeg_quality: within("quality", self.quality, good.jpeg_quality, 20..=100)?,
            noise_seed: self.seed.unwrap_or(good.noise_seed),
            centre: good.centre,
        })
    }
}

async fn photo(
    State(gallery): State<Arc<Gallery>>,
    Path(id): Path<String>,
    query: Result<Query<PhotoQuery>, QueryRejection>,
) -> Result<Response, Refusal> {
    let query = read(query)?;
    let drawn = gallery.document(&id, query.document)?;
    let scene = query.scene()?;
    let key = format!("{id} {:?} {scene:?}", drawn.held);
    let bytes = gallery.draw(key, move || photograph_document(&drawn.svg(), drawn.format, &scene)).await?;
    Ok(picture("image/jpeg", bytes))
}

fn read<T>(query: Result<Query<T>, QueryRejection>) -> Result<T, Refusal> {
    query.map(|Query(query)| query).map_err(|refused| Refusal::BadQuery(refused.body_text()))
}

fn within<T: PartialOrd + std::fmt::Debug>(
    name: &str,
    given: Option<T>,
    otherwise: T,
    bounds: std::ops::RangeInclusive<T>,
) -> Result<T, Refusal> {
    let value = given.unwrap_or(otherwise);
    // Not-a-number is in no range, so it ends here too.
    if bounds.contains(&value) {
        Ok(value)
    } else {
        Err(Refusal::BadQuery(format!("{name} must lie in {bounds:?}")))
    }
}

fn picture(kind: &'static str, bytes: Bytes) -> Response {
    let headers = [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, "private, max-age=600"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (headers, bytes).into_response()
}

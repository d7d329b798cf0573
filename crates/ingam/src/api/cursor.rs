//! Cursors that carry a number which institutions must not read: how many entries the whole ledger has.
//!
//! AES-256-GCM under a key of the vault for one list of one institution, so a cursor fits no other list.

use crate::app::App;
use crate::fault::Fault;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// Seals a place in a list.
///
/// # Errors
/// Where the vault fails.
pub async fn seal(app: &App, scope: &str, place: u64) -> Result<String, Fault> {
    let nonce = app.entropy.draw::<NONCE_LEN>();
    let mut bytes = place.to_be_bytes().to_vec();
    key(app, scope)
        .await?
        .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::empty(), &mut bytes)
        .map_err(|_| Fault::internal("a cursor could not be sealed"))?;
    Ok(URL_SAFE_NO_PAD.encode([nonce.as_slice(), &bytes].concat()))
}

/// The place that a cursor names; nothing where it is none of this list.
///
/// # Errors
/// Where the vault fails.
pub async fn open(app: &App, scope: &str, cursor: &str) -> Result<Option<u64>, Fault> {
    let Ok(bytes) = URL_SAFE_NO_PAD.decode(cursor) else { return Ok(None) };
    let Some((nonce, sealed)) = bytes.split_first_chunk::<NONCE_LEN>() else { return Ok(None) };
    let mut sealed = sealed.to_vec();
    let key = key(app, scope).await?;
    let opened = key.open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::empty(), &mut sealed);
    Ok(opened.ok().and_then(|place| <[u8; 8]>::try_from(&*place).ok()).map(u64::from_be_bytes))
}

async fn key(app: &App, scope: &str) -> Result<LessSafeKey, Fault> {
    let hex = app.ledger.index_value("cursor", scope.as_bytes()).await?.hex;
    let digit = |b: u8| char::from(b).to_digit(16).unwrap_or(0) as u8;
    let bytes: Vec<u8> = hex.as_bytes().chunks_exact(2).map(|p| digit(p[0]) * 16 + digit(p[1])).collect();
    let key =
        UnboundKey::new(&AES_256_GCM, &bytes).map_err(|_| Fault::internal("a key of the vault is short"))?;
    Ok(LessSafeKey::new(key))
}

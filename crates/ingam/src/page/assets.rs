//! The files that browsers load: compiled in, addressed by the hash of their content, so that they may be kept for
//! ever and a new program is a new address. Holds no personal data and asks nobody who they are.

use super::texts::hex;
use aws_lc_rs::digest::{SHA256, digest};
use std::collections::HashMap;
use std::sync::LazyLock;

include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// A file to be served.
#[derive(Debug)]
pub struct Asset {
    /// Its content.
    pub bytes: &'static [u8],
    /// Its media type.
    pub media_type: &'static str,
    /// The first 64 bits of its content's SHA-256, in hexadecimal.
    pub hash: String,
}

static ASSETS: LazyLock<HashMap<&'static str, Asset>> = LazyLock::new(|| {
    FILES
        .iter()
        .map(|(name, bytes)| {
            let hash = hex(&digest(&SHA256, bytes).as_ref()[..8]);
            (*name, Asset { bytes, media_type: media_type(name), hash })
        })
        .collect()
});

/// A file by its path under `assets/`.
pub fn find(name: &str) -> Option<&'static Asset> {
    ASSETS.get(name)
}

/// A file's address, with its hash; a file that does not exist has none.
pub fn address(name: &str) -> String {
    match find(name) {
        Some(asset) => format!("/assets/{name}?v={}", asset.hash),
        None => format!("/assets/{name}"),
    }
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" => "application/json",
        "html" => "text/html; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "jpg" => "image/jpeg",
        "ico" => "image/x-icon",
        _ => "application/octet-stream",
    }
}

//! The receiving half of Standard Webhooks: is this message from whom it says, and new? What an institution's own
//! program has to do; by the specification's "Verifying webhook authenticity".

use aws_lc_rs::hmac;
use axum::http::HeaderMap;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

/// Older or newer messages are not believed, in seconds.
const TOLERANCE_S: i64 = 300;

/// Whether one of the signatures was made with the key over exactly this body, not long ago. Compared in constant
/// time.
pub fn is_signed(headers: &HeaderMap, body: &[u8], key: &[u8], now: Timestamp) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(id), Some(seconds), Some(signatures)) =
        (header("webhook-id"), header("webhook-timestamp"), header("webhook-signature"))
    else {
        return false;
    };
    let Ok(sent) = seconds.parse::<i64>() else { return false };
    if now.as_second().abs_diff(sent) > TOLERANCE_S as u64 {
        return false;
    }
    let mut signed = format!("{id}.{seconds}.").into_bytes();
    signed.extend_from_slice(body);
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    signatures
        .split(' ')
        .filter_map(|one| one.strip_prefix("v1,"))
        .any(|one| STANDARD.decode(one).is_ok_and(|tag| hmac::verify(&key, &signed, &tag).is_ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_signed_with_the_key_and_just_now_is_believed() {
        let key = [7u8; 32];
        let at: Timestamp = "2026-11-23T05:00:00Z".parse().unwrap();
        // The reference implementation signs.
        let signer = standardwebhooks::Webhook::from_bytes(key.to_vec()).unwrap();
        let headers = |body: &str| {
            let signature = signer.sign("ent_1", at.as_second(), body.as_bytes()).unwrap();
            let seconds = at.as_second().to_string();
            let mut headers = HeaderMap::new();
            headers.insert("webhook-id", "ent_1".parse().unwrap());
            headers.insert("webhook-timestamp", seconds.parse().unwrap());
            // Beside one of a key that is being rotated out.
            headers.insert("webhook-signature", format!("v1,AAAA {signature}").parse().unwrap());
            headers
        };
        let good = headers("{\"a\":1}");
        let later = |s: i64| at + jiff::SignedDuration::from_secs(s);
        assert!(is_signed(&good, b"{\"a\":1}", &key, later(10)));
        assert!(!is_signed(&good, b"{\"a\":2}", &key, later(10)), "another body");
        assert!(!is_signed(&good, b"{\"a\":1}", &[8; 32], later(10)), "another key");
        assert!(!is_signed(&good, b"{\"a\":1}", &key, later(301)), "too old");
        assert!(!is_signed(&good, b"{\"a\":1}", &key, later(-301)), "from the future");
        assert!(!is_signed(&HeaderMap::new(), b"{\"a\":1}", &key, at), "no headers");
        let mut other = good.clone();
        other.insert("webhook-id", "ent_2".parse().unwrap());
        assert!(!is_signed(&other, b"{\"a\":1}", &key, at), "another id");
    }
}

//! The door of an institution that asks for a token: two lines, the token between them, and one question that goes
//! out again only when the token was refused. Refuses to know what is asked.

use crate::{
    clock::kst_zone,
    config::Secret,
    line::{Failure, Line, Reply, Timer},
    token::{Token, TokenCache},
};
use jiff::{SignedDuration, Timestamp, civil::DateTime};
use serde::{Deserialize, Serialize};

/// In whose words a token is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum TokenDesk {
    /// useB v1.4.0: `POST /oauth/token` with Basic; `jwt`, and when it ends by the clock of Korea.
    Vendor,
    /// RFC 6749 §4.4, credentials as §2.3.1 has them: `POST /oauth/token`; `access_token`, and seconds.
    Rfc6749,
}

pub(crate) struct Door {
    pub(crate) line: Line,
    auth: Line,
    desk: TokenDesk,
    client_id: Secret,
    client_secret: Secret,
    tokens: TokenCache,
}

#[derive(Deserialize)]
struct VendorToken {
    jwt: Secret,
    #[serde(default)]
    expires_in: String,
}

#[derive(Deserialize)]
struct PlainToken {
    access_token: Secret,
    #[serde(default)]
    expires_in: u32,
}

#[derive(Serialize)]
struct Grant {
    grant_type: &'static str,
}

impl Door {
    pub(crate) fn new(
        auth: Line,
        line: Line,
        desk: TokenDesk,
        client_id: Secret,
        client_secret: Secret,
    ) -> Self {
        Self { line, auth, desk, client_id, client_secret, tokens: TokenCache::default() }
    }

    /// Asks with a token, once more with a new one if it was refused. A refused token is refused at the door, so
    /// asking again repeats nothing.
    pub(crate) async fn ask(
        &self,
        operation: &'static str,
        path: &'static str,
        question: &(impl Serialize + Sync),
        timer: &Timer,
    ) -> Result<Reply, Failure> {
        for _ in 0..2 {
            let token = self.token(timer).await?;
            let request = self.line.post(path).bearer_auth(token.expose()).json(question);
            let reply = self.line.send(operation, request, timer).await?;
            if reply.status != 401 {
                return Ok(reply);
            }
            self.tokens.forget(&token).await;
        }
        Err(Failure::not_sent("token"))
    }

    /// After a question that may have been counted, the next one shall not be spent on an institution that is still
    /// down: asking for a token first finds out for nothing.
    pub(crate) async fn begin_anew(&self) {
        self.tokens.clear().await;
    }

    async fn token(&self, timer: &Timer) -> Result<Secret, Failure> {
        let now = self.line.now();
        let fetch = async || {
            let (id, secret) = (self.client_id.expose(), self.client_secret.expose());
            let request = self.auth.post("/oauth/token").basic_auth(id, Some(secret));
            let request = match self.desk {
                TokenDesk::Vendor => request,
                TokenDesk::Rfc6749 => request.form(&Grant { grant_type: "client_credentials" }),
            };
            let reply = self.auth.send("token", request, timer).await?;
            match self.desk {
                TokenDesk::Vendor => serde_json::from_slice(&reply.body)
                    .map(|t: VendorToken| Token { value: t.jwt, ends: token_ends(&t.expires_in, now) }),
                TokenDesk::Rfc6749 => serde_json::from_slice(&reply.body)
                    .map(|t: PlainToken| Token { value: t.access_token, ends: ends_in(t.expires_in, now) }),
            }
            .map_err(|_| Failure::lost("token"))
        };
        // Without a token nobody was asked, whatever went wrong.
        self.tokens.get(now, fetch).await.map_err(|failure| Failure::NotSent {
            reason: if failure.reason() == "breaker_open" { "breaker_open" } else { "token" },
            retry_at: failure.retry_at(),
        })
    }
}

/// `"YYYY-MM-DD HH:MM:SS"`; the documents name no zone, Korea's is meant. A text that cannot be read, or one of the
/// past, keeps the token for five minutes: a refusal (401) renews it anyway.
pub(crate) fn token_ends(text: &str, now: Timestamp) -> Timestamp {
    let read = DateTime::strptime("%Y-%m-%d %H:%M:%S", text)
        .ok()
        .and_then(|local| local.to_zoned_datetime(kst_zone()).ok())
        .map(|zoned| zoned.timestamp())
        .filter(|ends| *ends > now);
    read.or_else(|| now.checked_add(SignedDuration::from_mins(5)).ok()).unwrap_or(now)
}

/// RFC 6749 §5.1: seconds, recommended and not required; five minutes without them.
fn ends_in(seconds: u32, now: Timestamp) -> Timestamp {
    let seconds = if seconds == 0 { 300 } else { i64::from(seconds) };
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_ends_when_the_vendor_says() {
        let now: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
        let check = |text: &str, expected: &str| {
            assert_eq!(token_ends(text, now), expected.parse::<Timestamp>().unwrap(), "{text}");
        };
        check("2025-01-01 10:00:00", "2025-01-01T01:00:00Z");
        check("2024-01-01 10:00:00", "2025-01-01T00:05:00Z");
        check("tomorrow", "2025-01-01T00:05:00Z");
    }

    #[test]
    fn a_token_without_an_end_is_kept_for_five_minutes() {
        let now: Timestamp = "2025-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(ends_in(0, now).to_string(), "2025-01-01T00:05:00Z");
        assert_eq!(ends_in(3_600, now).to_string(), "2025-01-01T01:00:00Z");
    }
}

//! An access token that is kept until shortly before it ends, and fetched by one caller at a time.

use crate::{config::Secret, line::Failure};
use jiff::{SignedDuration, Timestamp};
use std::fmt;
use tokio::sync::Mutex;

/// A token is renewed this long before it ends, so that it does not end on the way.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

#[derive(Clone)]
pub(crate) struct Token {
    pub(crate) value: Secret,
    pub(crate) ends: Timestamp,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(…)")
    }
}

#[derive(Default)]
pub(crate) struct TokenCache(Mutex<Option<Token>>);

impl TokenCache {
    /// The kept token, or a new one. Callers that come meanwhile wait for the same one.
    pub(crate) async fn get(
        &self,
        now: Timestamp,
        fetch: impl AsyncFnOnce() -> Result<Token, Failure>,
    ) -> Result<Secret, Failure> {
        let mut kept = self.0.lock().await;
        if let Some(token) = kept.as_ref()
            && now.checked_add(MARGIN).is_ok_and(|soon| soon < token.ends)
        {
            return Ok(token.value.clone());
        }
        let token = fetch().await?;
        let value = token.value.clone();
        *kept = Some(token);
        Ok(value)
    }

    /// Drops whatever token is kept, so that the next question begins with asking for one: an institution that is
    /// down shows it there, where nothing is counted.
    pub(crate) async fn clear(&self) {
        *self.0.lock().await = None;
    }

    /// Drops the token that an institution refused, unless another caller has renewed it already.
    pub(crate) async fn forget(&self, refused: &Secret) {
        let mut kept = self.0.lock().await;
        if kept.as_ref().is_some_and(|token| token.value.expose() == refused.expose()) {
            *kept = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(cache: &TokenCache, second: i64, fresh: &str) -> String {
        let at = |s| Timestamp::from_second(s).unwrap();
        let token = Token { value: Secret::new(fresh), ends: at(second + 600) };
        cache.get(at(second), async || Ok(token)).await.unwrap().expose().to_owned()
    }

    #[tokio::test]
    async fn is_kept_renewed_before_its_end_and_forgotten_when_refused() {
        let cache = TokenCache::default();
        assert_eq!(get(&cache, 0, "a").await, "a");
        assert_eq!(get(&cache, 539, "b").await, "a");
        assert_eq!(get(&cache, 540, "c").await, "c", "a minute before its end");
        cache.forget(&Secret::new("a")).await;
        assert_eq!(get(&cache, 541, "d").await, "c", "another caller's refusal of an older token");
        cache.forget(&Secret::new("c")).await;
        assert_eq!(get(&cache, 542, "e").await, "e");
    }
}

//! What carries a question to an institution and its answer back: sockets, or whatever plays them. Refuses to know
//! what is asked.

use async_trait::async_trait;
use std::sync::OnceLock;

/// Carries one request.
#[async_trait]
pub trait Wire: Send + Sync {
    /// Sends it once; answers when the head of the answer is there. Its body may still break on the way. Whoever
    /// waits no longer has not unsaid it.
    async fn send(&self, request: reqwest::Request) -> Result<reqwest::Response, Broken>;
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Broken {
    /// Nobody was reached, so nothing was asked.
    Unreachable,
    /// No answer in time. It may have been asked.
    TimedOut,
    /// The connection broke. It may have been asked.
    Cut,
}

#[async_trait]
impl Wire for reqwest::Client {
    async fn send(&self, request: reqwest::Request) -> Result<reqwest::Response, Broken> {
        self.execute(request).await.map_err(|error| {
            if error.is_builder() || error.is_connect() {
                Broken::Unreachable
            } else if error.is_timeout() {
                Broken::TimedOut
            } else {
                Broken::Cut
            }
        })
    }
}

/// A client that only writes requests, for lines over another wire. Made once: reading the machine's roots takes
/// its time.
pub(crate) fn writer() -> Result<reqwest::Client, reqwest::Error> {
    static WRITER: OnceLock<reqwest::Client> = OnceLock::new();
    match WRITER.get() {
        Some(client) => Ok(client.clone()),
        None => {
            let client = reqwest::Client::builder().no_proxy().build()?;
            Ok(WRITER.get_or_init(|| client).clone())
        }
    }
}

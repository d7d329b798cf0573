//! Looking at pictures: on threads of their own, so many at once, because each takes a core for some hundred
//! milliseconds. Refuses to know whose card it is.

use crate::fault::Fault;
use async_trait::async_trait;
use ingam_vision::day::Day;
use ingam_vision::decode::BadPicture;
use ingam_vision::{CardReading, Limits, Reader, Unreadable};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// The day in Korea, as the reader counts days.
pub fn day_in_korea(now: jiff::Timestamp) -> Day {
    Day::parse(&ingam_connectors::kst_date(now).to_string()).unwrap_or(Day::FIRST)
}

/// Who looks at pictures.
#[async_trait]
pub trait Eyes: Send + Sync {
    /// Whether bytes are a picture that can be read later, and gives them back: what can't be decoded is refused while
    /// its sender can still put it right.
    ///
    /// # Errors
    /// Where the looking itself broke off.
    async fn look(&self, picture: Vec<u8>) -> Result<Result<Vec<u8>, BadPicture>, Fault>;

    /// What a document in a picture says; `today` is Korea's.
    ///
    /// # Errors
    /// Where the looking itself broke off.
    async fn read(&self, picture: Vec<u8>, today: Day) -> Result<Result<CardReading, Unreadable>, Fault>;
}

/// The reader on threads.
pub struct ReaderThreads {
    reader: Arc<Reader>,
    limits: Limits,
    /// So many pictures are looked at at once; the others wait.
    at_once: Semaphore,
}

impl ReaderThreads {
    /// A reader that takes pictures within limits, so many at once.
    pub fn new(reader: Reader, limits: Limits, at_once: usize) -> Self {
        Self { reader: Arc::new(reader), limits, at_once: Semaphore::new(at_once) }
    }
}

#[async_trait]
impl Eyes for ReaderThreads {
    async fn look(&self, picture: Vec<u8>) -> Result<Result<Vec<u8>, BadPicture>, Fault> {
        let _turn = self.at_once.acquire().await.map_err(Fault::internal)?;
        let limits = self.limits;
        let work = move || ingam_vision::decode::decode(&picture, &limits).map(|_| picture);
        tokio::task::spawn_blocking(work).await.map_err(Fault::internal)
    }

    async fn read(&self, picture: Vec<u8>, today: Day) -> Result<Result<CardReading, Unreadable>, Fault> {
        let _turn = self.at_once.acquire().await.map_err(Fault::internal)?;
        let reader = self.reader.clone();
        tokio::task::spawn_blocking(move || reader.read(&picture, today)).await.map_err(Fault::internal)
    }
}

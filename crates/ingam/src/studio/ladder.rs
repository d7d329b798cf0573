//! The ladder: what went between the institution's program, ingam and the outside, in order, for whoever watches.
//!
//! Keeps the newest few hundred rungs in memory. Personal data are masked before a rung is made.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// So many rungs are kept.
const KEPT: usize = 500;

/// One call, answer or webhook. The contract is at the top of studio.js.
#[derive(Debug, Clone, Serialize)]
pub struct Rung {
    /// When.
    pub at: Timestamp,
    /// `institution` or `outside`.
    pub lane: &'static str,
    /// Seen from ingam: `in` or `out`.
    pub direction: &'static str,
    /// In a few words.
    pub title: String,
    /// `METHOD /path`, an event's type, or what was asked.
    pub detail: String,
    /// The HTTP status or the institution's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<String>,
    /// How long it took.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub elapsed_ms: Option<u64>,
    /// `ok`, `wait` or `stop`.
    pub state: &'static str,
    /// What was sent or answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<Value>,
    /// The verification that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verification_id: Option<String>,
}

/// A rung with its number, ready to be sent.
#[derive(Debug, Clone)]
pub struct Line {
    /// Rises.
    pub id: u64,
    /// The rung as JSON.
    pub json: Arc<str>,
    verification: Option<Arc<str>>,
}

/// The newest rungs.
pub struct Ladder {
    kept: Mutex<Kept>,
    newest: watch::Sender<u64>,
}

struct Kept {
    next: u64,
    lines: VecDeque<Line>,
}

impl Ladder {
    /// Numbers begin behind `first`, so that they also rise over a restart.
    pub fn new(first: u64) -> Self {
        Self {
            kept: Mutex::new(Kept { next: first, lines: VecDeque::new() }),
            newest: watch::Sender::new(first),
        }
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Each change is one push: nothing is half done when a thread panics.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a rung.
    pub fn push(&self, rung: Rung) {
        // Plain strings, numbers and JSON always make JSON.
        let json = serde_json::to_string(&rung).unwrap_or_default().into();
        let mut kept = self.kept();
        kept.next += 1;
        let line = Line { id: kept.next, json, verification: rung.verification_id.map(Into::into) };
        if kept.lines.len() == KEPT {
            kept.lines.pop_front();
        }
        kept.lines.push_back(line);
        self.newest.send_replace(kept.next);
    }

    /// Everything behind a number.
    fn behind(&self, last: u64) -> VecDeque<Line> {
        self.kept().lines.iter().filter(|line| line.id > last).cloned().collect()
    }

    /// A reader that goes on behind the number that it saw last, or begins with all of one verification.
    pub fn read(self: &Arc<Self>, last: Option<u64>, verification: Option<&str>) -> Reader {
        let kept = self.kept();
        let of = |line: &&Line| {
            line.verification.as_deref().is_some() && line.verification.as_deref() == verification
        };
        let (queue, last) = match last {
            Some(last) => (VecDeque::new(), last),
            None => {
                // What belongs to nobody, as fetching a token does, is shown from where the verification begins.
                let first = kept.lines.iter().find(of).map_or(u64::MAX, |line| line.id);
                let belongs = |line: &&Line| of(line) || (line.verification.is_none() && line.id > first);
                (kept.lines.iter().filter(belongs).cloned().collect(), kept.next)
            }
        };
        drop(kept);
        Reader { ladder: self.clone(), queue, last, newest: self.newest.subscribe() }
    }
}

/// Reads the ladder and waits for more.
pub struct Reader {
    ladder: Arc<Ladder>,
    queue: VecDeque<Line>,
    last: u64,
    newest: watch::Receiver<u64>,
}

impl Reader {
    /// The next rung; waits for it.
    pub async fn next(&mut self) -> Option<Line> {
        loop {
            if let Some(line) = self.queue.pop_front() {
                return Some(line);
            }
            self.newest.borrow_and_update();
            self.queue = self.ladder.behind(self.last);
            if let Some(newest) = self.queue.back() {
                self.last = newest.id;
            } else {
                self.newest.changed().await.ok()?;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rung(title: &str, verification: Option<&str>) -> Rung {
        Rung {
            at: Timestamp::UNIX_EPOCH,
            lane: "outside",
            direction: "out",
            title: title.into(),
            detail: String::new(),
            status: None,
            elapsed_ms: None,
            state: "ok",
            body: None,
            verification_id: verification.map(Into::into),
        }
    }

    async fn titles(reader: &mut Reader, many: usize) -> Vec<String> {
        let mut titles = Vec::new();
        for _ in 0..many {
            let line = reader.next().await.unwrap();
            let rung: Value = serde_json::from_str(&line.json).unwrap();
            titles.push(rung["title"].as_str().unwrap().to_owned());
        }
        titles
    }

    #[tokio::test]
    async fn a_newcomer_gets_the_current_story_and_a_returner_what_was_missed() {
        let ladder = Arc::new(Ladder::new(1_000));
        for (title, of) in [("a", Some("one")), ("token", None), ("b", Some("two")), ("late token", None)] {
            ladder.push(rung(title, of));
        }
        let mut newcomer = ladder.read(None, Some("two"));
        assert_eq!(titles(&mut newcomer, 2).await, ["b", "late token"]);
        let mut returner = ladder.read(Some(1_001), Some("two"));
        assert_eq!(titles(&mut returner, 3).await, ["token", "b", "late token"]);
        ladder.push(rung("c", Some("two")));
        assert_eq!(titles(&mut newcomer, 1).await, ["c"]);
        assert_eq!(titles(&mut returner, 1).await, ["c"]);
        let mut nobody = ladder.read(None, None);
        ladder.push(rung("d", None));
        assert_eq!(titles(&mut nobody, 1).await, ["d"]);
    }
}

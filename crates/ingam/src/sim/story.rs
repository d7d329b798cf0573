//! The story of a run: one line for each thing that happened, when, to whom. The same seed tells the same story, to
//! the byte. Holds the made-up names of persons who do not exist.

use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

/// Everything that was told so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Story(Arc<Mutex<Vec<Line>>>);

#[derive(Debug)]
struct Line {
    passed_ms: i64,
    what: What,
}

#[derive(Debug)]
enum What {
    /// Something a reader wants to know.
    Told(String, String),
    /// A node calls its memory: too much to read, and the best proof that two runs are the same.
    Call(usize, &'static str),
}

impl Story {
    /// Tells one thing.
    pub(super) fn tell(&self, passed_ms: i64, who: impl Into<String>, what: impl Into<String>) {
        self.push(Line { passed_ms, what: What::Told(who.into(), what.into()) });
    }

    /// Tells that a node makes this call; answers how long the story is by now.
    pub(super) fn call(&self, passed_ms: i64, node: usize, call: &'static str) -> u64 {
        self.push(Line { passed_ms, what: What::Call(node, call) });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    /// All of it as text: hours, minutes, seconds and milliseconds since the beginning, who, what; with every call
    /// where `calls`.
    pub(crate) fn text(&self, calls: bool) -> String {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut text = String::new();
        for line in lines.iter() {
            let (s, ms) = (line.passed_ms / 1000, line.passed_ms % 1000);
            let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
            // Writing to a string can't fail.
            let _ = match &line.what {
                What::Told(who, what) => writeln!(text, "{h:02}:{m:02}:{s:02}.{ms:03}  {who:<10} {what}"),
                What::Call(node, call) if calls => {
                    writeln!(text, "{h:02}:{m:02}:{s:02}.{ms:03}  {:<10} calls {call}", node_name(*node))
                }
                What::Call(..) => Ok(()),
            };
        }
        text
    }

    fn push(&self, line: Line) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

/// What a node is called in the story.
pub(super) fn node_name(node: usize) -> String {
    format!("node {}", node + 1)
}

//! A circuit breaker: after several failures in a row, calls stop for a while, then one call tries.
//!
//! Knows no clock and no HTTP: time is an argument, so tests run on virtual time.

use jiff::{SignedDuration, Timestamp};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Closed { failures: u32 },
    Open { since: Timestamp },
    HalfOpen { since: Timestamp },
}

/// Closed (calls pass), open (none passes), half-open (one passes and decides).
#[derive(Debug)]
pub struct Breaker {
    state: State,
    failures_to_open: u32,
    open_for: SignedDuration,
}

impl Breaker {
    /// A closed breaker that opens after `failures_to_open` failures in a row, for `open_for`.
    pub fn new(failures_to_open: u32, open_for: SignedDuration) -> Self {
        Self { state: State::Closed { failures: 0 }, failures_to_open: failures_to_open.max(1), open_for }
    }

    /// Whether a call may be made now; if not, when asking again makes sense.
    pub fn admit(&mut self, now: Timestamp) -> Result<(), Timestamp> {
        let since = match self.state {
            State::Closed { .. } => return Ok(()),
            // A trial whose caller went away never reports, so after the same time another may try.
            State::Open { since } | State::HalfOpen { since } => since,
        };
        let until = since.checked_add(self.open_for).unwrap_or(Timestamp::MAX);
        // A clock that was set back must not keep the breaker open for ever.
        if now >= until || now < since {
            self.state = State::HalfOpen { since: now };
            return Ok(());
        }
        Err(until)
    }

    /// Reports how an admitted call went. Only failures of the institution count, not its refusals.
    pub fn record(&mut self, now: Timestamp, succeeded: bool) {
        self.state = match (self.state, succeeded) {
            (_, true) => State::Closed { failures: 0 },
            (State::Closed { failures }, false) if failures + 1 < self.failures_to_open => {
                State::Closed { failures: failures + 1 }
            }
            // Calls that were under way when it opened do not make it stay open longer.
            (State::Open { since }, false) => State::Open { since },
            (_, false) => State::Open { since: now },
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + second).unwrap()
    }

    #[test]
    fn opens_waits_tries_once_and_closes() {
        let mut breaker = Breaker::new(3, SignedDuration::from_secs(30));
        for second in 0..3 {
            assert_eq!(breaker.admit(at(second)), Ok(()));
            breaker.record(at(second), false);
        }
        assert_eq!(breaker.admit(at(3)), Err(at(32)), "open for 30 s after the third failure");
        assert_eq!(breaker.admit(at(32)), Ok(()), "one may try");
        assert_eq!(breaker.admit(at(33)), Err(at(62)), "only one");
        breaker.record(at(34), false);
        assert_eq!(breaker.admit(at(40)), Err(at(64)), "its failure opens again");
        assert_eq!(breaker.admit(at(64)), Ok(()));
        breaker.record(at(64), true);
        assert_eq!(breaker.admit(at(64)), Ok(()), "its success closes");
        breaker.record(at(65), false);
        assert_eq!(breaker.admit(at(65)), Ok(()), "and the count starts anew");
    }

    #[test]
    fn a_success_between_failures_keeps_it_closed() {
        let mut breaker = Breaker::new(2, SignedDuration::from_secs(30));
        for _ in 0..5 {
            breaker.record(at(0), false);
            breaker.record(at(0), true);
        }
        assert_eq!(breaker.admit(at(0)), Ok(()));
    }

    #[test]
    fn a_trial_that_never_reports_does_not_block_for_ever() {
        let mut breaker = Breaker::new(1, SignedDuration::from_secs(30));
        breaker.record(at(0), false);
        assert_eq!(breaker.admit(at(30)), Ok(()));
        assert!(breaker.admit(at(59)).is_err());
        assert_eq!(breaker.admit(at(60)), Ok(()));
    }

    #[test]
    fn a_clock_set_back_does_not_keep_it_open() {
        let mut breaker = Breaker::new(1, SignedDuration::from_secs(30));
        breaker.record(at(1_000), false);
        assert_eq!(breaker.admit(at(0)), Ok(()));
    }
}

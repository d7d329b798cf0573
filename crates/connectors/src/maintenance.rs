//! Hours in which an institution does not answer, as data.
//!
//! Source of the default: banks' nightly maintenance about 23:30–00:30 in Korea (open banking practice).
//! Single banks differ by contract, so every window can be set.

use crate::clock::{kst, kst_zone};
use ingam_cases::values::BankCode;
use jiff::{Timestamp, ToSpan, civil::Time};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A window of the day in Korea, `from` inclusive, `to` exclusive; it may cross midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// `"23:30"`.
    pub from: Time,
    /// `"00:30"`.
    pub to: Time,
}

impl Window {
    /// When the window that holds `now` ends; `None` outside it. A window from and to the same time is empty.
    pub fn until(&self, now: Timestamp) -> Option<Timestamp> {
        let local = kst(now);
        let (date, time) = (local.date(), local.time());
        let inside = if self.from <= self.to {
            self.from <= time && time < self.to
        } else {
            time >= self.from || time < self.to
        };
        if !inside {
            return None;
        }
        let end_day = if time < self.to { date } else { date.checked_add(1.day()).ok()? };
        end_day.to_datetime(self.to).to_zoned_datetime(kst_zone()).ok().map(|end| end.timestamp())
    }
}

/// The windows of every bank: the default, unless the bank has its own (also an empty list).
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MaintenanceHours {
    /// For banks without an own entry.
    pub default: Vec<Window>,
    /// Own windows by bank code.
    pub banks: BTreeMap<BankCode, Vec<Window>>,
}

impl MaintenanceHours {
    /// No maintenance anywhere: the sandbox says itself when it rests.
    pub fn none() -> Self {
        Self { default: Vec::new(), banks: BTreeMap::new() }
    }

    /// When the bank's maintenance ends; `None` while it works.
    pub fn until(&self, bank: BankCode, now: Timestamp) -> Option<Timestamp> {
        self.banks.get(&bank).unwrap_or(&self.default).iter().filter_map(|w| w.until(now)).max()
    }
}

impl Default for MaintenanceHours {
    fn default() -> Self {
        let night = Window { from: Time::constant(23, 30, 0, 0), to: Time::constant(0, 30, 0, 0) };
        Self { default: vec![night], banks: BTreeMap::new() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_night_window_crosses_midnight() {
        let check = |now: &str, until: Option<&str>| {
            let hours = MaintenanceHours::default();
            let bank = BankCode::parse("004").unwrap();
            let until: Option<Timestamp> = until.map(|text| text.parse().unwrap());
            assert_eq!(hours.until(bank, now.parse().unwrap()), until, "{now}");
        };
        check("2025-01-01T23:29:59+09:00", None);
        check("2025-01-01T23:30:00+09:00", Some("2025-01-02T00:30:00+09:00"));
        check("2025-01-02T00:00:00+09:00", Some("2025-01-02T00:30:00+09:00"));
        check("2025-01-02T00:30:00+09:00", None);
        check("2025-01-02T12:00:00+09:00", None);
    }

    #[test]
    fn a_bank_with_own_hours_ignores_the_default() {
        let hours: MaintenanceHours =
            serde_json::from_str(r#"{"banks":{"088":[{"from":"01:00","to":"01:10"}],"090":[]}}"#).unwrap();
        let night: Timestamp = "2025-01-01T23:45:00+09:00".parse().unwrap();
        let early: Timestamp = "2025-01-02T01:05:00+09:00".parse().unwrap();
        let code = |text| BankCode::parse(text).unwrap();
        assert!(hours.until(code("004"), night).is_some());
        assert!(hours.until(code("088"), night).is_none());
        assert!(hours.until(code("088"), early).is_some());
        assert!(hours.until(code("090"), night).is_none());
    }
}

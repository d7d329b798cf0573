//! Time as it is passed in, and the one time zone in which Korean institutions write it.

use jiff::{Timestamp, ZonedDateTime, civil::Date, tz};

/// Where the time comes from. Closures that return a [`Timestamp`] are clocks.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Timestamp;
}

impl<F: Fn() -> Timestamp + Send + Sync> Clock for F {
    fn now(&self) -> Timestamp {
        self()
    }
}

/// Korea Standard Time: UTC+9, without summer time since 1988, so no time zone database is needed.
pub(crate) fn kst(at: Timestamp) -> ZonedDateTime {
    at.to_zoned_datetime(kst_zone())
}

pub(crate) fn kst_zone() -> tz::TimeZone {
    tz::TimeZone::fixed(tz::offset(9))
}

/// The day of the calendar in Korea at a moment. Open banking counts its ids by this day.
pub fn kst_date(at: Timestamp) -> Date {
    kst(at).date()
}

/// `yyyyMMddHHmmss` in Korea (open banking `tran_dtime`).
pub(crate) fn tran_dtime(at: Timestamp) -> String {
    kst(at).strftime("%Y%m%d%H%M%S").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_in_korea_begins_nine_hours_early() {
        let at: Timestamp = "2025-01-01T15:00:01Z".parse().unwrap();
        assert_eq!(tran_dtime(at), "20250102000001");
        assert_eq!(kst_date(at).to_string(), "2025-01-02");
    }
}

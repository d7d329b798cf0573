//! Time as it is passed in, and the one time zone in which Korean institutions write it.

use jiff::{
    SignedDuration, Timestamp, ZonedDateTime,
    civil::{Date, DateTime},
    tz,
};

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

/// Until when the day is in doubt where a clock may be off by so much; `None` where it is not.
pub(crate) fn near_midnight(now: Timestamp, off_ms: u64) -> Option<Timestamp> {
    let off = SignedDuration::from_millis(i64::try_from(off_ms).ok()?);
    let (before, after) = (now.checked_sub(off).ok()?, now.checked_add(off).ok()?);
    if kst_date(before) == kst_date(after) {
        return None;
    }
    let midnight = kst(after).start_of_day().ok()?.timestamp();
    midnight.checked_add(off).ok()
}

/// `yyyyMMddHHmmss` in Korea (open banking `tran_dtime`).
pub(crate) fn tran_dtime(at: Timestamp) -> String {
    kst(at).strftime("%Y%m%d%H%M%S").to_string()
}

/// `yyyyMMddHHmmssSSS` in Korea: when open banking gave an answer (`api_tran_dtm`).
pub(crate) fn read_tran_dtm(text: &str) -> Option<Timestamp> {
    let (second, millis) = text.split_at_checked(14)?;
    let millis: i64 = Some(millis).filter(|millis| millis.len() == 3)?.parse().ok()?;
    let local = DateTime::strptime("%Y%m%d%H%M%S", second).ok()?;
    let at = local.to_zoned_datetime(kst_zone()).ok()?.timestamp();
    at.checked_add(SignedDuration::from_millis(millis)).ok()
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

    #[test]
    fn an_answer_tells_when_it_was_given() {
        let at = |text: &str| read_tran_dtm(text).map(|at| at.to_string());
        assert_eq!(at("20250101121212123").as_deref(), Some("2025-01-01T03:12:12.123Z"));
        for text in
            ["", "20250101121212", "2025010112121212", "20251301121212123", "20250101121212x23", "가나다라마"]
        {
            assert_eq!(at(text), None, "{text}");
        }
    }

    #[test]
    fn around_midnight_the_day_is_in_doubt() {
        let check = |now: &str, until: Option<&str>| {
            let until: Option<Timestamp> = until.map(|text| text.parse().unwrap());
            assert_eq!(near_midnight(now.parse().unwrap(), 120_000), until, "{now}");
        };
        check("2025-01-01T23:57:59+09:00", None);
        check("2025-01-01T23:58:00+09:00", Some("2025-01-02T00:02:00+09:00"));
        check("2025-01-02T00:01:59+09:00", Some("2025-01-02T00:02:00+09:00"));
        check("2025-01-02T00:02:00+09:00", None);
        assert_eq!(near_midnight("2025-01-02T00:00:00+09:00".parse().unwrap(), 0), None);
    }
}

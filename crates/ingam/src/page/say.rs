//! Times, days and numbers as people say them. Times are shown in Korea's time, which keeps no summer time.

use super::texts::{Texts, hex};
use aws_lc_rs::digest::{SHA256, digest};
use ingam_cases::id::VerificationId;
use ingam_cases::values::DocumentKind;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

/// Documents in the order in which the policy names them.
pub fn documents(t: &'static Texts, kinds: &[DocumentKind]) -> String {
    let name = |kind: &DocumentKind| match kind {
        DocumentKind::Resident => t.document.resident,
        DocumentKind::Driver => t.document.driver,
        DocumentKind::Passport => t.document.passport,
        DocumentKind::ForeignPassport => t.document.foreign_passport,
        DocumentKind::Alien => t.document.alien,
    };
    kinds.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// A moment on Korean clocks.
pub fn korea(at: Timestamp) -> DateTime {
    Offset::constant(9).to_datetime(at)
}

/// `2026-11-23 14:05`, for people who compare.
pub fn moment_in_korea(at: Timestamp) -> String {
    korea(at).strftime("%Y-%m-%d %H:%M").to_string()
}

fn half_and_hour(t: &'static Texts, at: DateTime) -> (&'static str, i8) {
    let half = if at.hour() < 12 { t.time.am } else { t.time.pm };
    (
        half,
        match at.hour() % 12 {
            0 => 12,
            hour => hour,
        },
    )
}

/// `오후 2:01`.
pub fn clock(t: &'static Texts, at: Timestamp) -> String {
    let at = korea(at);
    let (half, hour) = half_and_hour(t, at);
    t.time.clock(half, hour, format!("{:02}", at.minute()))
}

/// `오후 11시 30분`, `내일 오전 9시`, `11월 25일 오전 9시` with its year, as seen from `now`.
pub fn moment(t: &'static Texts, at: Timestamp, now: Timestamp) -> String {
    let (at, now) = (korea(at), korea(now));
    let (half, hour) = half_and_hour(t, at);
    let time = match at.minute() {
        0 => t.time.spoken_hour(half, hour),
        minute => t.time.spoken(half, hour, minutes(t, minute)),
    };
    if at.date() == now.date() {
        time
    } else if now.date().tomorrow().is_ok_and(|next| next == at.date()) {
        t.time.tomorrow(time)
    } else {
        t.time.on_day(day(t, at.date()), time)
    }
}

/// The minutes of a clock, with as many digits as the language gives them at least: `5`, `05`.
fn minutes(t: &Texts, minute: i8) -> String {
    let digits = t.time.minute_digits.parse().unwrap_or(1);
    format!("{minute:0digits$}")
}

/// `2026년 11월 23일`.
pub fn day(t: &Texts, day: Date) -> String {
    let m = &t.month;
    let months = [
        m.january,
        m.february,
        m.march,
        m.april,
        m.may,
        m.june,
        m.july,
        m.august,
        m.september,
        m.october,
        m.november,
        m.december,
    ];
    let month = usize::try_from(day.month() - 1).map_or("", |at| months[at]);
    t.time.date(day.day(), month, day.year())
}

/// `4분 30초`, `45초`.
pub fn left(t: &Texts, seconds: i64) -> String {
    let seconds = seconds.max(0);
    match (seconds / 60, seconds % 60) {
        (0, seconds) => t.time.left_seconds(seconds),
        (minutes, seconds) => t.time.left(minutes, seconds),
    }
}

/// The verification number that a person reads out on the phone: eight digits from the id, `4821 9037`.
pub fn number(id: &VerificationId) -> String {
    let hash = hex(digest(&SHA256, id.as_str().as_bytes()).as_ref());
    let number = u64::from_str_radix(&hash[..15], 16).expect("fifteen hexadecimal digits") % 100_000_000;
    format!("{:04} {:04}", number / 10_000, number % 10_000)
}

#[cfg(test)]
mod tests {
    use super::super::texts::{EN, KO};
    use super::*;

    #[test]
    fn times_as_people_say_them() {
        let now: Timestamp = "2026-11-23T05:01:09Z".parse().unwrap();
        assert_eq!(clock(&KO, now), "오후 2:01");
        let check = |at: &str, expected: &str| assert_eq!(moment(&KO, at.parse().unwrap(), now), expected);
        check("2026-11-23T14:30:00Z", "오후 11시 30분");
        check("2026-11-23T15:30:00Z", "내일 오전 12시 30분");
        check("2026-11-24T00:00:00Z", "내일 오전 9시");
        check("2026-11-25T03:00:00Z", "2026년 11월 25일 오후 12시");
        let english = |at: &str, expected: &str| assert_eq!(moment(&EN, at.parse().unwrap(), now), expected);
        english("2026-11-23T14:05:00Z", "11:05 pm");
        english("2026-11-24T00:00:00Z", "9 am tomorrow");
        english("2026-11-25T03:00:00Z", "12 pm on 25 November 2026");
        assert_eq!(clock(&EN, now), "2:01 pm");
        assert_eq!(left(&EN, 270), "4 min 30 s");
        assert_eq!(left(&KO, 270), "4분 30초");
        assert_eq!(left(&KO, 59), "59초");
        assert_eq!(left(&KO, -3), "0초");
    }

    #[test]
    fn the_number_is_the_same_every_time() {
        let id = VerificationId::new(1_000, [7; 10]);
        let said = number(&id);
        assert_eq!((said.len(), said.as_bytes()[4]), (9, b' '));
        assert_eq!(said, number(&id));
        assert_ne!(said, number(&VerificationId::new(1_000, [8; 10])));
    }
}

//! Days of the calendar, as documents print them: no clock, no zones.

use std::fmt;

/// A day that exists, by the Gregorian calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day {
    year: u32,
    month: u32,
    day: u32,
}

impl Day {
    /// The first day whose year has four digits.
    pub const FIRST: Self = Self { year: 1000, month: 1, day: 1 };

    /// The day; `None` where the calendar has none, or the year is not of four digits.
    pub fn new(year: u32, month: u32, day: u32) -> Option<Self> {
        let leap = (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400);
        let days = match month {
            2 if leap => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            1..=12 => 31,
            _ => 0,
        };
        ((1000..10_000).contains(&year) && (1..=days).contains(&day)).then_some(Self { year, month, day })
    }

    /// The day that `YYYY-MM-DD` names.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, '-');
        let mut part = |len: usize| {
            let digits = parts.next()?;
            (digits.len() == len && digits.bytes().all(|b| b.is_ascii_digit()))
                .then(|| digits.parse().ok())?
        };
        Self::new(part(4)?, part(2)?, part(2)?)
    }

    /// Four digits.
    pub fn year(self) -> u32 {
        self.year
    }

    /// Days from `other` to this one, near enough to compare distances: months count 31, years 372.
    pub fn roughly_after(self, other: Self) -> i64 {
        let count = |d: Self| i64::from(d.year * 372 + d.month * 31 + d.day);
        count(self) - count(other)
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_of_the_calendar_are_days() {
        let check = |text: &str, is: bool| {
            assert_eq!(Day::parse(text).map(|d| d.to_string()).is_some(), is, "{text}")
        };
        check("2024-02-29", true);
        check("2023-02-29", false);
        check("2000-02-29", true);
        check("1900-02-29", false);
        check("2020-13-01", false);
        check("2020-1-1", false);
        check("+202-01-01", false);
        check("", false);
    }
}

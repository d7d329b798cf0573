//! Security cards (보안카드): a table of numbers that the bank printed for one person, and two questions to it.
//!
//! Pure: the draw behind a challenge is an argument. Refuses to know who is asked and how often.

use std::fmt;
use subtle::{Choice, ConstantTimeEq};
use zeroize::Zeroizing;

/// Digits of one number of the table.
const DIGITS: usize = 4;
/// Fewest numbers of a table: with fewer, two cells are guessed too easily.
pub const MIN_CELLS: usize = 20;
/// Most numbers of a table. Korean cards have 30 or 35.
pub const MAX_CELLS: usize = 60;

/// Why a text is no table or no answer. Names the rule, never the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCard {
    /// Too few or too many numbers, or a number that has not four digits.
    #[error("has the wrong length")]
    Length,
    /// Something else than a digit.
    #[error("has a character that does not belong there")]
    Character,
}

/// The table that the person holds, too.
#[derive(Clone)]
pub struct CardTable(Vec<Zeroizing<String>>);

/// Which two numbers are asked for, each from 1: the first two digits of one, the last two of the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Challenge {
    /// The number whose first two digits are asked for.
    pub first: u8,
    /// The number whose last two digits are asked for.
    pub second: u8,
}

impl Challenge {
    /// The challenge of a draw: any two different numbers of a table of so many cells, each pair as likely as any other
    /// up to a part in 2⁵⁰.
    pub fn of(draw: u64, cells: u8) -> Self {
        let cells = u64::from(cells).max(2);
        let first = draw % cells;
        let second = (first + 1 + (draw / cells) % (cells - 1)) % cells;
        let from_one = |at: u64| u8::try_from(at + 1).unwrap_or(1);
        Self { first: from_one(first), second: from_one(second) }
    }
}

impl CardTable {
    /// Reads the numbers in the order in which the card prints them.
    ///
    /// # Errors
    /// Where there are too few or too many, or one has not four digits.
    pub fn parse<'t>(numbers: impl IntoIterator<Item = &'t str>) -> Result<Self, NotCard> {
        let mut cells = Vec::new();
        for number in numbers {
            if number.len() != DIGITS || cells.len() == MAX_CELLS {
                return Err(NotCard::Length);
            }
            if !number.bytes().all(|b| b.is_ascii_digit()) {
                return Err(NotCard::Character);
            }
            cells.push(Zeroizing::new(number.to_owned()));
        }
        if cells.len() < MIN_CELLS { Err(NotCard::Length) } else { Ok(Self(cells)) }
    }

    /// How many numbers it has.
    pub fn cells(&self) -> u8 {
        u8::try_from(self.0.len()).unwrap_or(u8::MAX)
    }

    /// The numbers, to be sealed.
    pub fn expose(&self) -> Zeroizing<String> {
        let numbers: Vec<&str> = self.0.iter().map(|number| number.as_str()).collect();
        Zeroizing::new(numbers.join(" "))
    }

    /// The four digits that answer a challenge.
    fn answer(&self, challenge: Challenge) -> Option<Zeroizing<String>> {
        let cell = |number: u8| self.0.get(usize::from(number).checked_sub(1)?);
        let (first, second) = (cell(challenge.first)?, cell(challenge.second)?);
        Some(Zeroizing::new(format!("{}{}", &first[..2], &second[2..])))
    }

    /// Whether what was typed answers a challenge; spaces don't matter. Takes the same time whatever was typed.
    pub fn answers(&self, challenge: Challenge, typed: &str) -> bool {
        let typed: Zeroizing<String> = Zeroizing::new(typed.chars().filter(|c| !c.is_whitespace()).collect());
        let right = self.answer(challenge).unwrap_or_default();
        let whole = Choice::from(u8::from(right.len() == DIGITS));
        (right.as_bytes().ct_eq(typed.as_bytes()) & whole).into()
    }
}

impl fmt::Debug for CardTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CardTable(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers() -> Vec<String> {
        (1..=35).map(|at| format!("{:04}", at * 101)).collect()
    }

    fn table() -> CardTable {
        CardTable::parse(numbers().iter().map(String::as_str)).unwrap()
    }

    #[test]
    fn the_first_half_of_one_and_the_last_half_of_the_other() {
        // 7 is 0707, 12 is 1212.
        let challenge = Challenge { first: 7, second: 12 };
        let check =
            |typed: &str, right: bool| assert_eq!(table().answers(challenge, typed), right, "{typed}");
        check("0712", true);
        check(" 07 12 ", true);
        check("1207", false);
        check("07", false);
        check("", false);
        check("07123", false);
        assert!(!table().answers(Challenge { first: 36, second: 1 }, ""), "no such number answers nothing");
        assert!(!table().answers(Challenge { first: 0, second: 1 }, ""));
    }

    #[test]
    fn every_pair_of_different_numbers_is_asked_for() {
        let mut seen = std::collections::BTreeSet::new();
        for draw in 0..35 * 34 {
            let Challenge { first, second } = Challenge::of(draw, 35);
            assert_ne!(first, second);
            assert!((1..=35).contains(&first) && (1..=35).contains(&second));
            seen.insert((first, second));
        }
        assert_eq!(seen.len(), 35 * 34);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let of = |numbers: Vec<String>| CardTable::parse(numbers.iter().map(String::as_str)).map(|_| ());
        assert_eq!(of(numbers()[..19].to_vec()), Err(NotCard::Length));
        assert_eq!(of(vec!["0000".to_owned(); 61]), Err(NotCard::Length));
        assert_eq!(of(vec!["000".to_owned(); 30]), Err(NotCard::Length));
        assert_eq!(of(vec!["00a0".to_owned(); 30]), Err(NotCard::Character));
        assert_eq!(of(vec!["가".to_owned(); 30]), Err(NotCard::Length));
        assert_eq!(format!("{:?}", table()), "CardTable(…)");
        let again = CardTable::parse(table().expose().split(' ')).unwrap();
        assert_eq!((again.cells(), again.expose()), (35, table().expose()));
    }
}

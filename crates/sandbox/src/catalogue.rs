//! The catalogue of fictitious people, their cards and accounts, and which of them makes each answer happen.
//!
//! Data is in `catalogue.toml`. Nobody in it exists: districts are called 견본구, and digits 8 and 9 of every
//! resident number are 97 to 99, which no office had before October 2020. Other documents are in `documents.rs`.

use crate::documents::{Documents, Licence, Lists, Passport, Phone};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A text in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// Korean.
    pub ko: String,
    /// English.
    pub en: String,
}

/// A person who does not exist.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    /// Stable id (`kim-minsu`).
    pub id: String,
    /// Name as printed on the card.
    pub name: String,
    /// The name in Latin letters.
    pub name_en: String,
    /// Resident number, 13 digits; a foreigner's registration number.
    pub number: String,
    /// Day of issue as printed on the resident card; on the alien card of who has one.
    pub issued: Date,
    /// What is special about them.
    pub story: Text,
    /// What should happen to who shows this card.
    pub expect: Text,
    /// Where the register differs from the card.
    #[serde(default)]
    pub register: Register,
    /// Their accounts.
    #[serde(default)]
    pub accounts: Vec<Account>,
    /// What else they have to show.
    #[serde(default)]
    pub documents: Documents,
    /// The lists on which they stand.
    #[serde(default)]
    pub lists: Lists,
}

impl Person {
    /// The day of birth that the number states, `YYYYMMDD`. The seventh digit names the century.
    pub(crate) fn born(&self) -> String {
        let century = match self.number.as_bytes()[6] {
            b'9' | b'0' => "18",
            b'1' | b'2' | b'5' | b'6' => "19",
            _ => "20",
        };
        format!("{century}{}", &self.number[..6])
    }
}

/// What the issuer's register says, where it is not what the card says.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Register {
    /// Another name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Another day of issue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub issued: Option<Date>,
    /// A state of the card.
    pub state: CardState,
}

/// The state of a card in the register.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardState {
    /// Good.
    #[default]
    Good,
    /// Reported lost.
    Lost,
    /// Locked after five wrong days of issue.
    Locked,
    /// Not in the register.
    Missing,
    /// The register takes the number for none.
    Invalid,
    /// The register is out whenever this person is asked about.
    Asleep,
}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Account {
    /// Three digits.
    pub bank: String,
    /// At most 16 digits.
    pub number: String,
    /// The holder as the bank keeps it; the person unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// The holder's day of birth, `YYMMDD`; the person's unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub birth: Option<String>,
    /// The bank's code for an inquiry, and for a deposit unless `deposit_says` differs.
    #[serde(default = "fine")]
    pub says: String,
    /// The bank's code for a deposit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deposit_says: Option<String>,
    /// So many questions for the result are answered "still working" before the deposit counts as done.
    #[serde(default)]
    pub settles_after: u32,
}

fn fine() -> String {
    "000".into()
}

impl Account {
    /// The holder's name as it goes over the wire: banks cut at 20 characters.
    pub fn holder_on_wire(&self, person: &Person) -> String {
        self.holder.as_deref().unwrap_or(&person.name).chars().take(20).collect()
    }
}

/// An answer, and who or what makes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// Who answers (`mois`, `kftc`, …).
    pub institution: super::Institution,
    /// What is asked: one of [`Institution::operations`](super::Institution::operations).
    pub operation: String,
    /// Which document is asked about (`driver`, `passport`, `foreign_passport`, `alien`); the resident card, or none,
    /// unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// The institution's own code, or the HTTP status where it has none.
    pub code: String,
    /// The person.
    pub person: String,
    /// `bank/number`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The fault to set before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<super::Fault>,
    /// What a client should make of it (the program's own word).
    pub answer: String,
}

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// The people, in the order in which they are shown.
    pub people: Vec<Person>,
    /// Every answer and what makes it happen.
    pub cases: Vec<Case>,
}

impl Catalogue {
    /// The built-in one.
    pub fn built_in() -> Self {
        toml::from_str(include_str!("catalogue.toml")).expect("a test reads the built-in catalogue")
    }

    /// So many people, a hundred at most, with a card and an account each. Nobody exists: no number has a place of
    /// registration before 2020 that begins with 97.
    pub fn crowd(people: usize) -> Self {
        let words = || Text { ko: "견본".into(), en: "specimen".into() };
        let family = ["김", "이", "박", "최", "정", "강", "조", "윤", "장", "임"];
        let given = ["가람", "나래", "다온", "라온", "마루", "바다", "사랑", "아름", "자람", "하늘"];
        let person = |n: usize| Person {
            id: format!("card-{n:02}"),
            name: format!("{}{}", family[n % 10], given[n / 10 % 10]),
            name_en: format!("Specimen {n}"),
            number: format!("80{:02}{:02}197{:04}", 1 + n % 12, 1 + n % 28, 1000 + n),
            issued: Date::constant(2015, 6, 15),
            story: words(),
            expect: words(),
            register: Register::default(),
            accounts: vec![Account {
                bank: ["004", "088", "020"][n % 3].into(),
                number: format!("9990{n:08}"),
                holder: None,
                birth: None,
                says: "000".into(),
                deposit_says: None,
                settles_after: (n % 2) as u32,
            }],
            documents: Documents::default(),
            lists: Lists::default(),
        };
        Self { people: (0..people).map(person).collect(), cases: vec![] }
    }

    /// A person by id.
    pub fn person(&self, id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.id == id)
    }

    /// A person by resident number.
    pub fn by_number(&self, number: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.number == number)
    }

    /// A driver licence with its person.
    pub fn licence(&self, number: &str) -> Option<(&Person, &Licence)> {
        self.people.iter().find_map(|person| {
            Some((person, person.documents.licence.as_ref().filter(|licence| licence.number == number)?))
        })
    }

    /// A passport with its person.
    pub fn passport(&self, nationality: &str, number: &str) -> Option<(&Person, &Passport)> {
        let is = |passport: &&Passport| passport.nationality == nationality && passport.number == number;
        self.people.iter().find_map(|person| Some((person, person.documents.passport.as_ref().filter(is)?)))
    }

    /// A phone with its person.
    pub fn phone(&self, number: &str) -> Option<(&Person, &Phone)> {
        self.people.iter().find_map(|person| {
            Some((person, person.documents.phone.as_ref().filter(|phone| phone.number == number)?))
        })
    }

    /// An account with its person.
    pub fn account(&self, bank: &str, number: &str) -> Option<(&Person, &Account)> {
        self.people.iter().find_map(|person| {
            let account = person.accounts.iter().find(|a| a.bank == bank && a.number == number)?;
            Some((person, account))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn nobody_in_it_can_exist_and_nothing_stands_twice() {
        let catalogue = Catalogue::built_in();
        assert!(catalogue.people.len() >= 16);
        let (mut ids, mut numbers, mut accounts) = (HashSet::new(), HashSet::new(), HashSet::new());
        let mut papers = HashSet::new();
        for person in &catalogue.people {
            assert!(ids.insert(&person.id) && numbers.insert(&person.number), "{} stands twice", person.id);
            assert!(
                person.number.len() == 13 && person.number.bytes().all(|b| b.is_ascii_digit()),
                "{}",
                person.id
            );
            assert!(("97".."9a").contains(&&person.number[7..9]), "{} could be a living person", person.id);
            Date::strptime("%Y%m%d", person.born()).unwrap();
            let alien = person.documents.alien_card.is_some();
            assert_eq!(matches!(&person.number[6..7], "5" | "6" | "7" | "8"), alien, "{}", person.id);
            let documents = &person.documents;
            if let Some(licence) = &documents.licence {
                assert!(papers.insert(&licence.number) && licence.number.starts_with("27-"), "{}", person.id);
            }
            if let Some(passport) = &documents.passport {
                assert!(papers.insert(&passport.number) && passport.number.contains("999"), "{}", person.id);
            }
            if let Some(phone) = &documents.phone {
                assert!(papers.insert(&phone.number) && phone.number.starts_with("0100000"), "{}", person.id);
            }
            for account in &person.accounts {
                assert!(
                    accounts.insert((&account.bank, &account.number)),
                    "{} account stands twice",
                    person.id
                );
                assert!(account.bank.len() == 3 && (7..=16).contains(&account.number.len()), "{}", person.id);
            }
        }
    }

    #[test]
    fn every_case_names_someone_who_exists() {
        let catalogue = Catalogue::built_in();
        for case in &catalogue.cases {
            let person = catalogue.person(&case.person).unwrap_or_else(|| panic!("{}", case.person));
            if let Some((bank, number)) = case.account.as_ref().and_then(|account| account.split_once('/')) {
                let known = person.accounts.iter().any(|a| a.bank == bank && a.number == number);
                assert!(known || case.code == "412", "{} has no account {bank}/{number}", person.id);
            }
        }
    }

    #[test]
    fn the_cards_that_are_drawn_say_what_the_catalogue_says() {
        let catalogue = Catalogue::built_in();
        for drawn in crate::cards::people() {
            let person = catalogue.person(&drawn.id).unwrap_or_else(|| panic!("{} is not in it", drawn.id));
            assert_eq!(person.name, drawn.name);
            assert_eq!(person.number, drawn.resident_number.replace('-', ""), "{}", drawn.id);
            assert_eq!(person.issued, drawn.issue_date, "{}", drawn.id);
        }
    }
}

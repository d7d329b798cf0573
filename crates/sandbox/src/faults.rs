//! Faults on demand: what an institution does instead of answering well, for whom, and how often.

use serde::{Deserialize, Serialize};

/// The institutions that the sandbox plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Institution {
    /// The issuer of resident cards (행정안전부), reached through a vendor.
    Mois,
    /// Open banking (금융결제원) and the banks behind it.
    Kftc,
    /// The register of driver licences (한국도로교통공단).
    Koroad,
    /// The issuer of Korea's passports (외교부), reached through a vendor.
    Mofa,
    /// The register of foreigners (법무부), reached through a vendor.
    Moj,
    /// 비대면 계좌개설·여신 안심차단 (한국신용정보원).
    Kcis,
    /// The register of deaths.
    Deaths,
    /// A designated agency (본인확인기관) and the telecoms behind it.
    Telecom,
}

impl Institution {
    /// Every one.
    pub const ALL: [Self; 8] = [
        Self::Mois,
        Self::Kftc,
        Self::Koroad,
        Self::Mofa,
        Self::Moj,
        Self::Kcis,
        Self::Deaths,
        Self::Telecom,
    ];
    /// As in paths.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Mois => "mois",
            Self::Kftc => "kftc",
            Self::Koroad => "koroad",
            Self::Mofa => "mofa",
            Self::Moj => "moj",
            Self::Kcis => "kcis",
            Self::Deaths => "deaths",
            Self::Telecom => "telecom",
        }
    }
    /// What it can be asked, beside a token.
    pub fn operations(self) -> &'static [&'static str] {
        match self {
            Self::Kftc => &["holder", "deposit", "deposit_result"],
            Self::Kcis | Self::Deaths => &["look_up"],
            Self::Telecom => &["send", "confirm"],
            _ => &["check"],
        }
    }
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// Acts at once, answers `ms` later.
    Slow,
    /// Answers with `status` (503 unless set), without acting.
    #[serde(alias = "down")]
    Error,
    /// Acts, then answers with `status`.
    ErrorAfter,
    /// Neither acts nor answers.
    Hang,
    /// Acts; the connection breaks before the answer is whole.
    LostAnswer,
    /// The question arrives twice; the second answer is given. Only `kftc` and `telecom`.
    Duplicate,
    /// Acts, and gives the answer before this one once more. Only `kftc` and `telecom`, whose answers
    /// name their question.
    Stale,
    /// Acts, and answers with something that is no answer.
    Malformed,
    /// Acts, and answers without end.
    Huge,
    /// Acts, and answers a byte at a time without end.
    Trickle,
    /// Rests: says so, and does not act.
    Maintenance,
    /// Turns the question away as one too many.
    RateLimited,
    /// Forgets every token that it issued, then goes on.
    ExpireTokens,
}

impl Fault {
    /// Every fault, for pages and tests.
    pub const ALL: [Self; 13] = [
        Self::Slow,
        Self::Error,
        Self::ErrorAfter,
        Self::Hang,
        Self::LostAnswer,
        Self::Duplicate,
        Self::Stale,
        Self::Malformed,
        Self::Huge,
        Self::Trickle,
        Self::Maintenance,
        Self::RateLimited,
        Self::ExpireTokens,
    ];

    /// The institutions that can have it: only the questions of open banking and of telecoms have an id by which a
    /// repeat or an answer to another question is seen.
    pub fn institutions(self) -> &'static [Institution] {
        match self {
            Self::Stale | Self::Duplicate => &[Institution::Kftc, Institution::Telecom],
            _ => &Institution::ALL,
        }
    }

    /// As in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Slow => "slow",
            Self::Error => "error",
            Self::ErrorAfter => "error_after",
            Self::Hang => "hang",
            Self::LostAnswer => "lost_answer",
            Self::Duplicate => "duplicate",
            Self::Stale => "stale",
            Self::Malformed => "malformed",
            Self::Huge => "huge",
            Self::Trickle => "trickle",
            Self::Maintenance => "maintenance",
            Self::RateLimited => "rate_limited",
            Self::ExpireTokens => "expire_tokens",
        }
    }
}

/// A fault as it is set with `PUT /faults/{institution}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What goes wrong.
    pub fault: Fault,
    /// Only for this person; for everyone unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Only for this operation (`token`, or one of [`Institution::operations`]); for all but `token` unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<String>,
    /// So many calls more; until cleared unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Of `slow`: how long, in milliseconds.
    #[serde(default = "slow_ms")]
    pub ms: u64,
    /// Of `error` and `error_after`: the HTTP status, 500 to 599.
    #[serde(default = "error_status")]
    pub status: u16,
}

fn slow_ms() -> u64 {
    3_000
}

fn error_status() -> u16 {
    503
}

/// The operations of all institutions.
pub(crate) const OPERATIONS: [&str; 8] =
    ["token", "check", "holder", "deposit", "deposit_result", "look_up", "send", "confirm"];

impl Rule {
    /// A fault for everyone, until cleared.
    pub fn always(fault: Fault) -> Self {
        Self { fault, person: None, operation: None, count: None, ms: slow_ms(), status: error_status() }
    }
    /// A fault for the next `count` calls of one operation.
    pub fn next(fault: Fault, operation: &str, count: u32) -> Self {
        Self { operation: Some(operation.to_owned()), count: Some(count), ..Self::always(fault) }
    }

    /// Why the rule can't be set; `None` if it can.
    pub(crate) fn wrong(&self, institution: Institution) -> Option<&'static str> {
        if !self.fault.institutions().contains(&institution) {
            return Some("it knows no id of a question: it could not tell a repeat or an older answer");
        }
        if !(500..=599).contains(&self.status) {
            return Some("status is 500 to 599");
        }
        if self.operation.as_deref().is_some_and(|operation| !OPERATIONS.contains(&operation)) {
            return Some("operation is one of those in /scenarios");
        }
        None
    }

    fn fits(&self, operation: &str, person: Option<&str>) -> bool {
        let operation_fits = match &self.operation {
            Some(only) => only == operation,
            None => operation != "token",
        };
        operation_fits && self.person.as_deref().is_none_or(|only| Some(only) == person)
    }
}

/// The faults that are set.
#[derive(Debug, Default)]
pub(crate) struct Faults(Vec<(Institution, Rule)>);

impl Faults {
    /// Sets a rule in place of one for the same person and operation.
    pub(crate) fn set(&mut self, institution: Institution, rule: Rule) {
        self.0.retain(|(at, old)| {
            *at != institution || old.person != rule.person || old.operation != rule.operation
        });
        if rule.count != Some(0) {
            self.0.push((institution, rule));
        }
    }

    pub(crate) fn clear(&mut self, institution: Institution) {
        self.0.retain(|(at, _)| *at != institution);
    }

    /// The fault for a call, newest rule first; counts it.
    pub(crate) fn take(
        &mut self,
        institution: Institution,
        operation: &str,
        person: Option<&str>,
    ) -> Option<Rule> {
        let index =
            self.0.iter().rposition(|(at, rule)| *at == institution && rule.fits(operation, person))?;
        let rule = self.0[index].1.clone();
        if let Some(left) = rule.count {
            match left.saturating_sub(1) {
                0 => drop(self.0.remove(index)),
                left => self.0[index].1.count = Some(left),
            }
        }
        Some(rule)
    }

    pub(crate) fn of(&self, institution: Institution) -> Vec<&Rule> {
        self.0.iter().filter(|(at, _)| *at == institution).map(|(_, rule)| rule).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_counts_its_calls_and_keeps_to_its_operation() {
        let mut faults = Faults::default();
        faults.set(Institution::Kftc, Rule::next(Fault::LostAnswer, "deposit", 2));
        let mut take = |operation| faults.take(Institution::Kftc, operation, None).map(|rule| rule.fault);
        assert_eq!(take("holder"), None);
        assert_eq!(take("deposit"), Some(Fault::LostAnswer));
        assert_eq!(take("deposit"), Some(Fault::LostAnswer));
        assert_eq!(take("deposit"), None);
    }

    #[test]
    fn a_fault_of_one_person_leaves_the_others_alone_and_tokens_are_spared() {
        let mut faults = Faults::default();
        faults.set(Institution::Mois, Rule { person: Some("a".into()), ..Rule::always(Fault::Hang) });
        assert!(faults.take(Institution::Mois, "check", Some("a")).is_some());
        assert!(faults.take(Institution::Mois, "check", Some("b")).is_none());
        assert!(faults.take(Institution::Mois, "check", None).is_none());
        faults.set(Institution::Mois, Rule::always(Fault::Error));
        assert!(faults.take(Institution::Mois, "token", None).is_none());
        faults.clear(Institution::Mois);
        assert!(faults.of(Institution::Mois).is_empty());
    }
}

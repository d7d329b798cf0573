//! The catalogue's words for what rules and reviewers decided.

use crate::console::texts::Texts;
use ingam_cases::answers::Outcome;
use ingam_cases::review::{AskedBy, Decision, Reason};
use ingam_cases::values::DocumentField;
use ingam_cases::verification::{CheckKind, RefusedCode};
use jiff::Timestamp;

pub(super) fn refused(t: &Texts, code: RefusedCode) -> &'static str {
    match code {
        RefusedCode::StoppedByPerson => t.refused.stopped_by_person,
        RefusedCode::ConsentRefused => t.refused.consent_refused,
        RefusedCode::CardUnreadable => t.refused.card_unreadable,
        RefusedCode::CardRefused => t.refused.card_refused,
        RefusedCode::AccountNotProved => t.refused.account_not_proved,
        RefusedCode::BlockedByPerson => t.refused.blocked_by_person,
        RefusedCode::Deceased => t.refused.deceased,
        RefusedCode::TooYoung => t.refused.too_young,
        RefusedCode::StoppedByInstitution => t.refused.stopped_by_institution,
        RefusedCode::DeviceNotProved => t.refused.device_not_proved,
        RefusedCode::PhoneNotProved => t.refused.phone_not_proved,
    }
}

pub(super) fn asked_by(t: &Texts, by: AskedBy) -> &'static str {
    match by {
        AskedBy::Person => t.review.by_person,
        AskedBy::Institution => t.review.by_institution,
        AskedBy::Rule => t.review.by_rule,
    }
}

/// What a decision is called, and what it does.
pub(super) fn decision(t: &Texts, decision: Decision) -> (&'static str, &'static str) {
    match decision {
        Decision::Upheld => (t.decision.upheld, t.decision.upheld_help),
        Decision::Again => (t.decision.again, t.decision.again_help),
        Decision::Accepted => (t.decision.accepted, t.decision.accepted_help),
    }
}

pub(super) fn reason(t: &Texts, reason: Reason) -> &'static str {
    match reason {
        Reason::RuleStands => t.reason.rule_stands,
        Reason::NotThePerson => t.reason.not_the_person,
        Reason::Forged => t.reason.forged,
        Reason::CannotTell => t.reason.cannot_tell,
        Reason::Misread => t.reason.misread,
        Reason::SettledWithIssuer => t.reason.settled_with_issuer,
        Reason::SpokeWithPerson => t.reason.spoke_with_person,
        Reason::MediumRenewed => t.reason.medium_renewed,
        Reason::SamePerson => t.reason.same_person,
        Reason::Cleared => t.reason.cleared,
    }
}

pub(super) fn check(t: &Texts, kind: CheckKind) -> &'static str {
    match kind {
        CheckKind::IdDocument => t.check.id_document,
        CheckKind::DeceasedList => t.check.deceased_list,
        CheckKind::AccountOpeningList => t.check.account_opening_list,
        CheckKind::LoanList => t.check.loan_list,
        CheckKind::AccountHolder => t.check.account_holder,
        CheckKind::Deposit => t.check.deposit,
        CheckKind::Code => t.check.code,
        CheckKind::Institution => t.check.institution,
        CheckKind::Device => t.check.device,
        CheckKind::Phone => t.check.phone,
    }
}

pub(super) fn outcome(t: &Texts, outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Passed => t.check.passed,
        Outcome::Failed => t.check.failed,
        Outcome::Indeterminate => t.check.indeterminate,
    }
}

pub(super) fn field(t: &Texts, field: DocumentField) -> &'static str {
    match field {
        DocumentField::Name => t.field.name,
        DocumentField::ResidentNumber => t.field.resident_number,
        DocumentField::RegistrationNumber => t.field.registration_number,
        DocumentField::IssueDate => t.field.issue_date,
        DocumentField::LicenceNumber => t.field.licence_number,
        DocumentField::SerialCode => t.field.serial_code,
        DocumentField::PassportNumber => t.field.passport_number,
        DocumentField::ExpiryDate => t.field.expiry_date,
        DocumentField::BirthDate => t.field.birth_date,
        DocumentField::Nationality => t.field.nationality,
    }
}

/// How long ago.
pub(super) fn ago(t: &Texts, at: Timestamp, now: Timestamp) -> String {
    let minutes = now.duration_since(at).as_mins().max(0);
    match minutes {
        0..60 => t.review.minutes(minutes),
        60..1_440 => t.review.hours(minutes / 60),
        _ => t.review.days(minutes / 1_440),
    }
}

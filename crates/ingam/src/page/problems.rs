//! From stable codes to what a person is told: what happened, and what to do now.
//!
//! Every code of `ingam_cases` has its text here; the compiler says where one is missing. Never shows what hints at
//! forgery, never blames, never shows a code.

use super::say;
use super::texts::Texts;
use super::view::{Action, Block, Mark, Message};
use ingam_cases::answers::{DepositCode, HolderCode, IssuerCode};
use ingam_cases::policy::BlockList;
use ingam_cases::refusal::Refusal;
use ingam_cases::values::DocumentKind;
use ingam_cases::verification::{AccountProblem, CardProblem, Verification};

/// What is said before another picture.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct PictureTalk {
    pub state: Mark,
    pub title: &'static str,
    pub help: String,
    pub block: Option<Block>,
    pub more: Vec<Block>,
    pub first: Option<Action>,
    pub open: &'static str,
}

/// What is said about the picture or document before. `shown` is the kind that was read, `taken` are the kinds that can
/// be shown.
pub fn picture(
    t: &'static Texts,
    problem: &CardProblem,
    shown: DocumentKind,
    taken: &[DocumentKind],
) -> PictureTalk {
    let issuer = issuer(t, shown);
    let documents = say::documents(t, taken);
    let p = &t.picture_problem;
    let talk = |state, title, help: &str, open| PictureTalk {
        state,
        title,
        help: help.to_owned(),
        block: None,
        more: vec![],
        first: None,
        open,
    };
    let another = || Block::new(p.date_limit_next, p.date_limit_next_text(&documents));
    match problem {
        CardProblem::Unreadable { quality } => {
            let mut said = talk(Mark::Look, p.unreadable_title, p.unreadable, p.again);
            // One thing at a time: the first that the person can do something about.
            said.help =
                quality.iter().find_map(|code| quality_hint(t, code)).unwrap_or(p.unreadable).to_owned();
            said
        }
        CardProblem::WrongKind => talk(Mark::Look, p.kind_title, &p.kind(&documents), p.kind_go),
        CardProblem::WrongDateLimit => {
            let (title, help) = match shown {
                DocumentKind::Driver => (p.serial_limit_title, p.serial_limit),
                _ => (p.date_limit_title, p.date_limit),
            };
            PictureTalk { block: Some(another()), ..talk(Mark::Stopped, title, help, p.other_card) }
        }
        CardProblem::TriesTaken => PictureTalk {
            block: Some(another()),
            ..talk(Mark::Stopped, p.tries_taken_title, p.tries_taken, p.other_card)
        },
        CardProblem::Issuer { code } => match code {
            IssuerCode::LostReported | IssuerCode::Superseded => PictureTalk {
                more: vec![Block::new(p.lost_not_me, p.lost_not_me_text(issuer))],
                ..talk(Mark::Stopped, p.lost_title, p.lost, p.other_card)
            },
            IssuerCode::Locked => PictureTalk {
                first: Some(Action::go(p.locked_open, "https://www.gov.kr/")),
                ..talk(Mark::Stopped, p.locked_title, p.locked, p.locked_unlocked)
            },
            IssuerCode::MismatchName => talk(Mark::Look, p.name_title, p.name, p.again),
            IssuerCode::NotFound
            | IssuerCode::MismatchNumber
            | IssuerCode::MismatchSerial
            | IssuerCode::MismatchBirthDate
            | IssuerCode::Mismatch => talk(Mark::Look, p.not_found_title, p.not_found, p.again),
            IssuerCode::Revoked | IssuerCode::Suspended
                if shown == DocumentKind::Driver && taken.contains(&DocumentKind::Resident) =>
            {
                talk(Mark::Stopped, p.licence_title, p.licence, p.other_card)
            }
            IssuerCode::Revoked | IssuerCode::Suspended | IssuerCode::Deceased => {
                talk(Mark::Stopped, p.unusable_title, &p.unusable(issuer), p.other_card)
            }
            IssuerCode::Expired => talk(Mark::Stopped, p.expired_title, p.expired, p.other_card),
            // A wrong date is looked at again, and silence is waited for: neither leads here.
            IssuerCode::Valid
            | IssuerCode::MismatchIssueDate
            | IssuerCode::MismatchNameOrIssueDate
            | IssuerCode::Maintenance
            | IssuerCode::Unavailable
            | IssuerCode::NoAnswer
            | IssuerCode::RateLimited => talk(Mark::Look, p.unusable_title, &p.unusable(issuer), p.again),
        },
    }
}

/// Who issued a document and answers for it.
pub fn issuer(t: &'static Texts, kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Resident => t.who.resident,
        DocumentKind::Driver => t.who.driver,
        DocumentKind::Passport => t.who.passport,
        DocumentKind::ForeignPassport | DocumentKind::Alien => t.who.alien,
    }
}

/// Who is asked about the document or the person now, or was last.
pub fn asked(t: &'static Texts, v: &Verification) -> &'static str {
    match v.open_list() {
        Some(BlockList::AccountOpening | BlockList::Loan) => t.who.credit,
        Some(BlockList::Deceased) => t.who.resident,
        None => issuer(t, v.document),
    }
}

fn quality_hint(t: &'static Texts, code: &str) -> Option<&'static str> {
    let p = &t.picture_problem;
    Some(match code {
        "dark" => p.quality_dark,
        "glare" => p.quality_glare,
        "blurred" => p.quality_blurred,
        "too_small" => p.quality_too_small,
        "no_card" => p.quality_no_card,
        _ => return None,
    })
}

/// What is said about the account before, and what can be unfolded under it.
pub fn account(t: &'static Texts, problem: AccountProblem) -> Option<(&'static str, Vec<Block>)> {
    let a = &t.account;
    let blocked = || (a.blocked, vec![Block::new(a.blocked_how, a.blocked_how_text)]);
    let someone_else = || (a.someone_else, vec![Block::new(a.name_changed, a.name_changed_text)]);
    let plain = |text| (text, vec![]);
    Some(match problem {
        AccountProblem::Chosen => return None,
        AccountProblem::NameDifferent => someone_else(),
        AccountProblem::NameSimilar => plain(a.similar),
        AccountProblem::Holder { code } => match code {
            HolderCode::NoAccount => plain(a.not_found),
            HolderCode::Closed => plain(a.closed),
            HolderCode::OddAccount => plain(a.odd),
            HolderCode::Reported => plain(a.reported),
            HolderCode::Suspended => plain(a.suspended),
            HolderCode::BlockedByPerson => blocked(),
            HolderCode::HolderInfoMismatch => someone_else(),
            HolderCode::Refused
            | HolderCode::Found
            | HolderCode::Maintenance
            | HolderCode::Unavailable
            | HolderCode::RateLimited => plain(a.refused),
        },
        AccountProblem::Deposit { code } => match code {
            DepositCode::NoAccount => plain(a.not_found),
            DepositCode::Closed => plain(a.closed),
            DepositCode::OddAccount => plain(a.odd),
            DepositCode::Reported => plain(a.reported),
            DepositCode::Suspended => plain(a.suspended),
            DepositCode::BlockedByPerson => blocked(),
            DepositCode::HolderMismatch => someone_else(),
            DepositCode::Refused
            | DepositCode::Deposited
            | DepositCode::NotSent
            | DepositCode::Maintenance
            | DepositCode::Unknown
            | DepositCode::Unavailable
            | DepositCode::RateLimited => plain(a.refused),
        },
    })
}

/// What is said in place where a command was refused. Nothing where the screen itself says it all.
pub fn refusal(t: &'static Texts, refusal: Refusal, screen: &str) -> Option<Message> {
    let m = &t.message;
    let text = match refusal {
        Refusal::NotNow if screen == "check" => t.check.same_again,
        Refusal::NotNow | Refusal::StaleAnswer => m.not_now,
        Refusal::ConsentsDiffer | Refusal::ConsentRequired => m.consents_differ,
        Refusal::AnswersDiffer => m.answer,
        Refusal::SourceNotAllowed => m.source_not_allowed,
        Refusal::SendsUsedUp if screen.starts_with("phone") => m.messages_used_up,
        Refusal::SendsUsedUp if screen == "code" => m.sends_used_up,
        Refusal::SendsUsedUp => m.sends_used_up_change,
        // The screen that comes next says these: the end, another device, no such link.
        Refusal::Ended
        | Refusal::Expired
        | Refusal::OtherSession
        | Refusal::PicturesUsedUp
        | Refusal::AccountsUsedUp
        | Refusal::PolicyNotAllowed
        | Refusal::Unknown
        | Refusal::TooMany => return None,
        // No person meets these: they are about staff.
        Refusal::StaffLeft | Refusal::LoginTaken => return None,
        // Nor these: they are about opening a verification, and media as an institution sees them.
        Refusal::MediumDiffers | Refusal::MediumRevoked => return None,
        // Nor these: the screen offers a review only where there is one, and reviewers have screens of their own.
        Refusal::NotReviewable
        | Refusal::ReviewDecided
        | Refusal::ClaimedByOther
        | Refusal::NotClaimed
        | Refusal::SecondReviewer
        | Refusal::DecisionNotAllowed
        | Refusal::ReasonDiffers => return None,
    };
    Some(Message { field: None, text: text.to_owned() })
}

/// What is said about a field that can't be used.
pub fn invalid(t: &'static Texts, field: &str, code: &str) -> Message {
    let m = &t.message;
    let (field, text) = match (field, code) {
        ("picture", "image_too_large" | "image_too_many_pixels") => ("picture", m.too_large),
        ("picture", "image_too_small") => ("picture", m.small_picture),
        ("picture", "empty") => ("picture", m.no_picture),
        ("picture", _) => ("picture", m.not_a_picture),
        ("name", _) => ("name", m.name),
        ("resident_number", "differs") => ("resident_number", m.number_differs),
        ("resident_number", _) => ("resident_number", m.resident_number),
        ("issue_date", _) => ("issue_date", m.date),
        ("expiry_date", _) => ("expiry_date", m.date),
        ("birth_date", _) => ("birth_date", m.date),
        ("registration_number", _) => ("registration_number", m.registration_number),
        ("licence_number", _) => ("licence_number", m.licence_number),
        ("serial_code", _) => ("serial_code", m.serial_code),
        ("passport_number", _) => ("passport_number", m.passport_number),
        ("nationality", _) => ("nationality", m.nationality),
        ("bank", _) => ("bank", m.bank),
        ("account_number", _) => ("account_number", m.account_number),
        ("telecom", _) => ("telecom", m.telecom),
        ("phone_number", _) => ("phone_number", m.phone_number),
        ("code", "length") => ("code", m.phone_code),
        ("code", _) => ("code", m.code),
        _ => return Message { field: None, text: m.answer.to_owned() },
    };
    Message { field: Some(field.into()), text: text.to_owned() }
}

/// What is said about an answer that can't be taken.
pub fn answer(t: &'static Texts, question: &str, code: &str) -> Message {
    let text = match code {
        "required" => t.form.missing,
        "out_of_range" => t.form.out_of_range,
        _ => t.form.not_allowed,
    };
    Message { field: Some(format!("{}{question}", super::screens::QUESTION).into()), text: text.to_owned() }
}

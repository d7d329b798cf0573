//! The screens at which the person does something: consents, card, account, code.

use super::{Screen, ScreenData, bank_name, notice, page};
use crate::page::in_app::InApp;
use crate::page::problems;
use crate::page::say;
use crate::page::texts::KO;
use crate::page::texts::texts_of::Check as CheckTexts;
use crate::page::view::*;
use crate::qr;
use ingam_cases::answers::IssuerCode;
use ingam_cases::policy::{PictureSource, Step};
use ingam_cases::values::{BankCode, DocumentField as F, DocumentKind};
use ingam_cases::verification::{AccountProblem, CardProblem, ResendProblem, Verification};
use jiff::Timestamp;
use jiff::civil::Date;

/// How many banks stand above the fold.
const MOST_USED: usize = 12;

pub(super) fn consents(v: &Verification, data: &ScreenData<'_>) -> Screen {
    let translated = data.t.language.code != KO.language.code;
    let original = |id| KO.consent(id).filter(|_| translated);
    let rows = |required: bool| {
        v.plan
            .consents
            .iter()
            .filter(|ask| ask.required == required)
            .filter_map(|ask| data.t.consent(&ask.text_id))
            .map(|c| ConsentRow {
                id: c.id,
                version: c.version,
                words: c.words(&data.profile.name),
                original: original(c.id).map(|korean| korean.words(&data.profile.name)),
            })
            .collect()
    };
    Screen::Consents(Consents {
        required: rows(true),
        optional: rows(false),
        page: page(v, data, "consents", data.t.consents.title),
    })
}

pub(super) fn camera(v: &Verification, data: &ScreenData<'_>, problem: Option<&CardProblem>) -> Screen {
    let sources = v.plan.steps.iter().find_map(|s| match s {
        Step::IdDocument { sources, .. } => Some(sources.as_slice()),
        _ => None,
    });
    let takes = |source| sources.is_some_and(|s| s.contains(&source));
    let c = &data.t.camera;
    let talk = problem.map(|p| problems::picture(data.t, p, v.document, v.plan.documents()));
    let title = talk.as_ref().map_or(c.title, |t| t.title);
    Screen::Camera(Camera {
        page: page(v, data, "camera", title),
        state: talk.as_ref().map(|t| t.state),
        title: title.to_owned(),
        help: talk.as_ref().map_or(c.help, |t| t.help.as_str()).to_owned(),
        again: talk.is_some(),
        open: talk.as_ref().map_or(c.open, |t| t.open).to_owned(),
        files: data.files && takes(PictureSource::File),
        camera: takes(PictureSource::Camera),
        block: talk.as_ref().and_then(|t| t.block.clone()),
        first: talk.as_ref().and_then(|t| t.first.clone()),
        more: talk.map_or_else(Vec::new, |t| t.more),
        in_app: data.in_app.is_some(),
        // No link leads out of an app on an iPhone.
        outside: data
            .in_app
            .filter(|in_app| *in_app != InApp::Ios)
            .map(|_| Action::go(c.in_app_open, format!("{}/outside", data.path))),
        qr: data.link.as_deref().and_then(qr::draw),
        link: data.link.clone().unwrap_or_default(),
    })
}

pub(super) fn check(
    v: &Verification,
    data: &ScreenData<'_>,
    doubtful: &[F],
    again: Option<IssuerCode>,
) -> Screen {
    let c = &data.t.check;
    let card = data.card.clone().unwrap_or_default();
    let value = |field| card.shown.get(&field).cloned();
    let fields: Vec<F> = v.document.needs().iter().chain(v.document.takes()).copied().collect();
    let entry = |field: F| CheckField {
        name: field.as_str(),
        label: label(c, field),
        value: match field {
            // A number's hidden half never travels back to a screen; who changes it types it whole.
            field if field.is_number() => String::new(),
            F::IssueDate | F::ExpiryDate | F::BirthDate => {
                day(value(field)).map_or_else(String::new, printed)
            }
            field => value(field).unwrap_or_default(),
        },
        help: help(c, field, v.document),
        crop: card.crops.contains(&field),
        digits: !matches!(field, F::Name | F::SerialCode | F::PassportNumber | F::Nationality),
    };
    let (open, closed): (Vec<F>, Vec<F>) = fields.iter().copied().partition(|f| doubtful.contains(f));
    // The day of birth says more than the number that states it. What is open below stands there.
    let mut rows = vec![(c.name, value(F::Name), open.contains(&F::Name))];
    rows.push((
        c.birth_date,
        card.birth_date.map(|d| say::day(data.t, d)),
        open.contains(&F::BirthDate) || card.birth_date.is_none() && v.document == DocumentKind::Passport,
    ));
    for field in fields.iter().copied().filter(|f| !matches!(f, F::Name | F::BirthDate)) {
        let text = match field {
            F::ResidentNumber | F::RegistrationNumber => continue,
            F::IssueDate | F::ExpiryDate => day(value(field)).map(|d| say::day(data.t, d)),
            field => value(field).filter(|text| !text.is_empty()),
        };
        let absent = text.is_none() && v.document.takes().contains(&field);
        rows.push((label(c, field), text, open.contains(&field) || absent));
    }
    let rows = rows
        .into_iter()
        .filter(|(.., open)| !open)
        .map(|(label, value, _)| (label, value.unwrap_or_else(|| c.unread.to_owned())))
        .collect();
    let (title, help) = match again {
        Some(IssuerCode::MismatchNameOrIssueDate) => (c.again_both_title, c.again_both),
        Some(IssuerCode::MismatchSerial) => (c.again_serial_title, c.again_serial),
        Some(_) => (c.again_date_title, c.again_date),
        None => (
            c.title,
            match open.len() {
                0 => c.help,
                1 => c.help_one,
                _ => c.help_many,
            },
        ),
    };
    Screen::Check(Check {
        page: page(v, data, "check", title),
        title: title.to_owned(),
        help: help.to_owned(),
        again: again.is_some(),
        picture: card.picture,
        rows,
        open: open.into_iter().map(entry).collect(),
        closed: closed.into_iter().map(entry).collect(),
        go: if again.is_some() { c.go_again } else { c.go },
    })
}

fn day(text: Option<String>) -> Option<Date> {
    text?.parse().ok()
}

fn label(c: &CheckTexts, field: F) -> &'static str {
    match field {
        F::Name => c.name,
        F::ResidentNumber => c.resident_number,
        F::IssueDate => c.issue_date,
        F::LicenceNumber => c.licence_number,
        F::SerialCode => c.serial_code,
        F::PassportNumber => c.passport_number,
        F::ExpiryDate => c.expiry_date,
        F::BirthDate => c.birth_date,
        F::Nationality => c.nationality,
        F::RegistrationNumber => c.registration_number,
    }
}

fn help(c: &CheckTexts, field: F, document: DocumentKind) -> &'static str {
    match field {
        F::Name => c.name_help,
        // A passport does not state it: it is asked for, and nothing was read that it could differ from.
        F::ResidentNumber if document == DocumentKind::Passport => c.asked_number_help,
        F::ResidentNumber | F::RegistrationNumber => c.number_help,
        F::IssueDate => c.date_help,
        F::LicenceNumber => c.licence_help,
        F::SerialCode => c.serial_help,
        F::PassportNumber => c.passport_help,
        F::ExpiryDate => c.expiry_help,
        F::BirthDate => c.birth_help,
        F::Nationality => c.nationality_help,
    }
}

/// A day as cards print it.
fn printed(day: Date) -> String {
    format!("{}. {}. {}.", day.year(), day.month(), day.day())
}

pub(super) fn account(
    v: &Verification,
    data: &ScreenData<'_>,
    problem: Option<AccountProblem>,
    issuer_later: bool,
) -> Screen {
    let a = &data.t.account;
    let talk = problem.and_then(|p| problems::account(data.t, p));
    let typed = |name: &str| data.typed.iter().find(|(given, _)| given == name).map(|(_, v)| v.clone());
    let (chosen, number) = (typed("bank"), typed("account_number").unwrap_or_default());
    let (first, other) = data.banks.split_at(MOST_USED.min(data.banks.len()));
    let mut more = talk.as_ref().map_or_else(Vec::new, |(_, more)| more.clone());
    more.push(Block::new(a.none, a.none_text));
    Screen::Account(Account {
        page: page(v, data, "account", a.title),
        problem: talk.map(|(text, _)| text.to_owned()),
        meanwhile: issuer_later.then(|| a.issuer_later(problems::issuer(data.t, v.document))),
        more,
        banks: first.to_vec(),
        other_banks: other.to_vec(),
        chosen,
        number,
        links: match v.person_may_ask_review() {
            true => vec![Action::post(a.review, format!("{}/review", data.path))],
            false => vec![],
        },
    })
}

pub(super) fn code(
    v: &Verification,
    data: &ScreenData<'_>,
    bank: BankCode,
    expires_at: Timestamp,
    tries_left: u32,
    sends_left: u32,
) -> Screen {
    let tries = account_rules(v).map_or(tries_left, |(tries, _)| tries);
    let left_s = expires_at.duration_since(data.now).as_secs().max(0);
    Screen::Code(Code {
        bank: bank_name(data, bank),
        left_s,
        left: data.t.code.left(say::left(data.t, left_s)),
        wrong: (tries_left < tries && data.message.is_none()).then(|| data.t.code.wrong(tries_left)),
        sends_left,
        page: page(v, data, "code", data.t.code.title),
    })
}

/// Tries for one code, and sends in all.
fn account_rules(v: &Verification) -> Option<(u32, u32)> {
    v.plan.steps.iter().find_map(|s| match s {
        Step::ExistingAccount { tries, sends, .. } => Some((*tries, *sends)),
        _ => None,
    })
}

pub(super) fn resend(
    v: &Verification,
    data: &ScreenData<'_>,
    bank: BankCode,
    problem: ResendProblem,
    sends_left: u32,
) -> Screen {
    let r = &data.t.resend;
    let (title, help) = match problem {
        ResendProblem::TriesUsedUp => {
            (r.tries_title, r.tries(account_rules(v).map_or(0, |(tries, _)| tries)))
        }
        ResendProblem::CodeExpired => (r.expired_title, r.expired.to_owned()),
        ResendProblem::NotSent => (r.not_sent_title, r.not_sent.to_owned()),
        ResendProblem::Asked => (r.asked_title, r.asked.to_owned()),
    };
    let page = page(v, data, "resend", title);
    let (again, change) = (format!("{}/resend", page.path), format!("{}/change_account", page.path));
    Screen::Notice(if sends_left > 0 {
        Notice {
            state: Some(Mark::Look),
            small: Some(r.left(bank_name(data, bank), sends_left)),
            action: Some(Action::post(r.go, again)),
            links: vec![Action::post(r.change, change)],
            ..notice(page, help)
        }
    } else {
        Notice {
            state: Some(Mark::Look),
            small: Some(r.none_left.to_owned()),
            action: Some(Action::post(r.change, change)),
            ..notice(page, help)
        }
    })
}

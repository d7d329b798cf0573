//! The screens at which someone else is at work: lines that tick, and pauses with their reason.

use super::{Screen, ScreenData, bank_name, line, notice, page};
use crate::page::view::*;
use crate::page::{problems, say};
use ingam_cases::method::Method;
use ingam_cases::policy::Step;
use ingam_cases::values::BankCode;
use ingam_cases::verification::next::WaitState;
use ingam_cases::verification::{
    AccountStep, CardStep, InstitutionStep, LaterReason, PhoneStep, Verification,
};
use jiff::Timestamp;

/// Why nothing happens for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pause {
    Issuer(LaterReason, Timestamp),
    Bank(BankCode, LaterReason, Timestamp),
    Doubt(Timestamp),
    Institution(Timestamp),
}

/// The pause that the person is told about: the bank's first, since it is theirs to change.
pub(super) fn pause(
    issuer: Option<WaitState>,
    bank: Option<(BankCode, WaitState)>,
    institution: Option<WaitState>,
) -> Option<Pause> {
    if let (Some(WaitState::Later { retry_at, .. }), None) = (institution, bank) {
        return Some(Pause::Institution(retry_at));
    }
    match (issuer, bank) {
        (_, Some((_, WaitState::InDoubt { retry_at }))) => Some(Pause::Doubt(retry_at)),
        (_, Some((bank, WaitState::Later { retry_at, reason }))) => Some(Pause::Bank(bank, reason, retry_at)),
        (_, Some((_, WaitState::Asking))) => None,
        (Some(WaitState::Later { retry_at, reason }), None) => Some(Pause::Issuer(reason, retry_at)),
        _ => None,
    }
}

pub(super) fn paused(v: &Verification, data: &ScreenData<'_>, pause: Pause) -> Screen {
    let p = &data.t.pause;
    let at = |t| say::moment(data.t, t, data.now);
    let (title, help) = match pause {
        Pause::Doubt(t) => (p.doubt_title.to_owned(), p.doubt(at(t))),
        Pause::Institution(t) => {
            (p.institution_title(&data.profile.name), p.institution(&data.profile.name, at(t)))
        }
        Pause::Issuer(LaterReason::Maintenance, t) => {
            (p.maintenance_title(problems::asked(data.t, v)), p.maintenance(at(t)))
        }
        Pause::Issuer(_, t) => (p.outage_title(problems::asked(data.t, v)), p.outage_issuer(at(t))),
        Pause::Bank(_, LaterReason::LimitReached, t) => (p.limit_title.to_owned(), p.limit(at(t))),
        Pause::Bank(bank, LaterReason::Maintenance, t) => {
            (p.maintenance_title(bank_name(data, bank)), p.maintenance(at(t)))
        }
        Pause::Bank(bank, LaterReason::Unavailable, t) => {
            (p.outage_title(bank_name(data, bank)), p.outage_bank(at(t)))
        }
    };
    // The institution's own word about what it waits for stands before ours.
    let said = data.institution_text.as_ref().filter(|_| matches!(pause, Pause::Institution(_)));
    let help = said.map_or(help, |text| text.in_language(data.t.language.code).to_owned());
    let page = page(v, data, "pause", title);
    let path = page.path.clone();
    let links = match pause {
        // Another account while one transfer is in doubt would be a second transfer.
        Pause::Doubt(_) | Pause::Institution(_) => vec![],
        Pause::Issuer(..) if matches!(v.card, CardStep::Later { .. }) => {
            vec![Action::post(p.retake, format!("{path}/retake"))]
        }
        Pause::Issuer(..) => vec![],
        Pause::Bank(_, LaterReason::LimitReached, _) => vec![],
        Pause::Bank(..) => vec![Action::post(p.other_bank, format!("{path}/change_account"))],
    };
    let asked = v.notice_asked;
    Screen::Notice(Notice {
        state: Some(Mark::Waiting),
        block: asked.then(|| Block::new(p.notice_title, p.notice_asked(&data.profile.name))),
        small: matches!(pause, Pause::Bank(_, LaterReason::LimitReached, _)).then(|| p.limit_why.to_owned()),
        action: (!asked).then(|| Action::post(p.notice, format!("{path}/notice"))),
        links,
        ..notice(page, help)
    })
}

pub(super) fn working(
    v: &Verification,
    data: &ScreenData<'_>,
    reading: bool,
    issuer: Option<WaitState>,
    bank: Option<(BankCode, WaitState)>,
) -> Screen {
    let w = &data.t.working;
    let who = problems::asked(data.t, v);
    let done_at = |method| v.met.iter().find(|m| m.method == method).map(|m| say::clock(data.t, m.at));
    let mut lines = Vec::new();
    for step in &v.plan.steps {
        match step {
            Step::IdDocument { .. } => {
                lines.push(if reading {
                    line(Mark::Waiting, w.reading, w.reading_asking)
                } else {
                    line(Mark::Done, w.reading, w.reading_done)
                });
                let mut issuer_line = match issuer {
                    _ if reading => line(Mark::Later, w.issuer, w.issuer_todo(who)),
                    Some(WaitState::Asking) => line(Mark::Waiting, w.issuer, w.issuer_asking(who)),
                    Some(_) => line(Mark::Waiting, w.issuer, w.issuer_late(who)),
                    None => line(Mark::Done, w.issuer, w.issuer_done(who)),
                };
                issuer_line.at = done_at(Method::IdDocument);
                lines.push(issuer_line);
            }
            Step::ExistingAccount { .. } => {
                let mut account_line = match (&v.account, bank) {
                    (AccountStep::Sending { .. }, Some((bank, _))) => {
                        line(Mark::Waiting, w.account, w.sending(bank_name(data, bank)))
                    }
                    (_, Some((bank, _))) => {
                        line(Mark::Waiting, w.account, w.holder_asking(bank_name(data, bank)))
                    }
                    (AccountStep::Passed { .. }, None) => line(Mark::Done, w.account, w.account_done),
                    _ => line(Mark::Later, w.account, w.account_todo),
                };
                account_line.at = done_at(Method::ExistingAccount);
                lines.push(account_line);
            }
            Step::InstitutionCheck { .. } => lines.push(match &v.institution_check {
                InstitutionStep::Passed => line(Mark::Done, w.institution, w.institution_done),
                state if state.awaited() => line(Mark::Waiting, w.institution, w.institution_asking),
                _ => line(Mark::Later, w.institution, w.institution_todo),
            }),
            Step::Phone { .. } => lines.push(match &v.phone {
                PhoneStep::Passed => line(Mark::Done, w.phone, w.phone_done),
                state if state.call().is_some() => line(Mark::Waiting, w.phone, w.phone_asking),
                _ => line(Mark::Later, w.phone, w.phone_todo),
            }),
            Step::Form { .. } | Step::Device { .. } => {}
        }
    }
    Screen::Working(Working {
        title: if reading { w.reading_title } else { w.title },
        help: if reading { w.reading_help } else { w.help },
        lines,
        reason: match bank {
            _ if reading => w.reason_reading.to_owned(),
            Some((bank, _)) => w.reason_bank(bank_name(data, bank)),
            None if v.phone.call().is_some() => w.reason_telecom.to_owned(),
            None if v.institution_check.awaited() => w.reason_institution(&data.profile.name),
            None => w.reason_issuer(who),
        },
        // A telecom answers within seconds, and nothing of it comes later.
        notice: v.waiting().is_some() && !v.notice_asked && v.phone.call().is_none(),
        noticed: v.notice_asked.then(|| w.notice_asked(&data.profile.name)),
        page: page(v, data, "working", if reading { w.reading_title } else { w.title }),
    })
}

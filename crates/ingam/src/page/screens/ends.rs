//! The screens after the end, and those that belong to no step: help, another device, no such link, a fault.

use super::{Screen, ScreenData, line, looked_at, notice, page};
use crate::page::texts::Texts;
use crate::page::view::*;
use crate::page::{problems, say};
use ingam_cases::policy::{Step, StepKind};
use ingam_cases::verification::{Consented, End, RefusedCode, Verification};

pub(super) fn ended(v: &Verification, data: &ScreenData<'_>, end: End) -> Screen {
    let t = data.t;
    let who = &data.profile.name;
    let back = || v.return_url.clone().filter(|url| returns_safely(url));
    match end {
        End::Verified => done(v, data, back()),
        End::Refused { code: RefusedCode::StoppedByPerson } => {
            Screen::Stopped(StopHere { page: page(v, data, "stopped", t.stopped.title) })
        }
        End::Refused { .. } if looked_at(v) => {
            let page = page(v, data, "review", t.review.title);
            Screen::Notice(Notice { state: Some(Mark::Waiting), ..notice(page, t.review.help(who)) })
        }
        // Whatever it was refused for: what a reviewer found is the institution's to say.
        End::Refused { .. } if v.review.is_some() => upheld(v, data),
        End::Refused { code } => refused(v, data, code),
        End::Expired => {
            let page = page(v, data, "expired", t.expired.title);
            let again = format!("{}/new_link", page.path);
            Screen::Notice(Notice {
                action: Some(Action::post(t.expired.again, again)),
                ..notice(page, t.expired.help)
            })
        }
        End::Cancelled => {
            let page = page(v, data, "cancelled", t.cancelled.title(who));
            Screen::Notice(Notice {
                more: vec![Block::new(t.cancelled.data, t.cancelled.data_text(who))],
                action: back().map(|url| Action::go(t.done.go(who), url)),
                ..notice(page, t.cancelled.help)
            })
        }
    }
}

/// Only the web: an address that runs a script is no way back.
fn returns_safely(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

fn done(v: &Verification, data: &ScreenData<'_>, back: Option<String>) -> Screen {
    let d = &data.t.done;
    let title = data.name_masked.as_ref().map_or_else(|| d.title_no_name.to_owned(), |n| d.title(n));
    let met = |step: &Step| {
        let met = v.met.iter().find(|m| Some(m.method) == step.method())?;
        let name = match step.kind() {
            StepKind::IdDocument => d.card,
            StepKind::ExistingAccount => d.account,
            StepKind::Device => d.device,
            StepKind::Phone => d.phone,
            // They meet no method.
            StepKind::Form | StepKind::InstitutionCheck => return None,
        };
        Some(Line { at: Some(say::clock(data.t, met.at)), ..line(Mark::Done, name, "") })
    };
    let kept = data.kept.map_or_else(Vec::new, |kept| {
        let picture = kept.picture_until.map(|day| d.kept_picture(say::day(data.t, day)));
        let identity = kept.identity_until.map(|day| d.kept_identity(say::day(data.t, day)));
        picture.into_iter().chain(identity).collect()
    });
    Screen::Done(Done {
        page: page(v, data, "done", title.clone()),
        title,
        lines: v.plan.steps.iter().filter_map(met).collect(),
        number: say::number(&v.id),
        kept,
        back,
    })
}

fn refused(v: &Verification, data: &ScreenData<'_>, code: RefusedCode) -> Screen {
    let r = &data.t.refused;
    let who = &data.profile.name;
    let title = r.title.to_owned();
    let (title, why, next, automatic) = match code {
        RefusedCode::ConsentRefused | RefusedCode::StoppedByPerson | RefusedCode::Deceased => {
            (r.consent_title.to_owned(), r.consent.to_owned(), r.consent_next.to_owned(), false)
        }
        RefusedCode::CardUnreadable => (title, r.unreadable.to_owned(), r.unreadable_next.to_owned(), true),
        RefusedCode::CardRefused => {
            (title, r.card(problems::issuer(data.t, v.document)), r.card_next.to_owned(), true)
        }
        RefusedCode::AccountNotProved => (title, r.account.to_owned(), r.account_next.to_owned(), true),
        RefusedCode::BlockedByPerson => {
            (r.blocked_title.to_owned(), r.blocked.to_owned(), r.blocked_next(who), false)
        }
        RefusedCode::TooYoung => {
            (r.young_title(v.plan.min_age), r.young.to_owned(), r.young_next(who), false)
        }
        RefusedCode::StoppedByInstitution => {
            let said = data.institution_text.as_ref().map(|text| text.in_language(data.t.language.code));
            let why = said.map_or_else(|| r.institution(who), str::to_owned);
            (title, why, r.institution_next(who), false)
        }
        RefusedCode::DeviceNotProved => (title, r.device.to_owned(), r.device_next(who), true),
        RefusedCode::PhoneNotProved => (title, r.phone.to_owned(), r.phone_next(who), true),
    };
    let page = page(v, data, "refused", title);
    let again = format!("{}/new_link", page.path);
    Screen::Notice(Notice {
        state: Some(Mark::Stopped),
        block: Some(Block::new(r.next, next)),
        small: automatic.then(|| r.automatic(&data.profile.name)),
        links: match v.person_may_ask_review() {
            true => vec![Action::post(r.review, format!("{}/review", page.path))],
            false => vec![],
        },
        action: Some(Action::post(r.again, again)),
        ..notice(page, why)
    })
}

fn upheld(v: &Verification, data: &ScreenData<'_>) -> Screen {
    let r = &data.t.refused;
    let who = &data.profile.name;
    Screen::Notice(Notice {
        state: Some(Mark::Stopped),
        block: Some(Block::new(r.next, r.upheld_next(who))),
        ..notice(page(v, data, "refused", r.title), r.upheld(who))
    })
}

/// What the action begins with that takes a consent back; its text's id follows.
pub const WITHDRAW: &str = "withdraw.";

pub(super) fn link_asked(v: &Verification, data: &ScreenData<'_>) -> Screen {
    let l = &data.t.link_asked;
    let page = page(v, data, "link_asked", l.title);
    Screen::Notice(Notice { state: Some(Mark::Done), ..notice(page, l.help(&data.profile.name)) })
}

pub(super) fn help(v: &Verification, data: &ScreenData<'_>) -> Screen {
    let h = &data.t.help;
    let who = &data.profile.name;
    let title = |c: &Consented| Some(data.t.consent(&c.text.text_id)?.words(who).title);
    let back = |c: &Consented| {
        let href = format!("{}/{WITHDRAW}{}", data.path, c.text.text_id);
        Some(Action::post(h.withdraw(title(c)?), href))
    };
    Screen::Help(Help {
        page: page(v, data, "help", h.title),
        more: vec![
            Block::new(h.what, h.what_text(who, &v.plan.purpose)),
            Block::new(h.data, h.data_text(who)),
        ],
        withdraw: v.consents.iter().filter(|c| c.stands()).filter_map(back).collect(),
        withdrawn: v.consents.iter().filter(|c| c.withdrawn_at.is_some()).filter_map(title).collect(),
    })
}

/// Another device has the page.
pub fn elsewhere(v: &Verification, data: &ScreenData<'_>) -> Screen {
    let e = &data.t.elsewhere;
    // Who had the page follows along, and reads its end; who holds the link alone has no page to follow.
    let every_s = data.path.starts_with("/v/").then_some(5);
    let page = Page { every_s, ..page(v, data, "elsewhere", e.title) };
    Screen::Notice(Notice {
        more: vec![Block::new(e.not_me, e.not_me_text(&data.profile.name))],
        action: Some(Action::post(e.go, format!("{}/take_over", data.path))),
        ..notice(page, e.help)
    })
}

/// A page that belongs to no verification that this browser may see.
fn nowhere(t: &'static Texts, screen: &'static str, title: &'static str) -> Page {
    Page {
        t,
        simple: false,
        screen,
        title: title.to_owned(),
        asks: None,
        path: String::new(),
        step: None,
        version: 0,
        every_s: None,
        specimen_camera: false,
        message: None,
    }
}

/// No link of ours.
pub fn missing(t: &'static Texts) -> Screen {
    let m = &t.missing;
    Screen::Notice(Notice {
        block: Some(Block::new(m.next, m.next_text)),
        ..notice(nowhere(t, "missing", m.title), m.help)
    })
}

/// The machine failed. `again` is the address to open once more.
pub fn fault(t: &'static Texts, again: String) -> Screen {
    let f = &t.fault;
    Screen::Notice(Notice {
        action: Some(Action::go(f.go, again)),
        ..notice(nowhere(t, "fault", f.title), f.help)
    })
}

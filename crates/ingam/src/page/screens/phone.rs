//! The screens of the phone: whose it is, and the code that went to it.

use super::{Screen, ScreenData, page};
use crate::page::say;
use crate::page::view::*;
use ingam_cases::answers::PhoneCode as Said;
use ingam_cases::values::TelecomName;
use ingam_cases::verification::Verification;
use jiff::Timestamp;

pub(super) fn named(v: &Verification, data: &ScreenData<'_>, problem: Option<Said>) -> Screen {
    let p = &data.t.phone;
    let typed = |name: &str| data.typed.iter().find(|(given, _)| given == name).map(|(_, v)| v.clone());
    let problem = problem.and_then(|said| match said {
        Said::NotOwner => Some(p.not_owner),
        Said::CodeUsedUp | Said::WrongCode => Some(p.used_up),
        Said::Refused => Some(p.refused),
        Said::Maintenance | Said::Unavailable | Said::RateLimited => Some(p.silent),
        Said::Sent | Said::Owner => None,
    });
    let telecoms = TelecomName::ALL.map(|telecom| {
        let name = match telecom {
            TelecomName::Skt => p.skt,
            TelecomName::Kt => p.kt,
            TelecomName::Lgu => p.lgu,
            TelecomName::Mvno => p.mvno,
        };
        (telecom.as_str(), name)
    });
    Screen::Phone(Phone {
        page: page(v, data, "phone", p.title),
        problem: problem.filter(|_| data.message.is_none()),
        telecoms: telecoms.to_vec(),
        chosen: typed("telecom").unwrap_or_default(),
        number: typed("phone_number").unwrap_or_default(),
        more: vec![Block::new(p.others, p.others_text)],
    })
}

pub(super) fn code(
    v: &Verification,
    data: &ScreenData<'_>,
    expires_at: Timestamp,
    tries_left: u32,
    problem: Option<Said>,
    messages_left: u32,
) -> Screen {
    let p = &data.t.phone;
    let left_s = expires_at.duration_since(data.now).as_secs().max(0);
    let wrong = problem.map(|said| match said {
        Said::WrongCode => p.wrong(tries_left),
        _ => p.code_silent.to_owned(),
    });
    Screen::PhoneCode(PhoneCode {
        page: page(v, data, "phone_code", p.code_title),
        wrong: wrong.filter(|_| data.message.is_none()),
        left_s,
        left: data.t.code.left(say::left(data.t, left_s)),
        more: vec![Block::new(p.not_here, p.not_here_text)],
        links: match messages_left {
            0 => vec![],
            _ => vec![Action::post(p.change, format!("{}/change_phone", data.path))],
        },
    })
}

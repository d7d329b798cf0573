//! The screens of the steps beside card and account: the institution's own questions, and a code of a device.

use super::{Screen, ScreenData, page};
use crate::page::view::*;
use ingam_cases::answers::DeviceCode;
use ingam_cases::policy::{AnswerForm, DeviceKind, Question, Step, Words};
use ingam_cases::verification::Verification;

/// What the names of questions begin with in the form, so that none is taken for a field of ours.
pub const QUESTION: &str = "q.";

pub(super) fn form(v: &Verification, data: &ScreenData<'_>) -> Screen {
    let in_language = |words: &Words| words.in_language(data.t.language.code).to_owned();
    let title = v.plan.steps.iter().find_map(|step| match step {
        Step::Form { title, .. } => Some(in_language(title)),
        _ => None,
    });
    let question = |question: &Question| {
        let name = format!("{QUESTION}{}", question.id);
        let typed = |value: &str| data.typed.iter().any(|(given, v)| *given == name && v == value);
        let line = || data.typed.iter().find(|(given, _)| *given == name).map_or("", |(_, v)| v).to_owned();
        let answer = match &question.answer {
            AnswerForm::Choice { options, many } => AnswerField::Choice {
                options: options.iter().map(|o| (o.id.clone(), in_language(&o.text), typed(&o.id))).collect(),
                many: *many,
            },
            AnswerForm::YesNo {} => AnswerField::Choice {
                options: [("true", data.t.form.yes), ("false", data.t.form.no)]
                    .map(|(value, text)| (value.to_owned(), text.to_owned(), typed(value)))
                    .to_vec(),
                many: false,
            },
            AnswerForm::Text { max } => AnswerField::Line { value: line(), max: *max, digits: false },
            AnswerForm::Number { .. } => AnswerField::Line { value: line(), max: 20, digits: true },
            AnswerForm::Date {} => AnswerField::Day { value: line() },
        };
        FormQuestion { text: in_language(&question.text), required: question.required, name, answer }
    };
    Screen::Form(OwnForm {
        page: page(v, data, "form", title.unwrap_or_default()),
        questions: v.questions().iter().map(question).collect(),
    })
}

pub(super) fn device(
    v: &Verification,
    data: &ScreenData<'_>,
    kind: DeviceKind,
    last: Option<DeviceCode>,
    tries_left: u32,
) -> Screen {
    let d = &data.t.device;
    let challenge = data.challenge.filter(|_| kind == DeviceKind::SecurityCard);
    let asked = challenge.map_or_else(Vec::new, |challenge| {
        vec![d.card_first(challenge.first), d.card_second(challenge.second)]
    });
    let (title, help, label, more) = match kind {
        DeviceKind::Otp => (d.otp_title, d.otp, d.otp_label, Block::new(d.otp_none, d.otp_none_text)),
        DeviceKind::SecurityCard => {
            (d.card_title, d.card, d.card_label, Block::new(d.card_none, d.card_none_text))
        }
    };
    let wrong = match last {
        None | Some(DeviceCode::Right | DeviceCode::Locked) => None,
        Some(DeviceCode::Wrong) => Some(d.wrong(tries_left)),
        Some(DeviceCode::Used) => Some(d.used(tries_left)),
    };
    Screen::Device(Device {
        page: page(v, data, "device", title),
        help: help.to_owned(),
        asked,
        label,
        wrong: wrong.filter(|_| data.message.is_none()),
        more: vec![more],
    })
}

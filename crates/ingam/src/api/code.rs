//! Every code that an error answer can carry: one table for the program, its documents and its tests.
//!
//! Codes are stable; titles and details may get better. Refusals of the rules come from `ingam_cases` and get
//! their status here.

use ingam_cases::refusal::Refusal;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $status:literal, $code:literal, $title:literal, $detail:literal;)*) => {
        /// What an error answer is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Code {
            $($(#[$doc])* $name,)*
            /// The rules of the case say no.
            Refused(Refusal),
        }
        impl Code {
            const OWN: &'static [Self] = &[$(Self::$name),*];

            /// The stable code.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* Self::Refused(refusal) => refusal.code() }
            }
            /// The HTTP status.
            pub fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* Self::Refused(refusal) => refusal_status(refusal) }
            }
            /// The same words for every occurrence (RFC 9457 §3.1.3).
            pub fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* Self::Refused(_) => "Not possible" }
            }
            /// What to do about it, for a developer.
            pub fn detail(self) -> &'static str {
                match self { $(Self::$name => $detail,)* Self::Refused(refusal) => refusal.detail() }
            }
        }
    };
}

codes! {
    /// The body is not JSON.
    InvalidJson = 400, "invalid_json", "Not JSON", "The body is not well-formed JSON in UTF-8.";
    /// A query parameter can't be used.
    InvalidQuery = 400, "invalid_query", "Invalid query", "A query parameter is unknown, repeated or has no usable value.";
    /// The Idempotency-Key header can't be used.
    InvalidIdempotencyKey = 400, "invalid_idempotency_key", "Invalid Idempotency-Key", "An Idempotency-Key has 1 to 255 visible ASCII characters and stands once.";
    /// The multipart body can't be used.
    InvalidMultipart = 400, "invalid_multipart", "Invalid multipart body", "The body is not well-formed multipart/form-data with the fields `step` and `picture`.";
    /// No key, or no key of ours.
    Unauthorized = 401, "unauthorized", "No valid API key", "Send `Authorization: Bearer sk_…` with a key that was not revoked.";
    /// A key of the other environment.
    WrongEnvironment = 401, "wrong_environment", "Key of the other environment", "This server serves one environment: test keys and live keys are not exchangeable.";
    /// No such object, or another institution's.
    NotFound = 404, "not_found", "No such object", "There is no such object, or it is not yours.";
    /// No such address.
    RouteNotFound = 404, "route_not_found", "No such address", "See /openapi.json for the addresses that exist.";
    /// The address exists, the method does not.
    MethodNotAllowed = 405, "method_not_allowed", "Method not allowed", "The header Allow names the methods of this address.";
    /// The person has not been verified, so there is no result to read.
    NotVerified = 409, "not_verified", "No result", "There is a result once the status is `verified`.";
    /// The one key that works can't be revoked.
    LastKey = 409, "last_key", "Last key", "This is the only key that works. Make another one first.";
    /// Nobody would get the event.
    NoEndpoint = 409, "no_endpoint", "No endpoint", "No webhook endpoint asks for events of this type.";
    /// The data have been destroyed.
    Destroyed = 410, "destroyed", "Destroyed", "The personal data asked for have been destroyed and cannot be read any more.";
    /// The body is larger than allowed.
    BodyTooLarge = 413, "body_too_large", "Body too large", "The body is larger than this address takes.";
    /// The body's type is not taken here.
    UnsupportedMediaType = 415, "unsupported_media_type", "Unsupported media type", "Send JSON as `Content-Type: application/json`.";
    /// Fields can't be used.
    Invalid = 422, "invalid", "Invalid fields", "Some fields can't be used. See `errors`.";
    /// The policy is below the law.
    PolicyBelowLegalFloor = 422, "policy_below_legal_floor", "Policy below the legal floor", "A policy needs at least two different methods of ① to ⑤. See `errors`.";
    /// The key was used for another request.
    IdempotencyKeyReused = 422, "idempotency_key_reused", "Idempotency-Key reused", "This Idempotency-Key was used for another request within 24 hours. Use a new one.";
    /// The machine failed.
    Internal = 500, "internal", "Internal error", "Something failed on our side. Quote the request_id if you ask about it.";
    /// The machine can't answer now.
    Unavailable = 503, "unavailable", "Unavailable", "Something that this needs does not answer now. Try again after the time in Retry-After.";
}

impl Code {
    /// Every code, for documents and tests.
    pub fn all() -> impl Iterator<Item = Self> {
        // A refusal with a code of its own here (`not_found`) stands once.
        let own = |r: &Refusal| Self::OWN.iter().any(|c| c.as_str() == r.code());
        Self::OWN
            .iter()
            .copied()
            .chain(Refusal::ALL.iter().copied().filter(move |r| !own(r)).map(Self::Refused))
    }
}

/// 404 for what is not there, 410 for what is over by its time, 422 for what was sent, 409 for everything that
/// another moment would allow.
fn refusal_status(refusal: Refusal) -> u16 {
    match refusal {
        Refusal::Unknown => 404,
        Refusal::Expired => 410,
        Refusal::ConsentRequired
        | Refusal::ConsentsDiffer
        | Refusal::AnswersDiffer
        | Refusal::MediumDiffers
        | Refusal::SourceNotAllowed
        | Refusal::DecisionNotAllowed
        | Refusal::ReasonDiffers
        | Refusal::PolicyNotAllowed => 422,
        Refusal::Ended
        | Refusal::NotNow
        | Refusal::OtherSession
        | Refusal::PicturesUsedUp
        | Refusal::SendsUsedUp
        | Refusal::AccountsUsedUp
        | Refusal::StaleAnswer
        | Refusal::MediumRevoked
        | Refusal::NotReviewable
        | Refusal::ReviewDecided
        | Refusal::ClaimedByOther
        | Refusal::NotClaimed
        | Refusal::SecondReviewer
        | Refusal::StaffLeft
        | Refusal::LoginTaken
        | Refusal::TooMany => 409,
    }
}

/// Codes of single fields, as they stand in `errors`.
pub const FIELD_CODES: &[(&str, &str)] = &[
    ("required", "The field is missing."),
    ("unknown_field", "There is no such field; nothing is ignored silently."),
    ("wrong_type", "The value has another type, or is none of the words that are allowed."),
    ("empty", "The value is empty."),
    ("too_long", "The value is longer than allowed."),
    ("length", "The value has the wrong number of digits or characters."),
    ("character", "The value has a character that does not belong there."),
    ("personal_data", "The value stays in clear, and looks like a number of a person."),
    ("date", "The day does not exist, or can't be."),
    ("differs", "Another field, or what stands here, says otherwise."),
    ("out_of_range", "The value lies outside what is allowed."),
    ("malformed", "The value does not have the form that it must have."),
    ("not_found", "There is no such object, or it is not yours."),
    ("repeated", "The value stands more than once."),
    ("unknown_telecom", "There is no such telecom: `skt`, `kt`, `lgu` or `mvno`."),
    ("unknown_bank", "No bank has this code."),
    ("unknown_event_type", "No event has this type."),
    (
        "not_approved",
        "Approve the text with `POST /v1/consents/{id}/approve` first: in live a policy takes approved texts alone.",
    ),
    ("unknown_text", "No text has this id."),
    ("https_required", "The address must be https."),
    ("userinfo", "The address must not hold a user name or password."),
    ("fragment", "The address must not have a fragment."),
    ("private_address", "The address leads, or resolves, to a network that is not public."),
    ("unresolvable", "The host's name does not resolve."),
    ("below_legal_floor", "Fewer than two different methods of ① to ⑤."),
    ("cannot_be_met", "`require` is more than the steps can meet."),
    ("repeated_step", "Each step may stand once."),
    ("needs_name_first", "`existing_account` needs `id_document` before it."),
    ("not_a_reviewer", "There is no active member of staff with this id who is a reviewer."),
    ("not_allowed", "The answer is none of what the question takes."),
    ("unknown_endpoint", "There is no webhook endpoint with this id."),
    ("not_connected", "This installation has no connection to who answers about it."),
    ("source_not_allowed", "This installation takes no pictures from this source."),
    ("not_an_image", "The bytes are not a picture."),
    ("unsupported_format", "Only JPEG and PNG pictures are read."),
    ("image_too_large", "The picture has too many bytes."),
    ("image_too_many_pixels", "The picture has too many pixels."),
    ("image_too_small", "The picture has too few pixels to read a card."),
    ("image_corrupt", "The picture is damaged."),
];

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_words_and_stand_once() {
        let mut seen = HashSet::new();
        for code in Code::all() {
            assert!(seen.insert(code.as_str()), "{}", code.as_str());
            assert!(code.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'));
            assert!((400..600).contains(&code.status()));
            assert!(code.detail().ends_with('.'));
        }
        for refusal in Refusal::ALL {
            assert!(seen.contains(refusal.code()), "{refusal}");
        }
    }
}

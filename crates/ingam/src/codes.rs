//! The code that travels with 1 won, and the tokens in links and cookies.
//!
//! All are derived by a keyed function from the id that they belong to, so none is stored and a repeated task
//! sends the same one. The keys live in the vault, one for each purpose.

use crate::fault::Fault;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use ingam_cases::id::{CallId, MediumId, StaffId, VerificationId};
use ingam_ledger::Ledger;
use jiff::Timestamp;

/// Syllables that nobody takes for one another: no tense or aspirated consonants, no finals, and of the vowels
/// only those whose strokes differ in direction.
const SYLLABLES: [char; 28] = [
    '가', '고', '구', '기', '나', '노', '누', '니', '라', '로', '루', '리', '마', '모', '무', '미', '바',
    '보', '부', '비', '사', '소', '수', '시', '하', '호', '후', '히',
];
/// 28^4 codes: five guesses hit one with a chance of 1 in 122,000.
const CODE_LEN: usize = 4;

/// The code for a transfer.
///
/// # Errors
/// Where the vault fails.
pub async fn won_code(ledger: &Ledger, call: &CallId) -> Result<String, Fault> {
    let mac = ledger.index_value("won_code", call.as_str().as_bytes()).await?.hex;
    Ok(code_from(mac.as_bytes()))
}

fn code_from(hex: &[u8]) -> String {
    let nibble = |b: u8| char::from(b).to_digit(16).unwrap_or(0) as usize;
    // Bytes from 252 up are passed over, so that every syllable is as likely as any other.
    let mut code: String = hex
        .chunks_exact(2)
        .map(|pair| nibble(pair[0]) * 16 + nibble(pair[1]))
        .filter(|byte| *byte < 252)
        .take(CODE_LEN)
        .map(|byte| SYLLABLES[byte % 28])
        .collect();
    while code.chars().count() < CODE_LEN {
        code.push(SYLLABLES[0]);
    }
    code
}

/// Whether what the person typed is the code, in constant time; spaces and composed forms don't matter.
pub fn same_code(typed: &str, code: &str) -> bool {
    use unicode_normalization::UnicodeNormalization;
    let typed: String = typed.nfc().filter(|c| !c.is_whitespace()).collect();
    verify_slices_are_equal(typed.as_bytes(), code.as_bytes()).is_ok()
}

/// 128 bits of a keyed function, in hex.
async fn mac(ledger: &Ledger, purpose: &str, of: &str) -> Result<String, Fault> {
    let mut mac = ledger.index_value(purpose, of.as_bytes()).await?.hex;
    mac.truncate(32);
    Ok(mac)
}

/// The draw behind what a person is asked of a security card.
///
/// # Errors
/// Where the vault fails.
pub async fn challenge_draw(ledger: &Ledger, medium: &MediumId, of: &VerificationId) -> Result<u64, Fault> {
    let mac = mac(ledger, "card_challenge", &format!("{medium}/{of}")).await?;
    u64::from_str_radix(&mac[..16], 16).map_err(Fault::internal)
}

/// The token in a person's link.
///
/// # Errors
/// Where the vault fails.
pub async fn link_token(ledger: &Ledger, id: &VerificationId) -> Result<String, Fault> {
    let mac = mac(ledger, "person_link", id.as_str()).await?;
    Ok(format!("{}{mac}", id.as_str().trim_start_matches(VerificationId::PREFIX)))
}

/// The verification that a link's token belongs to, where it is one of ours.
///
/// # Errors
/// Where the vault fails.
pub async fn read_link_token(ledger: &Ledger, token: &str) -> Result<Option<VerificationId>, Fault> {
    let Some((body, given)) = token.split_at_checked(26) else { return Ok(None) };
    let Ok(id) = VerificationId::parse(&format!("{}{body}", VerificationId::PREFIX)) else { return Ok(None) };
    let expected = mac(ledger, "person_link", id.as_str()).await?;
    Ok(verify_slices_are_equal(given.as_bytes(), expected.as_bytes()).is_ok().then_some(id))
}

/// The value of the cookie of a page's session.
///
/// # Errors
/// Where the vault fails.
pub async fn session_cookie(ledger: &Ledger, id: &VerificationId, session: u32) -> Result<String, Fault> {
    Ok(format!("{session}.{}", mac(ledger, "page_session", &format!("{id}/{session}")).await?))
}

/// The session that a cookie stands for, where it is one of ours.
///
/// # Errors
/// Where the vault fails.
pub async fn read_session_cookie(
    ledger: &Ledger,
    id: &VerificationId,
    cookie: &str,
) -> Result<Option<u32>, Fault> {
    let Some((number, given)) = cookie.split_once('.') else { return Ok(None) };
    let Ok(session) = number.parse::<u32>() else { return Ok(None) };
    let expected = mac(ledger, "page_session", &format!("{id}/{session}")).await?;
    Ok(verify_slices_are_equal(given.as_bytes(), expected.as_bytes()).is_ok().then_some(session))
}

/// The token with which another browser goes on where this session is: until that moment, and as long as no other browser
/// has the page, so once.
///
/// # Errors
/// Where the vault fails.
pub async fn hand_over_token(
    ledger: &Ledger,
    id: &VerificationId,
    session: u32,
    until: Timestamp,
) -> Result<String, Fault> {
    let body = id.as_str().trim_start_matches(VerificationId::PREFIX);
    let until = until.as_second();
    let mac = mac(ledger, "page_hand_over", &format!("{id}/{session}/{until}")).await?;
    Ok(format!("{body}.{session}.{until}.{mac}"))
}

/// The verification that a token hands over, where it is one of ours, and the session, until its time is over.
///
/// # Errors
/// Where the vault fails.
pub async fn read_hand_over_token(
    ledger: &Ledger,
    token: &str,
    now: Timestamp,
) -> Result<Option<(VerificationId, Option<u32>)>, Fault> {
    let mut parts = token.split('.');
    let (Some(body), Some(session), Some(until), Some(given), None) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Ok(None);
    };
    let Ok(id) = VerificationId::parse(&format!("{}{body}", VerificationId::PREFIX)) else { return Ok(None) };
    let (Ok(session), Ok(until)) = (session.parse::<u32>(), until.parse::<i64>()) else { return Ok(None) };
    let expected = mac(ledger, "page_hand_over", &format!("{id}/{session}/{until}")).await?;
    let ours = verify_slices_are_equal(given.as_bytes(), expected.as_bytes()).is_ok();
    Ok(ours.then_some((id, (now.as_second() < until).then_some(session))))
}

/// What a token of a member of staff is for. Each has a key of its own, so that none passes for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StaffToken {
    /// The link under which somebody sets their account up.
    Setup,
    /// The try that passed the password and waits for its code.
    Attempt,
    /// The session.
    Session,
}

impl StaffToken {
    fn purpose(self) -> &'static str {
        match self {
            Self::Setup => "staff_setup",
            Self::Attempt => "staff_attempt",
            Self::Session => "staff_session",
        }
    }
}

/// A token of a member of staff: whose, which one of them, and the proof that we made it.
///
/// # Errors
/// Where the vault fails.
pub async fn staff_token(
    ledger: &Ledger,
    what: StaffToken,
    id: &StaffId,
    number: u32,
) -> Result<String, Fault> {
    let mac = mac(ledger, what.purpose(), &format!("{id}/{number}")).await?;
    Ok(format!("{}.{number}.{mac}", id.as_str().trim_start_matches(StaffId::PREFIX)))
}

/// Whose token it is and which one, where it is one of ours for that.
///
/// # Errors
/// Where the vault fails.
pub async fn read_staff_token(
    ledger: &Ledger,
    what: StaffToken,
    token: &str,
) -> Result<Option<(StaffId, u32)>, Fault> {
    let mut parts = token.splitn(3, '.');
    let (Some(body), Some(number), Some(_)) = (parts.next(), parts.next(), parts.next()) else {
        return Ok(None);
    };
    let Ok(id) = StaffId::parse(&format!("{}{body}", StaffId::PREFIX)) else { return Ok(None) };
    let Ok(number) = number.parse::<u32>() else { return Ok(None) };
    let ours = staff_token(ledger, what, &id, number).await?;
    Ok(verify_slices_are_equal(token.as_bytes(), ours.as_bytes()).is_ok().then_some((id, number)))
}

/// What a form of the console carries, so that no other site can send it: proof that we gave it to the browser which
/// has this cookie (OWASP CSRF cheat sheet, "Signed Double-Submit Cookie").
///
/// # Errors
/// Where the vault fails.
pub async fn form_token(ledger: &Ledger, cookie: &str) -> Result<String, Fault> {
    mac(ledger, "console_form", cookie).await
}

/// Whether a form carries it.
///
/// # Errors
/// Where the vault fails.
pub async fn is_form_token(ledger: &Ledger, cookie: &str, given: &str) -> Result<bool, Fault> {
    let ours = form_token(ledger, cookie).await?;
    Ok(verify_slices_are_equal(given.as_bytes(), ours.as_bytes()).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_even_over_the_syllables_and_read_as_typed() {
        let mut counts = std::collections::HashMap::new();
        for n in 0u32..20_000 {
            let hex: String = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &n.to_be_bytes())
                .as_ref()
                .iter()
                .map(|b| format!("{b:02x}"))
                .collect();
            for c in code_from(hex.as_bytes()).chars() {
                *counts.entry(c).or_insert(0u32) += 1;
            }
        }
        assert_eq!(counts.len(), SYLLABLES.len());
        let expected = 80_000.0 / 28.0;
        for (c, n) in counts {
            assert!((f64::from(n) - expected).abs() < expected * 0.1, "{c}: {n}");
        }
        assert!(same_code(" 가 나다라", "가나다라"));
        assert!(same_code("가나다라", "가나다라"), "decomposed");
        assert!(!same_code("가나다", "가나다라"));
        assert!(!same_code("", "가나다라"));
    }
}

//! One-time passwords over a shared secret: by counter (HOTP, RFC 4226) and by time (TOTP, RFC 6238), as they are
//! typed by a person. Pure: the counter or the moment is an argument, and what was used before is the caller's to keep.
//!
//! Refuses to know who types, how often they may, and where the secret is kept. A secret is a type that can't be
//! printed; its text form is base32 (RFC 4648 §6), as authenticator apps take it.

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Sha256, Sha512};
use std::fmt;
use subtle::{ConditionallySelectable, ConstantTimeEq};
use zeroize::Zeroizing;

/// The hash under the code (RFC 6238 §1.2). Most authenticator apps know SHA-1 alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// HMAC-SHA-1, the one of RFC 4226.
    Sha1,
    /// HMAC-SHA-256.
    Sha256,
    /// HMAC-SHA-512.
    Sha512,
}

/// How many digits a code has (RFC 4226 §5.3: at least six).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Digits {
    /// Six.
    Six,
    /// Seven.
    Seven,
    /// Eight.
    Eight,
}

impl Digits {
    /// Their number.
    pub fn count(self) -> usize {
        match self {
            Self::Six => 6,
            Self::Seven => 7,
            Self::Eight => 8,
        }
    }
}

/// How long one code of a clock lasts (RFC 6238 §5.2 recommends 30 s; Korean bank tokens turn after 60 s, too).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// 30 seconds.
    Thirty,
    /// 60 seconds.
    Sixty,
}

impl Step {
    /// In seconds.
    pub fn seconds(self) -> u64 {
        match self {
            Self::Thirty => 30,
            Self::Sixty => 60,
        }
    }

    /// The number of the step that a moment lies in, from 1970 on; before, it is 0.
    pub fn at(self, now: Timestamp) -> u64 {
        u64::try_from(now.as_second()).unwrap_or(0) / self.seconds()
    }
}

/// What a code looks like and how it is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Form {
    /// The hash.
    pub algorithm: Algorithm,
    /// Its length.
    pub digits: Digits,
}

impl Form {
    /// What every authenticator app knows: HMAC-SHA-1 and six digits.
    pub const COMMON: Self = Self { algorithm: Algorithm::Sha1, digits: Digits::Six };
}

/// Why a text is no secret or no code. Names the rule, never the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotOtp {
    /// Fewer than 16 or more than 64 bytes, or no code of six to eight digits.
    #[error("has the wrong length")]
    Length,
    /// Not base32, or not a digit.
    #[error("has a character that does not belong there")]
    Character,
}

/// A secret that the person's device has, too: 16 bytes (RFC 4226 §4, R6) to 64 (one block of SHA-1 and SHA-256; what
/// is longer is hashed first and gains nothing).
#[derive(Clone)]
pub struct OtpSecret(Zeroizing<Vec<u8>>);

impl OtpSecret {
    /// Fewest bytes.
    pub const MIN: usize = 16;
    /// Most bytes.
    pub const MAX: usize = 64;
    /// What RFC 4226 §4 recommends, and what apps expect of SHA-1.
    pub const RECOMMENDED: usize = 20;

    /// Takes the bytes.
    ///
    /// # Errors
    /// Where there are too few or too many.
    pub fn new(bytes: Vec<u8>) -> Result<Self, NotOtp> {
        let bytes = Zeroizing::new(bytes);
        if (Self::MIN..=Self::MAX).contains(&bytes.len()) { Ok(Self(bytes)) } else { Err(NotOtp::Length) }
    }

    /// Reads base32 (RFC 4648 §6) as people and apps write it: any case, spaces and hyphens between, padding or none.
    ///
    /// # Errors
    /// Where it is no base32, or of too few or too many bytes.
    pub fn parse(text: &str) -> Result<Self, NotOtp> {
        let plain: Zeroizing<String> = Zeroizing::new(
            text.chars().filter(|c| !matches!(c, ' ' | '-')).map(|c| c.to_ascii_uppercase()).collect(),
        );
        Self::new(from_base32(plain.trim_end_matches('='))?)
    }

    /// The secret in base32 without padding.
    pub fn expose(&self) -> Zeroizing<String> {
        Zeroizing::new(to_base32(&self.0))
    }

    /// The address that an authenticator app reads from a QR code (`otpauth://totp/…`, the Key URI Format that Google
    /// Authenticator published; it has no RFC). Parameters with their usual value are left out, since some apps refuse
    /// what they can't do even where it is the default.
    pub fn uri(&self, form: Form, step: Step, issuer: &str, account: &str) -> Zeroizing<String> {
        let (issuer, account, secret) = (percent(issuer), percent(account), self.expose());
        let mut uri = format!("otpauth://totp/{issuer}:{account}?secret={}&issuer={issuer}", secret.as_str());
        match form.algorithm {
            Algorithm::Sha1 => {}
            Algorithm::Sha256 => uri.push_str("&algorithm=SHA256"),
            Algorithm::Sha512 => uri.push_str("&algorithm=SHA512"),
        }
        if form.digits != Digits::Six {
            uri.push_str(&format!("&digits={}", form.digits.count()));
        }
        if step != Step::Thirty {
            uri.push_str(&format!("&period={}", step.seconds()));
        }
        Zeroizing::new(uri)
    }
}

impl fmt::Debug for OtpSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtpSecret(…)")
    }
}

/// A code: six to eight digits.
#[derive(Clone)]
pub struct OtpCode(Zeroizing<String>);

impl OtpCode {
    /// Reads what was typed; spaces don't matter.
    ///
    /// # Errors
    /// Where it is not six to eight digits.
    pub fn parse(typed: &str) -> Result<Self, NotOtp> {
        let code: Zeroizing<String> = Zeroizing::new(typed.chars().filter(|c| !c.is_whitespace()).collect());
        if !code.bytes().all(|b| b.is_ascii_digit()) {
            return Err(NotOtp::Character);
        }
        if (6..=8).contains(&code.len()) { Ok(Self(code)) } else { Err(NotOtp::Length) }
    }

    /// The digits.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for OtpCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OtpCode(…)")
    }
}

/// What came of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// It is that of this counter or step, which is used from now on.
    Right(u64),
    /// It is right, and this counter or step, or a later one, was used before (RFC 6238 §5.2: accept a code once).
    Used,
    /// It is none of the window's.
    Wrong,
}

/// The code of a counter (RFC 4226 §5.3). With a step's number as counter it is that of a clock (RFC 6238 §4.2).
pub fn generate(secret: &OtpSecret, form: Form, counter: u64) -> OtpCode {
    let digits = form.digits.count();
    let code = truncated(secret, form.algorithm, counter) % 10_u32.pow(digits as u32);
    OtpCode(Zeroizing::new(format!("{code:0digits$}")))
}

/// Tries a code of a counter: `next` is the first one that was not used, and so many behind it are looked at, since a
/// token may have been pressed without its code being sent (RFC 4226 §7.4).
pub fn verify_counter(secret: &OtpSecret, form: Form, code: &OtpCode, next: u64, look_ahead: u8) -> Tried {
    let last = next.saturating_add(u64::from(look_ahead));
    match matching(secret, form, code, next, last) {
        Some(counter) => Tried::Right(counter),
        None => Tried::Wrong,
    }
}

/// Tries a code of a clock: the step of the moment, the one before and the one after, since clocks differ and people
/// are slow (RFC 6238 §5.2). `used` is the newest step whose code was taken before; none up to it is taken again.
pub fn verify_clock(
    secret: &OtpSecret,
    form: Form,
    step: Step,
    code: &OtpCode,
    now: Timestamp,
    used: Option<u64>,
) -> Tried {
    let at = step.at(now);
    match matching(secret, form, code, at.saturating_sub(1), at.saturating_add(1)) {
        Some(step) if used.is_some_and(|used| step <= used) => Tried::Used,
        Some(step) => Tried::Right(step),
        None => Tried::Wrong,
    }
}

/// The newest counter of a window that has this code. All of them are computed and compared whatever they are, so that
/// the time that it takes says nothing.
fn matching(secret: &OtpSecret, form: Form, code: &OtpCode, first: u64, last: u64) -> Option<u64> {
    let (mut found, mut any) = (0_u64, subtle::Choice::from(0));
    for counter in first..=last {
        let same = generate(secret, form, counter).0.as_bytes().ct_eq(code.0.as_bytes());
        found = u64::conditional_select(&found, &counter, same);
        any |= same;
    }
    bool::from(any).then_some(found)
}

/// The 31 bits of RFC 4226 §5.3, "dynamic truncation".
fn truncated(secret: &OtpSecret, algorithm: Algorithm, counter: u64) -> u32 {
    let mac = match algorithm {
        Algorithm::Sha1 => mac::<Hmac<Sha1>>(secret, counter),
        Algorithm::Sha256 => mac::<Hmac<Sha256>>(secret, counter),
        Algorithm::Sha512 => mac::<Hmac<Sha512>>(secret, counter),
    };
    // The last byte's low four bits say where; a MAC has at least 20 bytes, so four stand there.
    let at = usize::from(mac.last().copied().unwrap_or(0) & 15);
    mac[at..at + 4].iter().fold(0, |bits, byte| bits << 8 | u32::from(*byte)) & 0x7fff_ffff
}

fn mac<M: Mac + KeyInit>(secret: &OtpSecret, counter: u64) -> Zeroizing<Vec<u8>> {
    let mut mac = <M as KeyInit>::new_from_slice(&secret.0).expect("HMAC takes a key of any length");
    mac.update(&counter.to_be_bytes());
    Zeroizing::new(mac.finalize().into_bytes().to_vec())
}

/// RFC 4648 §6.
const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn to_base32(bytes: &[u8]) -> String {
    let mut text = String::with_capacity((bytes.len() * 8).div_ceil(5));
    let (mut bits, mut held) = (0_u32, 0);
    for byte in bytes {
        bits = bits << 8 | u32::from(*byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            text.push(char::from(ALPHABET[(bits >> held & 31) as usize]));
        }
        bits &= (1 << held) - 1;
    }
    if held > 0 {
        text.push(char::from(ALPHABET[(bits << (5 - held) & 31) as usize]));
    }
    text
}

/// Reads base32 without padding. Bits left over must be zero (RFC 4648 §3.5), and there is no text of 1, 3 or 6
/// characters more than a multiple of eight.
fn from_base32(text: &str) -> Result<Vec<u8>, NotOtp> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut held) = (0_u32, 0);
    for byte in text.bytes() {
        let value = ALPHABET.iter().position(|b| *b == byte).ok_or(NotOtp::Character)?;
        bits = bits << 5 | value as u32;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 255) as u8);
        }
        bits &= (1 << held) - 1;
    }
    if matches!(text.len() % 8, 1 | 3 | 6) {
        return Err(NotOtp::Length);
    }
    if bits == 0 { Ok(bytes) } else { Err(NotOtp::Character) }
}

/// Everything but the unreserved characters of RFC 3986 §2.3.
fn percent(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
        out
    })
}

#[cfg(test)]
mod tests;

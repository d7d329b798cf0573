//! What the catalogue's people have beside a resident card: a licence, passports, an alien card, a phone, and the
//! lists on which they stand. Each says what is printed, and where the register differs from it.
//!
//! Nobody has them: licences begin with the region 27, which is not given out; passport numbers hold `999`; phones
//! begin with `010-0000`.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// What a person has to show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Documents {
    /// A driver licence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<Licence>,
    /// A passport, of Korea or of another state.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passport: Option<Passport>,
    /// What a foreigner has in place of a resident card; its number and day of issue are the person's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alien_card: Option<AlienCard>,
    /// A phone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
}

/// A driver licence.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Licence {
    /// `RR-YY-NNNNNN-CC`.
    pub number: String,
    /// The serial code (암호일련번호); old licences have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<String>,
    /// How the register has it.
    #[serde(default)]
    pub state: LicenceState,
}

/// The state of a licence in the register.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LicenceState {
    /// Good.
    #[default]
    Good,
    /// No such number.
    Missing,
    /// A newer licence replaced it.
    Superseded,
    /// Reported lost.
    Lost,
    /// Ended by its holder's death.
    HolderDied,
    /// Revoked.
    Revoked,
    /// Suspended.
    Suspended,
    /// Revoked within the days that were asked about.
    RevokedMeanwhile,
    /// Suspended within the days that were asked about.
    SuspendedMeanwhile,
    /// In another name.
    OtherName,
    /// Of somebody born on another day.
    OtherBirth,
    /// With another serial code.
    OtherSerial,
    /// Of another class.
    OtherClass,
    /// The register misses something in every question about it.
    Unasked,
    /// Locked after five wrong serial codes.
    Locked,
}

/// A passport.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Passport {
    /// Its number.
    pub number: String,
    /// Who issued it, three letters.
    #[serde(default = "korea")]
    pub nationality: String,
    /// The day of issue.
    pub issued: Date,
    /// Its last day.
    pub expires: Date,
    /// How the register has it.
    #[serde(default)]
    pub state: PaperState,
}

fn korea() -> String {
    "KOR".into()
}

/// A card of a foreigner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlienCard {
    /// Which one.
    pub kind: AlienCardKind,
    /// The state whose citizen the person is, three letters.
    pub nationality: String,
    /// The permission to stay, as printed.
    pub visa: String,
    /// How the register has it.
    #[serde(default)]
    pub state: PaperState,
}

/// The three cards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlienCardKind {
    /// 외국인등록증.
    Registration,
    /// 국내거소신고증: Koreans of another nationality.
    Residence,
    /// 영주증.
    Permanent,
}

/// The state of a passport or an alien card in its register.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaperState {
    /// Good.
    #[default]
    Good,
    /// Not in the register.
    Missing,
    /// The register takes the number for none.
    Invalid,
    /// In another name.
    OtherName,
    /// With another day of issue.
    OtherIssue,
    /// Reported lost.
    Lost,
    /// The register is out whenever it is asked about this one.
    Asleep,
}

/// A phone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phone {
    /// `skt`, `kt`, `lgu` or `mvno`.
    pub telecom: String,
    /// Eleven digits.
    pub number: String,
    /// In whose name it runs; the person's unless set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// Stopped, or its owner let nobody ask.
    #[serde(default)]
    pub stopped: bool,
}

/// Lists that stand before any verification.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lists {
    /// 비대면 계좌개설·여신 안심차단.
    pub account_opening_blocked: bool,
    /// In the register of deaths.
    pub died: bool,
}

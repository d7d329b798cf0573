//! Commands to a verification: what someone wants. Whatever needed plaintext was compared before; a command
//! carries the outcome alone.

use super::{DocumentField, DocumentKind, NamedMedium};
use crate::answers::{
    Answer, BlockCode, DepositCode, DeviceCode, HolderCode, InstitutionCode, IssuerCode, PhoneCode,
};
use crate::id::{BlobId, CallId, InstitutionId, PersonId, PolicyId, SubjectId, VerificationId};
use crate::policy::{PictureSource, Policy};
use crate::review::{AskedBy, Decision};
use crate::values::{BankCode, NameMatch};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What someone wants of a verification.
#[derive(Debug, Clone)]
pub enum Command {
    /// The institution opens it.
    Open(Box<Open>),
    /// The institution withdraws it.
    Cancel,
    /// A browser opens the link for the first time, or takes the page over.
    TakeSession {
        /// `true` where the person asked to go on here although another device has the page.
        take_over: bool,
    },
    /// The person answers the safety question.
    AnswerSafety {
        /// The session that acts.
        session: u32,
        /// The text that was shown.
        text: ShownText,
        /// "Yes, somebody tells me to do this."
        told_to: bool,
    },
    /// The person answers the consents.
    AnswerConsents {
        /// The session that acts.
        session: u32,
        /// One for each text.
        answers: Vec<ConsentAnswer>,
    },
    /// The person hands in a picture of the card.
    SubmitCard {
        /// The session that acts.
        session: u32,
        /// Where the picture is kept.
        blob: BlobId,
        /// SHA-256 of its sealed bytes, in hex.
        sha256: String,
        /// Its length in bytes.
        len: u64,
        /// Where it came from.
        source: PictureSource,
    },
    /// The reader is done.
    CardRead {
        /// The picture that was read.
        blob: BlobId,
        /// What came out.
        reading: Reading,
    },
    /// The person says that this is what the card says.
    ConfirmCard {
        /// The session that acts.
        session: u32,
        /// Fields that the person changed.
        edited: Vec<DocumentField>,
        /// What the values themselves forbid, compared before.
        hindrance: Option<Hindrance>,
        /// Id for the question to a list or the issuer.
        call: CallId,
    },
    /// A list answered about the person, or did not.
    ListAnswered {
        /// The question.
        call: CallId,
        /// The answer.
        answer: Answer<BlockCode>,
        /// Id for the next question, should one be due.
        next_call: CallId,
        /// Set where the ledger's slots allow no question to the issuer.
        withheld: bool,
    },
    /// The person wants to take another picture or another card.
    RetakeCard {
        /// The session that acts.
        session: u32,
    },
    /// The issuer answered, or did not.
    IssuerAnswered {
        /// The question.
        call: CallId,
        /// The answer.
        answer: Answer<IssuerCode>,
        /// Id for the next question, should one be due.
        next_call: CallId,
    },
    /// Another question about this card could lock it: the ledger's slots are taken.
    WithholdCard {
        /// The question that is not asked.
        call: CallId,
    },
    /// The person names an account.
    GiveAccount {
        /// The session that acts.
        session: u32,
        /// The bank.
        bank: BankCode,
        /// Id for the question to the bank.
        call: CallId,
    },
    /// The bank answered who holds the account, or did not.
    HolderAnswered {
        /// The question.
        call: CallId,
        /// The answer.
        answer: Answer<HolderCode>,
        /// How the holder's name agrees with the one on the ID, where the bank gave one.
        name: Option<NameMatch>,
        /// Id for the deposit, should one be due.
        next_call: CallId,
        /// Set where the limits across cases allow no deposit: until when.
        withheld_until: Option<Timestamp>,
    },
    /// The bank said what became of the deposit.
    DepositAnswered {
        /// The transfer.
        call: CallId,
        /// The answer.
        answer: Answer<DepositCode>,
    },
    /// The person wants 1 won again.
    Resend {
        /// The session that acts.
        session: u32,
        /// Id for the transfer.
        call: CallId,
        /// Set where the limits across cases allow no deposit: until when.
        withheld_until: Option<Timestamp>,
    },
    /// The person wants another account.
    ChangeAccount {
        /// The session that acts.
        session: u32,
    },
    /// The person typed the code.
    TryCode {
        /// The session that acts.
        session: u32,
        /// Whether it was right; compared in constant time before.
        right: bool,
    },
    /// The person answered the institution's own questions.
    AnswerForm {
        /// The session that acts.
        session: u32,
        /// The questions that have an answer; what it is stands sealed beside.
        answered: Vec<String>,
    },
    /// The institution answered whether it goes on, or did not.
    InstitutionAnswered {
        /// The question.
        call: CallId,
        /// The answer.
        answer: Answer<InstitutionCode>,
    },
    /// The person typed a code of the access medium.
    TryDevice {
        /// The session that acts.
        session: u32,
        /// Id of this try.
        call: CallId,
        /// What came of it; compared in constant time before.
        code: DeviceCode,
    },
    /// The person names a phone.
    GivePhone {
        /// The session that acts.
        session: u32,
        /// Id for the message.
        call: CallId,
    },
    /// The telecom said what became of the message.
    PhoneAnswered {
        /// The message.
        call: CallId,
        /// The answer.
        answer: Answer<PhoneCode>,
    },
    /// The person typed the code of the message.
    TypePhoneCode {
        /// The session that acts.
        session: u32,
    },
    /// The telecom said what it makes of the code.
    PhoneConfirmed {
        /// The message.
        call: CallId,
        /// The answer.
        answer: Answer<PhoneCode>,
    },
    /// The person wants another phone, or another message.
    ChangePhone {
        /// The session that acts.
        session: u32,
    },
    /// The person wants to be told when it goes on.
    AskNotice {
        /// The session that acts.
        session: u32,
    },
    /// The person wants a new link.
    AskLink,
    /// Somebody wants the refusal to be looked at by a reviewer.
    AskReview {
        /// Who.
        by: AskedBy,
    },
    /// The review of the refusal was decided.
    CloseReview {
        /// How.
        decision: Decision,
        /// Whether the issuer was asked, too, and the card's tries are whole again.
        settled_with_issuer: bool,
    },
    /// The person takes a consent back.
    WithdrawConsent {
        /// Id of its text.
        text_id: String,
    },
    /// A moment that the case set for itself has come.
    Tick {
        /// Ids for questions that may be due.
        card_call: CallId,
        /// Ids for questions that may be due.
        account_call: CallId,
        /// Set where the limits across cases allow no deposit: until when.
        withheld_until: Option<Timestamp>,
    },
    /// The person is known to the institution under this id.
    LinkPerson {
        /// The pairwise id.
        person: PersonId,
    },
}

/// What keeps a document that was confirmed from being asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hindrance {
    /// Its last day has passed.
    Expired,
    /// The person is younger than the policy asks for.
    TooYoung,
    /// Another question about this card could lock it: the ledger's slots are taken.
    TriesTaken,
}

/// What an institution gives when it opens a verification.
#[derive(Debug, Clone)]
pub struct Open {
    /// Its id.
    pub id: VerificationId,
    /// Who asks.
    pub institution: InstitutionId,
    /// Whose keys seal what names the person.
    pub subject: SubjectId,
    /// The policy's id.
    pub policy: PolicyId,
    /// The policy's version.
    pub policy_version: u32,
    /// The policy.
    pub plan: Policy,
    /// The institution's reference.
    pub reference: Option<String>,
    /// Where the person goes back to.
    pub return_url: Option<String>,
    /// The person's access medium, where the policy asks for a code of one.
    pub medium: Option<NamedMedium>,
}

/// A text as it was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownText {
    /// Its id in the catalogue.
    pub text_id: String,
    /// Its version.
    pub version: u32,
    /// BCP 47 language.
    pub language: String,
    /// SHA-256 of the text's UTF-8 bytes, in hex.
    pub sha256: String,
}

/// A consent text and the person's answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentAnswer {
    /// The text.
    #[serde(flatten)]
    pub text: ShownText,
    /// What the consent is for.
    pub purpose: String,
    /// Whether it was required.
    pub required: bool,
    /// The answer.
    pub answer: bool,
    /// What the text is about, where it says so in words that a program reads.
    #[serde(flatten)]
    pub terms: ConsentTerms,
}

/// What a consent is about: which data, who gets them, for how long, on what ground.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsentTerms {
    /// Stable words for the data.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
    /// Stable words for who gets them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub receivers: Vec<String>,
    /// How long they are kept, from the end on (ISO 8601 duration); `P0D` for no longer than it takes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub period: String,
    /// The law that it rests on.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub lawful_basis: String,
}

/// A picture that is kept instead of the one that was handed in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPicture {
    /// `masked`, or `crop.` and a field's name.
    pub what: String,
    /// Where it is kept.
    pub blob: BlobId,
    /// SHA-256 of its sealed bytes, in hex.
    pub sha256: String,
    /// Its length in bytes.
    pub len: u64,
}

/// What the reader made of a picture.
#[derive(Debug, Clone)]
pub enum Reading {
    /// Every field that the issuer needs has a value; some may need a look.
    Readable {
        /// What kind of document it is.
        document: DocumentKind,
        /// Fields that need a look.
        doubtful: Vec<DocumentField>,
        /// Codes of what was wrong with the picture all the same.
        quality: Vec<String>,
        /// Codes of what hints at forgery; for reviewers, never shown.
        forgery: Vec<String>,
        /// The reader and its version.
        reader: String,
        /// What is kept instead of the picture, which is removed.
        kept: Vec<KeptPicture>,
    },
    /// Not readable.
    Unreadable {
        /// Codes of what was wrong with the picture.
        quality: Vec<String>,
        /// The reader and its version.
        reader: String,
    },
    /// A document that the policy does not take.
    WrongKind {
        /// The reader and its version.
        reader: String,
    },
}

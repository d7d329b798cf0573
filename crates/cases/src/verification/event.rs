//! Events of a verification: what did happen. Their clear parts hold no personal data and last for ever;
//! a change of meaning gets a new version, and golden entries of every release are folded in tests.

use super::command::{ConsentAnswer, KeptPicture, ShownText};
use super::{DocumentField, DocumentKind, NamedMedium, RefusedCode};
use crate::answers::{
    BlockCode, DepositCode, DeviceCode, HolderCode, InstitutionCode, IssuerCode, PhoneCode,
};
use crate::id::{BlobId, CallId, InstitutionId, PersonId, PolicyId, ReviewId, SubjectId, VerificationId};
use crate::policy::{BlockList, PictureSource, Policy};
use crate::review::{AskedBy, Decision};
use crate::values::{BankCode, NameMatch};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What did happen to a verification.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind")]
#[allow(missing_docs)] // Each field has the name and meaning that it has in the state and the commands.
pub enum Event {
    #[serde(rename = "verification.opened/1")]
    Opened {
        id: VerificationId,
        institution: InstitutionId,
        subject: SubjectId,
        policy: PolicyId,
        policy_version: u32,
        plan: Box<Policy>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reference: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        return_url: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        medium: Option<NamedMedium>,
        opened_at: Timestamp,
        expires_at: Timestamp,
    },
    #[serde(rename = "verification.session_taken/1")]
    SessionTaken { session: u32 },
    #[serde(rename = "verification.safety_answered/1")]
    SafetyAnswered {
        #[serde(flatten)]
        text: ShownText,
        told_to: bool,
    },
    #[serde(rename = "verification.consents_answered/1")]
    ConsentsAnswered { answers: Vec<ConsentAnswer> },
    #[serde(rename = "verification.consent_withdrawn/1")]
    ConsentWithdrawn { text_id: String, at: Timestamp },
    #[serde(rename = "verification.card_submitted/1")]
    CardSubmitted { blob: BlobId, sha256: String, len: u64, source: PictureSource },
    /// Sealed: `name`, `resident_number`, `issue_date` where read, and whatever else the card says.
    #[serde(rename = "verification.card_read/1")]
    CardRead {
        blob: BlobId,
        doubtful: Vec<DocumentField>,
        quality: Vec<String>,
        forgery: Vec<String>,
        reader: String,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        kept: Vec<KeptPicture>,
        #[serde(default, skip_serializing_if = "DocumentKind::is_resident")]
        document: DocumentKind,
    },
    #[serde(rename = "verification.card_unreadable/1")]
    CardUnreadable { blob: BlobId, quality: Vec<String>, wrong_kind: bool, reader: String },
    /// Sealed: the fields that a document of its kind needs and takes, as its issuer will be asked.
    #[serde(rename = "verification.card_confirmed/1")]
    CardConfirmed {
        edited: Vec<DocumentField>,
        #[serde(default, skip_serializing_if = "DocumentKind::is_resident")]
        document: DocumentKind,
    },
    /// The day on which the document ends, as confirmed, has passed: its issuer is not asked.
    #[serde(rename = "verification.card_expired/1")]
    CardExpired {},
    #[serde(rename = "verification.card_retaken/1")]
    CardRetaken {},
    #[serde(rename = "verification.list_asked/1")]
    ListAsked { call: CallId, list: BlockList },
    #[serde(rename = "verification.list_answered/1")]
    ListAnswered {
        call: CallId,
        list: BlockList,
        code: BlockCode,
        provider: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider_ref: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider_code: Option<String>,
        elapsed_ms: u64,
        at: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at: Option<Timestamp>,
    },
    #[serde(rename = "verification.issuer_asked/1")]
    IssuerAsked { call: CallId },
    #[serde(rename = "verification.issuer_answered/1")]
    IssuerAnswered {
        call: CallId,
        code: IssuerCode,
        provider: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider_ref: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider_code: Option<String>,
        elapsed_ms: u64,
        at: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at: Option<Timestamp>,
    },
    #[serde(rename = "verification.card_withheld/1")]
    CardWithheld { call: CallId },
    /// Sealed: `account_number`.
    #[serde(rename = "verification.account_given/1")]
    AccountGiven { bank: BankCode },
    #[serde(rename = "verification.holder_asked/1")]
    HolderAsked { call: CallId },
    /// Sealed: `holder_name`, where `name` is similar.
    #[serde(rename = "verification.holder_answered/1")]
    HolderAnswered {
        call: CallId,
        code: HolderCode,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        name: Option<NameMatch>,
        provider: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider_ref: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider_code: Option<String>,
        elapsed_ms: u64,
        at: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at: Option<Timestamp>,
    },
    #[serde(rename = "verification.deposit_asked/1")]
    DepositAsked { call: CallId, at: Timestamp },
    #[serde(rename = "verification.deposit_withheld/1")]
    DepositWithheld { retry_at: Timestamp },
    #[serde(rename = "verification.deposit_answered/1")]
    DepositAnswered {
        call: CallId,
        code: DepositCode,
        provider: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider_ref: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider_code: Option<String>,
        elapsed_ms: u64,
        at: Timestamp,
        /// What the bank's clock said, where ours stood far beside it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        told_at: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at: Option<Timestamp>,
    },
    #[serde(rename = "verification.code_tried/1")]
    CodeTried { right: bool, at: Timestamp },
    #[serde(rename = "verification.code_lapsed/1")]
    CodeLapsed {},
    #[serde(rename = "verification.resend_asked/1")]
    ResendAsked {},
    #[serde(rename = "verification.account_changed/1")]
    AccountChanged {},
    /// Sealed: `answers`, as a JSON object by the questions' ids.
    #[serde(rename = "verification.form_answered/1")]
    FormAnswered { answered: Vec<String> },
    #[serde(rename = "verification.institution_asked/1")]
    InstitutionAsked { call: CallId },
    /// Sealed: `text`, what the institution wants the person to read, where it said something.
    #[serde(rename = "verification.institution_answered/1")]
    InstitutionAnswered {
        call: CallId,
        code: InstitutionCode,
        provider: String,
        elapsed_ms: u64,
        at: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_at: Option<Timestamp>,
    },
    #[serde(rename = "verification.device_tried/1")]
    DeviceTried { call: CallId, code: DeviceCode, at: Timestamp },
    /// Sealed: `phone_number`, `telecom`.
    #[serde(rename = "verification.phone_given/1")]
    PhoneGiven { call: CallId },
    #[serde(rename = "verification.phone_answered/1")]
    PhoneAnswered {
        call: CallId,
        code: PhoneCode,
        provider: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider_ref: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider_code: Option<String>,
        elapsed_ms: u64,
        at: Timestamp,
    },
    /// Sealed: `code`.
    #[serde(rename = "verification.phone_code_typed/1")]
    PhoneCodeTyped {},
    /// Sealed: `ci`, where the phone is the person's.
    #[serde(rename = "verification.phone_confirmed/1")]
    PhoneConfirmed {
        call: CallId,
        code: PhoneCode,
        provider: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider_ref: Option<String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider_code: Option<String>,
        elapsed_ms: u64,
        at: Timestamp,
    },
    #[serde(rename = "verification.phone_lapsed/1")]
    PhoneLapsed {},
    #[serde(rename = "verification.phone_changed/1")]
    PhoneChanged {},
    #[serde(rename = "verification.notice_asked/1")]
    NoticeAsked {},
    #[serde(rename = "verification.notice_due/1")]
    NoticeDue {},
    #[serde(rename = "verification.link_asked/1")]
    LinkAsked {},
    #[serde(rename = "verification.verified/1")]
    Verified { at: Timestamp },
    #[serde(rename = "verification.refused/1")]
    Refused { code: RefusedCode, at: Timestamp },
    #[serde(rename = "verification.expired/1")]
    Expired { at: Timestamp },
    #[serde(rename = "verification.cancelled/1")]
    Cancelled { at: Timestamp },
    #[serde(rename = "verification.review_asked/1")]
    ReviewAsked { review: ReviewId, by: AskedBy, at: Timestamp },
    /// It goes on, until `expires_at`, unless the refusal was upheld.
    #[serde(rename = "verification.review_decided/1")]
    ReviewDecided {
        review: ReviewId,
        decision: Decision,
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        settled_with_issuer: bool,
        at: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        expires_at: Option<Timestamp>,
    },
    #[serde(rename = "verification.person_linked/1")]
    PersonLinked { person: PersonId },
}

impl Event {
    /// The type under which institutions learn of it, where they do.
    pub fn public_type(&self) -> Option<&'static str> {
        Some(match self {
            Self::Opened { .. } => "verification.created",
            Self::SessionTaken { session: 1 } => "verification.started",
            Self::ConsentWithdrawn { .. } => "verification.consent_withdrawn",
            Self::CardRead { .. } => "verification.document_read",
            Self::IssuerAnswered { .. } => "verification.document_checked",
            Self::HolderAnswered { .. } => "verification.account_checked",
            Self::DepositAnswered { code: DepositCode::Deposited, .. } => "verification.code_sent",
            Self::FormAnswered { .. } => "verification.form_answered",
            Self::InstitutionAnswered { .. } => "verification.institution_checked",
            Self::DeviceTried { .. } => "verification.device_tried",
            Self::PhoneConfirmed { .. } => "verification.phone_checked",
            Self::NoticeAsked {} => "verification.notice_requested",
            Self::NoticeDue {} => "verification.notice_due",
            Self::LinkAsked {} => "verification.link_requested",
            Self::Verified { .. } => "verification.verified",
            Self::Refused { .. } => "verification.refused",
            Self::Expired { .. } => "verification.expired",
            Self::Cancelled { .. } => "verification.cancelled",
            Self::ReviewAsked { .. } => "verification.review_asked",
            Self::ReviewDecided { .. } => "verification.review_decided",
            Self::PersonLinked { .. } => "verification.person_linked",
            _ => return None,
        })
    }

    /// Every public type, for documents.
    pub const PUBLIC_TYPES: [&'static str; 21] = [
        "verification.created",
        "verification.started",
        "verification.consent_withdrawn",
        "verification.document_read",
        "verification.document_checked",
        "verification.account_checked",
        "verification.code_sent",
        "verification.form_answered",
        "verification.institution_checked",
        "verification.device_tried",
        "verification.phone_checked",
        "verification.notice_requested",
        "verification.notice_due",
        "verification.link_requested",
        "verification.verified",
        "verification.refused",
        "verification.expired",
        "verification.cancelled",
        "verification.review_asked",
        "verification.review_decided",
        "verification.person_linked",
    ];
}

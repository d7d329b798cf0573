//! One event of every kind, each field filled. Written without `..`, so that a new field or kind does not compile
//! until somebody has looked at it here and in the golden list of fields.

use crate::steps::whole;
use crate::story::{answer, bank, consents, plan, start, text};
use ingam_cases::answers::{
    Answer, BlockCode, DepositCode, DeviceCode, HolderCode, InstitutionCode, IssuerCode, PhoneCode,
};
use ingam_cases::id::{
    BlobId, CallId, EndpointId, InstitutionId, KeyId, MediumId, PersonId, PolicyId, ReviewId, StaffId,
    SubjectId, VerificationId,
};
use ingam_cases::policy::{BlockList, PictureSource};
use ingam_cases::review::{AskedBy, Decision};
use ingam_cases::values::NameMatch;
use ingam_cases::verification::command::KeptPicture;
use ingam_cases::verification::{DocumentField, DocumentKind, Event, RefusedCode};
use ingam_cases::{institution, medium, person, review, staff};

fn call() -> CallId {
    CallId::new(2_000, [9; 10])
}

fn blob() -> BlobId {
    BlobId::new(2_000, [8; 10])
}

/// Every kind of a verification's events, in the order of `verification_kind`.
pub(crate) fn verification() -> Vec<Event> {
    let at = start();
    let Answer { provider, provider_ref, provider_code, elapsed_ms, code: (), retry_at: _, told_at: _ } =
        answer(());
    let said = || (provider.clone(), provider_ref.clone(), provider_code.clone(), elapsed_ms);
    vec![
        Event::Opened {
            id: VerificationId::new(1_000, [1; 10]),
            institution: InstitutionId::new(1_000, [2; 10]),
            subject: SubjectId::new(1_000, [3; 10]),
            policy: PolicyId::new(1_000, [4; 10]),
            policy_version: 1,
            plan: Box::new(whole()),
            reference: Some("A-1".into()),
            return_url: Some("https://bank.example/done".into()),
            medium: crate::story::named_medium(&whole()),
            opened_at: at,
            expires_at: at,
        },
        Event::SessionTaken { session: 1 },
        Event::SafetyAnswered { text: text("safety.told_to"), told_to: false },
        Event::ConsentsAnswered { answers: consents(&plan(), true) },
        Event::CardSubmitted {
            blob: blob(),
            sha256: "5e".repeat(32),
            len: 1_000,
            source: PictureSource::Camera,
        },
        Event::CardRead {
            blob: blob(),
            doubtful: vec![DocumentField::IssueDate],
            quality: vec!["glare".into()],
            forgery: vec!["recapture".into()],
            reader: "specimen 1".into(),
            kept: vec![KeptPicture {
                what: "masked".into(),
                blob: blob(),
                sha256: "00".repeat(32),
                len: 1_000,
            }],
            document: DocumentKind::Driver,
        },
        Event::CardUnreadable {
            blob: blob(),
            quality: vec!["blur".into()],
            wrong_kind: false,
            reader: "specimen 1".into(),
        },
        Event::CardConfirmed { edited: vec![DocumentField::IssueDate], document: DocumentKind::Driver },
        Event::CardExpired {},
        Event::CardRetaken {},
        Event::ListAsked { call: call(), list: BlockList::AccountOpening },
        {
            let (provider, provider_ref, provider_code, elapsed_ms) = said();
            Event::ListAnswered {
                call: call(),
                list: BlockList::AccountOpening,
                code: BlockCode::Unavailable,
                provider,
                provider_ref,
                provider_code,
                elapsed_ms,
                at,
                retry_at: Some(at),
            }
        },
        Event::IssuerAsked { call: call() },
        {
            let (provider, provider_ref, provider_code, elapsed_ms) = said();
            Event::IssuerAnswered {
                call: call(),
                code: IssuerCode::Unavailable,
                provider,
                provider_ref,
                provider_code,
                elapsed_ms,
                at,
                retry_at: Some(at),
            }
        },
        Event::CardWithheld { call: call() },
        Event::AccountGiven { bank: bank() },
        Event::HolderAsked { call: call() },
        {
            let (provider, provider_ref, provider_code, elapsed_ms) = said();
            Event::HolderAnswered {
                call: call(),
                code: HolderCode::Found,
                name: Some(NameMatch::Same),
                provider,
                provider_ref,
                provider_code,
                elapsed_ms,
                at,
                retry_at: Some(at),
            }
        },
        Event::DepositAsked { call: call(), at },
        Event::DepositWithheld { retry_at: at },
        {
            let (provider, provider_ref, provider_code, elapsed_ms) = said();
            Event::DepositAnswered {
                call: call(),
                code: DepositCode::Unknown,
                provider,
                provider_ref,
                provider_code,
                elapsed_ms,
                at,
                told_at: None,
                retry_at: Some(at),
            }
        },
        Event::CodeTried { right: true, at },
        Event::CodeLapsed {},
        Event::ResendAsked {},
        Event::AccountChanged {},
        Event::FormAnswered { answered: vec!["purpose".into()] },
        Event::InstitutionAsked { call: call() },
        Event::InstitutionAnswered {
            call: call(),
            code: InstitutionCode::Unknown,
            provider: "institution".into(),
            elapsed_ms,
            at,
            retry_at: Some(at),
        },
        Event::DeviceTried { call: call(), code: DeviceCode::Right, at },
        Event::NoticeAsked {},
        Event::NoticeDue {},
        Event::LinkAsked {},
        Event::Verified { at },
        Event::Refused { code: RefusedCode::CardRefused, at },
        Event::Expired { at },
        Event::Cancelled { at },
        Event::PersonLinked { person: PersonId::new(2_000, [7; 10]) },
        Event::PhoneGiven { call: call() },
        Event::PhoneAnswered {
            call: call(),
            code: PhoneCode::Sent,
            provider: "telecom".into(),
            provider_ref: Some("ref".into()),
            provider_code: Some("S00".into()),
            elapsed_ms,
            at,
        },
        Event::PhoneCodeTyped {},
        Event::PhoneConfirmed {
            call: call(),
            code: PhoneCode::Owner,
            provider: "telecom".into(),
            provider_ref: Some("ref".into()),
            provider_code: Some("S00".into()),
            elapsed_ms,
            at,
        },
        Event::PhoneLapsed {},
        Event::PhoneChanged {},
        Event::ConsentWithdrawn { text_id: "consent.identity".into(), at },
        Event::ReviewAsked { review: review_id(), by: AskedBy::Person, at },
        Event::ReviewDecided {
            review: review_id(),
            decision: Decision::Again,
            settled_with_issuer: true,
            at,
            expires_at: Some(at),
        },
    ]
}

/// How many kinds there are, and where a kind stands in the list above.
pub(crate) const VERIFICATION_KINDS: usize = 46;

pub(crate) fn verification_kind(event: &Event) -> usize {
    match event {
        Event::Opened { .. } => 0,
        Event::SessionTaken { .. } => 1,
        Event::SafetyAnswered { .. } => 2,
        Event::ConsentsAnswered { .. } => 3,
        Event::CardSubmitted { .. } => 4,
        Event::CardRead { .. } => 5,
        Event::CardUnreadable { .. } => 6,
        Event::CardConfirmed { .. } => 7,
        Event::CardExpired {} => 8,
        Event::CardRetaken {} => 9,
        Event::ListAsked { .. } => 10,
        Event::ListAnswered { .. } => 11,
        Event::IssuerAsked { .. } => 12,
        Event::IssuerAnswered { .. } => 13,
        Event::CardWithheld { .. } => 14,
        Event::AccountGiven { .. } => 15,
        Event::HolderAsked { .. } => 16,
        Event::HolderAnswered { .. } => 17,
        Event::DepositAsked { .. } => 18,
        Event::DepositWithheld { .. } => 19,
        Event::DepositAnswered { .. } => 20,
        Event::CodeTried { .. } => 21,
        Event::CodeLapsed {} => 22,
        Event::ResendAsked {} => 23,
        Event::AccountChanged {} => 24,
        Event::FormAnswered { .. } => 25,
        Event::InstitutionAsked { .. } => 26,
        Event::InstitutionAnswered { .. } => 27,
        Event::DeviceTried { .. } => 28,
        Event::NoticeAsked {} => 29,
        Event::NoticeDue {} => 30,
        Event::LinkAsked {} => 31,
        Event::Verified { .. } => 32,
        Event::Refused { .. } => 33,
        Event::Expired { .. } => 34,
        Event::Cancelled { .. } => 35,
        Event::PersonLinked { .. } => 36,
        Event::PhoneGiven { .. } => 37,
        Event::PhoneAnswered { .. } => 38,
        Event::PhoneCodeTyped {} => 39,
        Event::PhoneConfirmed { .. } => 40,
        Event::PhoneLapsed {} => 41,
        Event::PhoneChanged {} => 42,
        Event::ConsentWithdrawn { .. } => 43,
        Event::ReviewAsked { .. } => 44,
        Event::ReviewDecided { .. } => 45,
    }
}

/// Every kind of an institution's events, in an order in which they can happen.
pub(crate) fn institution() -> Vec<institution::Event> {
    use institution::{Event, Profile};
    let at = start();
    let profile = |name: &str| Profile {
        name: name.into(),
        phone: "1588-0000".into(),
        hours: Some("평일 9시~18시".into()),
    };
    let key = KeyId::new(1_000, [5; 10]);
    let endpoint = EndpointId::new(1_000, [6; 10]);
    vec![
        Event::Created {
            id: InstitutionId::new(1_000, [2; 10]),
            subject: SubjectId::new(1_000, [3; 10]),
            profile: profile("한빛은행"),
        },
        Event::ProfileSet { profile: profile("새솔은행") },
        Event::KeyAdded { key: key.clone(), name: "서버".into(), at },
        Event::KeyRevoked { key: key.clone(), at },
        Event::PolicySaved { policy: PolicyId::new(1_000, [4; 10]), version: 1, body: Box::new(plan()) },
        Event::EndpointAdded {
            endpoint: endpoint.clone(),
            url: "https://bank.example/hook".into(),
            types: vec!["verification.verified".into()],
            at,
        },
        Event::SecretRotated { endpoint: endpoint.clone(), old_secret_until: at },
        Event::EndpointRemoved { endpoint },
        Event::ConsentApproved {
            text_id: "consent.identity".into(),
            version: 2,
            sha256: [("ko".to_owned(), "00".repeat(32))].into(),
            key,
            at,
        },
    ]
}

/// How many kinds there are, and where a kind stands in the list above.
pub(crate) const INSTITUTION_KINDS: usize = 9;

pub(crate) fn institution_kind(event: &institution::Event) -> usize {
    use institution::Event;
    match event {
        Event::Created { .. } => 0,
        Event::ProfileSet { .. } => 1,
        Event::KeyAdded { .. } => 2,
        Event::KeyRevoked { .. } => 3,
        Event::PolicySaved { .. } => 4,
        Event::EndpointAdded { .. } => 5,
        Event::SecretRotated { .. } => 6,
        Event::EndpointRemoved { .. } => 7,
        Event::ConsentApproved { .. } => 8,
    }
}

/// Every kind of a person's events, in an order in which they can happen.
pub(crate) fn person() -> Vec<person::Event> {
    use person::{Attribute, Decided, Event, Known};
    let at = start();
    let (id, other) = (PersonId::new(2_000, [7; 10]), PersonId::new(2_000, [6; 10]));
    let institution = InstitutionId::new(1_000, [2; 10]);
    let verification = VerificationId::new(1_000, [1; 10]);
    let subject = SubjectId::new(1_000, [3; 10]);
    let by = || Decided { key: KeyId::new(1_000, [5; 10]), reason: "same_human".into(), at };
    let known = Known { verification: verification.clone(), subject: subject.clone(), at };
    vec![
        Event::Recognised {
            id: id.clone(),
            institution: institution.clone(),
            verification: verification.clone(),
            subject,
            at,
        },
        Event::Changed { what: Attribute::Name, verification: verification.clone(), at },
        Event::Absorbed { other: other.clone(), by: by() },
        Event::Released { other: other.clone(), by: by() },
        Event::Merged { into: other.clone(), by: by() },
        Event::Unmerged { from: other.clone(), by: by() },
        Event::Died { by: by() },
        Event::FoundAlive { by: by() },
        Event::Split { verifications: vec![verification], into: other.clone(), by: by() },
        Event::SplitOff { id, institution, from: other, verified: vec![known], by: by() },
    ]
}

/// How many kinds there are, and where a kind stands in the list above.
pub(crate) const PERSON_KINDS: usize = 10;

pub(crate) fn person_kind(event: &person::Event) -> usize {
    use person::Event;
    match event {
        Event::Recognised { .. } => 0,
        Event::Changed { .. } => 1,
        Event::Absorbed { .. } => 2,
        Event::Released { .. } => 3,
        Event::Merged { .. } => 4,
        Event::Unmerged { .. } => 5,
        Event::Died { .. } => 6,
        Event::FoundAlive { .. } => 7,
        Event::Split { .. } => 8,
        Event::SplitOff { .. } => 9,
    }
}

/// Every kind of the events of a member of staff, in an order in which they can happen.
pub(crate) fn staff() -> Vec<staff::Event> {
    use staff::{By, Event, Role, Why};
    let at = start();
    let by = By::Key(KeyId::new(1_000, [5; 10]));
    vec![
        Event::Invited {
            id: StaffId::new(1_000, [8; 10]),
            institution: InstitutionId::new(1_000, [2; 10]),
            subject: SubjectId::new(1_000, [3; 10]),
            roles: [Role::Reviewer].into(),
            by: by.clone(),
            at,
        },
        Event::SetupOpened { number: 1, expires_at: at, by: by.clone() },
        Event::PasswordSet { at, change_by: Some(at) },
        Event::OtpEnrolled { at, step: 59_847_000 },
        Event::PasswordPassed { attempt: 1, until: at },
        Event::SignInFailed { why: Why::WrongCode, at },
        Event::Locked { why: Why::WrongCode, at },
        Event::Unlocked { by: By::Staff(StaffId::new(1_000, [9; 10])), at },
        Event::SignedIn { session: 1, step: 59_847_010, at },
        Event::SignedOut { session: 1, at },
        Event::RolesChanged { roles: [Role::Agent, Role::Administrator].into(), by: By::Operator, at },
        Event::Left { by, at },
    ]
}

/// How many kinds there are, and where a kind stands in the list above.
pub(crate) const STAFF_KINDS: usize = 12;

pub(crate) fn staff_kind(event: &staff::Event) -> usize {
    use staff::Event;
    match event {
        Event::Invited { .. } => 0,
        Event::SetupOpened { .. } => 1,
        Event::PasswordSet { .. } => 2,
        Event::OtpEnrolled { .. } => 3,
        Event::PasswordPassed { .. } => 4,
        Event::SignInFailed { .. } => 5,
        Event::Locked { .. } => 6,
        Event::Unlocked { .. } => 7,
        Event::SignedIn { .. } => 8,
        Event::SignedOut { .. } => 9,
        Event::RolesChanged { .. } => 10,
        Event::Left { .. } => 11,
    }
}

/// Every kind of a medium's events, in an order in which they can happen.
pub(crate) fn medium() -> Vec<medium::Event> {
    use ingam_cases::otp;
    use medium::{Event, MediumKind};
    let at = start();
    vec![
        Event::Enrolled {
            id: MediumId::new(1_000, [5; 10]),
            institution: InstitutionId::new(1_000, [2; 10]),
            subject: SubjectId::new(1_000, [3; 10]),
            medium: MediumKind::Totp { form: otp::Form::COMMON, step: otp::Step::Thirty },
            reference: Some("otp-1".into()),
            next: 0,
            at,
        },
        Event::Tried {
            verification: VerificationId::new(1_000, [1; 10]),
            code: DeviceCode::Right,
            counter: Some(59_847_000),
            at,
        },
        Event::Unlocked { at },
        Event::Revoked { at },
    ]
}

/// How many kinds there are, and where a kind stands in the list above.
pub(crate) const MEDIUM_KINDS: usize = 4;

pub(crate) fn medium_kind(event: &medium::Event) -> usize {
    use medium::Event;
    match event {
        Event::Enrolled { .. } => 0,
        Event::Tried { .. } => 1,
        Event::Unlocked { .. } => 2,
        Event::Revoked { .. } => 3,
    }
}

fn review_id() -> ReviewId {
    ReviewId::nth_of(&VerificationId::new(1_000, [1; 10]), 1)
}

/// Every kind of a review's events, in an order in which they can happen.
pub(crate) fn review() -> Vec<review::Event> {
    use review::{Event, Finding, Reason};
    let at = start();
    let finding =
        |decision, reason, by: u8| Finding { decision, reason, by: StaffId::new(1_000, [by; 10]), at };
    let first = StaffId::new(1_000, [8; 10]);
    vec![
        Event::Opened {
            id: review_id(),
            institution: InstitutionId::new(1_000, [2; 10]),
            verification: VerificationId::new(1_000, [1; 10]),
            subject: SubjectId::new(1_000, [3; 10]),
            code: RefusedCode::CardRefused,
            decisions: vec![Decision::Upheld, Decision::Again],
            asked_by: AskedBy::Person,
            second_reviewer: true,
            at,
        },
        Event::Claimed { by: first.clone(), until: at },
        Event::Released { by: first, at },
        Event::Proposed { finding: finding(Decision::Upheld, Reason::CannotTell, 8) },
        Event::Disagreed { finding: finding(Decision::Again, Reason::Misread, 9) },
        Event::Decided { finding: finding(Decision::Again, Reason::SettledWithIssuer, 8) },
    ]
}

/// How many kinds there are, and where a kind stands in the list above.
pub(crate) const REVIEW_KINDS: usize = 6;

pub(crate) fn review_kind(event: &review::Event) -> usize {
    use review::Event;
    match event {
        Event::Opened { .. } => 0,
        Event::Claimed { .. } => 1,
        Event::Released { .. } => 2,
        Event::Proposed { .. } => 3,
        Event::Disagreed { .. } => 4,
        Event::Decided { .. } => 5,
    }
}

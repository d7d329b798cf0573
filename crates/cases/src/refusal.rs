//! Refusals: the rules say no. Data with a stable code; never a fault of the machine.

use serde::{Deserialize, Serialize};

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $detail:literal;)*) => {
        /// Why a command is not allowed now.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Refusal { $($(#[$doc])* $name,)* }
        impl Refusal {
            /// Every refusal, for documents and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];
            /// The stable code.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }
            /// What is wrong and what to do, for a developer.
            pub fn detail(self) -> &'static str {
                match self { $(Self::$name => $detail,)* }
            }
        }
        impl std::fmt::Display for Refusal {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.code())
            }
        }
        impl std::error::Error for Refusal {}
    };
}

refusals! {
    /// It ended; nothing changes any more.
    Ended = "already_ended", "The verification has ended. Read its result, or open a new one.";
    /// Its time is over.
    Expired = "expired", "The verification has expired. Open a new one.";
    /// The command belongs to another moment.
    NotNow = "not_now", "This step is not the next one. Read the verification to see what is.";
    /// Another device took the page over.
    OtherSession = "other_session", "The page is open on another device. Take it over there or here.";
    /// A required consent is missing.
    ConsentRequired = "consent_required", "A required consent was not given.";
    /// The answers are not those of the texts that the policy asks for.
    ConsentsDiffer = "consents_differ", "The answered texts are not the ones that the policy asks for.";
    /// Questions that were left open, or that nobody asked.
    AnswersDiffer = "answers_differ", "The answers are not those to the questions that the policy asks.";
    /// The access medium that was named is not one that the policy asks for, or none was.
    MediumDiffers = "medium_differs", "Name in `medium` an access medium of a kind that the policy's `device` step takes, and none where it has no such step.";
    /// Its institution took it back.
    MediumRevoked = "medium_revoked", "The access medium was revoked. Enrol another one.";
    /// The policy does not take pictures of this source.
    SourceNotAllowed = "source_not_allowed", "The policy does not take pictures from this source.";
    /// No more pictures.
    PicturesUsedUp = "pictures_used_up", "All pictures that the policy allows were taken.";
    /// No more sends of 1 won.
    SendsUsedUp = "sends_used_up", "All sends of 1 won that the policy allows were used.";
    /// No more accounts.
    AccountsUsedUp = "accounts_used_up", "All accounts that the policy allows were named.";
    /// An answer to a question that is no longer open.
    StaleAnswer = "stale_answer", "The question that this answers is no longer open.";
    /// The policy is below the legal floor or can't be met.
    PolicyNotAllowed = "policy_not_allowed", "The policy can't be used. See its problems.";
    /// There is no such thing in this case.
    Unknown = "not_found", "There is no such object.";
    /// Nobody may overrule it, or somebody decided already that it stands.
    NotReviewable = "not_reviewable", "Nobody at the institution may overrule this refusal, or a reviewer decided that it stands. Open a new verification.";
    /// It was decided.
    ReviewDecided = "review_decided", "The review was decided. Read what came of it.";
    /// Another reviewer has it.
    ClaimedByOther = "claimed_by_other", "Another reviewer has claimed this review. Wait until the claim lapses or is released.";
    /// Whoever decides must have claimed it.
    NotClaimed = "not_claimed", "The reviewer has not claimed this review, or the claim has lapsed. Claim it first.";
    /// The rule wants two.
    SecondReviewer = "second_reviewer_needed", "The policy asks for two reviewers, and this one has decided already. Another one must decide.";
    /// Not among the decisions that this review allows.
    DecisionNotAllowed = "decision_not_allowed", "A reviewer may not decide so about this refusal. See the review's `decisions`.";
    /// The reason belongs to another decision or another refusal.
    ReasonDiffers = "reason_differs", "The reason does not belong to this decision about this refusal.";
    /// They left, for ever.
    StaffLeft = "staff_left", "This member of staff has left for ever. Add them anew.";
    /// Somebody has this login.
    LoginTaken = "login_taken", "Somebody has this login already. Choose another one.";
    /// As many as allowed exist already.
    TooMany = "too_many", "As many of these as are allowed exist already. Remove one first.";
}

//! Opening a verification for an institution.

use super::verification::{Act, Along, Current};
use super::{ActError, Secrets};
use crate::app::App;
use crate::fresh;
use ingam_cases::id::{PolicyId, SubjectId, VerificationId};
use ingam_cases::institution::Institution;
use ingam_cases::refusal::Refusal;
use ingam_cases::verification::command::Open;
use ingam_cases::verification::{Command, NamedMedium};
use ingam_ledger::{RetentionClass, Take};

/// What an institution asks for.
#[derive(Debug, Clone)]
pub struct Opening {
    /// Which policy; the newest version is used.
    pub policy: PolicyId,
    /// The institution's reference.
    pub reference: Option<String>,
    /// Where the person goes back to.
    pub return_url: Option<String>,
    /// The person's access medium.
    pub medium: Option<NamedMedium>,
}

impl App {
    /// Opens a verification. The data keys of its subject are made and synced first, so that nothing is ever
    /// sealed under a key that could be lost.
    ///
    /// # Errors
    /// A refusal, `Held` where a claim in `take` is held, or a fault.
    pub async fn open_verification(
        &self,
        institution: &Institution,
        id: VerificationId,
        opening: Opening,
        take: Vec<Take>,
    ) -> Result<Current, ActError> {
        let versions = institution.policies.get(&opening.policy).ok_or(Refusal::Unknown)?;
        let plan = versions.last().ok_or(Refusal::Unknown)?;
        let subject = fresh!(self, SubjectId);
        self.ledger
            .open_subject(
                subject.as_str(),
                Some(institution.id.as_str()),
                &[RetentionClass::Identity, RetentionClass::Picture, RetentionClass::Contact],
            )
            .await?
            .map_err(|_| ActError::Destroyed)?;
        self.act(&id, Along { take, ..Along::default() }, |_, _| {
            Ok(Act {
                command: Command::Open(Box::new(Open {
                    id: id.clone(),
                    institution: institution.id.clone(),
                    subject: subject.clone(),
                    policy: opening.policy.clone(),
                    policy_version: versions.len() as u32,
                    plan: plan.clone(),
                    reference: opening.reference.clone(),
                    return_url: opening.return_url.clone(),
                    medium: opening.medium.clone(),
                })),
                secrets: Secrets::default(),
                keys: Default::default(),
            })
        })
        .await
    }
}

//! Answers to a form: read by their questions' rules, sealed as one, and told with the result.

use super::person::Person;
use super::plaintext::{Reader, text};
use super::verification::{Act, Current};
use super::{ActError, Secrets};
use crate::app::App;
use crate::fault::Fault;
use ingam_cases::id::VerificationId;
use ingam_cases::refusal::Refusal;
use ingam_cases::verification::Command;
use ingam_ledger::RetentionClass;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The entry beside which answers are sealed.
const ANSWERED: &str = "verification.form_answered/1";

/// What was given for each question, as texts.
pub type FormAnswers = BTreeMap<String, Vec<String>>;

impl Person<'_> {
    /// Answers the policy's questions.
    ///
    /// # Errors
    /// As [`App::act`]; `BadAnswer` names the first question whose answer can't be taken.
    pub async fn answer_form(&self, given: &FormAnswers) -> Result<Current, ActError> {
        let current = self.app.verification(&self.id).await?.ok_or(Refusal::Unknown)?;
        let mut answers = Map::new();
        for question in current.state.questions() {
            let given: Vec<&str> =
                given.get(&question.id).into_iter().flatten().map(String::as_str).collect();
            let bad = |why: ingam_cases::policy::BadAnswer| ActError::BadAnswer {
                question: question.id.clone(),
                code: why.code(),
            };
            if let Some(answer) = question.read(&given).map_err(bad)? {
                answers.insert(question.id.clone(), answer);
            }
        }
        // Questions that nobody asked are refused with the rest, and so is everything at another moment.
        let known = |id: &&String| !current.state.questions().iter().any(|q| q.id == **id);
        let answered: Vec<String> = answers.keys().chain(given.keys().filter(known)).cloned().collect();
        let sealed = Value::Object(answers).to_string();
        let session = self.session;
        self.app
            .act(&self.id, self.along(), |_, _| {
                Ok(Act {
                    command: Command::AnswerForm { session, answered: answered.clone() },
                    secrets: Secrets::default().with(
                        ANSWERED,
                        "answers",
                        RetentionClass::Identity,
                        sealed.as_str(),
                    ),
                    keys: Default::default(),
                })
            })
            .await
    }
}

impl App {
    /// What the person answered.
    ///
    /// # Errors
    /// As [`App::sealed`].
    pub async fn form_answers(
        &self,
        id: &VerificationId,
        reader: Reader<'_>,
    ) -> Result<Map<String, Value>, ActError> {
        let fields = self.sealed(id, ANSWERED, &["answers"], reader).await?;
        Ok(serde_json::from_str(text(&fields, "answers")?).map_err(Fault::internal)?)
    }
}

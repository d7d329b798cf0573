//! The institution's program: it opens verifications by the API, is told by webhooks, and reads results. All over
//! HTTP with its key, as a developer's program would; each call is a rung of the ladder.

use super::ladder::Rung;
use super::signature::is_signed;
use super::texts::TEXTS;
use super::{Arrived, Current, Studio};
use crate::fault::Fault;
use axum::http::HeaderMap;
use ingam_cases::id::VerificationId;
use ingam_cases::values::PersonName;
use reqwest::Method;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::time::Instant;

/// So many webhooks are remembered.
const ARRIVED: usize = 500;

/// Why the program could not do something.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// Nobody answered.
    #[error("the API did not answer")]
    Silent,
    /// The API said no.
    #[error("the API answered {status} {code}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// The problem's code.
        code: String,
    },
}

impl Studio {
    /// Opens a verification of a person.
    ///
    /// # Errors
    /// Where the API does not answer, or says no.
    pub(super) async fn open(&self, person: &str) -> Result<Current, Trouble> {
        let body = json!({"policy": self.house.kept.policy_id, "reference": person});
        let opened = self.call(Method::POST, "/v1/verifications", Some(body), &TEXTS.program.open).await?;
        let text = |name: &str| opened[name].as_str().unwrap_or_default().to_owned();
        let current =
            Current { person: person.to_owned(), verification_id: text("id"), person_url: text("url") };
        self.follow(current.clone());
        Ok(current)
    }

    /// Calls the API with the institution's key.
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        title: &str,
    ) -> Result<Value, Trouble> {
        let url = format!("{}{path}", self.house.kept.base_url);
        let (at, began) = (self.app.now(), Instant::now());
        let mut request = self.http.request(method.clone(), &url).bearer_auth(&self.house.kept.api_key);
        if let Some(body) = &body {
            request = request.json(body);
        }
        let answer = match request.send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                answer.json::<Value>().await.ok().map(|json| (status, json))
            }
            Err(_) => None,
        };
        let elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let status = answer.as_ref().map_or(0, |(status, _)| *status);
        let told = answer.as_ref().map(|(_, json)| json);
        let named =
            |path: &str| path.strip_prefix("/v1/verifications/")?.split(['/', '?']).next().map(str::to_owned);
        self.ladder.push(Rung {
            at,
            lane: "institution",
            direction: "in",
            title: title.to_owned(),
            detail: format!("{method} {path}"),
            status: answer.as_ref().map(|(status, _)| status.to_string()),
            elapsed_ms: Some(elapsed_ms),
            state: if (200..300).contains(&status) { "ok" } else { "stop" },
            // A call's command is copied with what was sent; where nothing was sent the answer is what matters.
            body: body.clone().or_else(|| told.cloned().map(masked)),
            verification_id: named(path).or_else(|| told?["id"].as_str().map(str::to_owned)),
        });
        match answer {
            None => Err(Trouble::Silent),
            Some((200..300, json)) => Ok(json),
            Some((status, json)) => {
                Err(Trouble::Refused { status, code: json["code"].as_str().unwrap_or("unknown").to_owned() })
            }
        }
    }

    /// A webhook arrived; `false` where its signature is not ours.
    ///
    /// # Errors
    /// Where the ledger fails.
    pub(super) async fn hear(self: &Arc<Self>, headers: &HeaderMap, body: &[u8]) -> Result<bool, Fault> {
        let at = self.app.now();
        let institution = self.app.institution(&self.house.id).await?;
        let signed = match institution.as_ref().and_then(|i| i.endpoints.get(&self.house.endpoint)) {
            Some(endpoint) => {
                let key = self.app.webhook_key(&self.house.endpoint, endpoint.secret).await?;
                is_signed(headers, body, &key, at)
            }
            None => false,
        };
        let event: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let event_type = text(&event["type"]).unwrap_or_default();
        let verification_id = text(&event["data"]["id"]);
        let id = headers.get("webhook-id").and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        {
            let mut shown = self.shown();
            // The same message again is the same message (Standard Webhooks, "Idempotency").
            if signed && shown.arrived.iter().any(|one| one.signed && one.id == id) {
                return Ok(true);
            }
            if shown.arrived.len() == ARRIVED {
                shown.arrived.pop_front();
            }
            shown.arrived.push_back(Arrived {
                id,
                event_type: event_type.clone(),
                verification_id: verification_id.clone(),
                signed,
                at,
            });
        }
        if signed && event_type == "verification.created" {
            self.adopt(&event["data"]).await?;
        }
        self.ladder.push(Rung {
            at,
            lane: "institution",
            direction: "out",
            title: if signed { TEXTS.webhook(&event_type) } else { TEXTS.webhook("unsigned") },
            detail: event_type.clone(),
            status: Some(if signed { "204" } else { "401" }.to_owned()),
            elapsed_ms: None,
            state: if signed { "ok" } else { "stop" },
            body: Some(masked(event)),
            verification_id: verification_id.clone(),
        });
        if signed
            && event_type == "verification.verified"
            && let Some(id) = verification_id
        {
            let studio = self.clone();
            tokio::spawn(async move {
                let path = format!("/v1/verifications/{id}/result?reason=open_account");
                if let Err(trouble) = studio.call(Method::GET, &path, None, &TEXTS.program.result).await {
                    tracing::info!(%trouble, "the demo institution could not read a result");
                }
            });
        }
        Ok(signed)
    }

    /// A verification that was opened by another program of the institution, for someone in the catalogue: the
    /// studio follows it, too.
    async fn adopt(&self, data: &Value) -> Result<(), Fault> {
        let (Some(person), Some(id)) = (data["reference"].as_str(), data["id"].as_str()) else {
            return Ok(());
        };
        if self.sandbox.catalogue().person(person).is_none() {
            return Ok(());
        }
        let Ok(parsed) = VerificationId::parse(id) else { return Ok(()) };
        let person_url = self.app.person_url(&parsed).await?;
        self.follow(Current { person: person.to_owned(), verification_id: id.to_owned(), person_url });
        Ok(())
    }
}

/// An answer or event without what names a person or lets someone act for them.
fn masked(mut value: Value) -> Value {
    match &mut value {
        Value::Object(members) => {
            for (name, member) in members {
                let text = member.as_str().map(|text| mask(name, text));
                *member = match text {
                    Some(text) => text.into(),
                    None => masked(member.take()),
                };
            }
        }
        Value::Array(items) => {
            for item in items {
                *item = masked(item.take());
            }
        }
        _ => {}
    }
    value
}

fn mask(name: &str, text: &str) -> String {
    match name {
        "name" | "holder_name" => {
            PersonName::parse(text).map_or_else(|_| "*".to_owned(), |name| name.masked())
        }
        "birth_date" | "issue_date" => format!("{}-**-**", text.get(..4).unwrap_or("****")),
        "url" => match text.split_once("/p/") {
            Some((base, token)) => format!("{base}/p/{}…", token.get(..4).unwrap_or_default()),
            None => text.to_owned(),
        },
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_is_shown_without_the_person() {
        let shown = masked(json!({
            "id": "ver_1", "url": "http://a/p/01m9yr1e00e8", "methods": [{"method": "id_document", "by": "mois"}],
            "result": {"name": "김민수", "birth_date": "1990-04-15", "resident_number_masked": "900415-1******"}
        }));
        assert_eq!(
            shown,
            json!({
                "id": "ver_1", "url": "http://a/p/01m9…", "methods": [{"method": "id_document", "by": "mois"}],
                "result": {"name": "김*수", "birth_date": "1990-**-**", "resident_number_masked": "900415-1******"}
            })
        );
    }
}

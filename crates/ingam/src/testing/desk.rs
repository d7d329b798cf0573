//! Staff, and refusals for them to look at.

use super::{Caller, NAME, NUMBER, Program, base64, picture, safety};
use ingam_cases::answers::IssuerCode;
use ingam_cases::id::VerificationId;
use ingam_cases::otp::{self, Form, Step};
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr};

impl Program {
    /// Sets an account up as its link's page does.
    pub(crate) async fn set_up(&self, url: &str, password: &str) {
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let token = url.rsplit('/').next().unwrap();
        let setup = self.app.setup(token, here).await.unwrap().expect("a link that can be used");
        let code = otp::generate(&setup.secret, Form::COMMON, Step::Thirty.at(self.app.now()));
        assert_eq!(self.app.set_up(&setup, password, Some(code)).await.unwrap(), Ok(()));
    }

    /// An active member of staff with these roles: their id.
    pub(crate) async fn staff(&self, caller: &Caller, login: &str, roles: &[&str]) -> String {
        let body = json!({ "name": "표본아", "login": login, "roles": roles });
        let invited = self.post(caller, "/v1/staff", body).await.expect(201);
        self.set_up(invited["setup_url"].as_str().unwrap(), "blue-whale-7!").await;
        invited["id"].as_str().unwrap().to_owned()
    }

    /// A verification whose issuer said no as often as the policy allows.
    pub(crate) async fn card_refused(&self, caller: &Caller, policy: &str) -> VerificationId {
        let id = self.open(caller, policy).await;
        self.submit(caller, &id, safety(false)).await.expect(200);
        for _ in 0..3 {
            let card = json!({ "step": "card", "picture": base64(&picture()) });
            self.submit(caller, &id, card).await.expect(200);
            self.card_read(&id, NAME, NUMBER, "2020-01-01").await;
            self.submit(caller, &id, json!({ "step": "confirm" })).await.expect(200);
            self.issuer_answers(&id, IssuerCode::LostReported).await;
        }
        id
    }
}

//! The demo institution's one member of staff, who may do everything, so that the console can be looked at: login,
//! password and one-time secret stand in `DIR/sandbox.json`, which no real member of staff's ever do.

use crate::app::App;
use crate::flow::ActError;
use crate::flow::door::Knocked;
use crate::flow::staff::Invitation;
use crate::fresh;
use ingam_cases::id::{InstitutionId, StaffId};
use ingam_cases::otp::{self, Form, Step};
use ingam_cases::staff::{By, Command, Login, Role, Staff};
use ingam_cases::values::PersonName;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr};

/// What the demo member of staff types.
const LOGIN: &str = "demo";
/// Nobody's name.
const NAME: &str = "김관리";
const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// How somebody signs in to the console, as developers and tests read it. Holds secrets, so there is no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Console {
    /// Where the console is.
    pub url: String,
    /// The login.
    pub login: String,
    /// The password.
    pub password: String,
    /// The secret of the one-time passwords, in base32: SHA-1, six digits, 30 s.
    pub totp_secret: String,
}

/// Finds the member of staff of an earlier start, or makes them; whose password was changed or who is locked is set up
/// anew.
///
/// # Errors
/// A refusal, or a fault.
pub async fn find_or_make(
    app: &App,
    institution: &InstitutionId,
    base_url: &str,
    earlier: Option<Console>,
) -> Result<Console, ActError> {
    let url = format!("{base_url}/console");
    let invalid = |_| ActError::Invalid { field: "login", code: "demo" };
    let known = earlier.as_ref().map_or(LOGIN, |kept| &kept.login);
    let mut login = Login::parse(known).map_err(invalid)?;
    let found = match app.find_login(&login).await? {
        Some(found) if found.state.institution == *institution => Some(found.state),
        Some(_) => {
            // An earlier demo institution, whose key was revoked, still has somebody of that login.
            let drawn = crate::page::texts::hex(&app.entropy.draw::<4>());
            login = Login::parse(&format!("{LOGIN}-{drawn}")).map_err(invalid)?;
            None
        }
        None => None,
    };
    let staff = match (found, earlier) {
        (Some(_), Some(kept)) if passes(app, &kept).await? => return Ok(Console { url, ..kept }),
        (Some(staff), _) => {
            app.change_staff(&staff.id, Command::Reset { by: By::Operator }, vec![]).await?.state
        }
        (None, _) => {
            let name = PersonName::parse(NAME).map_err(invalid)?;
            let roles = Role::ALL.into_iter().collect();
            let invitation = Invitation { name, login: login.clone(), roles, by: By::Operator };
            app.invite_staff(institution, fresh!(app, StaffId), invitation, vec![]).await?.state
        }
    };
    set_up(app, &staff, login.expose(), url).await
}

async fn passes(app: &App, kept: &Console) -> Result<bool, ActError> {
    Ok(matches!(app.knock(&kept.login, &kept.password, HERE).await?, Knocked::Passed(_)))
}

async fn set_up(app: &App, staff: &Staff, login: &str, url: String) -> Result<Console, ActError> {
    let link = app.setup_url(staff).await?.unwrap_or_default();
    let token = link.rsplit('/').next().unwrap_or_default();
    let refused = ActError::Refused(ingam_cases::refusal::Refusal::Expired);
    let Some(setup) = app.setup(token, HERE).await? else { return Err(refused) };
    let drawn = crate::page::texts::hex(&app.entropy.draw::<8>());
    let password = format!("demo-{drawn}-1");
    // Twice, in case a step ended just then.
    for _ in 0..2 {
        // The step before: a code is taken once, and somebody may want to sign in within this very step.
        let step = Step::Thirty.at(app.now()).saturating_sub(1);
        let code = otp::generate(&setup.secret, Form::COMMON, step);
        if app.set_up(&setup, &password, Some(code)).await?.is_ok() {
            let totp_secret = setup.secret.expose().as_str().to_owned();
            return Ok(Console { url, login: login.to_owned(), password, totp_secret });
        }
    }
    Err(refused)
}

//! `ingam institution` and `ingam key`: administration beside the API, and an institution's first administrator. The server must not run on the same
//! embedded store meanwhile; the ledger refuses to open twice. On PostgreSQL it may.

use super::{BAD_INPUT, DONE, INTERNAL, StoreArgs};
use crate::app::App;
use crate::flow::ActError;
use crate::flow::staff::Invitation;
use crate::fresh;
use crate::serve;
use clap::Subcommand;
use ingam_cases::id::{InstitutionId, KeyId, StaffId};
use ingam_cases::institution::{Command, Profile};
use ingam_cases::staff::{self, By, Login, Role, Staff};
use ingam_cases::values::PersonName;
use std::sync::Arc;

#[derive(Subcommand)]
pub(crate) enum InstitutionCommand {
    /// Make an institution; prints its id.
    Create {
        /// What persons see as its name.
        #[arg(long)]
        name: String,
        /// Its phone number, as people dial it.
        #[arg(long)]
        phone: String,
        /// When somebody answers there.
        #[arg(long)]
        hours: Option<String>,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Invite a member of staff; prints the link under which they choose a password and a device.
    StaffAdd {
        /// For whom they work.
        #[arg(long)]
        institution: String,
        /// Their name.
        #[arg(long)]
        name: String,
        /// What they type to sign in.
        #[arg(long)]
        login: String,
        /// What they may do: reviewer, agent or administrator. Give it once for each.
        #[arg(long = "role", required = true, value_parser = role)]
        roles: Vec<Role>,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Make a new link for a member of staff who lost the device or the password; what they had works no more.
    StaffReset {
        /// Their id, `stf_…`.
        staff: String,
        #[command(flatten)]
        store: StoreArgs,
    },
}

#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    /// Make an API key; prints it this once.
    Create {
        /// Whose.
        #[arg(long)]
        institution: String,
        /// The institution's own name for it.
        #[arg(long, default_value = "first")]
        name: String,
        #[command(flatten)]
        store: StoreArgs,
    },
    /// Stop a key.
    Revoke {
        /// Whose.
        #[arg(long)]
        institution: String,
        /// Its id, `key_…`.
        key: String,
        #[command(flatten)]
        store: StoreArgs,
    },
}

pub(crate) async fn institution(command: InstitutionCommand) -> Result<u8, (u8, String)> {
    match command {
        InstitutionCommand::Create { name, phone, hours, store } => {
            let app = app(&store).await?;
            let id = app.create_institution(Profile { name, phone, hours }).await.map_err(failed)?;
            println!("{id}");
        }
        InstitutionCommand::StaffAdd { institution, name, login, roles, store } => {
            let invitation = Invitation {
                name: PersonName::parse(&name).map_err(|e| (BAD_INPUT, format!("--name {e}")))?,
                login: Login::parse(&login).map_err(|e| (BAD_INPUT, format!("--login {e}")))?,
                roles: roles.into_iter().collect(),
                by: By::Operator,
            };
            let (app, institution) = (app(&store).await?, id(&institution)?);
            if app.institution(&institution).await.map_err(|fault| failed(fault.into()))?.is_none() {
                return Err((BAD_INPUT, format!("there is no institution {institution}")));
            }
            let id = fresh!(app, StaffId);
            let invited = app.invite_staff(&institution, id, invitation, vec![]).await.map_err(failed)?;
            println!("{}", setup_url(&app, &invited.state).await?);
        }
        InstitutionCommand::StaffReset { staff, store } => {
            let id = StaffId::parse(&staff).map_err(|e| (BAD_INPUT, e.to_string()))?;
            let app = app(&store).await?;
            let command = staff::Command::Reset { by: By::Operator };
            let reset = app.change_staff(&id, command, vec![]).await.map_err(failed)?;
            println!("{}", setup_url(&app, &reset.state).await?);
        }
    }
    Ok(DONE)
}

fn role(word: &str) -> Result<Role, String> {
    Role::parse(word).ok_or_else(|| "is reviewer, agent or administrator".to_owned())
}

/// The setup link at the address that the settings name, for here nobody listens.
async fn setup_url(app: &App, staff: &Staff) -> Result<String, (u8, String)> {
    let path = app.setup_url(staff).await.map_err(|fault| failed(fault.into()))?.unwrap_or_default();
    let http = &app.config.http;
    let base_url = http.base_url.trim_end_matches('/');
    Ok(if base_url.is_empty() {
        format!("http://{}{path}", http.listen)
    } else {
        format!("{base_url}{path}")
    })
}

pub(crate) async fn key(command: KeyCommand) -> Result<u8, (u8, String)> {
    match command {
        KeyCommand::Create { institution, name, store } => {
            let app = app(&store).await?;
            let (_, secret) = app.add_key(&id(&institution)?, &name).await.map_err(failed)?;
            println!("{secret}");
        }
        KeyCommand::Revoke { institution, key, store } => {
            let app = app(&store).await?;
            let key = KeyId::parse(&key).map_err(|e| (BAD_INPUT, e.to_string()))?;
            app.act_institution(&id(&institution)?, Default::default(), Command::RevokeKey { key })
                .await
                .map_err(failed)?;
        }
    }
    Ok(DONE)
}

fn id(text: &str) -> Result<InstitutionId, (u8, String)> {
    InstitutionId::parse(text).map_err(|e| (BAD_INPUT, e.to_string()))
}

async fn app(store: &StoreArgs) -> Result<Arc<App>, (u8, String)> {
    let config = store.load().map_err(|why| (super::BAD_USAGE, why))?;
    serve::administer(config).await.map_err(|why| (INTERNAL, why))
}

fn failed(error: ActError) -> (u8, String) {
    match error {
        ActError::Fault(fault) => (INTERNAL, fault.to_string()),
        other => (BAD_INPUT, other.to_string()),
    }
}

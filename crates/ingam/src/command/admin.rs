//! `ingam institution` and `ingam key`: administration beside the API. The server must not run on the same
//! embedded store meanwhile; the ledger refuses to open twice. On PostgreSQL it may.

use super::{BAD_INPUT, DONE, INTERNAL, StoreArgs};
use crate::app::App;
use crate::flow::ActError;
use crate::serve;
use clap::Subcommand;
use ingam_cases::id::{InstitutionId, KeyId};
use ingam_cases::institution::{Command, Profile};
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
    let InstitutionCommand::Create { name, phone, hours, store } = command;
    let app = app(&store).await?;
    let id = app.create_institution(Profile { name, phone, hours }).await.map_err(failed)?;
    println!("{id}");
    Ok(DONE)
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

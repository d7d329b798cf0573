//! The demo institution, and the file in which it is found again: `DIR/sandbox.json`.
//!
//! A restart keeps institution, policy and key, and states the addresses anew. A file that is no more true (the store
//! was emptied, the key revoked) is replaced.

use super::staff::{self, Console};
use super::texts::TEXTS;
use crate::app::App;
use crate::fresh;
use ingam_cases::id::{EndpointId, InstitutionId, PolicyId};
use ingam_cases::institution::{Command, Institution, Profile};
use ingam_cases::policy::{BlockList, DocumentKind, PictureSource, Policy, Step};
use serde::{Deserialize, Serialize};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where webhooks arrive, behind the base address.
pub const HOOK: &str = "/studio/hook";

/// The file, as developers and tests read it. Holds a secret, so there is no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
pub struct Kept {
    /// Where the API is.
    pub base_url: String,
    /// The demo institution's key.
    pub api_key: String,
    /// Where the simulated institutions are.
    pub sandbox_url: String,
    /// How the demo institution's member of staff signs in.
    #[serde(default)]
    pub console: Option<Console>,
    /// The demo institution.
    pub institution_id: String,
    /// Its policy.
    pub policy_id: String,
}

/// The demo institution.
pub struct House {
    /// Its id.
    pub id: InstitutionId,
    /// Where its webhooks arrive.
    pub endpoint: EndpointId,
    /// What stands in the file.
    pub kept: Kept,
    /// The file.
    pub file: PathBuf,
}

impl House {
    /// Finds the institution of an earlier start, or makes one; writes the file.
    ///
    /// # Errors
    /// In words for the person who started it.
    pub async fn find_or_make(app: &Arc<App>, home_url: &str, sandbox_url: &str) -> Result<Self, String> {
        let file = app.config.store.dir.join("sandbox.json");
        let earlier: Option<Kept> =
            std::fs::read_to_string(&file).ok().and_then(|text| serde_json::from_str(&text).ok());
        let found = match &earlier {
            Some(kept) => find(app, kept).await?,
            None => None,
        };
        let (institution, api_key, console) = match (found, earlier) {
            (Some(institution), Some(kept)) => (institution, kept.api_key, kept.console),
            _ => {
                let (institution, api_key) = make(app).await?;
                (institution, api_key, None)
            }
        };
        let policy = policy(app, &institution).await?;
        let endpoint = endpoint(app, home_url, &institution.id).await?;
        let console = staff::find_or_make(app, &institution.id, home_url, console).await.map_err(failed)?;
        let kept = Kept {
            base_url: home_url.to_owned(),
            api_key,
            sandbox_url: sandbox_url.to_owned(),
            console: Some(console),
            institution_id: institution.id.to_string(),
            policy_id: policy.to_string(),
        };
        let text = serde_json::to_string_pretty(&kept).map_err(failed)?;
        write(&file, &text).map_err(|e| format!("{}: {e}", file.display()))?;
        Ok(Self { id: institution.id.clone(), endpoint, kept, file })
    }
}

async fn find(app: &App, kept: &Kept) -> Result<Option<Arc<Institution>>, String> {
    let caller = app.caller(&kept.api_key).await.map_err(failed)?;
    Ok(caller.ok().map(|caller| caller.institution).filter(|i| i.id.as_str() == kept.institution_id))
}

async fn make(app: &App) -> Result<(Arc<Institution>, String), String> {
    let words = &TEXTS.institution;
    let profile =
        Profile { name: words.name.clone(), phone: words.phone.clone(), hours: Some(words.hours.clone()) };
    let id = app.create_institution(profile).await.map_err(failed)?;
    let (_, api_key) = app.add_key(&id, "demo").await.map_err(failed)?;
    Ok((read(app, &id).await?, api_key))
}

async fn read(app: &App, id: &InstitutionId) -> Result<Arc<Institution>, String> {
    app.institution(id).await.map_err(failed)?.ok_or_else(|| "the demo institution is gone".to_owned())
}

/// Any ID and 1 won, the picture from the camera or from a file, and the lists before it: the institution's newest
/// policy of that name.
async fn policy(app: &App, institution: &Institution) -> Result<PolicyId, String> {
    let words = &TEXTS.institution;
    let mut body = Policy::id_and_account(&words.policy, &words.purpose);
    for step in &mut body.steps {
        if let Step::IdDocument { sources, documents, .. } = step {
            *sources = vec![PictureSource::Camera, PictureSource::File];
            *documents = DocumentKind::ALL.to_vec();
        }
    }
    body.block_lists = vec![BlockList::Deceased, BlockList::AccountOpening];
    body.min_age = 14;
    let known = institution.policies.iter().find(|(_, versions)| versions.last() == Some(&body));
    if let Some((id, _)) = known {
        return Ok(id.clone());
    }
    let id = fresh!(app, PolicyId);
    let command = Command::SavePolicy { policy: id.clone(), body: Box::new(body) };
    app.act_institution(&institution.id, Default::default(), command).await.map_err(failed)?;
    Ok(id)
}

/// The endpoint at this start's address; those of earlier starts go.
async fn endpoint(app: &App, home_url: &str, id: &InstitutionId) -> Result<EndpointId, String> {
    let url = format!("{home_url}{HOOK}");
    let institution = read(app, id).await?;
    let mut found = None;
    for (endpoint, settings) in &institution.endpoints {
        if settings.url == url && found.is_none() {
            found = Some(endpoint.clone());
        } else if settings.url.ends_with(HOOK) {
            let command = Command::RemoveEndpoint { endpoint: endpoint.clone() };
            app.act_institution(id, Default::default(), command).await.map_err(failed)?;
        }
    }
    if let Some(found) = found {
        return Ok(found);
    }
    let endpoint = fresh!(app, EndpointId);
    let command = Command::AddEndpoint { endpoint: endpoint.clone(), url, types: vec![] };
    app.act_institution(id, Default::default(), command).await.map_err(failed)?;
    Ok(endpoint)
}

fn failed(error: impl std::fmt::Display) -> String {
    format!("the demo institution: {error}")
}

/// Writes the whole file or nothing; only its owner may read it, since a key stands in it.
fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let beside = file.with_extension("json.new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut new = options.open(&beside)?;
    new.write_all(text.as_bytes())?;
    new.write_all(b"\n")?;
    new.sync_all()?;
    std::fs::rename(beside, file)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_its_owners_alone_and_is_replaced_whole() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("sandbox.json");
        write(&file, "{\"long\": \"first\"}").unwrap();
        write(&file, "{}").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "{}\n");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            let mode =
                std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
            assert_eq!(mode & 0o777, 0o600);
        }
    }
}

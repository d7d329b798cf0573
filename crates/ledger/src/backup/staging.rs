//! A folder that is filled aside and put in its place when all of it is there: whoever crashes leaves nothing
//! that looks like a ledger.

use std::path::{Path, PathBuf};

use crate::blobs::copied::sync_tree;
use crate::error::Fault;
use crate::files;
use crate::given::{Entropy, draw};
use crate::text;

/// A folder in the making; goes away unless it is finished.
pub struct Staging {
    aside: PathBuf,
    target: PathBuf,
    finished: bool,
}

impl Staging {
    /// Begins a folder that will stand at `target`, which must be missing or empty.
    pub fn begin(target: &Path, entropy: &dyn Entropy) -> Result<Staging, Fault> {
        if !vacant(target)? {
            return Err(Fault::Occupied("the folder"));
        }
        let mut name = target.as_os_str().to_owned();
        name.push(format!(".restoring-{}", text::to_hex(&draw::<4>(entropy))));
        let aside = PathBuf::from(name);
        files::make_dir(&aside)?;
        Ok(Staging { aside, target: target.to_owned(), finished: false })
    }

    /// The folder to fill.
    pub fn dir(&self) -> &Path {
        &self.aside
    }

    /// Syncs all of it and puts it in its place. Blocks.
    pub fn finish(mut self) -> Result<(), Fault> {
        sync_tree(&self.aside)?;
        // Replaces an empty folder, and fails where somebody put something into it meanwhile.
        std::fs::rename(&self.aside, &self.target).map_err(Fault::file(&self.target))?;
        self.finished = true;
        files::sync_parent(&self.target)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        if !self.finished {
            // Whatever can't be removed has a name that says what it is.
            let _ = std::fs::remove_dir_all(&self.aside);
        }
    }
}

/// Whether nothing is there.
fn vacant(target: &Path) -> Result<bool, Fault> {
    match std::fs::read_dir(target) {
        Ok(mut items) => Ok(items.next().is_none()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(Fault::file(target)(error)),
    }
}

//! A top key in a file that only its owner may read (mode 0600). For machines without an HSM.

use std::fs::{self, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::crypto;
use crate::error::Fault;
use crate::files;
use crate::given::{Entropy, TopKey, draw};
use crate::text::{self, Base64};

/// A top key whose 32 bytes stand in a file.
pub struct FileTopKey {
    id: String,
    key: Zeroizing<[u8; 32]>,
    entropy: Arc<dyn Entropy>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    format: u8,
    id: String,
    key: Base64<32>,
}

impl FileTopKey {
    /// Reads the file, and makes a new key where there is none. A file that others may read is refused.
    pub fn open_or_create(path: &Path, entropy: Arc<dyn Entropy>) -> Result<FileTopKey, Fault> {
        let mut text = Zeroizing::new(String::new());
        match OpenOptions::new().read(true).open(path) {
            Ok(mut file) => {
                let mode = file.metadata().map_err(Fault::file(path))?.permissions().mode();
                if mode & 0o077 != 0 {
                    return Err(Fault::Invalid("the top key's file may be read by others"));
                }
                file.read_to_string(&mut text).map_err(Fault::file(path))?;
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let id = format!("top_{}", text::to_hex(&draw::<8>(&*entropy)));
                let made = KeyFile { format: 1, id, key: Base64(draw(&*entropy)) };
                *text = serde_json::to_string(&made).map_err(|_| Fault::Damaged("the top key's file"))?;
                // Written aside and renamed: a crash leaves no half key.
                let aside = path.with_extension("new");
                let written = (|| {
                    let mut file = OpenOptions::new()
                        .write(true)
                        .create(true)
                        .truncate(true)
                        .mode(0o600)
                        .open(&aside)?;
                    file.write_all(text.as_bytes())?;
                    file.sync_all()?;
                    fs::rename(&aside, path)
                })();
                written.map_err(Fault::file(path))?;
                files::sync_parent(path)?;
            }
            Err(error) => return Err(Fault::file(path)(error)),
        }
        let read: KeyFile = serde_json::from_str(&text).map_err(|_| Fault::Damaged("the top key's file"))?;
        if read.format != 1 {
            return Err(Fault::Damaged("the top key's file"));
        }
        Ok(FileTopKey { id: read.id, key: Zeroizing::new(read.key.0), entropy })
    }
}

#[async_trait]
impl TopKey for FileTopKey {
    fn id(&self) -> &str {
        &self.id
    }

    async fn wrap(&self, aad: &[u8], key: &[u8; 32]) -> Result<Vec<u8>, Fault> {
        crypto::seal(&self.key, aad, Zeroizing::new(key.to_vec()), &*self.entropy)
    }

    async fn unwrap(&self, aad: &[u8], wrapped: &[u8]) -> Result<Zeroizing<[u8; 32]>, Fault> {
        crypto::open_key(&self.key, aad, wrapped, "a wrapped key")
    }
}

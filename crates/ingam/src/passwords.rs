//! Passwords of staff: hashing and comparing, off the threads that answer and only so many at once.
//!
//! Argon2id (RFC 9106) with the parameters of the OWASP Password Storage Cheat Sheet. What is kept is a PHC string,
//! which says with what it was made, so that the parameters can grow without anybody changing a password. Refuses to
//! know whose password it is.

use crate::fault::Fault;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use std::sync::Arc;
use tokio::sync::Semaphore;
use zeroize::Zeroizing;

/// OWASP Password Storage Cheat Sheet, "Argon2id": m = 19 MiB, t = 2, p = 1.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// RFC 9106 §3.1: 16 bytes are enough for passwords.
pub const SALT: usize = 16;
/// What is compared where there is no password to compare with: made with the same parameters, the hash of nothing.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Hashes and compares.
pub struct Passwords {
    turns: Arc<Semaphore>,
}

impl Passwords {
    /// With at most so many at once: each takes 19 MiB and a core for some hundredths of a second.
    pub fn new(at_once: usize) -> Self {
        Self { turns: Arc::new(Semaphore::new(at_once)) }
    }

    /// The PHC string of a password.
    ///
    /// # Errors
    /// A fault.
    pub async fn hash(
        &self,
        password: Zeroizing<String>,
        salt: [u8; SALT],
    ) -> Result<Zeroizing<String>, Fault> {
        self.in_turn(move || {
            let hash = argon2()?.hash_password_with_salt(password.as_bytes(), &salt);
            Ok(Zeroizing::new(hash.map_err(Fault::internal)?.to_string()))
        })
        .await
    }

    /// Whether it is the password behind a PHC string. Without one it takes as long, and is not.
    ///
    /// # Errors
    /// A fault.
    pub async fn is(
        &self,
        password: Zeroizing<String>,
        hash: Option<Zeroizing<String>>,
    ) -> Result<bool, Fault> {
        self.in_turn(move || {
            let known = hash.as_ref().map_or(NOBODYS, |hash| hash.as_str());
            match argon2()?.verify_password(password.as_bytes(), known) {
                Ok(()) => Ok(hash.is_some()),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(other) => Err(Fault::internal(other)),
            }
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let turn = self.turns.clone().acquire_owned().await.map_err(Fault::internal)?;
        // Who asked may go away meanwhile; the turn is given back when the work is done.
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await.map_err(Fault::internal)?
    }
}

fn argon2() -> Result<Argon2<'static>, Fault> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(Fault::internal)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn typed(text: &str) -> Zeroizing<String> {
        Zeroizing::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_and_nobody_has_none() {
        let passwords = Passwords::new(1);
        let hash = passwords.hash(typed("pass-word-1"), [7; SALT]).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "OWASP's parameters");
        assert!(passwords.is(typed("pass-word-1"), Some(hash.clone())).await.unwrap());
        assert!(!passwords.is(typed("pass-word-2"), Some(hash.clone())).await.unwrap());
        for nothing in ["", "pass-word-1"] {
            assert!(!passwords.is(typed(nothing), None).await.unwrap());
        }
        let other = passwords.hash(typed("pass-word-1"), [8; SALT]).await.unwrap();
        assert_ne!(hash, other, "another salt");
        // A hash of weaker days is still compared as it was made, and damaged ones are a fault and not a no.
        let weaker =
            "$argon2id$v=19$m=64,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        assert!(!passwords.is(typed("pass-word-1"), Some(typed(weaker))).await.unwrap());
        assert!(passwords.is(typed("pass-word-1"), Some(typed("damaged"))).await.is_err());
    }

    #[test]
    fn what_nobody_has_takes_as_long_as_what_somebody_has() {
        let now = argon2().unwrap().hash_password_with_salt(b"x", &[7; SALT]).unwrap().to_string();
        let made = |phc: &str| phc.split('$').take(4).collect::<Vec<_>>().join("$");
        assert_eq!(made(&now), made(NOBODYS));
        assert_eq!(now.len(), NOBODYS.len());
    }
}

//! Slow hashes of passwords (argon2id): made, and compared. Off the async threads and few at once, so that a storm of
//! sign-ins takes neither the processors nor the memory that calls need.
//!
//! In go passwords and stored hashes; whose they are, and how often somebody may try, is left to others.

use crate::clock::chance;
use argon2::password_hash::phc::PasswordHash as Phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use std::sync::{Arc, LazyLock};
use tokio::sync::Semaphore;
use trunkline_core::private::Private;
use trunkline_core::tenancy::PasswordHash;

/// What OWASP advises for argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Who waits for their turn; one more is sent away.
const WAITING: usize = 64;

/// Compared with where there is no user, so that this takes as long as where there is one.
static NOBODYS: LazyLock<Option<PasswordHash>> = LazyLock::new(|| hashed("nobody's", &[0; 16]).ok());

/// Why a password could not be hashed or compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// As many wait as may.
    #[error("too many sign in at once")]
    Busy,
    /// The system gave no memory or no chance.
    #[error("the password could not be hashed")]
    Failed,
}

/// The turns of those whose passwords are hashed.
#[derive(Debug)]
pub(crate) struct Passwords {
    hashing: Arc<Semaphore>,
    waiting: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        let at_once = std::thread::available_parallelism().map_or(1, |cores| (cores.get() / 2).clamp(1, 4));
        Self { hashing: Arc::new(Semaphore::new(at_once)), waiting: Semaphore::new(WAITING) }
    }
}

impl Passwords {
    /// A new hash with a salt of its own.
    pub async fn hash(&self, password: Private<String>) -> Result<PasswordHash, HashError> {
        let salt = chance().map_err(|_| HashError::Failed)?;
        self.in_turn(move || hashed(password.reveal(), &salt)).await?
    }

    /// Whether a password is that of a hash. Without one it is not, and that takes as long.
    pub async fn fits(
        &self,
        password: Private<String>,
        hash: Option<PasswordHash>,
    ) -> Result<bool, HashError> {
        self.in_turn(move || match hash {
            Some(hash) => is_that_of(password.reveal(), &hash),
            None => {
                if let Some(hash) = &*NOBODYS {
                    is_that_of(password.reveal(), hash);
                }
                false
            }
        })
        .await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, HashError> {
        let _waits = self.waiting.try_acquire().map_err(|_| HashError::Busy)?;
        let turn = Arc::clone(&self.hashing).acquire_owned().await.map_err(|_| HashError::Failed)?;
        // Whoever asked may hang up: the turn is over when the work is.
        let work = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        work.await.map_err(|_| HashError::Failed)
    }
}

/// The hash of a password with this salt, as a PHC string.
///
/// # Errors
/// `Failed`.
pub fn hashed(password: &str, salt: &[u8; 16]) -> Result<PasswordHash, HashError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| HashError::Failed)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let phc: Phc =
        argon2.hash_password_with_salt(password.as_bytes(), salt).map_err(|_| HashError::Failed)?;
    Ok(PasswordHash::new(phc.to_string()))
}

/// Compared by its own parameters, so that hashes of before they were changed go on.
fn is_that_of(password: &str, hash: &PasswordHash) -> bool {
    let Ok(phc) = Phc::new(hash.as_str()) else { return false };
    Argon2::default().verify_password(password.as_bytes(), &phc).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[test]
    fn s_16_a_password_is_kept_as_argon2id_with_a_salt_of_its_own() {
        let (one, other) =
            (hashed("correct horse", &[1; 16]).unwrap(), hashed("correct horse", &[2; 16]).unwrap());
        assert!(one.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", one.as_str());
        assert_ne!(one, other);
        assert!(is_that_of("correct horse", &one) && is_that_of("correct horse", &other));
        for wrong in ["", "correct hors", "Correct horse", "correct horse "] {
            assert!(!is_that_of(wrong, &one), "{wrong:?}");
        }
        assert!(
            !is_that_of("correct horse", &PasswordHash::new("correct horse")),
            "what is no hash is nobody's"
        );
    }

    #[tokio::test]
    async fn s_17_an_unknown_user_takes_as_long_as_a_wrong_password() {
        let passwords = Passwords::default();
        let hash = passwords.hash("correct horse".to_owned().into()).await.unwrap();
        assert!(passwords.fits("correct horse".to_owned().into(), Some(hash.clone())).await.unwrap());
        let mut shortest = [u128::MAX; 2];
        for _ in 0..5 {
            for (place, hash) in [Some(hash.clone()), None].into_iter().enumerate() {
                let began = Instant::now();
                assert!(!passwords.fits("wrong horse".to_owned().into(), hash).await.unwrap());
                shortest[place] = shortest[place].min(began.elapsed().as_micros());
            }
        }
        let [known, unknown] = shortest;
        assert!(unknown * 3 > known && known * 3 > unknown, "{known} µs and {unknown} µs");
    }

    #[tokio::test]
    async fn s_17_a_storm_of_sign_ins_is_hashed_few_at_once_and_the_rest_is_sent_away() {
        let passwords = Passwords { hashing: Arc::new(Semaphore::new(0)), waiting: Semaphore::new(2) };
        let fits = || passwords.fits("x".to_owned().into(), None);
        let (mut one, mut two) = (Box::pin(fits()), Box::pin(fits()));
        assert!(futures_util::poll!(&mut one).is_pending() && futures_util::poll!(&mut two).is_pending());
        assert_eq!(fits().await, Err(HashError::Busy));
        passwords.hashing.add_permits(1);
        assert_eq!((one.await, two.await), (Ok(false), Ok(false)));
        assert_eq!(fits().await, Ok(false), "the control");
    }
}

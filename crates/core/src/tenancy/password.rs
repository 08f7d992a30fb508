//! How people sign in: by a login name and a password, of which a slow hash is kept. What is good enough for one is said
//! here; making hashes and looking whether one fits is the engine's.

use super::BadName;
use crate::private::Private;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// The fewest characters of a password.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// The most bytes of a password: more would only make hashing dear.
pub const PASSWORD_BYTES_MAX: usize = 512;
/// The most characters of a login name.
pub const LOGIN_CHARS_MAX: usize = 254;

/// What somebody signs in as: an e-mail address or a plain word, in small letters. It is one person's among all tenants.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Login(String);

impl Login {
    /// Reads a login name, without the space around it. Capital letters are taken as small ones.
    ///
    /// # Errors
    /// [`BadName::Login`].
    pub fn parse(words: &str) -> Result<Self, BadName> {
        let word = words.trim().to_ascii_lowercase();
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"@._+-".contains(&byte);
        let begins = word.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
        let is_good = begins && word.len() <= LOGIN_CHARS_MAX && word.bytes().all(is_plain);
        if is_good { Ok(Self(word)) } else { Err(BadName::Login) }
    }

    /// The name itself: personal.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login(•••)")
    }
}

/// What is kept of a password: its slow hash with salt and parameters, as a PHC string.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash that was made or stored.
    pub fn new(phc: impl Into<String>) -> Self {
        Self(phc.into())
    }

    /// The PHC string, to store it or to compare with it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A short mark of it: sessions bear it, so that they end with the password. It tells nothing about the hash.
    pub fn mark(&self) -> String {
        Sha256::digest(self.0.as_bytes()).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(•••)")
    }
}

/// A user's password, and since when it is that. Of two the later one counts, wherever it is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Password {
    /// Its hash.
    pub hash: PasswordHash,
    /// Since when.
    pub set_at: Timestamp,
}

/// Takes a new password, if it is good enough: long, and not the login name. What it is made of is its owner's matter.
///
/// # Errors
/// [`BadName::Password`].
pub fn new_password(words: &str, login: Option<&Login>) -> Result<Private<String>, BadName> {
    let is_long = words.chars().count() >= PASSWORD_CHARS_MIN && words.len() <= PASSWORD_BYTES_MAX;
    let is_login = login.is_some_and(|login| words.trim().eq_ignore_ascii_case(login.as_str()));
    let mut letters = words.chars();
    let first = letters.next();
    let is_one_letter = letters.all(|letter| Some(letter) == first);
    if is_long && !is_login && !is_one_letter {
        Ok(Private::new(words.to_owned()))
    } else {
        Err(BadName::Password)
    }
}

/// A password made of chance: 100 bits in letters and digits that can't be taken for one another.
pub fn made_password(chance: &[u8; 20]) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let letters = chance.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)]));
    let mut made = String::with_capacity(23);
    for (place, letter) in letters.enumerate() {
        if place > 0 && place % 5 == 0 {
            made.push('-');
        }
        made.push(letter);
    }
    made
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_login_name_is_a_plain_word_or_an_address_whatever_its_capitals() {
        for good in ["ann", "Ann@Example.com ", "a.b+c_d-e@x.co", "7"] {
            assert_eq!(Login::parse(good).unwrap().as_str(), good.trim().to_lowercase());
        }
        for bad in ["", " ", "@x", "a b", "a\0", "אנה", "a/b", "-a", &"x".repeat(255)] {
            assert_eq!(Login::parse(bad), Err(BadName::Login), "{bad:?}");
        }
    }

    #[test]
    fn s_17_a_password_is_long_and_neither_the_login_nor_one_letter() {
        let login = Login::parse("ann.lee@example.com").unwrap();
        let is_good = |words: &str| new_password(words, Some(&login)).is_ok();
        assert!(is_good("correct horse battery") && is_good("אבגדהוזחטיכל") && is_good(&"ab".repeat(256)));
        for bad in ["", "short", "aaaaaaaaaaaaaaaa", " Ann.Lee@example.com", &"ab".repeat(257)] {
            assert!(!is_good(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_made_password_is_good_and_holds_its_chance() {
        let made = made_password(&std::array::from_fn(|n| u8::try_from(n).unwrap()));
        assert_eq!(made, "abcde-fghij-kmnpq-rstuv");
        assert!(new_password(&made, None).is_ok());
    }

    #[test]
    fn s_16_neither_login_nor_hash_print_themselves() {
        let (login, hash) = (Login::parse("ann").unwrap(), PasswordHash::new("$argon2id$x"));
        let password = Password { hash: hash.clone(), set_at: Timestamp::UNIX_EPOCH };
        let printed = format!("{login:?} {hash:?} {password:?}");
        assert!(!printed.contains("ann") && !printed.contains("argon"), "{printed}");
        assert!(!hash.mark().is_empty() && hash.mark() != PasswordHash::new("$argon2id$y").mark());
    }
}

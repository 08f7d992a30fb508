//! How people come in: by login name and password; how passwords are set; which sessions were left. A session's own words
//! (the cookie) are the web's; whether it still opens anything is asked here, of the mirror that every node has.

use crate::clock::chance;
use crate::engine::{Engine, Inner};
use crate::passwords::HashError;
use crate::record::DecisionRecord;
use crate::tenancy::TenancyError;
use jiff::Timestamp;
use std::sync::Arc;
use trunkline_core::id::UserId;
use trunkline_core::private::Private;
use trunkline_core::tenancy::{
    self, Act, BadName, Caller, Decision, DecisionId, Login, PASSWORD_BYTES_MAX, Password, User,
    made_password,
};

/// Somebody who signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Whose calls they see, and what they may.
    pub caller: Caller,
    /// Who they are.
    pub user: UserId,
    /// A mark of the password they came with: with it end the sessions that it opened.
    pub mark: String,
}

/// A password that was set.
#[derive(Debug)]
pub struct PasswordSet {
    /// Whose it is.
    pub user: User,
    /// The password itself, if it was made here: to be shown once.
    pub made: Option<Private<String>>,
}

impl Engine {
    /// Who has this login name and this password; `None` if nobody has. An unknown name takes as long as a wrong password.
    ///
    /// # Errors
    /// Too many sign in at once; or hashing failed.
    pub async fn sign_in(
        &self,
        login: &str,
        password: Private<String>,
    ) -> Result<Option<SignedIn>, HashError> {
        let user = Login::parse(login).ok().and_then(|login| self.inner.trust.user_of(&login));
        // What is too long to have been taken is nobody's, and not worth a long look.
        let is_possible = password.reveal().len() <= PASSWORD_BYTES_MAX;
        let password = if is_possible { password } else { Private::default() };
        let hash = user.as_ref().and_then(|user| Some(user.password.as_ref()?.hash.clone()));
        let fits = self.inner.passwords.fits(password, hash).await?;
        Ok(user.filter(|_| fits && is_possible).and_then(|user| SignedIn::of(&user)))
    }

    /// Who this user is now, if they have the password of this mark still, and are not revoked.
    pub fn signed_in(&self, user: &UserId, mark: &str) -> Option<Caller> {
        let signed_in = SignedIn::of(&self.inner.trust.user(user)?)?;
        (signed_in.mark == mark).then_some(signed_in.caller)
    }

    /// Sets a user's password: the given one, or one that is made. The sessions of the one before end.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`; `Invalid`, also for who has no login name; `Busy`; `Away`.
    pub async fn set_password(
        &self,
        by: &Caller,
        user: &UserId,
        asked: Option<Private<String>>,
    ) -> Result<PasswordSet, TenancyError> {
        by.may(Act::ManageAccess)?;
        let theirs = self.inner.trust.user(user);
        let user = theirs.filter(|user| by.knows(&user.tenant) && by.grants(user.role));
        let user = user.ok_or(TenancyError::NotFound("user"))?;
        let (password, made) = self.inner.password_of(asked, user.login.as_ref()).await?;
        let user = self.keep_password(user, password).await?;
        Ok(PasswordSet { user, made })
    }

    /// Sets a user's own password. The sessions of the one before end.
    ///
    /// # Errors
    /// `WrongPassword`; `NotFound`; `Invalid`; `Busy`; `Away`.
    pub async fn change_password(
        &self,
        user: &UserId,
        old: Private<String>,
        new: Private<String>,
    ) -> Result<SignedIn, TenancyError> {
        let user = self.inner.trust.user(user).ok_or(TenancyError::NotFound("user"))?;
        let hash = user.password.as_ref().map(|password| password.hash.clone());
        if !self.inner.passwords.fits(old, hash).await? {
            return Err(TenancyError::WrongPassword);
        }
        let (password, _) = self.inner.password_of(Some(new), user.login.as_ref()).await?;
        let user = self.keep_password(user, password).await?;
        SignedIn::of(&user).ok_or(TenancyError::NotFound("user"))
    }

    async fn keep_password(&self, user: User, password: Password) -> Result<User, TenancyError> {
        if user.login.is_none() {
            let why = "has no login name to sign in with".to_owned();
            return Err(TenancyError::Invalid { field: "login", why });
        }
        let user = User { password: Some(password), ..user };
        let row = user.clone();
        self.to_the_end(async move |inner| inner.keep_password(row).await).await??;
        tracing::info!(user = %user.id, "access.password_set");
        Ok(user)
    }

    /// Ends a session before it runs out, at this time; it stays ended after a restart.
    pub async fn leave(&self, session: &str, until: Timestamp) {
        self.inner.trust.leave(session, until, self.now());
        let left = DecisionRecord::Left { session: session.to_owned(), until };
        self.inner.mirror(Vec::new(), vec![left]).await;
    }

    /// Whether a session was left before it ran out.
    pub fn has_left(&self, session: &str, until: Timestamp) -> bool {
        self.inner.trust.has_left(session, until)
    }

    /// Sixteen random bytes, such as for a new session.
    ///
    /// # Errors
    /// The system gave no randomness.
    pub fn chance(&self) -> Result<[u8; 16], getrandom::Error> {
        chance()
    }
}

impl SignedIn {
    fn of(user: &User) -> Option<Self> {
        let mark = user.password.as_ref()?.hash.mark();
        Some(Self { caller: Caller::of(user.tenant.clone(), user.role), user: user.id.clone(), mark })
    }
}

impl Inner {
    /// The password that was asked for, or a made one, which is told as well.
    pub(crate) async fn password_of(
        &self,
        asked: Option<Private<String>>,
        login: Option<&Login>,
    ) -> Result<(Password, Option<Private<String>>), TenancyError> {
        let (password, made) = match asked {
            Some(asked) => {
                let bad = |bad: BadName| TenancyError::Invalid { field: "password", why: bad.to_string() };
                (tenancy::new_password(asked.reveal(), login).map_err(bad)?, None)
            }
            None => {
                let made = Private::new(made_password(&chance().map_err(|_| HashError::Failed)?));
                (made.clone(), Some(made))
            }
        };
        let hash = self.passwords.hash(password).await?;
        Ok((Password { hash, set_at: self.clock.now() }, made))
    }

    async fn keep_password(self: &Arc<Self>, user: User) -> Result<(), TenancyError> {
        let Some(password) = user.password.clone() else { return Ok(()) };
        let _deciding = self.deciding.lock().await;
        let id = user.id.clone();
        self.ask_store(async |store| store.set_password(&id, &password).await).await?;
        // They may have been revoked while the password was hashed.
        let known = self.trust.row(&DecisionId::User(id.clone()));
        let row = Decision::User(user);
        let row = known.map_or_else(|| row.clone(), |known| row.clone().agreed(&known));
        self.mirror(vec![row], Vec::new()).await;
        Ok(())
    }
}

//! The doors of those who manage tenants, keys and users. What changes is decided in the store, in full, and mirrored;
//! without the store nothing changes, and who was trusted is trusted still.

use crate::clock::{chance, secret};
use crate::engine::{Engine, Inner};
use crate::intake::IntakeError;
use crate::passwords::HashError;
use crate::reader::Unavailable;
use crate::sign_in::PasswordSet;
use crate::trust::Holder;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use trunkline_core::id::{AccountId, KeyId, TenantId, UserId};
use trunkline_core::private::{Address, Private};
use trunkline_core::tenancy::{
    self, Act, ApiKey, BadName, Caller, CarrierPolicy, Decision, DecisionId, Denied, KeyHash, Login,
    OwnAccount, Role, Scopes, Tenant, User, key_text,
};
use trunkline_store::Added;

/// A key that somebody wants.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// Whose calls it is to open; the caller's own tenant if absent.
    pub tenant: Option<TenantId>,
    /// What it is for.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// What of that it is good for; what the caller's own is good for if absent.
    pub scopes: Option<Scopes>,
    /// Until when.
    pub expires_at: Option<Timestamp>,
}

/// A user that somebody wants.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// For whom they work; the caller's own tenant if absent.
    pub tenant: Option<TenantId>,
    /// Their name.
    pub name: Private<String>,
    /// What they may do.
    pub role: Role,
    /// What they sign in as; they don't if it is absent.
    pub login: Option<String>,
    /// Their password; one is made if it is absent and they sign in.
    pub password: Option<Private<String>>,
}

/// Why tenants, keys and users stay as they are.
#[derive(Debug, thiserror::Error)]
pub enum TenancyError {
    /// The caller's role is too little for this, or their key not for it.
    #[error("{}", in_words(*.0))]
    Denied(Denied),
    /// What they would give is more than they have.
    #[error("this needs {0}")]
    Forbidden(&'static str),
    /// There is none, as far as the caller can tell.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// A field is wrong.
    #[error("{field}: {why}")]
    Invalid {
        /// Which.
        field: &'static str,
        /// Why, in words for the reader.
        why: String,
    },
    /// The id was given before.
    #[error("there is or was a tenant of this id; ids are never given twice")]
    Taken,
    /// Another user has the login name.
    #[error("login: another user has it")]
    LoginTaken,
    /// The number is not the caller's tenant's.
    #[error("number: it is not yours; whoever runs the server gives numbers to tenants")]
    NumberTaken,
    /// The settings say so, and they alone can say otherwise.
    #[error("the settings say what answers this number: change it there (scripts.numbers)")]
    InSettings,
    /// Somebody else was first.
    #[error("somebody else changed it at the same time")]
    Conflict,
    /// The password is not theirs.
    #[error("this is not the password")]
    WrongPassword,
    /// A password could not be hashed now.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The store can't be reached.
    #[error("who is trusted can't be changed now: {0}")]
    Away(#[from] Unavailable),
    /// It failed.
    #[error(transparent)]
    Failed(#[from] IntakeError),
}

impl From<Denied> for TenancyError {
    fn from(denied: Denied) -> Self {
        Self::Denied(denied)
    }
}

/// What somebody lacks, in words.
pub fn in_words(denied: Denied) -> String {
    match denied {
        Denied::Role(Role::SystemAdmin) => "this needs a key of the role system_admin".to_owned(),
        Denied::Role(role) => format!("this needs a key of the role {} or above", role.as_str()),
        Denied::Scope(scope) => format!("this needs a key of the scope {}", scope.as_str()),
    }
}

impl Engine {
    /// Who holds a key, if it is one that was made here and opens anything now.
    pub fn admit(&self, hash: &KeyHash) -> Option<Holder> {
        self.inner.trust.admit(hash, self.now())
    }

    /// Who holds the key of this id, if it opens anything now.
    pub fn holder(&self, key: &KeyId) -> Option<Holder> {
        self.inner.trust.holder(key, self.now())
    }

    /// The tenants there are and were, as this node knows them.
    ///
    /// # Errors
    /// `Forbidden`.
    pub fn tenants(&self, by: &Caller) -> Result<Vec<Tenant>, TenancyError> {
        by.may(Act::RunTheServer)?;
        let tenant = |row| if let Decision::Tenant(tenant) = row { Some(tenant) } else { None };
        Ok(self.inner.trust.rows().into_iter().filter_map(tenant).collect())
    }

    /// Makes a tenant.
    ///
    /// # Errors
    /// `Forbidden`; `Invalid`; `Taken`; `Away`.
    pub async fn add_tenant(&self, by: &Caller, id: &str, name: &str) -> Result<Tenant, TenancyError> {
        by.may(Act::RunTheServer)?;
        let id = tenancy::tenant_id(id).map_err(|bad| invalid("id", &bad))?;
        if id.is_default() {
            return Err(TenancyError::Taken);
        }
        let name = tenancy::name(name).map_err(|bad| invalid("name", &bad))?;
        let tenant = Tenant::new(id, name, self.now());
        let row = Decision::Tenant(tenant.clone());
        match self.to_the_end(async move |inner| inner.decide(row).await).await?? {
            Added::New => Ok(tenant),
            Added::Known => Err(TenancyError::Taken),
        }
    }

    /// Revokes a tenant: none of its keys opens anything from now on. Its calls that are under way go on to their end.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`; `Away`.
    pub async fn revoke_tenant(&self, by: &Caller, id: &TenantId) -> Result<(), TenancyError> {
        by.may(Act::RunTheServer)?;
        if id.is_default() {
            let why = "the default tenant is always there; revoke its keys instead".to_owned();
            return Err(TenancyError::Invalid { field: "id", why });
        }
        self.revoke(DecisionId::Tenant(id.clone()), "tenant", |_| true).await
    }

    /// Says which of the server's carrier accounts a tenant's calls go through from now on; `None`: whichever the server chooses.
    /// Calls that are placed already go on where they are.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`; `Invalid`; `Away`.
    pub async fn set_carriers(
        &self,
        by: &Caller,
        id: &TenantId,
        policy: Option<CarrierPolicy>,
    ) -> Result<Tenant, TenancyError> {
        by.may(Act::RunTheServer)?;
        let invalid = |field, why: String| TenancyError::Invalid { field, why };
        if id.is_default() {
            return Err(invalid(
                "id",
                "the default tenant goes by the server's settings: carrier.choice".to_owned(),
            ));
        }
        let known: Vec<&str> = self.carriers().accounts().map(AccountId::carrier).collect();
        if let Some(policy) = &policy {
            policy.check(&known).map_err(|bad| invalid("accounts", bad.to_string()))?;
            for account in &policy.accounts {
                self.inner.own_caller_id(id, account).map_err(|why| invalid("accounts", why))?;
            }
        }
        let id = id.clone();
        self.to_the_end(async move |inner| inner.keep_carriers(&id, policy).await).await?
    }

    /// The keys there are and were: of one tenant, or of all that the caller knows.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`.
    pub fn keys(&self, by: &Caller, of: Option<&TenantId>) -> Result<Vec<ApiKey>, TenancyError> {
        self.inner.manages(by, of)?;
        let key = |row| if let Decision::Key(key) = row { Some(key) } else { None };
        let keys = self.inner.trust.rows().into_iter().filter_map(key);
        Ok(keys.filter(|key| by.knows(&key.tenant) && of.is_none_or(|of| *of == key.tenant)).collect())
    }

    /// Makes a key: it is told here and nowhere else.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound` if there is no such tenant; `Invalid`; `Away`.
    pub async fn add_key(&self, by: &Caller, asked: NewKey) -> Result<(ApiKey, String), TenancyError> {
        self.inner.manages(by, asked.tenant.as_ref())?;
        self.inner.grants(by, asked.role)?;
        let scopes = asked.scopes.unwrap_or(by.scopes);
        if !scopes.are_within(by.scopes) {
            return Err(TenancyError::Forbidden("a key of each scope to be given"));
        }
        let name = tenancy::name(&asked.name).map_err(|bad| invalid("name", &bad))?;
        let now = self.now();
        if asked.expires_at.is_some_and(|expires| expires <= now) {
            return Err(TenancyError::Invalid { field: "expires_at", why: "is in the past".to_owned() });
        }
        let text = key_text(&secret().map_err(failed)?);
        let key = ApiKey {
            id: KeyId::minted(now, chance().map_err(failed)?),
            tenant: asked.tenant.unwrap_or_else(|| by.tenant.clone()),
            hash: KeyHash::of(&text),
            name,
            role: asked.role,
            scopes,
            created_at: now,
            expires_at: asked.expires_at,
            revoked_at: None,
        };
        let row = Decision::Key(key.clone());
        self.to_the_end(async move |inner| inner.decide(row).await).await??;
        tracing::info!(key = %key.id, tenant = %key.tenant, "key.added");
        Ok((key, text))
    }

    /// Revokes a key: it opens nothing from now on.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`; `Away`.
    pub async fn revoke_key(&self, by: &Caller, id: &KeyId) -> Result<(), TenancyError> {
        self.inner.manages(by, None)?;
        let by = by.clone();
        let is_theirs = move |row: &Decision| matches!(row, Decision::Key(key) if by.knows(&key.tenant) && by.grants(key.role));
        self.revoke(DecisionId::Key(id.clone()), "key", is_theirs).await
    }

    /// The users there are and were: of one tenant, or of all that the caller knows.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`.
    pub fn users(&self, by: &Caller, of: Option<&TenantId>) -> Result<Vec<User>, TenancyError> {
        self.inner.manages(by, of)?;
        let user = |row| if let Decision::User(user) = row { Some(user) } else { None };
        let users = self.inner.trust.rows().into_iter().filter_map(user);
        Ok(users.filter(|user| by.knows(&user.tenant) && of.is_none_or(|of| *of == user.tenant)).collect())
    }

    /// Makes a user. One who signs in gets a password: the asked one, or one that is made and told here and nowhere else.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound` if there is no such tenant; `Invalid`; `LoginTaken`; `Hash`; `Away`.
    pub async fn add_user(&self, by: &Caller, asked: NewUser) -> Result<PasswordSet, TenancyError> {
        self.inner.manages(by, asked.tenant.as_ref())?;
        self.inner.grants(by, asked.role)?;
        let name = tenancy::name(asked.name.reveal()).map_err(|bad| invalid("name", &bad))?;
        let login = asked.login.map(|login| Login::parse(&login)).transpose();
        let login = login.map_err(|bad| invalid("login", &bad))?;
        let (password, made) = match (&login, asked.password) {
            (None, None) => (None, None),
            (None, Some(_)) => {
                let why = "is of no use without a login".to_owned();
                return Err(TenancyError::Invalid { field: "password", why });
            }
            (Some(login), asked) => {
                if self.inner.trust.user_of(login).is_some() {
                    return Err(TenancyError::LoginTaken);
                }
                let (password, made) = self.inner.password_of(asked, Some(login)).await?;
                (Some(password), made)
            }
        };
        let now = self.now();
        let user = User {
            id: UserId::minted(now, chance().map_err(failed)?),
            tenant: asked.tenant.unwrap_or_else(|| by.tenant.clone()),
            name: name.into(),
            login,
            password,
            role: asked.role,
            created_at: now,
            revoked_at: None,
        };
        let row = Decision::User(user.clone());
        match self.to_the_end(async move |inner| inner.decide(row).await).await?? {
            Added::New => Ok(PasswordSet { user, made }),
            Added::Known => Err(TenancyError::LoginTaken),
        }
    }

    /// Revokes a user.
    ///
    /// # Errors
    /// `Forbidden`; `NotFound`; `Away`.
    pub async fn revoke_user(&self, by: &Caller, id: &UserId) -> Result<(), TenancyError> {
        self.inner.manages(by, None)?;
        let by = by.clone();
        let is_theirs = move |row: &Decision| matches!(row, Decision::User(user) if by.knows(&user.tenant) && by.grants(user.role));
        self.revoke(DecisionId::User(id.clone()), "user", is_theirs).await
    }

    async fn revoke(
        &self,
        id: DecisionId,
        what: &'static str,
        is_theirs: impl Fn(&Decision) -> bool,
    ) -> Result<(), TenancyError> {
        // Another process may have made it a moment ago: what is not known here is not there for anybody yet.
        let row =
            self.inner.trust.row(&id).filter(|row| is_theirs(row)).ok_or(TenancyError::NotFound(what))?;
        if row.revoked_at().is_some() {
            return Ok(());
        }
        self.to_the_end(async move |inner| inner.revoke(row).await).await?
    }
}

impl Inner {
    /// Whether the caller may look at keys and users, of this tenant if one is named.
    fn manages(&self, by: &Caller, of: Option<&TenantId>) -> Result<(), TenancyError> {
        by.may(Act::ManageAccess)?;
        match of {
            Some(of) if !by.knows(of) || !self.trust.is_open(of) => Err(TenancyError::NotFound("tenant")),
            _ => Ok(()),
        }
    }

    /// Whether the number that an account's calls are to be shown as is the tenant's own, and at that account.
    fn own_caller_id(&self, tenant: &TenantId, account: &OwnAccount) -> Result<(), String> {
        let Some(from) = &account.from else { return Ok(()) };
        let from = Address::new(from.as_str());
        let masked = from.masked();
        if self.number_of(&from).is_none_or(|number| number.tenant != *tenant) {
            return Err(format!("{masked} is not a number of {tenant}: give it to the tenant first"));
        }
        if self.carriers.owner(&from).carrier() != account.name {
            return Err(format!("{masked} is not at {}, by carrier.numbers", account.name));
        }
        Ok(())
    }

    async fn keep_carriers(
        self: &Arc<Self>,
        id: &TenantId,
        policy: Option<CarrierPolicy>,
    ) -> Result<Tenant, TenancyError> {
        let _deciding = self.deciding.lock().await;
        let row = self.trust.row(&DecisionId::Tenant(id.clone()));
        let Some(Decision::Tenant(tenant)) = row.filter(|row| row.revoked_at().is_none()) else {
            return Err(TenancyError::NotFound("tenant"));
        };
        // Of two the later one counts, also where a clock went back.
        let least = tenant.carriers_set_at.and_then(|at| at.checked_add(SignedDuration::from_micros(1)).ok());
        let set_at = least.map_or(self.clock.now(), |least| least.max(self.clock.now()));
        let tenant = Tenant { carriers: policy, carriers_set_at: Some(set_at), ..tenant };
        self.ask_store(async |store| store.set_carriers(&tenant).await).await?;
        self.mirror(vec![Decision::Tenant(tenant.clone())], Vec::new()).await;
        tracing::info!(tenant = %tenant.id, "tenant.carriers_set");
        Ok(tenant)
    }

    fn grants(&self, by: &Caller, role: Role) -> Result<(), TenancyError> {
        if by.grants(role) {
            Ok(())
        } else {
            Err(TenancyError::Forbidden("a role as high as the one to be given"))
        }
    }

    async fn decide(self: &Arc<Self>, row: Decision) -> Result<Added, TenancyError> {
        let _deciding = self.deciding.lock().await;
        let added = self.ask_store(async |store| store.add_decision(&row).await).await?;
        if added == Added::New {
            self.mirror(vec![row], Vec::new()).await;
        }
        Ok(added)
    }

    async fn revoke(self: &Arc<Self>, row: Decision) -> Result<(), TenancyError> {
        let _deciding = self.deciding.lock().await;
        let (id, at) = (row.id(), self.clock.now());
        self.ask_store(async |store| store.revoke_decision(&id, at).await).await?;
        self.mirror(vec![row.revoked(at)], Vec::new()).await;
        tracing::info!(?id, "access.revoked");
        Ok(())
    }
}

fn invalid(field: &'static str, bad: &BadName) -> TenancyError {
    TenancyError::Invalid { field, why: bad.to_string() }
}

fn failed(error: getrandom::Error) -> TenancyError {
    TenancyError::Failed(IntakeError::Failed(error.to_string()))
}

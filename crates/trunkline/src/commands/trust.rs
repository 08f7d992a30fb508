//! Where tenants, keys and users are changed: at the running server, else in the database itself. Both answer with the
//! same JSON. A server that runs elsewhere on the same database reads what was changed within a second.

use getrandom::fill;
use serde_json::{Value, json};
use trunkline_core::id::{KeyId, TenantId, UserId};
use trunkline_core::numbers::{Answer, Number};
use trunkline_core::private::Private;
use trunkline_core::tenancy::{
    self, ApiKey, BadName, Decision, DecisionId, KeyHash, Login, Password, Role, Scopes, Tenant, User,
    key_text, made_password,
};
use trunkline_engine::operating::Mirror;
use trunkline_engine::{Clock, hashed};
use trunkline_store::{Added, Store, StoreError};

use super::offline::{make_store, of_held, place};
use super::settings;
use crate::cli::Reach;
use crate::client::Client;
use crate::exit::{Exit, Failure};
use crate::settings::{Flags, Settings};
use crate::wiring::{Beside, journal_options, make_folder};

/// Where they are changed.
pub(super) enum Trust {
    /// At a running server.
    Server(Client),
    /// In the database of the settings; where there is none, in the journal's index, and in the journal.
    Database(Store, Option<Box<Mirror>>),
}

/// What is listed, added and revoked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Tenants,
    Keys,
    Users,
}

impl Kind {
    pub fn word(self) -> &'static str {
        match self {
            Self::Tenants => "tenants",
            Self::Keys => "keys",
            Self::Users => "users",
        }
    }
}

impl Trust {
    /// The running server if there is one, else the database.
    pub async fn find(reach: &Reach) -> Result<Self, Failure> {
        if reach.url.is_some() {
            return Ok(Self::Server(Client::find(reach)?));
        }
        let flags =
            Flags { config: reach.config.clone(), data_dir: reach.data_dir.clone(), ..Flags::default() };
        let settings = settings(flags)?;
        let beside = Beside::find(&settings.server.data_dir);
        if beside.map_err(|error| Failure::while_doing("cannot find the server", &error))?.is_some() {
            let client = Client::find(reach)?;
            match client.get("/healthz").await {
                // A server that was killed has left its address.
                Err(gone) if gone.exit == Exit::Unreachable => {}
                _ => return Ok(Self::Server(client)),
            }
        }
        open(&settings).await
    }

    /// All of a kind: of one tenant, if one is named.
    pub async fn list(&self, kind: Kind, tenant: Option<&str>) -> Result<Value, Failure> {
        let word = kind.word();
        match self {
            Self::Server(client) => {
                let query: Vec<_> = tenant.map(|id| ("tenant", id.to_owned())).into_iter().collect();
                client.list(&format!("/api/{word}"), &query).await
            }
            Self::Database(store, _) => {
                let rows = store.decisions().await.map_err(|error| failed(&error))?;
                if let Some(tenant) = tenant {
                    is_open(&rows, &TenantId::new(tenant))?;
                }
                let rows = rows.iter().filter_map(|row| as_json(kind, row));
                let is_asked_for = |row: &Value| tenant.is_none_or(|tenant| row["tenant"] == tenant);
                Ok(json!({ word: rows.filter(is_asked_for).collect::<Vec<_>>() }))
            }
        }
    }

    /// Our numbers as the server tells them; else those of the database, after those that the settings alone name.
    pub async fn numbers(&self, set: &[Value]) -> Result<Vec<Value>, Failure> {
        match self {
            Self::Server(client) => {
                let told = client.get("/api/numbers").await?;
                Ok(told["numbers"].as_array().cloned().unwrap_or_default())
            }
            Self::Database(store, _) => {
                let rows = store.decisions().await.map_err(|error| failed(&error))?;
                let given: Vec<Value> = rows.iter().filter_map(given_number).collect();
                let is_given = |set: &&Value| given.iter().any(|given| given["number"] == set["number"]);
                let alone = set.iter().filter(|set| !is_given(set)).cloned();
                Ok(alone.chain(given.iter().cloned()).collect())
            }
        }
    }

    /// Makes a tenant.
    pub async fn add_tenant(&self, id: &str, name: &str) -> Result<Value, Failure> {
        match self {
            Self::Server(client) => client.post("/api/tenants", &json!({ "id": id, "name": name })).await,
            Self::Database(store, mirror) => {
                let id = tenancy::tenant_id(id).map_err(|bad| wrong("id", &bad))?;
                let name = tenancy::name(name).map_err(|bad| wrong("name", &bad))?;
                let tenant = Tenant::new(id, name, Clock::real().now());
                let is_taken = tenant.id.is_default();
                let row = Decision::Tenant(tenant);
                if is_taken || store.add_decision(&row).await.map_err(|error| failed(&error))? == Added::Known
                {
                    let why = "there is or was a tenant of this id; ids are never given twice";
                    return Err(Failure::new(Exit::Failed, why));
                }
                keep(store, mirror.as_deref()).await?;
                Ok(as_json(Kind::Tenants, &row).unwrap_or_default())
            }
        }
    }

    /// Makes a key. The answer holds it, this once.
    pub async fn add_key(&self, asked: AskedKey) -> Result<Value, Failure> {
        let AskedKey { name, tenant, role, scopes, expires_at } = asked;
        match self {
            Self::Server(client) => {
                let body = json!({
                    "name": name, "tenant": tenant, "role": role, "scopes": scopes, "expires_at": expires_at,
                });
                client.post("/api/keys", &body).await
            }
            Self::Database(store, mirror) => {
                let now = Clock::real().now();
                if expires_at.is_some_and(|expires| expires <= now) {
                    return Err(Failure::new(Exit::Usage, "expires_at: is in the past"));
                }
                let text = key_text(&chance()?);
                let row = Decision::Key(ApiKey {
                    id: KeyId::minted(now, chance()?),
                    tenant: tenant_of(store, tenant).await?,
                    hash: KeyHash::of(&text),
                    name: tenancy::name(&name).map_err(|bad| wrong("name", &bad))?,
                    role,
                    scopes: scopes.unwrap_or_default(),
                    created_at: now,
                    expires_at,
                    revoked_at: None,
                });
                store.add_decision(&row).await.map_err(|error| failed(&error))?;
                keep(store, mirror.as_deref()).await?;
                let mut told = as_json(Kind::Keys, &row).unwrap_or_default();
                told["key"] = text.into();
                Ok(told)
            }
        }
    }

    /// Adds a user. The answer holds the password, if one was made, this once.
    pub async fn add_user(&self, asked: AskedUser) -> Result<Value, Failure> {
        let AskedUser { name, tenant, role, login, password } = asked;
        match self {
            Self::Server(client) => {
                let password = password.as_ref().map(Private::reveal);
                let body = json!({ "name": name, "tenant": tenant, "role": role, "login": login, "password": password });
                client.post("/api/users", &body).await
            }
            Self::Database(store, mirror) => {
                let login = login.map(|login| Login::parse(&login)).transpose();
                let login = login.map_err(|bad| wrong("login", &bad))?;
                let (password, made) = match &login {
                    Some(login) => {
                        let (password, made) = password_of(password, Some(login))?;
                        (Some(password), made)
                    }
                    None => (None, None),
                };
                let now = Clock::real().now();
                let user = User {
                    id: UserId::minted(now, chance()?),
                    tenant: tenant_of(store, tenant).await?,
                    name: tenancy::name(&name).map_err(|bad| wrong("name", &bad))?.into(),
                    login,
                    password,
                    role,
                    created_at: now,
                    revoked_at: None,
                };
                let row = Decision::User(user);
                if store.add_decision(&row).await.map_err(|error| failed(&error))? == Added::Known {
                    return Err(Failure::new(Exit::Failed, "login: another user has it"));
                }
                keep(store, mirror.as_deref()).await?;
                Ok(with_password(&row, made))
            }
        }
    }

    /// Sets a user's password. The answer holds it, if it was made, this once.
    pub async fn set_password(&self, id: &str, password: Option<Private<String>>) -> Result<Value, Failure> {
        match self {
            Self::Server(client) => {
                if !is_id(id) {
                    return Err(none(Kind::Users));
                }
                let password = password.as_ref().map(Private::reveal);
                client.put(&format!("/api/users/{id}/password"), &json!({ "password": password })).await
            }
            Self::Database(store, mirror) => {
                let rows = store.decisions().await.map_err(|error| failed(&error))?;
                let user = rows.into_iter().find_map(|row| match row {
                    Decision::User(user) if user.id.as_str() == id && user.revoked_at.is_none() => Some(user),
                    _ => None,
                });
                let mut user = user.ok_or_else(|| none(Kind::Users))?;
                if user.login.is_none() {
                    return Err(Failure::new(Exit::Failed, "they have no login name to sign in with"));
                }
                let (password, made) = password_of(password, user.login.as_ref())?;
                store.set_password(&user.id, &password).await.map_err(|error| failed(&error))?;
                keep(store, mirror.as_deref()).await?;
                user.password = Some(password);
                Ok(with_password(&Decision::User(user), made))
            }
        }
    }

    /// Revokes one of a kind.
    pub async fn revoke(&self, kind: Kind, id: &str) -> Result<(), Failure> {
        match self {
            Self::Server(client) => {
                if !is_id(id) {
                    return Err(none(kind));
                }
                client.delete(&format!("/api/{}/{id}", kind.word())).await.map(drop)
            }
            Self::Database(store, mirror) => {
                let id = match kind {
                    Kind::Tenants => DecisionId::Tenant(TenantId::new(id)),
                    Kind::Keys => DecisionId::Key(KeyId::new(id)),
                    Kind::Users => DecisionId::User(UserId::new(id)),
                };
                let rows = store.decisions().await.map_err(|error| failed(&error))?;
                if !rows.iter().any(|row| row.id() == id) {
                    return Err(none(kind));
                }
                store.revoke_decision(&id, Clock::real().now()).await.map_err(|error| failed(&error))?;
                keep(store, mirror.as_deref()).await
            }
        }
    }

    /// Lets go of the database.
    pub async fn close(self) {
        if let Self::Database(store, mirror) = self {
            store.close().await;
            if let Some(mirror) = mirror {
                mirror.close();
            }
        }
    }
}

/// A key that is to be made.
pub(super) struct AskedKey {
    pub name: String,
    pub tenant: Option<String>,
    pub role: Role,
    pub scopes: Option<Scopes>,
    pub expires_at: Option<jiff::Timestamp>,
}

/// A user that is to be added.
pub(super) struct AskedUser {
    pub name: String,
    pub tenant: Option<String>,
    pub role: Role,
    pub login: Option<String>,
    pub password: Option<Private<String>>,
}

/// What no id is made of would be another address.
fn is_id(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The password that was given, or a made one, which is told as well.
fn password_of(
    given: Option<Private<String>>,
    login: Option<&Login>,
) -> Result<(Password, Option<String>), Failure> {
    let (text, made) = match given {
        Some(given) => {
            (tenancy::new_password(given.reveal(), login).map_err(|bad| wrong("password", &bad))?, None)
        }
        None => {
            let made = made_password(&chance()?);
            (Private::new(made.clone()), Some(made))
        }
    };
    let hash = hashed(text.reveal(), &chance()?);
    let hash = hash.map_err(|error| Failure::new(Exit::Failed, error))?;
    Ok((Password { hash, set_at: Clock::real().now() }, made))
}

fn with_password(row: &Decision, made: Option<String>) -> Value {
    let mut told = as_json(Kind::Users, row).unwrap_or_default();
    if let Some(made) = made {
        told["password"] = made.into();
    }
    told
}

async fn open(settings: &Settings) -> Result<Trust, Failure> {
    let target = &settings.store.database;
    if !target.is_index() {
        return Ok(Trust::Database(make_store(settings).await?, None));
    }
    let folder = place(settings)?;
    make_folder(&folder.data).map_err(|error| Failure::new(Exit::Failed, crate::exit::chain(&error)))?;
    let opened = Box::pin(Mirror::open(&folder, journal_options(settings), target)).await;
    let (mirror, store) = opened.map_err(|error| of_held(&error))?;
    Ok(Trust::Database(store, Some(Box::new(mirror))))
}

/// Has the journal keep what was decided, where there is no database that does.
async fn keep(store: &Store, mirror: Option<&Mirror>) -> Result<(), Failure> {
    match mirror {
        Some(mirror) => mirror.keep(store).await.map_err(|error| of_held(&error)),
        None => Ok(()),
    }
}

async fn tenant_of(store: &Store, asked: Option<String>) -> Result<TenantId, Failure> {
    let tenant = asked.map_or_else(TenantId::default_tenant, TenantId::new);
    is_open(&store.decisions().await.map_err(|error| failed(&error))?, &tenant)?;
    Ok(tenant)
}

fn is_open(rows: &[Decision], tenant: &TenantId) -> Result<(), Failure> {
    let id = DecisionId::Tenant(tenant.clone());
    let is_open = |row: &Decision| row.id() == id && row.revoked_at().is_none();
    if tenant.is_default() || rows.iter().any(is_open) {
        Ok(())
    } else {
        Err(Failure::new(Exit::Failed, "there is no such tenant"))
    }
}

/// A row as the server would tell it; `None` if it is of another kind. No hash is told.
fn as_json(kind: Kind, row: &Decision) -> Option<Value> {
    match (kind, row) {
        (Kind::Tenants, Decision::Tenant(tenant)) => serde_json::to_value(tenant).ok(),
        (Kind::Users, Decision::User(user)) => {
            let mut told = serde_json::to_value(user).ok()?;
            let fields = told.as_object_mut()?;
            fields.remove("password");
            fields.insert("login".to_owned(), json!(user.login));
            fields.insert(
                "password_set_at".to_owned(),
                json!(user.password.as_ref().map(|password| password.set_at)),
            );
            Some(told)
        }
        (Kind::Keys, Decision::Key(key)) => {
            let mut told = serde_json::to_value(key).ok()?;
            told.as_object_mut()?.remove("hash");
            Some(told)
        }
        _ => None,
    }
}

fn given_number(row: &Decision) -> Option<Value> {
    let Decision::Number(Number { number, tenant, label, answering, .. }) = row else { return None };
    let (script, forward, bot) = match &answering.answer {
        Answer::Script(script) => (Some(script), None, None),
        Answer::Forward(to) => (None, Some(to), None),
        Answer::Bot(bot) => (None, None, Some(bot)),
    };
    let given = matches!(row, Decision::Number(number) if number.is_given());
    given.then(|| {
        json!({
            "number": number, "tenant": tenant, "label": label, "script": script, "forward": forward, "bot": bot, "source": "api",
            "opening_hours": answering.opening_hours, "after_hours": answering.after_hours,
        })
    })
}

fn chance<const N: usize>() -> Result<[u8; N], Failure> {
    let mut bytes = [0; N];
    let filled = fill(&mut bytes);
    filled.map_err(|error| {
        Failure::new(Exit::Failed, format_args!("the system gave no randomness: {error}"))
    })?;
    Ok(bytes)
}

fn none(kind: Kind) -> Failure {
    Failure::new(Exit::Failed, format_args!("there is no such {}", kind.word().trim_end_matches('s')))
}

fn wrong(field: &str, bad: &BadName) -> Failure {
    Failure::new(Exit::Usage, format_args!("{field}: {bad}"))
}

fn failed(error: &StoreError) -> Failure {
    Failure::while_doing("the database", error)
}

//! Where tenants, keys and users are changed: at the running server, else in the database itself. Both answer with the
//! same JSON. A server that runs elsewhere on the same database reads what was changed within a second.

use getrandom::fill;
use serde_json::{Value, json};
use trunkline_core::id::{KeyId, TenantId, UserId};
use trunkline_core::tenancy::{
    self, ApiKey, BadName, Decision, DecisionId, KeyHash, Role, Tenant, User, key_text,
};
use trunkline_engine::Clock;
use trunkline_engine::operating::Mirror;
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

    /// Makes a tenant.
    pub async fn add_tenant(&self, id: &str, name: &str) -> Result<Value, Failure> {
        match self {
            Self::Server(client) => client.post("/api/tenants", &json!({ "id": id, "name": name })).await,
            Self::Database(store, mirror) => {
                let id = tenancy::tenant_id(id).map_err(|bad| wrong("id", &bad))?;
                let name = tenancy::name(name).map_err(|bad| wrong("name", &bad))?;
                let tenant = Tenant { id, name, created_at: Clock::real().now(), revoked_at: None };
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
        let AskedKey { name, tenant, role, expires_at } = asked;
        match self {
            Self::Server(client) => {
                let body = json!({ "name": name, "tenant": tenant, "role": role, "expires_at": expires_at });
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

    /// Adds a user.
    pub async fn add_user(&self, name: &str, tenant: Option<String>, role: Role) -> Result<Value, Failure> {
        match self {
            Self::Server(client) => {
                client.post("/api/users", &json!({ "name": name, "tenant": tenant, "role": role })).await
            }
            Self::Database(store, mirror) => {
                let now = Clock::real().now();
                let row = Decision::User(User {
                    id: UserId::minted(now, chance()?),
                    tenant: tenant_of(store, tenant).await?,
                    name: tenancy::name(name).map_err(|bad| wrong("name", &bad))?.into(),
                    role,
                    created_at: now,
                    revoked_at: None,
                });
                store.add_decision(&row).await.map_err(|error| failed(&error))?;
                keep(store, mirror.as_deref()).await?;
                Ok(as_json(Kind::Users, &row).unwrap_or_default())
            }
        }
    }

    /// Revokes one of a kind.
    pub async fn revoke(&self, kind: Kind, id: &str) -> Result<(), Failure> {
        match self {
            Self::Server(client) => {
                // What no id is made of would be another address.
                let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
                if id.is_empty() || !id.bytes().all(is_plain) {
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
    pub expires_at: Option<jiff::Timestamp>,
}

async fn open(settings: &Settings) -> Result<Trust, Failure> {
    let target = &settings.store.database;
    if !target.is_index() {
        return Ok(Trust::Database(make_store(settings).await?, None));
    }
    let folder = place(settings);
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
        (Kind::Users, Decision::User(user)) => serde_json::to_value(user).ok(),
        (Kind::Keys, Decision::Key(key)) => {
            let mut told = serde_json::to_value(key).ok()?;
            told.as_object_mut()?.remove("hash");
            Some(told)
        }
        _ => None,
    }
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

//! Decision data: whose keys, users and numbers there are. Here is its truth; nodes mirror it.

use crate::db::{Durability, Tx};
use crate::error::StoreError;
use crate::row::Row;
use crate::sql;
use crate::store::Store;
use crate::value::Value;
use jiff::Timestamp;
use trunkline_core::id::{KeyId, TenantId, UserId};
use trunkline_core::numbers::Number;
use trunkline_core::private::Address;
use trunkline_core::tenancy::{
    ApiKey, Decision, DecisionId, KeyHash, Login, Password, PasswordHash, Scopes, Tenant, User,
};

const READING: &str = "reading whom to trust";
const DECIDING: &str = "changing whom to trust";

/// Which database says so, and how often what it says has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionsStand {
    /// The database's own name.
    pub store: String,
    /// Counted up with every change.
    pub changes: u64,
}

/// Whether a row was new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is there now.
    New,
    /// There was one of its id or its login, which stays as it is; of a number, one of this version or a higher.
    Known,
}

impl Store {
    /// Whether there is anything new to read.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn decisions_stand(&self) -> Result<DecisionsStand, StoreError> {
        let rows = self.db.read(READING, &sql::DECISIONS_STAND, vec![]).await?;
        let row = rows.first().ok_or_else(|| StoreError::broken(READING, "it has no store id"))?;
        let changes = row.text("changes")?;
        let changes = changes.parse().map_err(|_| StoreError::broken(READING, "its count is no number"))?;
        Ok(DecisionsStand { store: row.text("store")?, changes })
    }

    /// Every tenant, key, user and number there ever was.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn decisions(&self) -> Result<Vec<Decision>, StoreError> {
        let mut all = Vec::new();
        for row in self.db.read(READING, &sql::TENANTS, vec![]).await? {
            all.push(Decision::Tenant(tenant(&row)?));
        }
        for row in self.db.read(READING, &sql::API_KEYS, vec![]).await? {
            all.push(Decision::Key(api_key(&row)?));
        }
        for row in self.db.read(READING, &sql::USERS, vec![]).await? {
            all.push(Decision::User(user(&row)?));
        }
        for row in self.db.read(READING, &sql::NUMBERS, vec![]).await? {
            all.push(Decision::Number(number(&row)?));
        }
        Ok(all)
    }

    /// The row of a number, if it ever was ours.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn number(&self, number: &Address) -> Result<Option<Number>, StoreError> {
        let rows = self.db.read(READING, &sql::NUMBER, vec![number.as_str().into()]).await?;
        rows.first().map(self::number).transpose()
    }

    /// Adds a row, durably; of a number, a version that is higher than the one there is.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn add_decision(&self, decision: &Decision) -> Result<Added, StoreError> {
        let mut tx = self.db.begin(DECIDING, Durability::Decision).await?;
        let added = add(&mut tx, decision).await?;
        finish(tx).await?;
        Ok(if added == 0 { Added::Known } else { Added::New })
    }

    /// Revokes a row, durably. One that is revoked already keeps its time.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn revoke_decision(&self, id: &DecisionId, at: Timestamp) -> Result<(), StoreError> {
        let mut tx = self.db.begin(DECIDING, Durability::Decision).await?;
        revoke(&mut tx, id, at).await?;
        finish(tx).await
    }

    /// Gives a user another password, durably. A later one that is there stays.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn set_password(&self, user: &UserId, password: &Password) -> Result<(), StoreError> {
        let mut tx = self.db.begin(DECIDING, Durability::Decision).await?;
        set_password(&mut tx, user, password).await?;
        finish(tx).await
    }

    /// Says which carriers a tenant's calls go through, durably. What was said later stays.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn set_carriers(&self, tenant: &Tenant) -> Result<(), StoreError> {
        let mut tx = self.db.begin(DECIDING, Durability::Decision).await?;
        set_carriers(&mut tx, tenant).await?;
        finish(tx).await
    }

    /// Brings rows back that a mirror has and this database has not, what the mirror knows to be revoked, and its later
    /// passwords and policies of carriers: all or none.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn restore_decisions(&self, decisions: &[Decision]) -> Result<(), StoreError> {
        let mut tx = self.db.begin(DECIDING, Durability::Decision).await?;
        for decision in decisions {
            add(&mut tx, decision).await?;
            match decision {
                Decision::User(User { id, password: Some(password), .. }) => {
                    set_password(&mut tx, id, password).await?;
                }
                Decision::Tenant(tenant) => {
                    set_carriers(&mut tx, tenant).await?;
                }
                Decision::User(_) | Decision::Key(_) | Decision::Number(_) => {}
            }
            if let Some(at) = decision.revoked_at() {
                revoke(&mut tx, &decision.id(), at).await?;
            }
        }
        finish(tx).await
    }
}

async fn finish(mut tx: Tx) -> Result<(), StoreError> {
    count(&mut tx).await?;
    tx.commit().await
}

/// Something changed: whoever mirrors it looks.
pub(crate) async fn count(tx: &mut Tx) -> Result<(), StoreError> {
    tx.run(&sql::COUNT_DECISION, vec![]).await.map(drop)
}

/// Adds a row from elsewhere; whether anything changed. What is here stays as it is: a tenant is not revoked by what a file says of one
/// of its name, and a number that somebody has here is not answered otherwise.
pub(crate) async fn bring(tx: &mut Tx, decision: &Decision) -> Result<bool, StoreError> {
    if let Decision::Number(new) = decision {
        let rows = tx.rows(&sql::NUMBER, vec![new.number.as_str().into()]).await?;
        let known = rows.first().map(number).transpose()?;
        if known.is_some_and(|known| known.is_given()) {
            return Ok(false);
        }
    }
    let added = add(tx, decision).await?;
    let revoked = match decision.revoked_at() {
        Some(at) if added > 0 => revoke(tx, &decision.id(), at).await?,
        _ => 0,
    };
    Ok(added + revoked > 0)
}

/// Nobody changes a number so often.
pub(crate) const MOST_VERSIONS: i64 = 1 << 53;

async fn add(tx: &mut Tx, decision: &Decision) -> Result<u64, StoreError> {
    match decision {
        Decision::Tenant(tenant) => {
            let values = vec![
                tenant.id.as_str().into(),
                tenant.name.as_str().into(),
                micros(tenant.created_at),
                carriers(tenant)?,
                Value::Int(tenant.carriers_set_at.map(Timestamp::as_microsecond)),
            ];
            tx.run(&sql::ADD_TENANT, values).await
        }
        Decision::Key(key) => {
            let values = vec![
                key.id.as_str().into(),
                key.tenant.as_str().into(),
                key.hash.to_hex().into(),
                key.name.as_str().into(),
                key.role.as_str().into(),
                micros(key.created_at),
                Value::Int(key.expires_at.map(Timestamp::as_microsecond)),
                key.scopes.words().into(),
            ];
            tx.run(&sql::ADD_API_KEY, values).await
        }
        Decision::User(user) => {
            let values = vec![
                user.id.as_str().into(),
                user.tenant.as_str().into(),
                user.name.reveal().as_str().into(),
                user.role.as_str().into(),
                micros(user.created_at),
                Value::Text(user.login.as_ref().map(|login| login.as_str().into())),
                Value::Text(user.password.as_ref().map(|password| password.hash.as_str().into())),
                Value::Int(user.password.as_ref().map(|password| password.set_at.as_microsecond())),
            ];
            tx.run(&sql::ADD_USER, values).await
        }
        Decision::Number(number) => {
            let answering = serde_json::to_string(&number.answering)
                .map_err(|error| StoreError::broken(DECIDING, error.to_string()))?;
            // Whatever a file says, there is room for later ones.
            let version = i64::try_from(number.version).unwrap_or(MOST_VERSIONS).min(MOST_VERSIONS);
            let values = vec![
                number.number.as_str().into(),
                number.tenant.as_str().into(),
                number.label.as_deref().into(),
                answering.into(),
                version.into(),
                micros(number.created_at),
                micros(number.updated_at),
                Value::Int(number.removed_at.map(Timestamp::as_microsecond)),
            ];
            tx.run(&sql::PUT_NUMBER, values).await
        }
    }
}

async fn set_password(tx: &mut Tx, user: &UserId, password: &Password) -> Result<u64, StoreError> {
    let values = vec![user.as_str().into(), password.hash.as_str().into(), micros(password.set_at)];
    tx.run(&sql::SET_PASSWORD, values).await
}

async fn set_carriers(tx: &mut Tx, tenant: &Tenant) -> Result<u64, StoreError> {
    let Some(at) = tenant.carriers_set_at else { return Ok(0) };
    tx.run(&sql::SET_CARRIERS, vec![tenant.id.as_str().into(), carriers(tenant)?, micros(at)]).await
}

fn carriers(tenant: &Tenant) -> Result<Value, StoreError> {
    let json = tenant.carriers.as_ref().map(serde_json::to_string).transpose();
    Ok(Value::Text(json.map_err(|error| StoreError::broken(DECIDING, error.to_string()))?.map(Into::into)))
}

async fn revoke(tx: &mut Tx, id: &DecisionId, at: Timestamp) -> Result<u64, StoreError> {
    let (statement, id) = match id {
        DecisionId::Tenant(id) => (&sql::REVOKE_TENANT, id.as_str()),
        DecisionId::Key(id) => (&sql::REVOKE_API_KEY, id.as_str()),
        DecisionId::User(id) => (&sql::REVOKE_USER, id.as_str()),
        DecisionId::Number(number) => (&sql::REMOVE_NUMBER, number.as_str()),
    };
    tx.run(statement, vec![id.into(), micros(at)]).await
}

fn micros(at: Timestamp) -> Value {
    at.as_microsecond().into()
}

fn tenant(row: &Row) -> Result<Tenant, StoreError> {
    let carriers = row.opt_text("carriers")?.map(|json| serde_json::from_str(&json));
    Ok(Tenant {
        id: TenantId::new(row.text("id")?),
        name: row.text("name")?,
        created_at: row.time("created_at")?,
        revoked_at: row.opt_time("revoked_at")?,
        carriers: carriers
            .transpose()
            .map_err(|_| StoreError::broken(READING, "column carriers holds what is no policy"))?,
        carriers_set_at: row.opt_time("carriers_at")?,
    })
}

fn api_key(row: &Row) -> Result<ApiKey, StoreError> {
    let hash = KeyHash::from_hex(&row.text("hash")?);
    let scopes = Scopes::parse(&row.text("scopes")?);
    Ok(ApiKey {
        id: KeyId::new(row.text("id")?),
        tenant: TenantId::new(row.text("tenant")?),
        hash: hash.ok_or_else(|| StoreError::broken(READING, "column hash holds what is no hash"))?,
        name: row.text("name")?,
        role: row.word("role")?,
        scopes: scopes.ok_or_else(|| StoreError::broken(READING, "column scopes holds what is no scope"))?,
        created_at: row.time("created_at")?,
        expires_at: row.opt_time("expires_at")?,
        revoked_at: row.opt_time("revoked_at")?,
    })
}

fn user(row: &Row) -> Result<User, StoreError> {
    let no_login = |_| StoreError::broken(READING, "column login holds what is none");
    let password = row.opt_text("password")?.zip(row.opt_time("password_at")?);
    Ok(User {
        id: UserId::new(row.text("id")?),
        tenant: TenantId::new(row.text("tenant")?),
        name: row.text("name")?.into(),
        login: row.opt_text("login")?.map(|login| Login::parse(&login)).transpose().map_err(no_login)?,
        password: password.map(|(hash, set_at)| Password { hash: PasswordHash::new(hash), set_at }),
        role: row.word("role")?,
        created_at: row.time("created_at")?,
        revoked_at: row.opt_time("revoked_at")?,
    })
}

fn number(row: &Row) -> Result<Number, StoreError> {
    Ok(Number {
        number: Address::new(row.text("number")?),
        tenant: TenantId::new(row.text("tenant")?),
        label: row.opt_text("label")?,
        answering: row.json("answering")?,
        version: row.number("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        removed_at: row.opt_time("removed_at")?,
    })
}

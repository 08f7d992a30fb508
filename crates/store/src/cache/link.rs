//! One connection to Redis, and what is asked over it.

use super::address::CacheAddress;
use super::seal::CacheKeys;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind, Pipeline, RedisError};
use serde::{Deserialize, Serialize};
use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use trunkline_core::call::Call;
use trunkline_core::id::{CallId, SessionId, TenantId};

/// What is not written again is gone after so many seconds: a day.
const KEPT_SECS: u64 = 86_400;
/// A larger value is not kept. Calls have a few kilobytes.
const MAX_BYTES: usize = 64 << 10;
/// How long connecting, and each answer, may take. Readers have less patience, and their own clock.
const PATIENCE: Duration = Duration::from_secs(1);

/// Which of all writings a value is: no two have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Edition {
    /// The life of the process that wrote it, by chance.
    pub life: u64,
    /// Which of its writings, counting up.
    pub number: u64,
}

/// Whether the session of a call points to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pointing {
    /// It does: the call is its newest.
    Session,
    /// It does not, or the call has none.
    Nothing,
}

/// A call to be kept.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The call.
    pub call: Arc<Call>,
    /// This writing of it.
    pub edition: Edition,
    /// Whether its session shall point to it.
    pub pointing: Pointing,
}

/// A call that was kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cached {
    /// Which writing it is.
    pub edition: Edition,
    /// The call as it was then.
    pub call: Call,
}

/// What the cache has.
#[derive(Clone, Debug, PartialEq)]
pub enum Found {
    /// Nothing.
    Nothing,
    /// Something that we did not write, or not for this name: it says nothing.
    Refused,
    /// A call as it was at some time.
    Call(Box<Cached>),
}

/// Why the cache gave no answer. No password, no value and no name is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CacheError {
    /// It does not answer in time.
    #[error("it does not answer in time")]
    Silent,
    /// It can't be reached, or hung up.
    #[error("it can't be reached: {0}")]
    Unreachable(io::ErrorKind),
    /// It does not know our password.
    #[error("it refuses our user or password")]
    Password,
    /// It refuses what was asked.
    #[error("it answers {0}")]
    Refuses(String),
}

/// An open connection. Cheap to clone; every clone is the same connection. Once it has failed it stays so.
#[derive(Clone)]
pub struct Link {
    connection: MultiplexedConnection,
    keys: Arc<CacheKeys>,
}

impl Link {
    /// Connects, and makes sure that somebody answers.
    ///
    /// # Errors
    /// [`CacheError`].
    pub async fn connect(address: &CacheAddress, keys: Arc<CacheKeys>) -> Result<Self, CacheError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let open = async {
            let client = Client::open(address.info())?;
            client.get_multiplexed_async_connection_with_config(&config).await
        };
        // Looking up a name has no end of its own.
        let connection = tokio::time::timeout(2 * PATIENCE, open).await.map_err(|_| CacheError::Silent)??;
        let link = Self { connection, keys };
        link.ping().await?;
        Ok(link)
    }

    /// Whether somebody answers.
    ///
    /// # Errors
    /// Nobody does.
    pub async fn ping(&self) -> Result<(), CacheError> {
        let mut connection = self.connection.clone();
        let answer: String = redis::cmd("PING").query_async(&mut connection).await?;
        match answer.as_str() {
            "PONG" => Ok(()),
            _ => Err(CacheError::Refuses("something else than PONG".to_owned())),
        }
    }

    /// Keeps calls for a day, whatever stood there before. One that is too large is taken out instead.
    ///
    /// # Errors
    /// Some of it may have been written, or nothing.
    pub async fn put(&self, entries: &[Entry]) -> Result<(), CacheError> {
        let mut all = redis::pipe();
        for Entry { call, edition, pointing } in entries {
            let name = self.keys.name_of_call(call.id);
            let value = serde_json::to_vec(&Writing { edition: *edition, call }).unwrap_or_default();
            if value.is_empty() || value.len() > MAX_BYTES {
                all.cmd("DEL").arg(&name).ignore();
                continue;
            }
            self.set(&mut all, &name, &value);
            if let (Pointing::Session, Some(session)) = (pointing, &call.session) {
                let name = self.keys.name_of_session(&call.tenant, session);
                self.set(&mut all, &name, call.id.as_bytes());
            }
        }
        self.send(&all).await
    }

    /// Takes calls out. Pointers to them lead nowhere.
    ///
    /// # Errors
    /// Some of them may be gone, or none.
    pub async fn gone(&self, calls: &[CallId]) -> Result<(), CacheError> {
        let mut all = redis::pipe();
        for call in calls {
            all.cmd("DEL").arg(self.keys.name_of_call(*call)).ignore();
        }
        self.send(&all).await
    }

    /// The call of this id.
    ///
    /// # Errors
    /// The cache did not answer.
    pub async fn call(&self, id: CallId) -> Result<Found, CacheError> {
        let name = self.keys.name_of_call(id);
        let Some(value) = self.get(&name).await? else { return Ok(Found::Nothing) };
        let text = self.keys.open(&name, &value);
        let cached = text.and_then(|text| serde_json::from_slice::<Cached>(&text).ok());
        Ok(cached.map_or(Found::Refused, |cached| Found::Call(Box::new(cached))))
    }

    /// The call that a tenant's session points to.
    ///
    /// # Errors
    /// The cache did not answer.
    pub async fn call_of_session(&self, tenant: &TenantId, session: &SessionId) -> Result<Found, CacheError> {
        let name = self.keys.name_of_session(tenant, session);
        let Some(value) = self.get(&name).await? else { return Ok(Found::Nothing) };
        let pointer = self.keys.open(&name, &value).and_then(|id| id.try_into().ok());
        match pointer {
            Some(id) => self.call(CallId::from_bytes(id)).await,
            None => Ok(Found::Refused),
        }
    }

    fn set(&self, all: &mut Pipeline, name: &str, text: &[u8]) {
        all.cmd("SET").arg(name).arg(self.keys.seal(name, text)).arg("EX").arg(KEPT_SECS).ignore();
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, CacheError> {
        let mut connection = self.connection.clone();
        match redis::cmd("GET").arg(name).query_async(&mut connection).await {
            Ok(value) => Ok(value),
            // Somebody put a list there, or a set.
            Err(error) if error.code() == Some("WRONGTYPE") => Ok(Some(Vec::new())),
            Err(error) => Err(error.into()),
        }
    }

    async fn send(&self, all: &Pipeline) -> Result<(), CacheError> {
        if all.is_empty() {
            return Ok(());
        }
        Ok(all.query_async::<()>(&mut self.connection.clone()).await?)
    }
}

/// [`Cached`], lent.
#[derive(Serialize)]
struct Writing<'a> {
    edition: Edition,
    call: &'a Call,
}

impl From<RedisError> for CacheError {
    /// What the driver says may quote what it was given: only its kind is told on.
    fn from(error: RedisError) -> Self {
        if error.is_timeout() {
            return Self::Silent;
        }
        match (error.kind(), error.code()) {
            (ErrorKind::AuthenticationFailed, _) | (_, Some("NOAUTH" | "WRONGPASS" | "NOPERM")) => {
                Self::Password
            }
            (_, Some(code)) => Self::Refuses(code.chars().filter(char::is_ascii_graphic).take(40).collect()),
            (ErrorKind::Io, _) => {
                let source = error.source();
                let shared = source.and_then(|source| source.downcast_ref::<Arc<dyn Error + Send + Sync>>());
                let io = shared.and_then(|shared| shared.downcast_ref::<io::Error>());
                Self::Unreachable(io.map_or(io::ErrorKind::NotConnected, io::Error::kind))
            }
            (kind, _) => Self::Refuses(format!("{kind:?}")),
        }
    }
}

//! Calls that older systems kept in Redis, one hash a call: read, and never written.
//!
//! In goes a pattern of names, out come the hashes that match it, a page at a time. What is under such a name and no hash,
//! or no text, is told beside its name. What the fields mean is the caller's affair.

use super::address::CacheAddress;
use super::link::CacheError;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, ErrorKind};
use std::collections::BTreeMap;
use std::time::Duration;

/// How long connecting, and each answer, may take: an operator would rather wait than begin again.
const PATIENCE: Duration = Duration::from_secs(10);
/// About how many names are asked for at once.
const NAMES: u32 = 500;

/// A Redis that is only read.
pub struct Hashes {
    connection: MultiplexedConnection,
    pattern: String,
    /// Where the walk stands; `None` at its end.
    next: Option<u64>,
}

/// What stands under a name.
#[derive(Clone, PartialEq, Eq)]
pub struct Hash {
    /// The name.
    pub name: String,
    /// Its fields, or why it has none that can be read.
    pub fields: Result<BTreeMap<String, String>, NoHash>,
}

/// Why what stands under a name is no hash of texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoHash {
    /// It is a list, a set or something else.
    #[error("it is no hash")]
    OtherKind,
    /// A field is no UTF-8.
    #[error("a field of it is no text")]
    NoText,
    /// It went while it was looked for.
    #[error("it is empty, or gone")]
    Empty,
}

impl Hashes {
    /// Connects, and makes sure that somebody answers.
    ///
    /// # Errors
    /// [`CacheError`].
    pub async fn open(address: &CacheAddress, pattern: &str) -> Result<Self, CacheError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let open = async {
            let client = Client::open(address.info())?;
            client.get_multiplexed_async_connection_with_config(&config).await
        };
        let connection = tokio::time::timeout(2 * PATIENCE, open).await.map_err(|_| CacheError::Silent)??;
        Ok(Self { connection, pattern: pattern.to_owned(), next: Some(0) })
    }

    /// The next page; `None` after the last. A name that is added or removed meanwhile may be met or not, and one may be
    /// met twice.
    ///
    /// # Errors
    /// [`CacheError`].
    pub async fn next(&mut self) -> Result<Option<Vec<Hash>>, CacheError> {
        let Some(cursor) = self.next else { return Ok(None) };
        let (next, names): (u64, Vec<Vec<u8>>) = redis::cmd("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(&self.pattern)
            .arg("COUNT")
            .arg(NAMES)
            .query_async(&mut self.connection)
            .await?;
        self.next = (next != 0).then_some(next);
        let mut page = Vec::with_capacity(names.len());
        for name in names {
            let fields = self.fields(&name).await?;
            page.push(Hash { name: String::from_utf8_lossy(&name).into_owned(), fields });
        }
        Ok(Some(page))
    }

    async fn fields(&mut self, name: &[u8]) -> Result<Result<BTreeMap<String, String>, NoHash>, CacheError> {
        let found = redis::cmd("HGETALL").arg(name).query_async(&mut self.connection).await;
        let pairs: Vec<(Vec<u8>, Vec<u8>)> = match found {
            Ok(pairs) => pairs,
            Err(error) if error.code() == Some("WRONGTYPE") => return Ok(Err(NoHash::OtherKind)),
            Err(error) if error.kind() == ErrorKind::UnexpectedReturnType => {
                return Ok(Err(NoHash::OtherKind));
            }
            Err(error) => return Err(error.into()),
        };
        if pairs.is_empty() {
            return Ok(Err(NoHash::Empty));
        }
        let text = |(field, value)| Some((String::from_utf8(field).ok()?, String::from_utf8(value).ok()?));
        Ok(pairs.into_iter().map(text).collect::<Option<BTreeMap<_, _>>>().ok_or(NoHash::NoText))
    }
}

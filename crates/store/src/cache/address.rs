//! Where Redis is. It may hold a password, which nothing here ever shows.

use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, RedisConnectionInfo};
use std::fmt;
use std::str::FromStr;

/// `redis://user:password@host:port/number`, `rediss://` for TLS, `unix:///path?db=number&pass=password`.
#[derive(Clone)]
pub struct CacheAddress(ConnectionInfo);

/// Why an address is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadCacheAddress {
    /// It begins with something else.
    #[error("it does not begin with redis://, rediss:// or unix://")]
    Scheme,
    /// It has a part that can't be read.
    #[error(
        "it can't be read as redis://user:password@host:port/number; special characters of a password are written \
         as %40 and the like"
    )]
    Unreadable,
    /// It would accept any certificate.
    #[error("it may not be #insecure: who stands between could read and write everything")]
    Insecure,
}

impl CacheAddress {
    /// By its parts; `number` is the database's.
    ///
    /// # Errors
    /// A host or a number that can't be one.
    pub fn new(host: &str, port: u16, number: u16, password: Option<&str>) -> Result<Self, BadCacheAddress> {
        let info = (host, port).into_connection_info().map_err(|_| BadCacheAddress::Unreadable)?;
        let mut settings = RedisConnectionInfo::default().set_db(i64::from(number));
        if let Some(password) = password {
            settings = settings.set_password(password);
        }
        Ok(Self(info.set_redis_settings(settings)))
    }

    pub(super) fn info(&self) -> ConnectionInfo {
        self.0.clone()
    }
}

impl FromStr for CacheAddress {
    type Err = BadCacheAddress;

    fn from_str(text: &str) -> Result<Self, BadCacheAddress> {
        let (scheme, _) = text.split_once(':').ok_or(BadCacheAddress::Scheme)?;
        if !["redis", "rediss", "unix"].contains(&&*scheme.to_ascii_lowercase()) {
            return Err(BadCacheAddress::Scheme);
        }
        // The error of the driver may quote what it read: it stays here.
        let info = text.into_connection_info().map_err(|_| BadCacheAddress::Unreadable)?;
        match info.addr() {
            ConnectionAddr::TcpTls { insecure: true, .. } => Err(BadCacheAddress::Insecure),
            _ => Ok(Self(info)),
        }
    }
}

impl fmt::Display for CacheAddress {
    /// Without any password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.0.redis_settings().db();
        match self.0.addr() {
            ConnectionAddr::Tcp(host, port) => write!(f, "redis://{host}:{port}/{number}"),
            ConnectionAddr::TcpTls { host, port, .. } => write!(f, "rediss://{host}:{port}/{number}"),
            ConnectionAddr::Unix(path) => write!(f, "unix://{}?db={number}", path.display()),
            _ => f.write_str("redis"),
        }
    }
}

impl fmt::Debug for CacheAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_password() {
        let table = [
            ("redis://me:s3cret@cache.example:6380/2", "redis://cache.example:6380/2"),
            ("redis://:s3cret@cache.example", "redis://cache.example:6379/0"),
            ("rediss://:s%40cret@cache.example/1", "rediss://cache.example:6379/1"),
            ("unix:///run/redis.sock?pass=s3cret&db=3", "unix:///run/redis.sock?db=3"),
        ];
        for (text, shown) in table {
            let address: CacheAddress = text.parse().unwrap();
            assert_eq!((address.to_string(), format!("{address:?}")), (shown.into(), shown.into()), "{text}");
        }
        let parts = CacheAddress::new("cache", 6379, 4, Some("s3cret")).unwrap();
        assert_eq!(format!("{parts:?}"), "redis://cache:6379/4");
        assert_eq!(parts.0.redis_settings().password(), Some("s3cret"));
    }

    #[test]
    fn what_is_no_address_is_refused_without_quoting_it() {
        let table = [
            ("s3cret", BadCacheAddress::Scheme),
            ("http://:s3cret@cache", BadCacheAddress::Scheme),
            ("redis://:s3cret@cache:port", BadCacheAddress::Unreadable),
            ("redis://:s3cret@cache/s3cret", BadCacheAddress::Unreadable),
            ("rediss://:s3cret@cache/0#insecure", BadCacheAddress::Insecure),
        ];
        for (text, expected) in table {
            let error = text.parse::<CacheAddress>().unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(!error.to_string().contains("s3cret"));
        }
    }
}

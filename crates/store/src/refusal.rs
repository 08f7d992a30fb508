//! What drivers and engines say when they refuse, sorted by what to do next.
//!
//! An engine's words are passed on only where they name tables and columns; where they may quote a row they stay here.

use crate::error::{Away, StoreError};
use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;
use std::io::ErrorKind;

impl StoreError {
    /// Sorts a driver's error.
    pub(crate) fn from_sqlx(doing: &'static str, error: &sqlx::Error) -> Self {
        use sqlx::Error as E;
        match error {
            E::Database(refusal) => match refusal.try_downcast_ref::<PgDatabaseError>() {
                Some(refusal) => Self::from_postgres(doing, refusal),
                None => Self::from_sqlite(doing, refusal.as_ref()),
            },
            E::PoolTimedOut | E::PoolClosed => Self::away(doing, Away::Busy),
            E::Io(error) if is_of_network(error.kind()) => Self::away(doing, Away::Unreachable),
            // What is wrong with a certificate comes from rustls as an error of the socket.
            E::Io(error) if error.kind() == ErrorKind::InvalidData => Self::away(doing, Away::Untrusted),
            // A connection that is left inside a transaction is thrown away by the pool: the next one will do.
            E::Io(_) | E::WorkerCrashed | E::BeginFailed | E::InvalidSavePointStatement | E::Protocol(_) => {
                Self::away(doing, Away::Io)
            }
            E::Tls(_) => Self::away(doing, Away::Untrusted),
            E::ColumnNotFound(column) => Self::broken(doing, format!("no column {column}")),
            E::ColumnDecode { index, .. } => Self::broken(doing, format!("column {index} has another type")),
            other => Self::broken(doing, kind_of(other)),
        }
    }

    fn from_sqlite(doing: &'static str, refusal: &dyn DatabaseError) -> Self {
        let code: i32 = refusal.code().and_then(|code| code.parse().ok()).unwrap_or(1);
        let said = refusal.message();
        // The low byte of an extended code is its class: https://www.sqlite.org/rescode.html
        match code & 0xff {
            5 | 6 => Self::away(doing, Away::Locked),
            8 if code == 1032 => Self::away(doing, Away::Moved),
            8 => Self::away(doing, Away::ReadOnly),
            7 | 10 => Self::away(doing, Away::Io),
            13 => Self::away(doing, Away::Full),
            3 | 14 | 23 => Self::away(doing, Away::Unreachable),
            18..=20 => Self::poison(doing, said),
            1 if said.contains("malformed JSON") => Self::poison(doing, said),
            _ => Self::broken(doing, said),
        }
    }

    /// By SQLSTATE: <https://www.postgresql.org/docs/current/errcodes-appendix.html>
    fn from_postgres(doing: &'static str, refusal: &PgDatabaseError) -> Self {
        let code = refusal.code();
        let (class, _) = code.split_at_checked(2).unwrap_or((code, ""));
        match (class, code) {
            (_, "40001" | "40P01") => Self::away(doing, Away::GivesWay),
            (_, "55P03" | "55006") => Self::away(doing, Away::Locked),
            (_, "57014") => Self::away(doing, Away::Silent),
            (_, "57P01" | "57P02" | "57P03" | "57P05" | "25P03") => Self::away(doing, Away::Restarting),
            (_, "25006") => Self::away(doing, Away::ReadOnly),
            (_, "53100") => Self::away(doing, Away::Full),
            (_, "3D000") => Self::away(doing, Away::Missing),
            ("28", _) => Self::away(doing, Away::Denied),
            ("53", _) => Self::away(doing, Away::Busy),
            ("08", _) => Self::away(doing, Away::Unreachable),
            ("58", _) => Self::away(doing, Away::Io),
            // 21: a row twice in one batch. 22: a value of the wrong kind, which the message quotes. 23: a constraint.
            // 54: more than its limits.
            ("21" | "22" | "23" | "54", _) => {
                let of = refusal.constraint().map(|name| format!(" by {name}")).unwrap_or_default();
                Self::poison(doing, format!("refused with SQLSTATE {code}{of}"))
            }
            // 3F and 42 name tables, columns and rights; P0001 is what our own migrations say.
            ("3F" | "42", _) | (_, "P0001" | "0A000") => Self::broken(doing, refusal.message()),
            _ => Self::broken(doing, format!("SQLSTATE {code}")),
        }
    }
}

/// Whether it is the way to a server that failed, and not a disk.
fn is_of_network(kind: ErrorKind) -> bool {
    use ErrorKind as K;
    matches!(
        kind,
        K::ConnectionRefused
            | K::ConnectionReset
            | K::ConnectionAborted
            | K::NotConnected
            | K::BrokenPipe
            | K::UnexpectedEof
            | K::TimedOut
            | K::HostUnreachable
            | K::NetworkUnreachable
            | K::NetworkDown
            | K::AddrNotAvailable
    )
}

/// A driver's error without the values it may quote.
fn kind_of(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::RowNotFound => "a row is missing",
        sqlx::Error::Decode(_) => "a value can't be read",
        sqlx::Error::Encode(_) => "a value can't be written",
        sqlx::Error::Configuration(_) => "the settings of the connection are wrong",
        _ => "unexpected answer of the driver",
    }
}

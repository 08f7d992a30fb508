//! Every statement there is. Nothing else in this crate is SQL, but for the migrations.
//!
//! The texts keep to what SQLite and PostgreSQL share: `$n`, `ON CONFLICT`, row values, `->>`, `CAST .. AS BIGINT`. Rows go
//! in by the hundred as one JSON array, which each engine takes apart in its own words ([`rows!`], the one difference).
//!
//! To add a statement: a `NAME = "text";` line in one of the `statements!` below it. A test then describes it on a
//! migrated database; if it must use an index, say so in the test of query plans.

mod list;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub(crate) use list::*;
pub(crate) use read::*;
pub(crate) use write::*;

/// One statement.
pub(crate) struct Statement {
    /// Its name here, for tests.
    #[cfg_attr(not(test), expect(dead_code, reason = "says which statement a test speaks of"))]
    pub(crate) name: &'static str,
    /// Its text.
    pub(crate) text: &'static str,
}

/// Names statements, and lists them for the test that describes each.
macro_rules! statements {
    ($all:ident: $($(#[$doc:meta])* $name:ident = $text:expr;)+) => {
        $(
            $(#[$doc])*
            pub(crate) const $name: $crate::sql::Statement =
                $crate::sql::Statement { name: stringify!($name), text: $text };
        )+
        #[cfg(test)]
        pub(crate) const $all: &[$crate::sql::Statement] = &[$($name),+];
    };
}
pub(crate) use statements;

/// The objects of the JSON array in `$1`, as rows of one column `item`. Materialized: each object is rendered once and
/// not once for each column read from it, and left in SQLite's binary form, so that it is parsed once.
macro_rules! rows {
    () => {
        "WITH r AS MATERIALIZED (SELECT j.value AS item FROM jsonb_each($1) AS j) "
    };
}
pub(crate) use rows;

/// Every statement of the registry.
#[cfg(test)]
pub(crate) fn all() -> impl Iterator<Item = &'static Statement> {
    READS.iter().chain(LISTS).chain(WRITES)
}

//! Statements that put rows into a table, written from the names of its columns.
//!
//! A row's values are bound as they are, and no engine takes anything apart. SQLite has a `?` for each value: of one
//! row, or of [`MANY`] at once. PostgreSQL takes any number of rows, each column as one array.

use super::Statement;

/// So many rows go into SQLite in one step: handing a step to its thread costs more than a row.
pub(crate) const MANY: usize = 64;

/// Puts rows into a table.
pub(crate) struct Insert {
    /// The columns that hold text.
    pub(crate) texts: &'static [&'static str],
    /// The columns that hold numbers, which come after them.
    pub(crate) numbers: &'static [&'static str],
    /// One row; on PostgreSQL any number.
    pub(crate) one: Statement,
    /// [`MANY`] rows; on PostgreSQL the same as `one`.
    pub(crate) many: Statement,
}

impl Insert {
    /// The names of the columns, in the order in which a row has its values.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &'static str> {
        self.texts.iter().chain(self.numbers).copied()
    }
}

/// A table, and what becomes of rows that are there already.
pub(super) struct Table {
    pub(super) name: &'static str,
    /// On PostgreSQL its rows bear the month of their `call` too, which says in which partition they are.
    pub(super) by_month: ByMonth,
    pub(super) texts: &'static [&'static str],
    pub(super) numbers: &'static [&'static str],
    /// The unique columns that tell that a row is there.
    pub(super) key: &'static [&'static str],
    pub(super) known: Known,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ByMonth {
    Yes,
    No,
}

/// What becomes of a row that is there.
pub(super) enum Known {
    /// It stays.
    Stays,
    /// It takes every column from the new one but its key and these, if the condition holds.
    Takes { all_but: &'static [&'static str], only_if: &'static str },
    /// This is done to it.
    Does(&'static str),
}

impl Table {
    /// Writes the texts. They stay for as long as the process: once for each table.
    pub(super) fn written(self, name: &'static str) -> Insert {
        let postgres: &'static str = self.postgres().leak();
        let statement = |rows| Statement { name, sqlite: self.sqlite(rows).leak(), postgres };
        Insert { one: statement(1), many: statement(MANY), texts: self.texts, numbers: self.numbers }
    }

    fn columns(&self) -> Vec<&'static str> {
        [self.texts, self.numbers].concat()
    }

    fn sqlite(&self, rows: usize) -> String {
        let columns = self.columns();
        let row = format!("({})", vec!["?"; columns.len()].join(", "));
        let (table, columns, key) = (self.name, columns.join(", "), self.key.join(", "));
        let rows = vec![row; rows].join(", ");
        format!("INSERT INTO {table} ({columns}) VALUES {rows} ON CONFLICT ({key}) DO {}", self.then())
    }

    fn postgres(&self) -> String {
        let (month, call_month) = match self.by_month {
            ByMonth::Yes => (", month", ", call_month(call)"),
            ByMonth::No => ("", ""),
        };
        let types = self.texts.iter().map(|_| "TEXT").chain(self.numbers.iter().map(|_| "BIGINT"));
        let arrays: Vec<_> = types.zip(1..).map(|(of, n)| format!("CAST(${n} AS {of}[])")).collect();
        let (table, columns, key) = (self.name, self.columns().join(", "), self.key.join(", "));
        format!(
            "INSERT INTO {table} ({columns}{month}) SELECT {columns}{call_month} \
             FROM unnest({}) AS r ({columns}) ON CONFLICT ({key}{month}) DO {}",
            arrays.join(", "),
            self.then()
        )
    }

    fn then(&self) -> String {
        match self.known {
            Known::Stays => "NOTHING".to_owned(),
            Known::Does(what) => format!("UPDATE SET {what}"),
            Known::Takes { all_but, only_if } => {
                let taken = self
                    .columns()
                    .into_iter()
                    .filter(|name| !self.key.contains(name) && !all_but.contains(name));
                let set: Vec<_> = taken.map(|name| format!("{name} = excluded.{name}")).collect();
                let only_if = if only_if.is_empty() { String::new() } else { format!(" WHERE {only_if}") };
                format!("UPDATE SET {}{only_if}", set.join(", "))
            }
        }
    }
}

/// Names them, and lists them for the test that describes each.
macro_rules! inserts {
    ($($(#[$doc:meta])* $name:ident = $table:expr;)+) => {
        $(
            $(#[$doc])*
            pub(crate) static $name: ::std::sync::LazyLock<$crate::sql::Insert> =
                ::std::sync::LazyLock::new(|| $table.written(stringify!($name)));
        )+
        #[cfg(test)]
        pub(crate) fn inserts() -> impl Iterator<Item = &'static $crate::sql::Insert> {
            [$(&*$name),+].into_iter()
        }
    };
}
pub(super) use inserts;

//! Statements that find calls by their words.
//!
//! Two ways to a page: through the newest calls, where what many have is found at once; and from the index of words, where what
//! few have is found however old. The parameters are those of lists, but for `$11`.

use super::insert::{ByMonth, Known, Table};
use super::list::{columns, members, refine};
use super::{rows, statements};

/// So many of the newest calls are looked through before the index is asked.
macro_rules! newest_few {
    () => {
        concat!(
            "(SELECT ",
            columns!(),
            ", carrier FROM calls WHERE tenant = $1 AND (created_at, id) < ($2, $3) AND created_at >= $4 \
             ORDER BY created_at DESC, id DESC LIMIT 2000)"
        )
    };
}

macro_rules! walked {
    ($engine:ident, $each:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM ",
            newest_few!(),
            " AS calls WHERE EXISTS (SELECT 1 FROM search \
             WHERE search.call = calls.id AND NOT EXISTS (SELECT 1 FROM ",
            $each,
            " AS w WHERE search.words NOT LIKE w.value))",
            refine!($engine),
            " AND ($14 IS NULL OR EXISTS \
             (SELECT 1 FROM attempts WHERE attempts.call = calls.id AND attempts.campaign = $14)) ORDER BY created_at DESC, id DESC LIMIT $5"
        )
    };
}

/// The words of calls.
pub(super) const WORDS: Table = Table {
    name: "search",
    by_month: ByMonth::No,
    texts: &["call", "tenant", "words"],
    numbers: &[],
    key: &["call"],
    known: Known::Takes {
        all_but: &[],
        only_if: "(search.tenant, search.words) <> (excluded.tenant, excluded.words)",
    },
};

statements! { SEARCHES:
    /// Through the newest calls. `$11`: LIKE patterns of all words, as the members of a JSON object.
    SEARCH_NEWEST = walked!(sqlite, "json_each($11)"), postgres: walked!(postgres, "json_each_text(CAST($11 AS json))");

    /// From the index. `$11`: what FTS5 and `tsquery` take: quoted words.
    SEARCH_WORDS =
        concat!("SELECT ", columns!(), " FROM (SELECT search.call AS found FROM search_index \
            CROSS JOIN search ON search.place = search_index.rowid WHERE search_index MATCH $11 AND search.tenant = $1) \
            CROSS JOIN calls ON calls.id = found WHERE true", refine!(sqlite), " AND ($14 IS NULL OR EXISTS \
             (SELECT 1 FROM attempts WHERE attempts.call = calls.id AND attempts.campaign = $14)) ORDER BY created_at DESC, id DESC LIMIT $5"),
        postgres: concat!("WITH f AS MATERIALIZED (SELECT call AS found FROM search WHERE tenant = $1 \
            AND array_to_tsvector(string_to_array(ltrim(words), ' ')) @@ CAST(CAST($11 AS TEXT) AS tsquery)) \
            SELECT ", columns!(), " FROM f JOIN calls ON calls.id = f.found WHERE true", refine!(postgres),
            " AND ($14 IS NULL OR EXISTS \
             (SELECT 1 FROM attempts WHERE attempts.call = calls.id AND attempts.campaign = $14)) ORDER BY created_at + 0 DESC, id DESC LIMIT $5");
}

statements! { SEARCH_ROWS:
    /// `$1`: rows with `id`.
    DELETE_WORDS = concat!(rows!(), "DELETE FROM search WHERE call IN (SELECT item ->> 'id' FROM r)");

    /// `$1` after this id, `$2` how many: calls whose words are not kept yet.
    WORDLESS_AFTER =
        "SELECT id FROM calls WHERE id > $1 AND NOT EXISTS (SELECT 1 FROM search WHERE search.call = calls.id) \
         ORDER BY id LIMIT $2";

    /// `$1` key.
    META = "SELECT value FROM meta WHERE key = $1";
}

//! Statements that look up one thing.

use super::{rows, statements};

macro_rules! events_of {
    ($($month:literal)?) => {
        concat!(
            rows!(),
            "SELECT position, call, tenant, key, received_at, occurred_at, source, kind, applied, refused, body \
             FROM r JOIN events ON events.call = item ->> 'id'" $(, $month)?, " ORDER BY call, position, key"
        )
    };
}

statements! { READS:
    /// The database's own name.
    STORE_ID = "SELECT value FROM meta WHERE key = 'store_id'";

    /// Which journals feed it.
    CURSORS = "SELECT node, journal, position, synced FROM cursors ORDER BY node";

    /// Which migrations it has.
    MIGRATIONS = "SELECT number, name, applied_at FROM migrations ORDER BY number";

    /// The tables it has.
    TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' \
        AND name NOT LIKE 'search_index%' ORDER BY name",
        postgres: "SELECT CAST(relname AS TEXT) AS name FROM pg_catalog.pg_class \
            WHERE relnamespace = CAST(current_schema() AS regnamespace) AND relkind IN ('r', 'p') \
            AND NOT relispartition ORDER BY relname";

    /// `$1`: rows with `id`. The partitions that events and turns of these calls lack; SQLite has none to lack.
    MISSING_MONTHS = concat!(rows!(), "SELECT item ->> 'id' AS name FROM r WHERE false"),
        postgres: concat!(rows!(), ", wanted AS (SELECT DISTINCT parent || '_' || call_month(item ->> 'id') AS name \
            FROM r, unnest(ARRAY['events', 'turns']) AS parent WHERE call_month(item ->> 'id') BETWEEN 200001 AND 299912) \
            SELECT name FROM wanted WHERE to_regclass(quote_ident(name)) IS NULL ORDER BY name");

    /// How many bytes it takes on the disk.
    SIZE = "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size",
        postgres: "SELECT pg_database_size(current_database()) AS bytes";

    /// `$1`: rows with `id`.
    FOLDS = concat!(rows!(), "SELECT id, fold FROM calls WHERE id IN (SELECT item ->> 'id' FROM r) ORDER BY id");

    /// `$1`: rows with `id`. The turns of these calls.
    TURN_FOLDS = concat!(rows!(), "SELECT turns.call, turns.fold FROM r JOIN turns ON turns.call = item ->> 'id'"),
        postgres: concat!(rows!(), "SELECT turns.call, turns.fold FROM r JOIN turns ON turns.call = item ->> 'id' \
            AND turns.month = call_month(item ->> 'id')");

    /// `$1` account, `$2` the carrier's id.
    FOLD_BY_LEG =
        "SELECT calls.fold FROM legs JOIN calls ON calls.id = legs.call \
         WHERE legs.account = $1 AND legs.carrier_call_id = $2";

    /// `$1` ended after, `$2` and not after, `$3` account, `$4` node, `$5` 1: connected ones only, `$6` how many: calls that the
    /// carrier knows and of which no price is known.
    UNPRICED =
        "SELECT id, carrier_call_id FROM calls WHERE price_amount IS NULL AND ended_at > $1 AND ended_at <= $2 \
         AND account = $3 AND COALESCE(node, $4) = $4 AND ($5 = 0 OR answered_at IS NOT NULL) \
         AND carrier_call_id IS NOT NULL ORDER BY ended_at LIMIT $6";

    /// `$1` tenant, `$2` began at or after, `$3` and before, `$4` limit: the oldest first.
    CALLS_FROM =
        "SELECT id FROM calls WHERE tenant = $1 AND created_at >= $2 AND created_at < $3 \
         ORDER BY created_at, id LIMIT $4";

    /// `$1` tenant, `$2` the carrier's id, at whichever carrier; the newest call of several.
    FOLD_BY_CARRIER_ID =
        "SELECT calls.fold FROM legs JOIN calls ON calls.id = legs.call \
         WHERE legs.tenant = $1 AND legs.carrier_call_id = $2 \
         ORDER BY calls.created_at DESC, calls.id DESC LIMIT 1";

    /// `$1` tenant, `$2` session: its newest call.
    FOLD_BY_SESSION =
        "SELECT fold FROM calls WHERE tenant = $1 AND session_id = $2 ORDER BY created_at DESC, id DESC LIMIT 1";

    /// `$1` tenant, `$2` call.
    EVENTS =
        "SELECT position, call, tenant, key, received_at, occurred_at, source, kind, applied, refused, body \
         FROM events WHERE call = $2 AND tenant = $1 ORDER BY position, key",
        postgres: "SELECT position, call, tenant, key, received_at, occurred_at, source, kind, applied, refused, body \
            FROM events WHERE call = $2 AND month = call_month($2) AND tenant = $1 ORDER BY position, key";

    /// `$1` after this id, `$2` limit: calls of every tenant, in the order of their ids.
    CALLS_AFTER = "SELECT id, fold FROM calls WHERE id > $1 ORDER BY id LIMIT $2";

    /// `$1`: rows with `id`. The events of these calls, whosever they are.
    EVENTS_OF = events_of!(), postgres: events_of!(" AND events.month = call_month(item ->> 'id')");

    /// `$1` after this id, `$2` limit: calls that have events and are not there.
    ORPHANS_AFTER =
        "SELECT DISTINCT call FROM events WHERE call > $1 \
         AND NOT EXISTS (SELECT 1 FROM calls WHERE calls.id = events.call) ORDER BY call LIMIT $2";

    /// `$1` tenant, `$2` number: those after it, lifted ones too, `$3` limit.
    SUPPRESSIONS_AFTER =
        "SELECT tenant, number, reason, since, lifted_at FROM suppressions \
         WHERE (tenant, number) > ($1, $2) ORDER BY tenant, number LIMIT $3";

    /// How many calls there are, counted through.
    CALLS_IN_ALL = "SELECT COUNT(*) AS n FROM calls";

    /// `$1` tenant.
    COUNTS = "SELECT status, CAST(SUM(n) AS BIGINT) AS n FROM call_counts WHERE tenant = $1 GROUP BY status";

    /// `$1` tenant, `$2` first day, `$3` last day.
    DAILY_COUNTS =
        "SELECT day, status, n FROM call_counts WHERE tenant = $1 AND day >= $2 AND day <= $3 AND n <> 0 \
         ORDER BY day, status";

    /// `$1` tenant: its own and those that hold for everyone.
    SUPPRESSIONS =
        "SELECT tenant, number, reason, since, lifted_at FROM suppressions \
         WHERE tenant IN ($1, '') AND lifted_at IS NULL ORDER BY number, tenant";

    /// Every one that stands: what a node must know to dial.
    ALL_SUPPRESSIONS =
        "SELECT tenant, number, reason, since, lifted_at FROM suppressions WHERE lifted_at IS NULL \
         ORDER BY tenant, number";
}

//! Statements that write: the projection, the cursor, the migrations.

use super::{rows, statements};

/// Inserts the rows of `$1` into a table, each column from the member of its name: texts and JSON as they are, numbers as
/// numbers. On PostgreSQL events and turns also bear the month that says in which partition they are.
macro_rules! insert {
    ($table:literal, text: $first:literal $(, $text:literal)*; numbers: $($number:literal),*;
        $(month: $month:literal = $of:literal;)? conflict: $conflict:expr) => {
        concat!(
            rows!(), "INSERT INTO ", $table, " (", $first $(, ", ", $text)* $(, ", ", $number)* $(, ", ", $month)?,
            ") SELECT item ->> '", $first, "'" $(, ", item ->> '", $text, "'")*
            $(, ", CAST(item ->> '", $number, "' AS BIGINT)")* $(, ", ", $of)?,
            // Without a WHERE, SQLite takes the ON of ON CONFLICT for a join's.
            " FROM r WHERE true ", $conflict
        )
    };
}

/// What an upsert does with a row that is there: takes every column from the new one.
macro_rules! replace {
    ($key:literal: $first:literal $(, $column:literal)*) => {
        concat!(
            "ON CONFLICT (", $key, ") DO UPDATE SET ", $first, " = excluded.", $first
            $(, ", ", $column, " = excluded.", $column)*
        )
    };
}

macro_rules! known_calls {
    () => {
        concat!(
            rows!(),
            "SELECT id, tenant, status, created_at, updated_at, session_id, from_number, to_number FROM calls \
             WHERE id IN (SELECT item ->> 'id' FROM r) ORDER BY id"
        )
    };
}

macro_rules! insert_events {
    ($conflict:literal $(, month: $of:literal)?) => {
        insert!("events",
            text: "call", "tenant", "key", "source", "kind", "refused", "body";
            numbers: "position", "received_at", "occurred_at", "applied";
            $(month: "month" = $of;)?
            conflict: concat!("ON CONFLICT (", $conflict, ") DO NOTHING"))
    };
}

macro_rules! upsert_turns {
    ($conflict:literal $(, month: $of:literal)?) => {
        insert!("turns",
            text: "call", "tenant", "question", "answer_type", "answer_value", "digits", "speech", "recording_id",
                "recording_url", "recording_state", "recording_sha256", "transcript", "fold";
            numbers: "step", "asked_at", "asks", "answered_at", "recording_duration_secs", "recording_bytes";
            $(month: "month" = $of;)?
            conflict: replace!($conflict: "tenant", "question", "answer_type", "answer_value", "digits", "speech",
                "recording_id", "recording_url", "recording_state", "recording_sha256", "transcript", "fold",
                "asked_at", "asks", "answered_at", "recording_duration_secs", "recording_bytes"))
    };
}

statements! { WRITES:
    /// `$1`: rows with `id`. What is known of these calls, locked in the order of their ids.
    KNOWN_CALLS = known_calls!(), postgres: concat!(known_calls!(), " FOR UPDATE");

    /// `$1`: rows with `id`.
    DELETE_CALLS = concat!(rows!(), "DELETE FROM calls WHERE id IN (SELECT item ->> 'id' FROM r)");

    /// `$1`: rows of calls, each id once. A call that is there keeps its tenant, session, numbers and time of creation:
    /// they stand in indexes, and SQLite rewrites every index that an update names, changed or not.
    UPSERT_CALLS = insert!("calls",
        text: "id", "tenant", "account", "carrier", "carrier_call_id", "session_id", "direction", "kind", "status",
            "state", "disposition", "outcome", "from_number", "to_number", "name", "script", "price_amount",
            "price_unit", "error_code", "error_message", "metadata", "fold";
        numbers: "question", "answer_count", "created_at", "ringing_at", "answered_at", "ended_at", "updated_at",
            "duration_secs";
        conflict: replace!("id": "account", "carrier", "carrier_call_id", "direction", "kind", "status",
            "state", "disposition", "outcome", "name", "script", "price_amount",
            "price_unit", "error_code", "error_message", "metadata", "fold", "question", "answer_count",
            "ringing_at", "answered_at", "ended_at", "updated_at", "duration_secs"));

    /// `$1`: rows of events. One that is known stays as it is.
    INSERT_EVENTS = insert_events!("call, key"),
        postgres: insert_events!("call, key, month", month: "call_month(item ->> 'call')");

    /// `$1`: rows of turns.
    UPSERT_TURNS = upsert_turns!("call, step"),
        postgres: upsert_turns!("call, step, month", month: "call_month(item ->> 'call')");

    /// `$1`: rows of legs.
    UPSERT_LEGS = insert!("legs",
        text: "account", "carrier_call_id", "tenant", "call";
        numbers: "leg";
        conflict: concat!(replace!("account, carrier_call_id": "tenant", "call", "leg"),
            " WHERE (legs.tenant, legs.call, COALESCE(legs.leg, 0)) \
             <> (excluded.tenant, excluded.call, COALESCE(excluded.leg, 0))"));

    /// `$1`: rows of changes, which may be negative.
    ADD_COUNTS = insert!("call_counts",
        text: "tenant", "status";
        numbers: "day", "n";
        conflict: "ON CONFLICT (tenant, day, status) DO UPDATE SET n = call_counts.n + excluded.n");

    /// `$1`: rows of suppressions. The later change stands.
    UPSERT_SUPPRESSIONS = insert!("suppressions",
        text: "tenant", "number", "reason";
        numbers: "since", "lifted_at", "changed_at";
        conflict: concat!(replace!("tenant, number": "reason", "since", "lifted_at", "changed_at"),
            " WHERE excluded.changed_at >= suppressions.changed_at \
             AND (excluded.reason, excluded.since, COALESCE(excluded.lifted_at, 0)) \
             <> (suppressions.reason, suppressions.since, COALESCE(suppressions.lifted_at, 0))"));

    /// `$1` node, `$2` journal, `$3` position, `$4` what it had eaten before. Touches no row if the database is fed by another
    /// journal, or has eaten less.
    MOVE_CURSOR =
        "UPDATE cursors SET position = CASE WHEN position < $3 THEN $3 ELSE position END \
         WHERE node = $1 AND journal = $2 AND position >= $4";

    /// `$1` node, `$2` journal: the journal of a database that none has fed yet. A file is one node's; a server's database
    /// has room for others.
    CLAIM_CURSOR =
        "INSERT INTO cursors (node, journal, position, synced) SELECT $1, $2, 0, 0 \
         WHERE NOT EXISTS (SELECT 1 FROM cursors)",
        postgres: "INSERT INTO cursors (node, journal, position, synced) VALUES ($1, $2, 0, 0) ON CONFLICT DO NOTHING";

    /// `$1` node, `$2` journal: a node that was given another name keeps its cursor.
    RENAME_NODE =
        "UPDATE cursors SET node = $1 WHERE journal = $2 AND NOT EXISTS (SELECT 1 FROM cursors WHERE node = $1)";

    /// `$1` node, `$2` journal, `$3` position: from now on this journal feeds, from here.
    SET_CURSOR =
        "INSERT INTO cursors (node, journal, position, synced) VALUES ($1, $2, $3, $3) \
         ON CONFLICT (node) DO UPDATE SET journal = excluded.journal, position = excluded.position, \
         synced = excluded.synced";

    /// A file has a single journal: the others' cursors go when one is adopted. `$1` the node that stays.
    FORGET_OTHER_CURSORS = "DELETE FROM cursors WHERE node <> $1";

    /// `$1` node, `$2` journal. All that was committed before is on the disk once this is, committed in full.
    MARK_SYNCED = "UPDATE cursors SET synced = position WHERE node = $1 AND journal = $2";

    /// The one table that is older than the first migration.
    CREATE_MIGRATIONS =
        "CREATE TABLE IF NOT EXISTS migrations \
         (number BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)";

    /// `$1` number, `$2` name; the time is the database's.
    RECORD_MIGRATION =
        "INSERT INTO migrations (number, name, applied_at) \
         VALUES ($1, $2, CAST(unixepoch('subsec') * 1000000 AS BIGINT))",
        postgres: "INSERT INTO migrations (number, name, applied_at) \
            VALUES ($1, $2, CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT))";
}

//! Statements that write: the projection, the cursor, the migrations.

use super::insert::{ByMonth, Known, Table, inserts};
use super::{bot_rollups, rollups, rows, search, statements};

macro_rules! known_calls {
    () => {
        concat!(
            rows!(),
            "SELECT id, tenant, status, created_at, updated_at, session_id, from_number, to_number, node, ended_at, carrier, \
             campaign, script, disposition, answered_at, duration_secs FROM calls \
             WHERE id IN (SELECT item ->> 'id' FROM r) ORDER BY id"
        )
    };
}

inserts! {
    /// Calls, each id once. A call that is there keeps its tenant, session, numbers and time of creation: they stand in
    /// indexes, and SQLite rewrites every index that an update names, changed or not.
    UPSERT_CALLS = Table {
        name: "calls",
        by_month: ByMonth::No,
        texts: &[
            "id", "tenant", "account", "carrier", "carrier_call_id", "session_id", "direction", "kind", "status",
            "state", "disposition", "outcome", "from_number", "to_number", "name", "script", "price_amount",
            "price_unit", "error_code", "error_message", "metadata", "fold", "node", "campaign",
        ],
        numbers: &[
            "question", "answer_count", "created_at", "ringing_at", "answered_at", "ended_at", "updated_at",
            "duration_secs",
        ],
        key: &["id"],
        known: Known::Takes {
            all_but: &["tenant", "session_id", "from_number", "to_number", "created_at"],
            only_if: "",
        },
    };

    /// Events. One that is known stays as it is.
    INSERT_EVENTS = Table {
        name: "events",
        by_month: ByMonth::Yes,
        texts: &["call", "tenant", "key", "source", "kind", "refused", "body"],
        numbers: &["position", "received_at", "occurred_at", "applied"],
        key: &["call", "key"],
        known: Known::Stays,
    };

    /// What is to be sent to endpoints, in its order. What is known stays as it is.
    ADD_DELIVERIES = Table {
        name: "webhook_deliveries",
        by_month: ByMonth::No,
        texts: &["endpoint", "tenant", "call", "event", "type", "body"],
        numbers: &["at"],
        key: &["endpoint", "event"],
        known: Known::Stays,
    };

    /// The lines of these deliveries, each once. One that is there is told that there is more.
    OPEN_LINES = Table {
        name: "webhook_lines",
        by_month: ByMonth::No,
        texts: &["endpoint", "call", "tenant"],
        numbers: &["next_at"],
        key: &["endpoint", "call"],
        known: Known::Does("news = webhook_lines.news + 1"),
    };

    /// Turns.
    UPSERT_TURNS = Table {
        name: "turns",
        by_month: ByMonth::Yes,
        texts: &["call", "tenant", "question", "answer_type", "answer_value", "digits", "speech", "recording_id",
            "recording_url", "recording_state", "recording_sha256", "transcript", "fold"],
        numbers: &["step", "asked_at", "asks", "answered_at", "recording_duration_secs", "recording_bytes"],
        key: &["call", "step"],
        known: Known::Takes { all_but: &[], only_if: "" },
    };

    /// Legs.
    UPSERT_LEGS = Table {
        name: "legs",
        by_month: ByMonth::No,
        texts: &["account", "carrier_call_id", "tenant", "call"],
        numbers: &["leg"],
        key: &["account", "carrier_call_id"],
        known: Known::Takes {
            all_but: &[],
            only_if: "(legs.tenant, legs.call, COALESCE(legs.leg, 0)) \
                <> (excluded.tenant, excluded.call, COALESCE(excluded.leg, 0))",
        },
    };

    /// Changes of counts, which may be negative.
    ADD_COUNTS = Table {
        name: "call_counts",
        by_month: ByMonth::No,
        texts: &["tenant", "status"],
        numbers: &["day", "n"],
        key: &["tenant", "day", "status"],
        known: Known::Does("n = call_counts.n + excluded.n"),
    };

    /// What calls count: changes, which may be negative.
    ADD_ROLLUPS = rollups::CALLS;

    /// What questions count: changes, which may be negative.
    ADD_QUESTION_ROLLUPS = rollups::QUESTIONS;

    /// What each talk of a bot counts.
    UPSERT_TALKS = bot_rollups::TALKS;

    /// What talks of bots count together: changes, which may be negative.
    ADD_TALK_ROLLUPS = bot_rollups::SUMS;

    /// The words of calls. Those that stay the same are not written again.
    UPSERT_WORDS = search::WORDS;

    /// Suppressions. The later change stands.
    UPSERT_SUPPRESSIONS = Table {
        name: "suppressions",
        by_month: ByMonth::No,
        texts: &["tenant", "number", "reason"],
        numbers: &["since", "lifted_at", "changed_at"],
        key: &["tenant", "number"],
        known: Known::Takes {
            all_but: &[],
            only_if: "excluded.changed_at >= suppressions.changed_at \
                AND (excluded.reason, excluded.since, COALESCE(excluded.lifted_at, 0)) \
                <> (suppressions.reason, suppressions.since, COALESCE(suppressions.lifted_at, 0))",
        },
    };
}

statements! { WRITES:
    /// `$1`: rows with `id`. What is known of these calls, locked in the order of their ids.
    KNOWN_CALLS = known_calls!(), postgres: concat!(known_calls!(), " FOR UPDATE");

    /// `$1`: rows with `id`.
    DELETE_CALLS = concat!(rows!(), "DELETE FROM calls WHERE id IN (SELECT item ->> 'id' FROM r)");

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

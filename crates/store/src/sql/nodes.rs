//! Statements of the nodes that share a database: who is alive, and who carries what. Times are the database's own.

use super::{rows, statements};

macro_rules! join {
    ($now:literal) => {
        concat!(
            "INSERT INTO nodes (node, epoch, lease, beat_at) VALUES ($1, 1, $2, ",
            $now,
            ") ON CONFLICT (node) DO UPDATE SET epoch = nodes.epoch + 1, lease = excluded.lease, \
             beat_at = excluded.beat_at RETURNING epoch"
        )
    };
}

macro_rules! beat {
    ($now:literal) => {
        concat!("UPDATE nodes SET lease = $3, beat_at = ", $now, " WHERE node = $1 AND epoch = $2")
    };
}

macro_rules! silent_nodes {
    ($now:literal) => {
        concat!(
            "SELECT node, epoch FROM nodes WHERE node <> $1 AND beat_at + lease + $2 < ",
            $now,
            " AND (EXISTS (SELECT 1 FROM calls WHERE calls.node = nodes.node AND calls.ended_at IS NULL) \
             OR EXISTS (SELECT 1 FROM jobs WHERE jobs.node = nodes.node)) ORDER BY node"
        )
    };
}

macro_rules! count_out {
    ($now:literal) => {
        concat!(
            "UPDATE nodes SET epoch = epoch + 1 WHERE node = $1 AND epoch = $2 AND beat_at + lease + $3 < ",
            $now
        )
    };
}

macro_rules! jobs_of {
    () => {
        "SELECT fold, pair, number FROM jobs WHERE node = $1 ORDER BY id"
    };
}

statements! { NODES:
    /// `$1` node, `$2` lease in microseconds. A new life of a node, whatever became of the one before.
    JOIN = join!("CAST(unixepoch('subsec') * 1000000 AS BIGINT)"),
        postgres: join!("CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)");

    /// `$1` node, `$2` epoch, `$3` lease in microseconds. Touches no row if the node was counted out.
    BEAT = beat!("CAST(unixepoch('subsec') * 1000000 AS BIGINT)"),
        postgres: beat!("CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)");

    /// `$1` node, `$2` epoch. Locks the node's row; touches none if it was counted out.
    STILL_ALIVE = "UPDATE nodes SET epoch = epoch WHERE node = $1 AND epoch = $2";

    /// `$1` node: how many others there are.
    OTHER_NODES = "SELECT COUNT(*) AS n FROM nodes WHERE node <> $1";

    /// `$1` the node that asks, `$2` grace in microseconds: nodes whose lease ended well ago and that still hold something.
    SILENT_NODES = silent_nodes!("CAST(unixepoch('subsec') * 1000000 AS BIGINT)"),
        postgres: silent_nodes!("CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)");

    /// `$1` node, `$2` epoch, `$3` grace in microseconds. Of several who try, one touches the row.
    COUNT_OUT = count_out!("CAST(unixepoch('subsec') * 1000000 AS BIGINT)"),
        postgres: count_out!("CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)");

    /// `$1` the new node, `$2` the old one.
    TAKE_CALLS = "UPDATE calls SET node = $1 WHERE node = $2 AND ended_at IS NULL";

    /// `$1` the new node, `$2` the old one, `$3` now: the attempts of the jobs that it holds.
    TAKE_ATTEMPTS =
        "UPDATE attempts SET node = $1, taken_at = COALESCE(taken_at, $3) \
         WHERE job IN (SELECT id FROM jobs WHERE jobs.node = $2) AND node = $2";

    /// `$1` node. The jobs that it holds, locked.
    JOBS_OF = jobs_of!(), postgres: concat!(jobs_of!(), " FOR UPDATE");

    /// `$1` node: calls that it carries and that are not over.
    CARRIED = "SELECT id FROM calls WHERE node = $1 AND ended_at IS NULL ORDER BY id";

    /// `$1`: rows with `id`: calls of which their nodes have not heard everything.
    TELL_OWNERS = concat!(rows!(), "UPDATE calls SET unheard = 1 FROM r WHERE calls.id = item ->> 'id'");

    /// `$1` node: its calls that others have heard something of.
    UNHEARD = "SELECT id FROM calls WHERE node = $1 AND unheard = 1 ORDER BY id";

    /// `$1`: rows with `id` and `n`, `$2` node: its calls of which it has heard all the `n` events that there are, or whatever there
    /// is, without `n`.
    HAS_HEARD = concat!(rows!(),
        "UPDATE calls SET unheard = 0 FROM r WHERE calls.id = item ->> 'id' AND calls.node = $2 AND (item ->> 'n' IS NULL \
         OR CAST(item ->> 'n' AS BIGINT) = (SELECT COUNT(*) FROM events WHERE events.call = calls.id))");

    /// `$1` node: the jobs that it holds, each with its attempts and what is needed to say whom they call.
    HELD_JOBS =
        "SELECT jobs.fold, jobs.pair, jobs.number, jobs.variables, jobs.gate, leads.name, leads.zone, attempts.call, \
         attempts.claimed_at, attempts.taken_at FROM jobs JOIN leads ON leads.id = jobs.lead JOIN attempts ON attempts.job = jobs.id \
         WHERE jobs.node = $1 ORDER BY jobs.id, attempts.no";

    /// `$1`: rows with `id`. Which node carries these calls: by its row, else by the claim that it is to come of.
    OWNERS = concat!(rows!(),
        "SELECT item ->> 'id' AS id, COALESCE(calls.node, CASE WHEN calls.id IS NULL THEN attempts.node END) AS node \
         FROM r LEFT JOIN calls ON calls.id = item ->> 'id' LEFT JOIN attempts ON attempts.call = item ->> 'id'");
}

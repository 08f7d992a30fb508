//! Statements of outgoing webhooks: endpoints, what is to be sent to them, and who sends it now. How long a claim holds is by
//! the database's own clock.

use super::{rows, statements};

macro_rules! claim_lines {
    ($now:literal, $lock:literal) => {
        concat!(
            "WITH due AS MATERIALIZED (SELECT call FROM webhook_lines WHERE endpoint = $1 AND node IS NULL \
             AND next_at <= $2 ORDER BY next_at LIMIT $3 ",
            $lock,
            ") UPDATE webhook_lines SET node = $4, fence = fence + 1, claimed_until = $5 + ",
            $now,
            " WHERE endpoint = $1 AND call IN (SELECT call FROM due) RETURNING call, fence, news"
        )
    };
}

macro_rules! keep_line {
    ($now:literal) => {
        concat!(
            "UPDATE webhook_lines SET claimed_until = $4 + ",
            $now,
            " WHERE endpoint = $1 AND call = $2 AND fence = $3 AND node IS NOT NULL"
        )
    };
}

macro_rules! free_silent_lines {
    ($now:literal) => {
        concat!(
            "UPDATE webhook_lines SET node = NULL, claimed_until = NULL WHERE node IS NOT NULL AND claimed_until < ",
            $now
        )
    };
}

statements! { WEBHOOKS:
    /// Every endpoint of every tenant.
    ENDPOINTS = "SELECT id, version, failing_since, fold FROM webhook_endpoints ORDER BY tenant, created_at, id";

    /// `$1` tenant.
    ENDPOINTS_OF =
        "SELECT id, version, failing_since, fold FROM webhook_endpoints WHERE tenant = $1 ORDER BY created_at, id";

    /// `$1` tenant, `$2` id.
    ENDPOINT =
        "SELECT id, version, failing_since, fold FROM webhook_endpoints WHERE tenant = $1 AND id = $2";

    /// `$1` id, `$2` tenant, `$3` whether it is enabled, `$4` since when, `$5` fold.
    ADD_ENDPOINT =
        "INSERT INTO webhook_endpoints (id, tenant, enabled, version, created_at, updated_at, fold) \
         VALUES ($1, $2, $3, 1, $4, $4, $5) ON CONFLICT (id) DO NOTHING";

    /// `$1` id, `$2` whether it is enabled, `$3` when, `$4` fold, `$5` version. One that is enabled anew has failed nobody yet.
    CHANGE_ENDPOINT =
        "UPDATE webhook_endpoints SET failing_since = CASE WHEN enabled = $2 THEN failing_since END, enabled = $2, \
         updated_at = $3, fold = $4, version = version + 1 WHERE id = $1 AND version = $5";

    /// `$1` tenant, `$2` id.
    REMOVE_ENDPOINT = "DELETE FROM webhook_endpoints WHERE tenant = $1 AND id = $2";

    /// `$1` endpoint: nothing of it goes out any more.
    REMOVE_LINES = "DELETE FROM webhook_lines WHERE endpoint = $1";

    /// `$1` endpoint, `$2` when: the first failure stands.
    ENDPOINT_FAILS =
        "UPDATE webhook_endpoints SET failing_since = $2 WHERE id = $1 AND failing_since IS NULL";

    /// `$1` endpoint.
    ENDPOINT_TAKES =
        "UPDATE webhook_endpoints SET failing_since = NULL WHERE id = $1 AND failing_since IS NOT NULL";

    /// The endpoints that have lines which nobody has claimed, each with the time of the first.
    DUE_ENDPOINTS =
        "SELECT id, version, failing_since, fold, due FROM (SELECT e.id, e.version, e.failing_since, e.fold, \
         (SELECT MIN(l.next_at) FROM webhook_lines AS l WHERE l.endpoint = e.id AND l.node IS NULL) AS due \
         FROM webhook_endpoints AS e WHERE e.enabled = 1) AS d WHERE due IS NOT NULL ORDER BY id";

    /// `$1` endpoint, `$2` now, `$3` how many, `$4` node, `$5` for how long, in microseconds.
    CLAIM_LINES = claim_lines!("CAST(unixepoch('subsec') * 1000000 AS BIGINT)", ""),
        postgres: claim_lines!(
            "CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)",
            "FOR UPDATE SKIP LOCKED"
        );

    /// `$1` endpoint, `$2` call, `$3` fence, `$4` for how long, in microseconds. Touches no row if the claim is lost.
    KEEP_LINE = keep_line!("CAST(unixepoch('subsec') * 1000000 AS BIGINT)"),
        postgres: keep_line!("CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)");

    /// `$1` endpoint, `$2` call, `$3` fence: whether there is more than there was.
    LINE_NEWS = "SELECT news FROM webhook_lines WHERE endpoint = $1 AND call = $2 AND fence = $3 AND node IS NOT NULL";

    /// `$1` endpoint, `$2` call, `$3` fence, `$4` when it is due again.
    LET_GO_LINE =
        "UPDATE webhook_lines SET node = NULL, claimed_until = NULL, next_at = $4 \
         WHERE endpoint = $1 AND call = $2 AND fence = $3 AND node IS NOT NULL";

    /// `$1` endpoint, `$2` call, `$3` fence, `$4` news: everything in it is done, and nothing was added meanwhile.
    END_LINE = "DELETE FROM webhook_lines WHERE endpoint = $1 AND call = $2 AND fence = $3 AND news = $4";

    /// `$1` node: what it had claimed in an earlier life.
    FREE_LINES_OF = "UPDATE webhook_lines SET node = NULL, claimed_until = NULL WHERE node = $1";

    /// What was claimed by somebody who has been silent for too long.
    FREE_SILENT_LINES = free_silent_lines!("CAST(unixepoch('subsec') * 1000000 AS BIGINT)"),
        postgres: free_silent_lines!("CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)");

    /// `$1` endpoint, `$2` call, `$3` how many: in the order in which they go out.
    WAITING_OF_LINE =
        "SELECT n, event, at, attempts, body FROM webhook_deliveries \
         WHERE endpoint = $1 AND call = $2 AND state = 'waiting' ORDER BY n LIMIT $3";

    /// `$1` n, `$2` state, `$3` attempts, `$4` when again, `$5` when done.
    DELIVERY_BECAME =
        "UPDATE webhook_deliveries SET state = $2, attempts = $3, next_at = $4, done_at = $5 WHERE n = $1";

    /// `$1` endpoint, `$2` event, `$3` tenant, `$4` when, `$5` for how long, `$6` status, `$7` trouble.
    ADD_ATTEMPT_MADE =
        "INSERT INTO webhook_attempts (endpoint, event, tenant, at, took_ms, status, trouble) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (endpoint, event, at) DO NOTHING";

    /// `$1` endpoint, `$2` before which, `$3` how many: the newest first.
    DELIVERIES =
        "SELECT n, event, type, call, at, state, attempts, next_at, done_at FROM webhook_deliveries \
         WHERE endpoint = $1 AND n < $2 ORDER BY n DESC LIMIT $3";

    /// The same, `$4` state.
    DELIVERIES_OF_STATE =
        "SELECT n, event, type, call, at, state, attempts, next_at, done_at FROM webhook_deliveries \
         WHERE endpoint = $1 AND n < $2 AND state = $4 ORDER BY n DESC LIMIT $3";

    /// `$1`: rows with `event`, `$2` endpoint.
    ATTEMPTS_MADE = concat!(
        rows!(),
        "SELECT event, at, took_ms, status, trouble FROM webhook_attempts \
         WHERE endpoint = $2 AND event IN (SELECT item ->> 'event' FROM r) ORDER BY event, at"
    );

    /// `$1` endpoint, `$2` event: its place.
    DELIVERY_PLACE = "SELECT n FROM webhook_deliveries WHERE endpoint = $1 AND event = $2";

    /// `$1` endpoint, `$2` after which, `$3` since when: they are sent once more.
    REPLAY =
        "UPDATE webhook_deliveries SET state = 'waiting', attempts = 0, next_at = NULL, done_at = NULL \
         WHERE endpoint = $1 AND n > $2 AND at >= $3";

    /// The same: the lines of these, due at `$4`.
    REPLAY_LINES =
        "INSERT INTO webhook_lines (endpoint, call, tenant, next_at) \
         SELECT DISTINCT endpoint, call, tenant, CAST($4 AS BIGINT) FROM webhook_deliveries \
         WHERE endpoint = $1 AND n > $2 AND at >= $3 \
         ON CONFLICT (endpoint, call) DO UPDATE SET news = webhook_lines.news + 1, next_at = excluded.next_at";

    /// `$1` endpoint, `$2` event: it is sent once more.
    RETRY_DELIVERY =
        "UPDATE webhook_deliveries SET state = 'waiting', attempts = 0, next_at = NULL, done_at = NULL \
         WHERE endpoint = $1 AND event = $2";

    /// The same: its line, due at `$3`.
    RETRY_LINE =
        "INSERT INTO webhook_lines (endpoint, call, tenant, next_at) \
         SELECT endpoint, call, tenant, CAST($3 AS BIGINT) FROM webhook_deliveries WHERE endpoint = $1 AND event = $2 \
         ON CONFLICT (endpoint, call) DO UPDATE SET news = webhook_lines.news + 1, next_at = excluded.next_at";

    /// `$1` before when, `$2` how many are looked at: what is older goes, the oldest first.
    PRUNE_ATTEMPTS_MADE =
        "DELETE FROM webhook_attempts WHERE (endpoint, event) IN (SELECT endpoint, event FROM \
         (SELECT endpoint, event, at FROM webhook_deliveries ORDER BY n LIMIT $2) AS oldest WHERE oldest.at < $1)";

    /// The same of the deliveries themselves.
    PRUNE_DELIVERIES =
        "DELETE FROM webhook_deliveries WHERE n IN (SELECT n FROM \
         (SELECT n, at FROM webhook_deliveries ORDER BY n LIMIT $2) AS oldest WHERE oldest.at < $1)";

    /// `$1` endpoint, `$2` state, `$3` how many are counted at most.
    COUNT_DELIVERIES =
        "SELECT COUNT(*) AS n FROM \
         (SELECT 1 AS one FROM webhook_deliveries WHERE endpoint = $1 AND state = $2 LIMIT $3) AS counted";
}

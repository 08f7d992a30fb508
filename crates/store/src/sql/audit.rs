//! Statements of operators: whether rows are what they should be, and history that goes.

use super::{rows, statements};

macro_rules! audit_turns {
    ($($month:literal)?) => {
        concat!(
            rows!(),
            "SELECT turns.call, turns.tenant, question, answer_type, answer_value, digits, speech, recording_id, \
             recording_url, recording_state, recording_sha256, transcript, fold, step, asked_at, asks, answered_at, \
             recording_duration_secs, recording_bytes \
             FROM r JOIN turns ON turns.call = item ->> 'id'" $(, $month)?, " ORDER BY turns.call, step"
        )
    };
}

macro_rules! delete_of {
    ($table:literal) => {
        concat!(rows!(), "DELETE FROM ", $table, " WHERE call IN (SELECT item ->> 'id' FROM r)")
    };
    ($table:literal, month) => {
        concat!(
            rows!(),
            "DELETE FROM ",
            $table,
            " USING r WHERE call = item ->> 'id' AND month = call_month(item ->> 'id')"
        )
    };
}

macro_rules! count_of {
    ($table:literal $(, $month:literal)?) => {
        concat!(rows!(), "SELECT COUNT(*) AS n FROM r JOIN ", $table, " ON call = item ->> 'id'" $(, $month)?)
    };
}

macro_rules! rewrite_events {
    ($($month:literal)?) => {
        concat!(
            rows!(),
            "UPDATE events SET body = item ->> 'body' FROM r \
             WHERE events.call = item ->> 'call' AND events.key = item ->> 'key'" $(, $month)?
        )
    };
}

/// An open job reads its earlier calls: where its questionnaire goes on, and how often it was tried.
macro_rules! still_read {
    () => {
        "NOT EXISTS (SELECT 1 FROM attempts JOIN jobs ON jobs.id = attempts.job \
         WHERE attempts.call = calls.id AND jobs.state <> 'settled')"
    };
}

statements! { AUDITS:
    /// `$1` after this id, `$2` limit: ids of calls, in their order.
    CALL_IDS_AFTER = "SELECT id FROM calls WHERE id > $1 ORDER BY id LIMIT $2";

    /// `$1`: rows with `id`. Every column of these calls.
    AUDIT_CALLS = concat!(rows!(),
        "SELECT id, tenant, account, carrier, carrier_call_id, session_id, direction, kind, status, state, disposition, \
         outcome, from_number, to_number, name, script, price_amount, price_unit, error_code, error_message, metadata, \
         fold, node, question, answer_count, created_at, ringing_at, answered_at, ended_at, updated_at, duration_secs, \
         campaign FROM calls WHERE id IN (SELECT item ->> 'id' FROM r) ORDER BY id");

    /// `$1`: rows with `id`. Every column of the turns of these calls.
    AUDIT_TURNS = audit_turns!(), postgres: audit_turns!(" AND turns.month = call_month(item ->> 'id')");

    /// `$1`: rows of legs. Those that are there.
    AUDIT_LEGS = concat!(rows!(),
        "SELECT legs.account, legs.carrier_call_id, legs.tenant, legs.call FROM r JOIN legs \
         ON legs.account = item ->> 'account' AND legs.carrier_call_id = item ->> 'carrier_call_id'");

    /// Where the counts are not what counting gives, and by how much.
    DRIFT =
        "SELECT tenant, day, status, CAST(SUM(n) AS BIGINT) AS n FROM (\
         SELECT tenant, day, status, n FROM call_counts \
         UNION ALL \
         SELECT tenant, created_at / 86400000000 AS day, status, -COUNT(*) AS n FROM calls \
         GROUP BY tenant, created_at / 86400000000, status) AS both_ways \
         GROUP BY tenant, day, status HAVING SUM(n) <> 0 ORDER BY tenant, day, status";

    /// How many counts there are.
    COUNTS_KEPT = "SELECT COUNT(*) AS n FROM call_counts WHERE n <> 0";

    /// Turns without their call.
    STRAY_TURNS =
        "SELECT COUNT(*) AS n FROM turns WHERE NOT EXISTS (SELECT 1 FROM calls WHERE calls.id = turns.call)";

    /// Legs without their call.
    STRAY_LEGS = "SELECT COUNT(*) AS n FROM legs WHERE NOT EXISTS (SELECT 1 FROM calls WHERE calls.id = legs.call)";

    /// `$1`: rows with `id`.
    COUNT_EVENTS = count_of!("events"),
        postgres: count_of!("events", " AND month = call_month(item ->> 'id')");

    /// `$1`: rows with `id`.
    COUNT_TURNS = count_of!("turns"),
        postgres: count_of!("turns", " AND month = call_month(item ->> 'id')");

    /// `$1` after this id, `$2` ended before, `$3` status, `$4` limit, `$5` tenant: calls that have had their time.
    ENDED_BEFORE =
        concat!("SELECT id FROM calls WHERE id > $1 AND ended_at < $2 AND status = COALESCE($3, status) \
         AND tenant = COALESCE($5, tenant) AND ", still_read!(),
         " ORDER BY id LIMIT $4");

    /// `$1` tenant, `$2` began then or later, `$3` and after this id, `$4` ended before, `$5` limit: calls that have had their time,
    /// by the index of the newest, so that only what is that old is looked at.
    OUTLIVED =
        concat!("SELECT id FROM calls WHERE tenant = $1 AND (created_at, id) > ($2, $3) AND created_at < $4 \
         AND ended_at < $4 AND ", still_read!(), " ORDER BY created_at, id LIMIT $5");

    /// `$1`: rows with `id`, `$2` ended before, `$3` status, `$4` tenant: those that still are what was looked for.
    STILL_ENDED_BEFORE = concat!(rows!(),
        "SELECT id, fold FROM calls WHERE id IN (SELECT item ->> 'id' FROM r) \
         AND ended_at < $2 AND status = COALESCE($3, status) AND tenant = COALESCE($4, tenant) AND ", still_read!(),
        " ORDER BY id");

    /// `$1`: rows with `id`.
    DELETE_EVENTS_OF = delete_of!("events"), postgres: delete_of!("events", month);

    /// `$1`: rows with `id`.
    DELETE_TURNS_OF = delete_of!("turns"), postgres: delete_of!("turns", month);

    /// `$1`: rows of legs with their call. One that has become another call's stays.
    DELETE_LEGS = concat!(rows!(),
        "DELETE FROM legs WHERE (account, carrier_call_id, call) IN \
         (SELECT item ->> 'account', item ->> 'carrier_call_id', item ->> 'call' FROM r)");

    /// Whose calls there are.
    TENANTS_WITH_CALLS = "SELECT tenant FROM call_counts UNION SELECT tenant FROM appointments ORDER BY tenant";

    /// `$1` tenant, `$2` number, `$3` after this id, `$4` limit: calls whose person has this number.
    CALLS_WITH =
        "SELECT id FROM (\
         SELECT id FROM calls WHERE tenant = $1 AND to_number = $2 AND direction = 'outbound' \
         UNION \
         SELECT id FROM calls WHERE tenant = $1 AND from_number = $2 AND direction = 'inbound') AS theirs \
         WHERE id > $3 ORDER BY id LIMIT $4";

    /// `$1` tenant, `$2` user, `$3` after this id, `$4` limit: calls between users of an app that this one made.
    APP_CALLS_FROM =
        "SELECT id FROM calls WHERE tenant = $1 AND from_number = $2 AND carrier = 'app' AND id > $3 ORDER BY id LIMIT $4";

    /// `$1` tenant, `$2` a pattern, `$3` after this id, `$4` limit: calls whose fold holds a text. It reads every call of the
    /// tenant: for whoever erases a person, and nobody else.
    CALLS_HOLDING = "SELECT id FROM calls WHERE tenant = $1 AND fold LIKE $2 AND id > $3 ORDER BY id LIMIT $4";

    /// `$1`: rows with `call`, `key`, `body`.
    REWRITE_EVENTS = rewrite_events!(),
        postgres: rewrite_events!(" AND events.month = call_month(item ->> 'call')");

    /// What was pruned, by which words.
    PRUNINGS = "SELECT key, value FROM meta WHERE key LIKE 'pruned:%' ORDER BY key";

    /// `$1` key, `$2` before, as text.
    PUT_META =
        "INSERT INTO meta (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = excluded.value";
}

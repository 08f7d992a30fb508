//! Lists of calls, newest first: one text for each index that can drive them.
//!
//! They share their parameters, so that the caller picks a text and binds once:
//! `$1` tenant · `$2 $3` strictly before this (created_at, id) · `$4` created at or after · `$5` limit · `$6` status ·
//! `$7` direction · `$8` carrier · `$9` script · `$10` number on either side · `$11` null · `$12` metadata that
//! must be there, as a JSON object of texts · `$13` 1 active only, 0 ended only. Null: no such filter. `LIST_CAMPAIGN` has `$14`, the
//! campaign. Those that look for words (`search`) have it too, and the words in `$11`.

use super::statements;

macro_rules! columns {
    () => {
        "id, tenant, account, carrier_call_id, session_id, direction, kind, status, state, disposition, \
         outcome, from_number, to_number, name, script, question, answer_count, created_at, ringing_at, answered_at, \
         ended_at, updated_at, duration_secs, price_amount, price_unit, error_code, error_message, metadata"
    };
}
pub(super) use columns;

/// The members of a JSON object, the values as text, the way a person writes them.
macro_rules! members {
    (sqlite, $object:literal) => {
        concat!(
            "(SELECT key, CASE type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(value AS TEXT) END \
             AS value FROM json_each(", $object, "))"
        )
    };
    (postgres, $object:literal) => {
        concat!("json_each_text(CAST(", $object, " AS json))")
    };
}

pub(super) use members;

/// The filters that every list has.
macro_rules! refine {
    ($engine:ident) => {
        concat!(
            " AND calls.tenant = $1 AND (created_at, id) < ($2, $3) AND created_at >= $4 \
             AND ($6 IS NULL OR status = $6) AND ($7 IS NULL OR direction = $7) AND ($8 IS NULL OR carrier = $8) \
             AND ($9 IS NULL OR script = $9) AND ($10 IS NULL OR from_number = $10 OR to_number = $10) \
             AND ($13 IS NULL OR ($13 = 1) = (ended_at IS NULL)) \
             AND CASE WHEN $12 = '{}' THEN true ELSE NOT EXISTS (SELECT 1 FROM ", members!($engine, "$12"),
            " AS w WHERE NOT EXISTS (SELECT 1 FROM ", members!($engine, "calls.metadata"),
            " AS m WHERE m.key = w.key AND m.value = w.value)) END "
        )
    };
}
pub(super) use refine;

macro_rules! newest {
    () => {
        " ORDER BY created_at DESC, id DESC LIMIT $5"
    };
}

macro_rules! list {
    ($engine:ident, $which:literal) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM calls WHERE $11 IS NULL AND ",
            $which,
            refine!($engine),
            newest!()
        )
    };
}

macro_rules! list_number {
    ($engine:ident) => {
        concat!(
            "SELECT ",
            columns!(),
            " FROM calls WHERE $11 IS NULL AND id IN (\
             SELECT id FROM (SELECT id FROM calls WHERE from_number = $10",
            refine!($engine),
            newest!(),
            ") AS callers \
             UNION \
             SELECT id FROM (SELECT id FROM calls WHERE to_number = $10",
            refine!($engine),
            newest!(),
            ") AS callees)",
            newest!()
        )
    };
}

statements! { LISTS:
    /// Any filter, walking from the newest.
    LIST_NEWEST = list!(sqlite, "true"), postgres: list!(postgres, "true");

    /// With a status.
    LIST_STATUS = list!(sqlite, "status = $6"), postgres: list!(postgres, "status = $6");

    /// Active calls only.
    LIST_ACTIVE = list!(sqlite, "ended_at IS NULL"), postgres: list!(postgres, "ended_at IS NULL");

    /// Of a campaign: its attempts are their calls.
    LIST_CAMPAIGN = list!(sqlite, "id IN (SELECT call FROM attempts WHERE campaign = $14)"),
        postgres: list!(postgres, "id IN (SELECT call FROM attempts WHERE campaign = $14)");

    /// With a number: each side by its own index, then the newer of both.
    LIST_NUMBER = list_number!(sqlite), postgres: list_number!(postgres);
}

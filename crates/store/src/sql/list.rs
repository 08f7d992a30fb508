//! Lists of calls, newest first: one text for each index that can drive them.
//!
//! They share their parameters, so that the caller picks a text and binds once:
//! `$1` tenant · `$2 $3` strictly before this (created_at, id) · `$4` created at or after · `$5` limit · `$6` status ·
//! `$7` direction · `$8` carrier · `$9` script · `$10` number on either side · `$11` a LIKE pattern · `$12` metadata that
//! must be there, as a JSON object of texts · `$13` 1 active only, 0 ended only. Null: no such filter.

use super::statements;

macro_rules! columns {
    () => {
        "SELECT id, tenant, account, carrier_call_id, session_id, direction, kind, status, state, disposition, \
         outcome, from_number, to_number, name, script, question, answer_count, created_at, ringing_at, answered_at, \
         ended_at, updated_at, duration_secs, price_amount, price_unit, error_code, error_message, metadata FROM calls "
    };
}

/// A member of a JSON object as text, the way a person writes it.
macro_rules! member {
    () => {
        "CASE m.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' ELSE CAST(m.value AS TEXT) END"
    };
}

macro_rules! refine {
    () => {
        concat!(
            " AND tenant = $1 AND (created_at, id) < ($2, $3) AND created_at >= $4 \
             AND ($6 IS NULL OR status = $6) AND ($7 IS NULL OR direction = $7) AND ($8 IS NULL OR carrier = $8) \
             AND ($9 IS NULL OR script = $9) AND ($10 IS NULL OR from_number = $10 OR to_number = $10) \
             AND ($13 IS NULL OR ($13 = 1) = (ended_at IS NULL)) \
             AND ($11 IS NULL OR to_number LIKE $11 ESCAPE '\\' OR from_number LIKE $11 ESCAPE '\\' \
             OR name LIKE $11 ESCAPE '\\' \
             OR EXISTS (SELECT 1 FROM json_each(calls.metadata) AS m WHERE m.value LIKE $11 ESCAPE '\\')) \
             AND NOT EXISTS (SELECT 1 FROM json_each($12) AS w WHERE NOT EXISTS \
             (SELECT 1 FROM json_each(calls.metadata) AS m WHERE m.key = w.key AND ",
            member!(),
            " = w.value)) "
        )
    };
}

macro_rules! newest {
    () => {
        " ORDER BY created_at DESC, id DESC LIMIT $5"
    };
}

statements! { LISTS:
    /// Any filter, walking from the newest.
    LIST_NEWEST = concat!(columns!(), "WHERE true", refine!(), newest!());

    /// With a status.
    LIST_STATUS = concat!(columns!(), "WHERE status = $6", refine!(), newest!());

    /// Active calls only.
    LIST_ACTIVE = concat!(columns!(), "WHERE ended_at IS NULL", refine!(), newest!());

    /// With a number: each side by its own index, then the newer of both.
    LIST_NUMBER = concat!(
        columns!(), "WHERE id IN (\
         SELECT id FROM (SELECT id FROM calls WHERE from_number = $10", refine!(), newest!(), ") AS callers \
         UNION \
         SELECT id FROM (SELECT id FROM calls WHERE to_number = $10", refine!(), newest!(), ") AS callees)",
        newest!()
    );
}

-- Times are microseconds since 1970 UTC, ids are text, JSON is text. No foreign keys: a projection is never refused
-- because something else is missing. Bulky columns stand last, so that a list does not read their overflow pages.

CREATE TABLE meta (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The name of this database: drawn once, so that a swapped or emptied one is told from the one a journal has fed.
INSERT INTO meta (key, value) VALUES ('store_id', lower(hex(randomblob(16))));

-- Which journals this database has eaten, and up to where. synced: up to where it is known to be on the disk.
CREATE TABLE cursors (
    node     TEXT    NOT NULL PRIMARY KEY,
    journal  TEXT    NOT NULL,
    position INTEGER NOT NULL,
    synced   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- One row for a call; fold is the call as JSON, but for its turns, and the truth of the row; the columns are for lists and
-- filters.
CREATE TABLE calls (
    id              TEXT    NOT NULL PRIMARY KEY,
    tenant          TEXT    NOT NULL CHECK (tenant <> ''),
    account         TEXT    NOT NULL,
    carrier         TEXT    NOT NULL,
    carrier_call_id TEXT,
    session_id      TEXT,
    direction       TEXT    NOT NULL,
    kind            TEXT    NOT NULL,
    status          TEXT    NOT NULL,
    state           TEXT    NOT NULL,
    disposition     TEXT,
    outcome         TEXT,
    from_number     TEXT    NOT NULL,
    to_number       TEXT    NOT NULL,
    name            TEXT,
    script          TEXT,
    question        INTEGER,
    answer_count    INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    ringing_at      INTEGER,
    answered_at     INTEGER,
    ended_at        INTEGER,
    updated_at      INTEGER NOT NULL,
    duration_secs   INTEGER,
    price_amount    TEXT,
    price_unit      TEXT,
    error_code      TEXT,
    error_message   TEXT,
    metadata        TEXT    NOT NULL,
    fold            TEXT    NOT NULL
) STRICT;

CREATE INDEX calls_newest  ON calls (tenant, created_at, id);
CREATE INDEX calls_status  ON calls (tenant, status, created_at, id);
CREATE INDEX calls_from    ON calls (tenant, from_number, created_at, id);
CREATE INDEX calls_to      ON calls (tenant, to_number, created_at, id);
-- A partial index is used only by a query that says the very same words.
CREATE INDEX calls_active  ON calls (tenant, created_at, id) WHERE ended_at IS NULL;
CREATE INDEX calls_session ON calls (tenant, session_id, created_at, id) WHERE session_id IS NOT NULL;

-- Every change of a call, applied or refused: the audit trail.
CREATE TABLE events (
    call        TEXT    NOT NULL,
    tenant      TEXT    NOT NULL CHECK (tenant <> ''),
    key         TEXT    NOT NULL,
    position    INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    occurred_at INTEGER,
    source      TEXT    NOT NULL,
    kind        TEXT    NOT NULL,
    applied     INTEGER NOT NULL,
    refused     TEXT,
    body        TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX events_key ON events (call, key);

-- Question by question, with the recording that is the answer; fold is the whole turn as JSON.
CREATE TABLE turns (
    call                    TEXT    NOT NULL,
    step                    INTEGER NOT NULL,
    tenant                  TEXT    NOT NULL,
    question                TEXT    NOT NULL,
    asked_at                INTEGER,
    asks                    INTEGER NOT NULL,
    answered_at             INTEGER,
    answer_type             TEXT,
    answer_value            TEXT,
    digits                  TEXT,
    speech                  TEXT,
    recording_id            TEXT,
    recording_url           TEXT,
    recording_duration_secs INTEGER,
    recording_state         TEXT,
    recording_bytes         INTEGER,
    recording_sha256        TEXT,
    transcript              TEXT,
    fold                    TEXT    NOT NULL,
    PRIMARY KEY (call, step)
) STRICT;

-- The carrier's ids of a call, strays included: which call a webhook is about.
CREATE TABLE legs (
    account         TEXT    NOT NULL,
    carrier_call_id TEXT    NOT NULL,
    tenant          TEXT    NOT NULL,
    call            TEXT    NOT NULL,
    leg             INTEGER,
    PRIMARY KEY (account, carrier_call_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX legs_carrier_call_id ON legs (tenant, carrier_call_id);

-- How many calls a tenant has by day of creation (days since 1970 UTC) and status: counted as they change.
CREATE TABLE call_counts (
    tenant TEXT    NOT NULL,
    day    INTEGER NOT NULL,
    status TEXT    NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (tenant, day, status)
) STRICT, WITHOUT ROWID;

-- Numbers never to dial. tenant is '' where it holds for everyone; a lifted row stays, so that a replay can't undo it.
CREATE TABLE suppressions (
    tenant     TEXT    NOT NULL,
    number     TEXT    NOT NULL CHECK (number <> ''),
    reason     TEXT    NOT NULL,
    since      INTEGER NOT NULL,
    lifted_at  INTEGER,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (tenant, number)
) STRICT, WITHOUT ROWID;

-- What the planner should believe of every database, small or large: a tenant has many calls, a status a tenth of
-- them, a person few. Without it, a list by status is taken for one that any index serves as well.
ANALYZE sqlite_schema;
INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('calls', 'sqlite_autoindex_calls_1', '1000000 1'),
    ('calls', 'calls_newest', '1000000 100000 1 1'),
    ('calls', 'calls_status', '1000000 100000 10000 1 1'),
    ('calls', 'calls_from', '1000000 100000 100 1 1'),
    ('calls', 'calls_to', '1000000 100000 10 1 1'),
    ('calls', 'calls_active', '1000 100 1 1'),
    ('calls', 'calls_session', '1000000 100000 10 1 1'),
    ('events', 'events_key', '10000000 10 1'),
    ('turns', 'sqlite_autoindex_turns_1', '5000000 5 1'),
    ('legs', 'legs', '1000000 500000 1'),
    ('legs', 'legs_carrier_call_id', '1000000 100000 1 1'),
    ('call_counts', 'call_counts', '50000 5000 10 1'),
    ('suppressions', 'suppressions', '100000 10000 1');
ANALYZE sqlite_schema;

-- Times are microseconds since 1970 UTC, ids are text, JSON is text, all as on SQLite. Words are sorted by their bytes,
-- whatever the database's language. No foreign keys: a projection is never refused because something else is missing.

DO $$
BEGIN
    IF current_setting('server_encoding') <> 'UTF8' THEN
        RAISE EXCEPTION 'names are written in every script: create the database with ENCODING ''UTF8''';
    END IF;
END $$;

CREATE TABLE meta (
    key   TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    value TEXT             NOT NULL
);

-- The name of this database: drawn once, so that a swapped or emptied one is told from the one a journal has fed.
INSERT INTO meta (key, value) VALUES ('store_id', replace(gen_random_uuid()::text, '-', ''));

-- Which journals this database has eaten, and up to where. synced: up to where it is known to be on the disk.
CREATE TABLE cursors (
    node     TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    journal  TEXT             NOT NULL,
    position BIGINT           NOT NULL,
    synced   BIGINT           NOT NULL
);

-- One row for a call; fold is the call as JSON, but for its turns, and the truth of the row; the columns are for lists and
-- filters.
CREATE TABLE calls (
    id              TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant          TEXT COLLATE "C" NOT NULL CONSTRAINT calls_have_a_tenant CHECK (tenant <> ''),
    account         TEXT COLLATE "C" NOT NULL,
    carrier         TEXT COLLATE "C" NOT NULL,
    carrier_call_id TEXT COLLATE "C",
    session_id      TEXT COLLATE "C",
    direction       TEXT COLLATE "C" NOT NULL,
    kind            TEXT COLLATE "C" NOT NULL,
    status          TEXT COLLATE "C" NOT NULL,
    state           TEXT COLLATE "C" NOT NULL,
    disposition     TEXT COLLATE "C",
    outcome         TEXT COLLATE "C",
    from_number     TEXT COLLATE "C" NOT NULL,
    to_number       TEXT COLLATE "C" NOT NULL,
    name            TEXT COLLATE "C",
    script          TEXT COLLATE "C",
    question        BIGINT,
    answer_count    BIGINT           NOT NULL,
    created_at      BIGINT           NOT NULL,
    ringing_at      BIGINT,
    answered_at     BIGINT,
    ended_at        BIGINT,
    updated_at      BIGINT           NOT NULL,
    duration_secs   BIGINT,
    price_amount    TEXT COLLATE "C",
    price_unit      TEXT COLLATE "C",
    error_code      TEXT COLLATE "C",
    error_message   TEXT COLLATE "C",
    metadata        TEXT COLLATE "C" NOT NULL,
    fold            TEXT COLLATE "C" NOT NULL
);

CREATE INDEX calls_newest  ON calls (tenant, created_at, id);
CREATE INDEX calls_status  ON calls (tenant, status, created_at, id);
CREATE INDEX calls_from    ON calls (tenant, from_number, created_at, id);
CREATE INDEX calls_to      ON calls (tenant, to_number, created_at, id);
CREATE INDEX calls_active  ON calls (tenant, created_at, id) WHERE ended_at IS NULL;
CREATE INDEX calls_session ON calls (tenant, session_id, created_at, id) WHERE session_id IS NOT NULL;

-- The month in which a call began to exist, such as 202611, read off its id, so that a unique key can hold it and a
-- replay finds the same partition. 0 for an id that bears no time: that of a call which began at the carrier.
CREATE FUNCTION call_month(call TEXT) RETURNS BIGINT LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE WHEN substr(call, 15, 1) = '7' THEN
        CAST(EXTRACT(YEAR FROM began) * 100 + EXTRACT(MONTH FROM began) AS BIGINT) ELSE 0 END
    FROM (SELECT to_timestamp(
        CAST(CAST('x' || substr(call, 1, 8) || substr(call, 10, 4) AS BIT(48)) AS BIGINT) / 1000.0
    ) AT TIME ZONE 'UTC' AS began) AS id
$$;

-- Every change of a call, applied or refused: the audit trail.
CREATE TABLE events (
    call        TEXT COLLATE "C" NOT NULL,
    month       BIGINT           NOT NULL,
    tenant      TEXT COLLATE "C" NOT NULL CONSTRAINT events_have_a_tenant CHECK (tenant <> ''),
    key         TEXT COLLATE "C" NOT NULL,
    position    BIGINT           NOT NULL,
    received_at BIGINT           NOT NULL,
    occurred_at BIGINT,
    source      TEXT COLLATE "C" NOT NULL,
    kind        TEXT COLLATE "C" NOT NULL,
    applied     BIGINT           NOT NULL,
    refused     TEXT COLLATE "C",
    body        TEXT COLLATE "C" NOT NULL
) PARTITION BY LIST (month);

CREATE UNIQUE INDEX events_key ON events (call, key, month);

-- Question by question, with the recording that is the answer; fold is the whole turn as JSON.
CREATE TABLE turns (
    call                    TEXT COLLATE "C" NOT NULL,
    month                   BIGINT           NOT NULL,
    step                    BIGINT           NOT NULL,
    tenant                  TEXT COLLATE "C" NOT NULL,
    question                TEXT COLLATE "C" NOT NULL,
    asked_at                BIGINT,
    asks                    BIGINT           NOT NULL,
    answered_at             BIGINT,
    answer_type             TEXT COLLATE "C",
    answer_value            TEXT COLLATE "C",
    digits                  TEXT COLLATE "C",
    speech                  TEXT COLLATE "C",
    recording_id            TEXT COLLATE "C",
    recording_url           TEXT COLLATE "C",
    recording_duration_secs BIGINT,
    recording_state         TEXT COLLATE "C",
    recording_bytes         BIGINT,
    recording_sha256        TEXT COLLATE "C",
    transcript              TEXT COLLATE "C",
    fold                    TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (call, step, month)
) PARTITION BY LIST (month);

CREATE TABLE events_undated PARTITION OF events FOR VALUES IN (0);
CREATE TABLE turns_undated  PARTITION OF turns  FOR VALUES IN (0);
-- Nothing is refused because its month could not be made.
CREATE TABLE events_default PARTITION OF events DEFAULT;
CREATE TABLE turns_default  PARTITION OF turns  DEFAULT;

-- Makes the partitions of the months in which these calls began, given as rows with an id, and of the months after
-- them: at the turn of a month its partition stands there already, and somebody's long backup keeps nobody waiting.
CREATE FUNCTION make_months(calls JSONB) RETURNS VOID LANGUAGE plpgsql AS $$
DECLARE
    parent TEXT;
    wanted BIGINT;
BEGIN
    FOR wanted IN
        WITH began AS (SELECT DISTINCT call_month(item.value ->> 'id') AS month FROM jsonb_each(calls) AS item)
        SELECT month FROM began WHERE month BETWEEN 200001 AND 299912
        UNION
        SELECT CASE WHEN month % 100 = 12 THEN month + 89 ELSE month + 1 END FROM began
        WHERE month BETWEEN 200001 AND 299912
        ORDER BY 1
    LOOP
        FOREACH parent IN ARRAY ARRAY['events', 'turns'] LOOP
            CONTINUE WHEN to_regclass(format('%I', parent || '_' || wanted)) IS NOT NULL;
            BEGIN
                EXECUTE format(
                    'CREATE TABLE %I PARTITION OF %I FOR VALUES IN (%s)', parent || '_' || wanted, parent, wanted
                );
            EXCEPTION WHEN check_violation OR duplicate_table OR unique_violation THEN
                -- The default partition has rows of this month already, and keeps it; or another process was faster.
                NULL;
            END;
        END LOOP;
    END LOOP;
END
$$;

-- The carrier's ids of a call, strays included: which call a webhook is about.
CREATE TABLE legs (
    account         TEXT COLLATE "C" NOT NULL,
    carrier_call_id TEXT COLLATE "C" NOT NULL,
    tenant          TEXT COLLATE "C" NOT NULL,
    call            TEXT COLLATE "C" NOT NULL,
    leg             BIGINT,
    PRIMARY KEY (account, carrier_call_id)
);

CREATE INDEX legs_carrier_call_id ON legs (tenant, carrier_call_id);

-- How many calls a tenant has by day of creation (days since 1970 UTC) and status: counted as they change.
CREATE TABLE call_counts (
    tenant TEXT COLLATE "C" NOT NULL,
    day    BIGINT           NOT NULL,
    status TEXT COLLATE "C" NOT NULL,
    n      BIGINT           NOT NULL,
    PRIMARY KEY (tenant, day, status)
);

-- Numbers never to dial. tenant is '' where it holds for everyone; a lifted row stays, so that a replay can't undo it.
CREATE TABLE suppressions (
    tenant     TEXT COLLATE "C" NOT NULL,
    number     TEXT COLLATE "C" NOT NULL CHECK (number <> ''),
    reason     TEXT COLLATE "C" NOT NULL,
    since      BIGINT           NOT NULL,
    lifted_at  BIGINT,
    changed_at BIGINT           NOT NULL,
    PRIMARY KEY (tenant, number)
);

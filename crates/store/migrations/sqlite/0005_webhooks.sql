-- Webhooks that are sent to tenants' software. Endpoints are decision data: here is their truth. What is sent to them is
-- written in the transaction of the rows it tells of, and by whoever sends it.

-- fold is the endpoint as JSON, its secrets sealed; version rises with every change, so that two who edit it can't overwrite
-- each other. failing_since: since when it has taken nothing.
CREATE TABLE webhook_endpoints (
    id            TEXT    NOT NULL PRIMARY KEY,
    tenant        TEXT    NOT NULL CHECK (tenant <> ''),
    enabled       INTEGER NOT NULL,
    version       INTEGER NOT NULL,
    failing_since INTEGER,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    fold          TEXT    NOT NULL
) STRICT;

CREATE INDEX webhook_endpoints_tenant ON webhook_endpoints (tenant, created_at, id);

-- One event for one endpoint, numbered in the order in which they go out. body is what is sent: it names a call and never a
-- person.
CREATE TABLE webhook_deliveries (
    n        INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    endpoint TEXT    NOT NULL,
    tenant   TEXT    NOT NULL CHECK (tenant <> ''),
    call     TEXT    NOT NULL,
    event    TEXT    NOT NULL,
    type     TEXT    NOT NULL,
    state    TEXT    NOT NULL DEFAULT 'waiting',
    at       INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_at  INTEGER,
    done_at  INTEGER,
    body     TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX webhook_deliveries_event ON webhook_deliveries (endpoint, event);
CREATE INDEX webhook_deliveries_newest ON webhook_deliveries (endpoint, n);
CREATE INDEX webhook_deliveries_state ON webhook_deliveries (endpoint, state, n);
-- A partial index is used only by a query that says the very same words.
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (endpoint, call, n) WHERE state = 'waiting';

-- What came of each attempt.
CREATE TABLE webhook_attempts (
    endpoint TEXT    NOT NULL,
    event    TEXT    NOT NULL,
    tenant   TEXT    NOT NULL CHECK (tenant <> ''),
    at       INTEGER NOT NULL,
    took_ms  INTEGER NOT NULL,
    status   INTEGER,
    trouble  TEXT   ,
    PRIMARY KEY (endpoint, event, at)
) STRICT;

-- The deliveries of one call to one endpoint that are not done: they go out one after the other, so that a line has one sender
-- at a time. news rises with every delivery that is added, fence with every claim; claimed_until is by this database's clock.
CREATE TABLE webhook_lines (
    endpoint      TEXT    NOT NULL,
    call          TEXT    NOT NULL,
    tenant        TEXT    NOT NULL CHECK (tenant <> ''),
    node          TEXT   ,
    next_at       INTEGER NOT NULL,
    news          INTEGER NOT NULL DEFAULT 0,
    fence         INTEGER NOT NULL DEFAULT 0,
    claimed_until INTEGER,
    PRIMARY KEY (endpoint, call)
) STRICT;

CREATE INDEX webhook_lines_due ON webhook_lines (endpoint, next_at) WHERE node IS NULL;
CREATE INDEX webhook_lines_claimed ON webhook_lines (claimed_until) WHERE node IS NOT NULL;

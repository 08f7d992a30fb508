-- The outbound queue. Here is its truth: a claim is a decision of this database. What follows a claim is in a journal
-- first, and comes here as calls do.

-- fold is the campaign as JSON; version rises with every change, so that two who edit it can't overwrite each other.
CREATE TABLE campaigns (
    id         TEXT    NOT NULL PRIMARY KEY,
    tenant     TEXT    NOT NULL CHECK (tenant <> ''),
    name       TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    fold       TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX campaigns_name ON campaigns (tenant, name);

-- One person of one tenant, by number; raw as it was written by whoever gave it first.
CREATE TABLE leads (
    id         TEXT    NOT NULL PRIMARY KEY,
    tenant     TEXT    NOT NULL CHECK (tenant <> ''),
    number     TEXT    NOT NULL CHECK (number <> ''),
    raw        TEXT    NOT NULL,
    name       TEXT,
    zone       TEXT,
    fields     TEXT    NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX leads_number ON leads (tenant, number);
CREATE INDEX leads_newest ON leads (tenant, created_at, id);

-- Reach this lead once for this campaign. fold is the job as JSON and its truth; ready_at: not to be looked at before;
-- variables: what the script's {{…}} say for this person.
CREATE TABLE jobs (
    id         TEXT    NOT NULL PRIMARY KEY,
    tenant     TEXT    NOT NULL CHECK (tenant <> ''),
    campaign   TEXT    NOT NULL,
    lead       TEXT    NOT NULL,
    number     TEXT    NOT NULL,
    state      TEXT    NOT NULL,
    bucket     TEXT    NOT NULL,
    priority   INTEGER NOT NULL,
    ready_at   INTEGER NOT NULL,
    gate       TEXT,
    dedup      TEXT,
    node       TEXT,
    pair       TEXT,
    updated_at INTEGER NOT NULL,
    variables  TEXT    NOT NULL,
    fold       TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX jobs_once ON jobs (campaign, lead);
CREATE UNIQUE INDEX jobs_dedup ON jobs (tenant, dedup) WHERE dedup IS NOT NULL AND state <> 'settled';
-- One open attempt from a number to a person at one carrier account, over tenants and nodes.
CREATE UNIQUE INDEX jobs_pair ON jobs (pair) WHERE pair IS NOT NULL;
CREATE INDEX jobs_heads ON jobs (campaign, priority, ready_at, id) WHERE state = 'waiting';
CREATE INDEX jobs_buckets ON jobs (campaign, bucket, id);
CREATE INDEX jobs_person ON jobs (tenant, number);
CREATE INDEX jobs_open ON jobs (node, tenant, campaign, id) WHERE node IS NOT NULL;

-- One dial for a job, and the call that it is.
CREATE TABLE attempts (
    call       TEXT    NOT NULL PRIMARY KEY,
    tenant     TEXT    NOT NULL CHECK (tenant <> ''),
    campaign   TEXT    NOT NULL,
    job        TEXT    NOT NULL,
    no         INTEGER NOT NULL,
    node       TEXT    NOT NULL,
    claimed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX attempts_no ON attempts (job, no);
CREATE INDEX attempts_campaign ON attempts (campaign, claimed_at, call);

-- Counted up with every change of a campaign, so that a node sees by one row that there is something to read.
INSERT INTO meta (key, value) VALUES ('campaigns', '0');

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('jobs', 'sqlite_autoindex_jobs_1', '1000000 1'),
    ('jobs', 'jobs_once', '1000000 10000 1'),
    ('jobs', 'jobs_dedup', '100000 1000 1'),
    ('jobs', 'jobs_pair', '100 1'),
    ('jobs', 'jobs_heads', '1000000 10000 5000 1 1'),
    ('jobs', 'jobs_buckets', '1000000 10000 2000 1'),
    ('jobs', 'jobs_open', '100 50 10 2 1'),
    ('attempts', 'attempts', '2000000 1'),
    ('attempts', 'attempts_no', '2000000 2 1'),
    ('attempts', 'attempts_campaign', '2000000 20000 1 1'),
    ('leads', 'leads', '1000000 1'),
    ('leads', 'leads_number', '1000000 100000 1'),
    ('leads', 'leads_newest', '1000000 100000 1 1'),
    ('campaigns', 'campaigns', '1000 1'),
    ('campaigns', 'campaigns_name', '1000 10 1');
ANALYZE sqlite_schema;

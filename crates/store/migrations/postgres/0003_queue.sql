-- The outbound queue. Here is its truth: a claim is a decision of this database. What follows a claim is in a journal
-- first, and comes here as calls do.

-- fold is the campaign as JSON; version rises with every change, so that two who edit it can't overwrite each other.
CREATE TABLE campaigns (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant     TEXT COLLATE "C" NOT NULL CHECK (tenant <> ''),
    name       TEXT COLLATE "C" NOT NULL,
    state      TEXT COLLATE "C" NOT NULL,
    version    BIGINT  NOT NULL,
    created_at BIGINT  NOT NULL,
    updated_at BIGINT  NOT NULL,
    fold       TEXT COLLATE "C" NOT NULL
);

CREATE UNIQUE INDEX campaigns_name ON campaigns (tenant, name);

-- One person of one tenant, by number; raw as it was written by whoever gave it first.
CREATE TABLE leads (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant     TEXT COLLATE "C" NOT NULL CHECK (tenant <> ''),
    number     TEXT COLLATE "C" NOT NULL CHECK (number <> ''),
    raw        TEXT COLLATE "C" NOT NULL,
    name       TEXT COLLATE "C",
    zone       TEXT COLLATE "C",
    fields     TEXT COLLATE "C" NOT NULL,
    created_at BIGINT  NOT NULL,
    updated_at BIGINT  NOT NULL
);

CREATE UNIQUE INDEX leads_number ON leads (tenant, number);
CREATE INDEX leads_newest ON leads (tenant, created_at, id);

-- Reach this lead once for this campaign. fold is the job as JSON and its truth; ready_at: not to be looked at before;
-- variables: what the script's {{…}} say for this person.
CREATE TABLE jobs (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant     TEXT COLLATE "C" NOT NULL CHECK (tenant <> ''),
    campaign   TEXT COLLATE "C" NOT NULL,
    lead       TEXT COLLATE "C" NOT NULL,
    number     TEXT COLLATE "C" NOT NULL,
    state      TEXT COLLATE "C" NOT NULL,
    bucket     TEXT COLLATE "C" NOT NULL,
    priority   BIGINT  NOT NULL,
    ready_at   BIGINT  NOT NULL,
    gate       TEXT COLLATE "C",
    dedup      TEXT COLLATE "C",
    node       TEXT COLLATE "C",
    pair       TEXT COLLATE "C",
    updated_at BIGINT  NOT NULL,
    variables  TEXT COLLATE "C" NOT NULL,
    fold       TEXT COLLATE "C" NOT NULL
);

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
    call       TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant     TEXT COLLATE "C" NOT NULL CHECK (tenant <> ''),
    campaign   TEXT COLLATE "C" NOT NULL,
    job        TEXT COLLATE "C" NOT NULL,
    no         BIGINT  NOT NULL,
    node       TEXT COLLATE "C" NOT NULL,
    claimed_at BIGINT  NOT NULL
);

CREATE UNIQUE INDEX attempts_no ON attempts (job, no);
CREATE INDEX attempts_campaign ON attempts (campaign, claimed_at, call);

-- Counted up with every change of a campaign, so that a node sees by one row that there is something to read.
INSERT INTO meta (key, value) VALUES ('campaigns', '0');

-- Decision data: here is its truth, and every node mirrors it in its journal. A row is added once and revoked once, and
-- never deleted: what it owned still bears its id.

-- Whose calls are nobody else's. The tenant 'default' is always there and has no row.
CREATE TABLE tenants (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY CHECK (id <> ''),
    name       TEXT COLLATE "C" NOT NULL,
    created_at BIGINT           NOT NULL,
    revoked_at BIGINT
);

-- hash: SHA-256 in hex of 256 random bits. The key itself is nowhere.
CREATE TABLE api_keys (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant     TEXT COLLATE "C" NOT NULL CHECK (tenant <> ''),
    hash       TEXT COLLATE "C" NOT NULL CHECK (length(hash) = 64),
    name       TEXT COLLATE "C" NOT NULL,
    role       TEXT COLLATE "C" NOT NULL,
    created_at BIGINT           NOT NULL,
    expires_at BIGINT,
    revoked_at BIGINT
);

CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash);

-- People who work for a tenant.
CREATE TABLE users (
    id         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant     TEXT COLLATE "C" NOT NULL CHECK (tenant <> ''),
    name       TEXT COLLATE "C" NOT NULL,
    role       TEXT COLLATE "C" NOT NULL,
    created_at BIGINT           NOT NULL,
    revoked_at BIGINT
);

-- Counted up with every change of the above, so that a node sees by one row that there is something to read.
INSERT INTO meta (key, value) VALUES ('decisions', '0');

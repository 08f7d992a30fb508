-- Who is in a conversation of an app's users, and whom a user blocks. Decision data: here is its truth, and every node mirrors it.

-- owner: the conversation, or who blocks. users: a JSON list. version rises with every change, and the higher one stands. change: the
-- count of changes of decision data when it was written, so that a mirror reads what is new and not everything.
CREATE TABLE rosters (
    tenant     TEXT COLLATE "C" NOT NULL CHECK (tenant <> ''),
    kind       TEXT COLLATE "C" NOT NULL CHECK (kind <> ''),
    owner      TEXT COLLATE "C" NOT NULL CHECK (owner <> ''),
    users      TEXT COLLATE "C" NOT NULL,
    version    BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    change     BIGINT NOT NULL,
    PRIMARY KEY (tenant, kind, owner)
);
CREATE INDEX rosters_change ON rosters (change);

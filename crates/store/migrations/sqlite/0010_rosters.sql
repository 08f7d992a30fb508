-- Who is in a conversation of an app's users, and whom a user blocks. Decision data: here is its truth, and every node mirrors it.

-- owner: the conversation, or who blocks. users: a JSON list. version rises with every change, and the higher one stands. change: the
-- count of changes of decision data when it was written, so that a mirror reads what is new and not everything.
CREATE TABLE rosters (
    tenant     TEXT NOT NULL CHECK (tenant <> ''),
    kind       TEXT NOT NULL CHECK (kind <> ''),
    owner      TEXT NOT NULL CHECK (owner <> ''),
    users      TEXT NOT NULL,
    version    INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    change     INTEGER NOT NULL,
    PRIMARY KEY (tenant, kind, owner)
) STRICT, WITHOUT ROWID;
CREATE INDEX rosters_change ON rosters (change);

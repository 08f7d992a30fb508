-- Our own numbers: whose they are and what answers them. Decision data: here is its truth, and every node mirrors it.

-- answering: what answers, when, and what else, as JSON. version rises with every change, and the higher one stands, so that a
-- mirror and a database can be brought together. A number that is nobody's any more keeps its row, so that this is known.
CREATE TABLE numbers (
    number     TEXT NOT NULL PRIMARY KEY CHECK (number <> ''),
    tenant     TEXT NOT NULL CHECK (tenant <> ''),
    label      TEXT,
    answering  TEXT NOT NULL,
    version    INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    removed_at INTEGER
) STRICT, WITHOUT ROWID;

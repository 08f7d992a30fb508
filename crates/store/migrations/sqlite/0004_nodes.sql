-- A file has a single server: the table stays empty and the column NULL. They are here so that both engines look alike.
CREATE TABLE nodes (
    node    TEXT    NOT NULL PRIMARY KEY,
    epoch   INTEGER NOT NULL,
    lease   INTEGER NOT NULL,
    beat_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE calls ADD COLUMN node TEXT;

-- 1 while there are events of it that another node heard, and that the one which carries it has not merged.
ALTER TABLE calls ADD COLUMN unheard INTEGER NOT NULL DEFAULT 0;

CREATE INDEX calls_carried ON calls (node, id) WHERE ended_at IS NULL AND node IS NOT NULL;
CREATE INDEX calls_unheard ON calls (node, id) WHERE unheard = 1;

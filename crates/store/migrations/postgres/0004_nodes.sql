-- The servers that share this database. beat_at: when it was last heard of, and lease: for how long that holds, both in
-- microseconds and by the clock of this database. epoch rises with every life of a node, and when it is counted out.
CREATE TABLE nodes (
    node    TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    epoch   BIGINT           NOT NULL,
    lease   BIGINT           NOT NULL,
    beat_at BIGINT           NOT NULL
);

-- Which node carries the call; of one that is over, which wrote it last. Nobody else writes the fold of one that lives.
ALTER TABLE calls ADD COLUMN node TEXT COLLATE "C";

-- 1 while there are events of it that another node heard, and that the one which carries it has not merged.
ALTER TABLE calls ADD COLUMN unheard BIGINT NOT NULL DEFAULT 0;

CREATE INDEX calls_carried ON calls (node, id) WHERE ended_at IS NULL AND node IS NOT NULL;
CREATE INDEX calls_unheard ON calls (node, id) WHERE unheard = 1;

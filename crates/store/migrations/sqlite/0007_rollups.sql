-- What is counted and looked for: results, analytics, search.

-- The campaign whose attempt a call is.
ALTER TABLE calls ADD COLUMN campaign TEXT;
UPDATE calls SET campaign = fold ->> '$.job.campaign' WHERE fold LIKE '%"campaign":%';

-- The people of a script: by their numbers; whoever has none is nobody's second call.
CREATE INDEX calls_person ON calls (tenant, script, (CASE WHEN direction = 'inbound'
    THEN CASE WHEN substr(from_number, 1, 1) = '+' THEN from_number ELSE id END
    ELSE CASE WHEN substr(to_number, 1, 1) = '+' THEN to_number ELSE id END END), created_at, id);

-- Calls of which the carrier may still say what they cost.
CREATE INDEX calls_unpriced ON calls (ended_at) WHERE price_amount IS NULL AND ended_at IS NOT NULL;

-- Calls by day of creation (days since 1970 UTC) and what they were; '' where there is nothing. answered: connected;
-- talk_secs: how long those were; tN: how many of them so many seconds at most, and longer than the one before.
CREATE TABLE call_rollups (
    tenant      TEXT NOT NULL,
    day         INTEGER NOT NULL,
    carrier     TEXT NOT NULL,
    campaign    TEXT NOT NULL,
    script      TEXT NOT NULL,
    disposition TEXT NOT NULL,
    calls       INTEGER NOT NULL,
    answered    INTEGER NOT NULL,
    talk_secs   INTEGER NOT NULL,
    t5          INTEGER NOT NULL,
    t10         INTEGER NOT NULL,
    t20         INTEGER NOT NULL,
    t30         INTEGER NOT NULL,
    t60         INTEGER NOT NULL,
    t90         INTEGER NOT NULL,
    t120        INTEGER NOT NULL,
    t180        INTEGER NOT NULL,
    t300        INTEGER NOT NULL,
    t600        INTEGER NOT NULL,
    t1800       INTEGER NOT NULL,
    t_more      INTEGER NOT NULL,
    PRIMARY KEY (tenant, day, carrier, campaign, script, disposition)
) STRICT, WITHOUT ROWID;

INSERT INTO call_rollups SELECT tenant, created_at / 86400000000, carrier, COALESCE(campaign, ''), COALESCE(script, ''),
    COALESCE(disposition, ''), COUNT(*), COUNT(answered_at),
    CAST(COALESCE(SUM(CASE WHEN answered_at IS NOT NULL THEN duration_secs END), 0) AS BIGINT),
    COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs <= 5 THEN 1 END),
    COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 5 AND duration_secs <= 10 THEN 1 END),
    COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 10 AND duration_secs <= 20 THEN 1 END),
    COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 20 AND duration_secs <= 30 THEN 1 END),
    COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 30 AND duration_secs <= 60 THEN 1 END),
    COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 60 AND duration_secs <= 90 THEN 1 END),
    COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 90 AND duration_secs <= 120 THEN 1 END),
    COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 120 AND duration_secs <= 180 THEN 1 END),
    COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 180 AND duration_secs <= 300 THEN 1 END),
    COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 300 AND duration_secs <= 600 THEN 1 END),
    COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 600 AND duration_secs <= 1800 THEN 1 END),
    COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 1800 THEN 1 END)
    FROM calls GROUP BY tenant, created_at / 86400000000, carrier, COALESCE(campaign, ''), COALESCE(script, ''), COALESCE(disposition, '');

-- Questions by day of their call: how many people were asked, how many answered.
CREATE TABLE question_rollups (
    tenant   TEXT NOT NULL,
    day      INTEGER NOT NULL,
    campaign TEXT NOT NULL,
    script   TEXT NOT NULL,
    step     INTEGER NOT NULL,
    reached  INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    PRIMARY KEY (tenant, day, campaign, script, step)
) STRICT, WITHOUT ROWID;

INSERT INTO question_rollups SELECT calls.tenant, created_at / 86400000000, COALESCE(campaign, ''), COALESCE(script, ''),
    step, COUNT(CASE WHEN asks > 0 THEN 1 END), COUNT(turns.answered_at)
    FROM turns JOIN calls ON calls.id = turns.call
    GROUP BY calls.tenant, created_at / 86400000000, COALESCE(campaign, ''), COALESCE(script, ''), step;

-- The words of a call, each with a space before it. Rows of calls that were there before are added while the server runs.
CREATE TABLE search (
    place  INTEGER NOT NULL PRIMARY KEY,
    call   TEXT    NOT NULL UNIQUE,
    tenant TEXT    NOT NULL CHECK (tenant <> ''),
    words  TEXT    NOT NULL CHECK (words <> '')
) STRICT;

-- Which letters make a word was decided before: 'ascii' parts at the spaces only.
CREATE VIRTUAL TABLE search_index USING fts5(
    words, content = 'search', content_rowid = 'place', tokenize = 'ascii', detail = 'none', columnsize = 0
);

CREATE TRIGGER search_added AFTER INSERT ON search BEGIN
    INSERT INTO search_index (rowid, words) VALUES (new.place, new.words);
END;
CREATE TRIGGER search_gone AFTER DELETE ON search BEGIN
    INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', old.place, old.words);
END;
CREATE TRIGGER search_changed AFTER UPDATE OF words ON search BEGIN
    INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', old.place, old.words);
    INSERT INTO search_index (rowid, words) VALUES (new.place, new.words);
END;

INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES
    ('calls', 'calls_person', '1000000 100000 20000 5 1 1'),
    ('calls', 'calls_unpriced', '100000 1'),
    ('call_rollups', 'call_rollups', '50000 10000 30 20 5 5 1'),
    ('question_rollups', 'question_rollups', '50000 10000 30 10 10 1'),
    ('search', 'sqlite_autoindex_search_1', '1000000 1');
ANALYZE sqlite_schema;

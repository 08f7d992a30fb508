-- What is counted and looked for: results, analytics, search.

-- The campaign whose attempt a call is.
ALTER TABLE calls ADD COLUMN campaign TEXT COLLATE "C";
UPDATE calls SET campaign = CAST(fold AS json) #>> '{job,campaign}' WHERE fold LIKE '%"campaign":%';

-- The people of a script: by their numbers; whoever has none is nobody's second call.
CREATE INDEX calls_person ON calls (tenant, script, (CASE WHEN direction = 'inbound'
    THEN CASE WHEN substr(from_number, 1, 1) = '+' THEN from_number ELSE id END
    ELSE CASE WHEN substr(to_number, 1, 1) = '+' THEN to_number ELSE id END END), created_at, id);

-- Calls of which the carrier may still say what they cost.
CREATE INDEX calls_unpriced ON calls (ended_at) WHERE price_amount IS NULL AND ended_at IS NOT NULL;

-- Calls by day of creation (days since 1970 UTC) and what they were; '' where there is nothing. answered: connected;
-- talk_secs: how long those were; tN: how many of them so many seconds at most, and longer than the one before.
CREATE TABLE call_rollups (
    tenant      TEXT COLLATE "C" NOT NULL,
    day         BIGINT NOT NULL,
    carrier     TEXT COLLATE "C" NOT NULL,
    campaign    TEXT COLLATE "C" NOT NULL,
    script      TEXT COLLATE "C" NOT NULL,
    disposition TEXT COLLATE "C" NOT NULL,
    calls       BIGINT NOT NULL,
    answered    BIGINT NOT NULL,
    talk_secs   BIGINT NOT NULL,
    t5          BIGINT NOT NULL,
    t10         BIGINT NOT NULL,
    t20         BIGINT NOT NULL,
    t30         BIGINT NOT NULL,
    t60         BIGINT NOT NULL,
    t90         BIGINT NOT NULL,
    t120        BIGINT NOT NULL,
    t180        BIGINT NOT NULL,
    t300        BIGINT NOT NULL,
    t600        BIGINT NOT NULL,
    t1800       BIGINT NOT NULL,
    t_more      BIGINT NOT NULL,
    PRIMARY KEY (tenant, day, carrier, campaign, script, disposition)
);

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
    tenant   TEXT COLLATE "C" NOT NULL,
    day      BIGINT NOT NULL,
    campaign TEXT COLLATE "C" NOT NULL,
    script   TEXT COLLATE "C" NOT NULL,
    step     BIGINT NOT NULL,
    reached  BIGINT NOT NULL,
    answered BIGINT NOT NULL,
    PRIMARY KEY (tenant, day, campaign, script, step)
);

INSERT INTO question_rollups SELECT calls.tenant, created_at / 86400000000, COALESCE(campaign, ''), COALESCE(script, ''),
    step, COUNT(CASE WHEN asks > 0 THEN 1 END), COUNT(turns.answered_at)
    FROM turns JOIN calls ON calls.id = turns.call
    GROUP BY calls.tenant, created_at / 86400000000, COALESCE(campaign, ''), COALESCE(script, ''), step;

-- The words of a call, each with a space before it. Rows of calls that were there before are added while the server runs.
CREATE TABLE search (
    place  BIGINT           NOT NULL GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    call   TEXT COLLATE "C" NOT NULL UNIQUE,
    tenant TEXT COLLATE "C" NOT NULL CHECK (tenant <> ''),
    words  TEXT COLLATE "C" NOT NULL CHECK (words <> '')
);

CREATE INDEX search_words ON search USING gin (array_to_tsvector(string_to_array(ltrim(words), ' ')));

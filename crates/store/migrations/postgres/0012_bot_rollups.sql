-- What bots' talks count, where many are added up.

-- One row for each call in which a bot talks, as its fold says: what the sums below hold of it. day: of its creation (days since
-- 1970 UTC). cost: in billionths of unit, where it is known (priced) or not (unpriced); neither: no model was ever ready. wN: how
-- many answers the caller waited for so many milliseconds at most, and longer than the one before; wait_ms: all of them.
CREATE TABLE bot_calls (
    call         TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant       TEXT COLLATE "C" NOT NULL CHECK (tenant <> ''),
    campaign     TEXT COLLATE "C" NOT NULL,
    bot          TEXT COLLATE "C" NOT NULL,
    outcome      TEXT COLLATE "C" NOT NULL,
    unit         TEXT COLLATE "C" NOT NULL,
    day          BIGINT           NOT NULL,
    talked       BIGINT           NOT NULL,
    answers      BIGINT           NOT NULL,
    counted      BIGINT           NOT NULL,
    text_in      BIGINT           NOT NULL,
    text_cached  BIGINT           NOT NULL,
    audio_in     BIGINT           NOT NULL,
    audio_cached BIGINT           NOT NULL,
    text_out     BIGINT           NOT NULL,
    audio_out    BIGINT           NOT NULL,
    priced       BIGINT           NOT NULL,
    unpriced     BIGINT           NOT NULL,
    cost         BIGINT           NOT NULL,
    wait_ms      BIGINT           NOT NULL,
    w250         BIGINT           NOT NULL,
    w500         BIGINT           NOT NULL,
    w750         BIGINT           NOT NULL,
    w1000        BIGINT           NOT NULL,
    w1500        BIGINT           NOT NULL,
    w2000        BIGINT           NOT NULL,
    w3000        BIGINT           NOT NULL,
    w5000        BIGINT           NOT NULL,
    w_more       BIGINT           NOT NULL
);

-- Their sums. '' where there is nothing.
CREATE TABLE bot_rollups (
    tenant       TEXT COLLATE "C" NOT NULL,
    day          BIGINT           NOT NULL,
    campaign     TEXT COLLATE "C" NOT NULL,
    bot          TEXT COLLATE "C" NOT NULL,
    outcome      TEXT COLLATE "C" NOT NULL,
    unit         TEXT COLLATE "C" NOT NULL,
    calls        BIGINT           NOT NULL,
    talked       BIGINT           NOT NULL,
    answers      BIGINT           NOT NULL,
    counted      BIGINT           NOT NULL,
    text_in      BIGINT           NOT NULL,
    text_cached  BIGINT           NOT NULL,
    audio_in     BIGINT           NOT NULL,
    audio_cached BIGINT           NOT NULL,
    text_out     BIGINT           NOT NULL,
    audio_out    BIGINT           NOT NULL,
    priced       BIGINT           NOT NULL,
    unpriced     BIGINT           NOT NULL,
    cost         BIGINT           NOT NULL,
    wait_ms      BIGINT           NOT NULL,
    w250         BIGINT           NOT NULL,
    w500         BIGINT           NOT NULL,
    w750         BIGINT           NOT NULL,
    w1000        BIGINT           NOT NULL,
    w1500        BIGINT           NOT NULL,
    w2000        BIGINT           NOT NULL,
    w3000        BIGINT           NOT NULL,
    w5000        BIGINT           NOT NULL,
    w_more       BIGINT           NOT NULL,
    PRIMARY KEY (tenant, day, campaign, bot, outcome, unit)
);

-- Talks that were there before are added while the server runs.

-- What bots' talks count, where many are added up.

-- One row for each call in which a bot talks, as its fold says: what the sums below hold of it. day: of its creation (days since
-- 1970 UTC). cost: in billionths of unit, where it is known (priced) or not (unpriced); neither: no model was ever ready. wN: how
-- many answers the caller waited for so many milliseconds at most, and longer than the one before; wait_ms: all of them.
CREATE TABLE bot_calls (
    call         TEXT    NOT NULL PRIMARY KEY,
    tenant       TEXT    NOT NULL CHECK (tenant <> ''),
    campaign     TEXT    NOT NULL,
    bot          TEXT    NOT NULL,
    outcome      TEXT    NOT NULL,
    unit         TEXT    NOT NULL,
    day          INTEGER NOT NULL,
    talked       INTEGER NOT NULL,
    answers      INTEGER NOT NULL,
    counted      INTEGER NOT NULL,
    text_in      INTEGER NOT NULL,
    text_cached  INTEGER NOT NULL,
    audio_in     INTEGER NOT NULL,
    audio_cached INTEGER NOT NULL,
    text_out     INTEGER NOT NULL,
    audio_out    INTEGER NOT NULL,
    priced       INTEGER NOT NULL,
    unpriced     INTEGER NOT NULL,
    cost         INTEGER NOT NULL,
    wait_ms      INTEGER NOT NULL,
    w250         INTEGER NOT NULL,
    w500         INTEGER NOT NULL,
    w750         INTEGER NOT NULL,
    w1000        INTEGER NOT NULL,
    w1500        INTEGER NOT NULL,
    w2000        INTEGER NOT NULL,
    w3000        INTEGER NOT NULL,
    w5000        INTEGER NOT NULL,
    w_more       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Their sums. '' where there is nothing.
CREATE TABLE bot_rollups (
    tenant       TEXT    NOT NULL,
    day          INTEGER NOT NULL,
    campaign     TEXT    NOT NULL,
    bot          TEXT    NOT NULL,
    outcome      TEXT    NOT NULL,
    unit         TEXT    NOT NULL,
    calls        INTEGER NOT NULL,
    talked       INTEGER NOT NULL,
    answers      INTEGER NOT NULL,
    counted      INTEGER NOT NULL,
    text_in      INTEGER NOT NULL,
    text_cached  INTEGER NOT NULL,
    audio_in     INTEGER NOT NULL,
    audio_cached INTEGER NOT NULL,
    text_out     INTEGER NOT NULL,
    audio_out    INTEGER NOT NULL,
    priced       INTEGER NOT NULL,
    unpriced     INTEGER NOT NULL,
    cost         INTEGER NOT NULL,
    wait_ms      INTEGER NOT NULL,
    w250         INTEGER NOT NULL,
    w500         INTEGER NOT NULL,
    w750         INTEGER NOT NULL,
    w1000        INTEGER NOT NULL,
    w1500        INTEGER NOT NULL,
    w2000        INTEGER NOT NULL,
    w3000        INTEGER NOT NULL,
    w5000        INTEGER NOT NULL,
    w_more       INTEGER NOT NULL,
    PRIMARY KEY (tenant, day, campaign, bot, outcome, unit)
) STRICT, WITHOUT ROWID;

-- Talks that were there before are added while the server runs.

//! Statements of what bots' talks count: a row for each talk, and their sums by day.

use super::insert::{ByMonth, Known, Table};
use super::{rows, statements};

/// Everything that is summed up, but for how many calls there are.
macro_rules! each_sum {
    ($with:ident) => {
        $with!(
            "talked",
            "answers",
            "counted",
            "text_in",
            "text_cached",
            "audio_in",
            "audio_cached",
            "text_out",
            "audio_out",
            "priced",
            "unpriced",
            "cost",
            "wait_ms",
            "w250",
            "w500",
            "w750",
            "w1000",
            "w1500",
            "w2000",
            "w3000",
            "w5000",
            "w_more"
        )
    };
}

macro_rules! named {
    ($($sum:literal),+) => { concat!("calls" $(, ", ", $sum)+) };
}

macro_rules! listed {
    ($($sum:literal),+) => { &["day" $(, $sum)+] };
}

macro_rules! listed_with_calls {
    ($($sum:literal),+) => { &["day", "calls" $(, $sum)+] };
}

macro_rules! summed {
    ($($sum:literal),+) => {
        concat!("CAST(SUM(calls) AS BIGINT) AS calls" $(, ", CAST(SUM(", $sum, ") AS BIGINT) AS ", $sum)+)
    };
}

macro_rules! added {
    ($($sum:literal),+) => {
        concat!("calls = bot_rollups.calls + excluded.calls" $(, ", ", $sum, " = bot_rollups.", $sum, " + excluded.", $sum)+)
    };
}

macro_rules! taken_away {
    ($($sum:literal),+) => { concat!("-1" $(, ", -bot_calls.", $sum)+) };
}

macro_rules! is_off {
    ($($sum:literal),+) => { concat!("SUM(calls) <> 0" $(, " OR SUM(", $sum, ") <> 0")+) };
}

macro_rules! talks_by {
    ($key:literal) => {
        concat!(
            "SELECT ",
            $key,
            " AS key, outcome, unit, ",
            each_sum!(summed),
            " FROM bot_rollups WHERE tenant = $1 AND day >= $2 AND day < $3 \
             AND campaign = COALESCE($4, campaign) AND bot = COALESCE($5, bot) \
             GROUP BY ",
            $key,
            ", outcome, unit HAVING SUM(calls) <> 0 ORDER BY 1, 2, 3"
        )
    };
}

macro_rules! known_talks {
    () => {
        concat!(
            rows!(),
            "SELECT call, tenant, campaign, bot, outcome, unit, day, CAST(1 AS BIGINT) AS calls, talked, answers, counted, text_in, text_cached, \
             audio_in, audio_cached, text_out, audio_out, priced, unpriced, cost, wait_ms, w250, w500, w750, w1000, w1500, \
             w2000, w3000, w5000, w_more FROM r JOIN bot_calls ON call = item ->> 'id'"
        )
    };
}

/// Talks, as their folds say.
pub(super) const TALKS: Table = Table {
    name: "bot_calls",
    by_month: ByMonth::No,
    texts: &["call", "tenant", "campaign", "bot", "outcome", "unit"],
    numbers: each_sum!(listed),
    key: &["call"],
    known: Known::Takes { all_but: &[], only_if: "" },
};

/// Changes of what talks count, which may be negative.
pub(super) const SUMS: Table = Table {
    name: "bot_rollups",
    by_month: ByMonth::No,
    texts: &["tenant", "campaign", "bot", "outcome", "unit"],
    numbers: each_sum!(listed_with_calls),
    key: &["tenant", "day", "campaign", "bot", "outcome", "unit"],
    known: Known::Does(each_sum!(added)),
};

statements! { BOT_ROLLUPS:
    /// `$1`: rows with `id`. What the talks of these calls count so far.
    KNOWN_TALKS = known_talks!();

    /// `$1`: rows with `id`.
    DELETE_TALKS = concat!(rows!(), "DELETE FROM bot_calls WHERE call IN (SELECT item ->> 'id' FROM r)");

    /// `$1` after this id, `$2` how many: calls, and which of them a bot talks in.
    TALKS_AFTER =
        "SELECT id, CAST(CASE WHEN fold LIKE '%\"bot\":{%' THEN 1 ELSE 0 END AS BIGINT) AS talks \
         FROM calls WHERE id > $1 ORDER BY id LIMIT $2";

    /// `$1` tenant, `$2` first day, `$3` before this day, `$4` campaign, `$5` bot; null: any.
    TALKS_BY_DAY = talks_by!("CAST(day AS TEXT)");

    /// The same.
    TALKS_BY_BOT = talks_by!("bot");

    /// The same.
    TALKS_BY_CAMPAIGN = talks_by!("campaign");

    /// Where the sums are not what the talks of the calls that there are add up to.
    TALK_DRIFT = concat!(
        "SELECT tenant, day, bot, CAST(SUM(calls) AS BIGINT) AS n FROM (\
         SELECT tenant, day, campaign, bot, outcome, unit, ", each_sum!(named), " FROM bot_rollups \
         UNION ALL \
         SELECT bot_calls.tenant, bot_calls.day, bot_calls.campaign, bot_calls.bot, bot_calls.outcome, bot_calls.unit, ",
        each_sum!(taken_away), " FROM bot_calls JOIN calls ON calls.id = bot_calls.call) AS both_ways \
         GROUP BY tenant, day, campaign, bot, outcome, unit HAVING ", each_sum!(is_off), " ORDER BY tenant, day, bot");

    /// How many sums there are.
    TALK_ROLLUPS_KEPT = "SELECT COUNT(*) AS n FROM bot_rollups WHERE calls <> 0";
}

//! Statements of what is counted: calls and questions by day, added to as they change, summed up for who asks.

use super::insert::{ByMonth, Known, Table};
use super::{rows, statements};

/// The sums of some rows.
macro_rules! sums {
    () => {
        "CAST(SUM(calls) AS BIGINT) AS calls, CAST(SUM(answered) AS BIGINT) AS answered, CAST(SUM(talk_secs) AS BIGINT) AS talk_secs, CAST(SUM(t5) AS BIGINT) AS t5, \
         CAST(SUM(t10) AS BIGINT) AS t10, CAST(SUM(t20) AS BIGINT) AS t20, CAST(SUM(t30) AS BIGINT) AS t30, CAST(SUM(t60) AS BIGINT) AS t60, \
         CAST(SUM(t90) AS BIGINT) AS t90, CAST(SUM(t120) AS BIGINT) AS t120, CAST(SUM(t180) AS BIGINT) AS t180, CAST(SUM(t300) AS BIGINT) AS t300, \
         CAST(SUM(t600) AS BIGINT) AS t600, CAST(SUM(t1800) AS BIGINT) AS t1800, CAST(SUM(t_more) AS BIGINT) AS t_more"
    };
}

macro_rules! rollups_by {
    ($key:literal) => {
        concat!(
            "SELECT ", $key, " AS key, disposition, ", sums!(),
            " FROM call_rollups WHERE tenant = $1 AND day >= $2 AND day < $3 AND carrier = COALESCE($4, carrier) \
             AND campaign = COALESCE($5, campaign) AND script = COALESCE($6, script) \
             GROUP BY ", $key, ", disposition HAVING SUM(calls) <> 0 ORDER BY 1, 2"
        )
    };
}

macro_rules! known_turns {
    ($($month:literal)?) => {
        concat!(
            rows!(),
            "SELECT turns.call, step, asks, answered_at FROM r JOIN turns ON turns.call = item ->> 'id'" $(, $month)?
        )
    };
}

/// Changes of what calls count, which may be negative.
pub(super) const CALLS: Table = Table {
    name: "call_rollups",
    by_month: ByMonth::No,
    texts: &["tenant", "carrier", "campaign", "script", "disposition"],
    numbers: &[
        "day",
        "calls",
        "answered",
        "talk_secs",
        "t5",
        "t10",
        "t20",
        "t30",
        "t60",
        "t90",
        "t120",
        "t180",
        "t300",
        "t600",
        "t1800",
        "t_more",
    ],
    key: &["tenant", "day", "carrier", "campaign", "script", "disposition"],
    known: Known::Does(
        "calls = call_rollups.calls + excluded.calls, \
        answered = call_rollups.answered + excluded.answered, \
        talk_secs = call_rollups.talk_secs + excluded.talk_secs, \
        t5 = call_rollups.t5 + excluded.t5, \
        t10 = call_rollups.t10 + excluded.t10, \
        t20 = call_rollups.t20 + excluded.t20, \
        t30 = call_rollups.t30 + excluded.t30, \
        t60 = call_rollups.t60 + excluded.t60, \
        t90 = call_rollups.t90 + excluded.t90, \
        t120 = call_rollups.t120 + excluded.t120, \
        t180 = call_rollups.t180 + excluded.t180, \
        t300 = call_rollups.t300 + excluded.t300, \
        t600 = call_rollups.t600 + excluded.t600, \
        t1800 = call_rollups.t1800 + excluded.t1800, \
        t_more = call_rollups.t_more + excluded.t_more",
    ),
};

/// Changes of what questions count, which may be negative.
pub(super) const QUESTIONS: Table = Table {
    name: "question_rollups",
    by_month: ByMonth::No,
    texts: &["tenant", "campaign", "script"],
    numbers: &["day", "step", "reached", "answered"],
    key: &["tenant", "day", "campaign", "script", "step"],
    known: Known::Does(
        "reached = question_rollups.reached + excluded.reached, \
        answered = question_rollups.answered + excluded.answered",
    ),
};

statements! { ROLLUPS:
    /// `$1`: rows with `id`. How far the questions of these calls are.
    KNOWN_TURNS = known_turns!(), postgres: known_turns!(" AND turns.month = call_month(item ->> 'id')");

    /// `$1` tenant, `$2` first day, `$3` before this day, `$4` carrier, `$5` campaign, `$6` script; null: any.
    ROLLUPS_BY_DAY = rollups_by!("CAST(day AS TEXT)");

    /// The same.
    ROLLUPS_BY_CARRIER = rollups_by!("carrier");

    /// The same.
    ROLLUPS_BY_CAMPAIGN = rollups_by!("campaign");

    /// The same.
    ROLLUPS_BY_SCRIPT = rollups_by!("script");

    /// `$1` tenant, `$2` first day, `$3` before this day, `$4` campaign, `$5` script; null: any.
    QUESTIONS_COUNTED =
        "SELECT script, step, CAST(SUM(reached) AS BIGINT) AS reached, CAST(SUM(answered) AS BIGINT) AS answered \
         FROM question_rollups WHERE tenant = $1 AND day >= $2 AND day < $3 \
         AND campaign = COALESCE($4, campaign) AND script = COALESCE($5, script) \
         GROUP BY script, step HAVING SUM(reached) <> 0 ORDER BY script, step";

    /// Where what calls count is not what counting gives.
    ROLLUP_DRIFT =
        "SELECT tenant, day, disposition, CAST(SUM(calls) AS BIGINT) AS n FROM (\
         SELECT tenant, day, carrier, campaign, script, disposition, calls, answered, talk_secs, t5, t10, t20, t30, t60, t90, t120, t180, t300, t600, t1800, t_more FROM call_rollups \
         UNION ALL \
         SELECT tenant, created_at / 86400000000, carrier, COALESCE(campaign, ''), COALESCE(script, ''), \
         COALESCE(disposition, ''), -COUNT(*), -COUNT(answered_at), \
         -COALESCE(SUM(CASE WHEN answered_at IS NOT NULL THEN duration_secs END), 0), \
         -COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs <= 5 THEN 1 END), \
         -COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 5 AND duration_secs <= 10 THEN 1 END), \
         -COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 10 AND duration_secs <= 20 THEN 1 END), \
         -COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 20 AND duration_secs <= 30 THEN 1 END), \
         -COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 30 AND duration_secs <= 60 THEN 1 END), \
         -COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 60 AND duration_secs <= 90 THEN 1 END), \
         -COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 90 AND duration_secs <= 120 THEN 1 END), \
         -COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 120 AND duration_secs <= 180 THEN 1 END), \
         -COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 180 AND duration_secs <= 300 THEN 1 END), \
         -COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 300 AND duration_secs <= 600 THEN 1 END), \
         -COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 600 AND duration_secs <= 1800 THEN 1 END), \
         -COUNT(CASE WHEN answered_at IS NOT NULL AND duration_secs > 1800 THEN 1 END) FROM calls GROUP BY tenant, created_at / 86400000000, carrier, COALESCE(campaign, ''), \
         COALESCE(script, ''), COALESCE(disposition, '')) AS both_ways \
         GROUP BY tenant, day, carrier, campaign, script, disposition \
         HAVING SUM(calls) <> 0 OR SUM(answered) <> 0 OR SUM(talk_secs) <> 0 OR SUM(t5) <> 0 \
         OR SUM(t10) <> 0 OR SUM(t20) <> 0 OR SUM(t30) <> 0 OR SUM(t60) <> 0 \
         OR SUM(t90) <> 0 OR SUM(t120) <> 0 OR SUM(t180) <> 0 OR SUM(t300) <> 0 \
         OR SUM(t600) <> 0 OR SUM(t1800) <> 0 OR SUM(t_more) <> 0 \
         ORDER BY tenant, day, disposition";

    /// Where what questions count is not what counting gives.
    QUESTION_DRIFT =
        "SELECT tenant, day, script, step, CAST(SUM(reached) + SUM(answered) AS BIGINT) AS n FROM (\
         SELECT tenant, day, campaign, script, step, reached, answered FROM question_rollups \
         UNION ALL \
         SELECT calls.tenant, created_at / 86400000000, COALESCE(campaign, ''), COALESCE(script, ''), step, \
         -COUNT(CASE WHEN asks > 0 THEN 1 END), -COUNT(turns.answered_at) FROM turns JOIN calls ON calls.id = turns.call \
         GROUP BY calls.tenant, created_at / 86400000000, COALESCE(campaign, ''), COALESCE(script, ''), step) AS both_ways \
         GROUP BY tenant, day, campaign, script, step HAVING SUM(reached) <> 0 OR SUM(answered) <> 0 \
         ORDER BY tenant, day, script, step";

    /// How many rows of both there are.
    ROLLUPS_KEPT =
        "SELECT (SELECT COUNT(*) FROM call_rollups WHERE calls <> 0) + \
         (SELECT COUNT(*) FROM question_rollups WHERE reached <> 0) AS n";
}

//! What calls with bots came to, as tables of the page of analytics: by bot, and by day.

use super::texts::Texts;
use crate::problem::Problem;
use trunkline_engine::{BotFigures, Desk, Span, TalkSpan, TalksApart};

/// A table of bots' calls.
pub(super) struct BotTable {
    pub(super) title: String,
    pub(super) lines: Vec<BotLine>,
    pub(super) total: BotLine,
    pub(super) csv: String,
}

/// A row of it. What is not known is empty.
pub(super) struct BotLine {
    pub(super) key: String,
    pub(super) calls: u64,
    pub(super) talked: u64,
    pub(super) outcomes: String,
    pub(super) median: String,
    pub(super) p95: String,
    pub(super) tokens: u64,
    pub(super) cost: String,
    /// Calls whose cost is not known, where there are any.
    pub(super) without: String,
}

/// The tables of these days; none where no bot was in a call. Bots go through no carrier of their own and read no script: of a span that
/// is narrowed to one of these there is nothing to say.
pub(super) async fn tables(t: Texts, desk: &Desk, of: &Span) -> Result<Vec<BotTable>, Problem> {
    if of.carrier.is_some() || of.script.is_some() {
        return Ok(Vec::new());
    }
    let span = TalkSpan { since: of.since, until: of.until, campaign: of.campaign, bot: None };
    let mut tables = Vec::new();
    for (by, word, title) in
        [(TalksApart::Bot, "bot", "analytics-bots"), (TalksApart::Day, "day", "analytics-bots-by-day")]
    {
        let found = desk.bot_analytics(&span, by).await?;
        let lines: Vec<BotLine> = found.figures().iter().map(|one| BotLine::of(t, one)).collect();
        if lines.is_empty() {
            break;
        }
        let campaign = span.campaign.map(|id| format!("&campaign={id}")).unwrap_or_default();
        let csv =
            format!("/analytics/bots.csv?by={word}&since={}&until={}{campaign}", span.since, span.until);
        tables.push(BotTable { title: t.get(title), lines, total: BotLine::of(t, &found.total()), csv });
    }
    Ok(tables)
}

impl BotLine {
    fn of(t: Texts, of: &BotFigures) -> Self {
        let [calls, talked] = of.calls();
        let mut outcomes: Vec<(&String, &u64)> = of.outcomes.iter().filter(|(_, n)| **n > 0).collect();
        outcomes.sort_by_key(|(_, n)| std::cmp::Reverse(**n));
        let outcome = |(outcome, n): (&String, &u64)| {
            format!("{} {n}", t.or(&format!("outcome-{outcome}"), &outcome.replace('_', " ")))
        };
        let cost: Vec<String> = of.cost.iter().map(|(unit, sum)| format!("{sum} {unit}")).collect();
        let without = Some(of.calls_without_cost()).filter(|n| *n > 0);
        Self {
            key: if of.key.is_empty() { t.get("analytics-none") } else { of.key.clone() },
            calls,
            talked,
            outcomes: outcomes.into_iter().map(outcome).collect::<Vec<_>>().join(" · "),
            median: of.wait_ms_of(50).map(seconds).unwrap_or_default(),
            p95: of.wait_ms_of(95).map(seconds).unwrap_or_default(),
            tokens: of.tokens().values().sum(),
            cost: cost.join(" + "),
            without: without
                .map(|n| t.with("analytics-without-cost", "calls", &n.to_string()))
                .unwrap_or_default(),
        }
    }
}

/// Milliseconds as seconds with two places.
fn seconds(ms: u32) -> String {
    let hundredths = ms.saturating_add(5) / 10;
    format!("{}.{:02} s", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_told_in_seconds() {
        assert_eq!([0, 394, 995, 12_345].map(seconds), ["0.00 s", "0.39 s", "1.00 s", "12.35 s"]);
    }
}

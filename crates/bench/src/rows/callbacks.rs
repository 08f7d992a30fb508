//! Row 13: status callbacks, durable before they are answered, beside voice webhooks in turns with them.

use anyhow::Result;

use crate::crowd::{Crowd, Pace, Window};
use crate::plan::Plan;
use crate::report::{Line, millis, rate, ratio};
use crate::server::{Server, Site};
use crate::stats::Spread;

const CONNECTIONS: usize = 64;

/// Measures.
///
/// # Errors
/// The server failed.
pub async fn run(site: &Site, plan: &Plan) -> Result<Vec<Line>> {
    let server = Server::start(site, "callbacks").await?;
    let mut crowd = Crowd::new(server.address());
    crowd.gather(plan.live).await?;
    crowd.talk(CONNECTIONS, Pace::Closed, plan.window).await?;
    let (mut reports, mut voices) = (Vec::new(), Vec::new());
    for number in 1..=plan.repetitions {
        crate::progress(&format!("callbacks: repetition {number} of {}", plan.repetitions));
        server.drained().await?;
        reports.push(crowd.report(CONNECTIONS, plan.window).await?);
        server.drained().await?;
        voices.push(crowd.talk(CONNECTIONS, Pace::Closed, plan.window).await?);
    }
    let spread = |of: fn(&Window) -> f64, windows: &[Window]| Spread::of(windows.iter().map(of));
    let per_second = spread(Window::rate, &reports);
    let p99 = spread(|window| window.voice.percentiles().p99, &reports);
    let to_voice =
        Spread::of(reports.iter().zip(&voices).map(|(report, voice)| report.rate() / voice.rate()));
    Ok(vec![
        Line::new(13, format!("status callback, {CONNECTIONS} connections"))
            .figure(format!("{} · p99 {}", rate(per_second, ""), millis(p99)))
            .beside(format!(
                "{} of the voice webhook's {}",
                ratio(to_voice),
                rate(spread(Window::rate, &voices), "")
            ))
            .value("per_second", per_second)
            .value("p99_ms", p99)
            .value("ratio", to_voice)
            .at_least(to_voice.median, 1.0, ""),
    ])
}

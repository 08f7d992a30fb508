//! Row 10: what a live call of five turns holds in memory: the slope of the resident size over their number.

use anyhow::Result;

use crate::crowd::Crowd;
use crate::plan::Plan;
use crate::process;
use crate::report::{Line, grouped};
use crate::server::{Server, Site};
use crate::stats::Spread;

/// So many questions are answered; the page after the last is fetched too.
const TURNS: u8 = 5;

/// Measures: one server, to which more and more people come.
///
/// # Errors
/// The server failed.
pub async fn run(site: &Site, plan: &Plan) -> Result<Vec<Line>> {
    let server = Server::start(site, "memory").await?;
    let mut crowd = Crowd::new(server.address());
    let mut points = Vec::new();
    for calls in plan.populations {
        crate::progress(&format!("memory: {calls} people call"));
        crowd.gather_upto(calls, TURNS + 1).await?;
        server.drained().await?;
        points.push((calls as f64, process::resident_bytes(server.pid())? as f64));
    }
    let each = slope(&points) / 1_024.0;
    let sizes: Vec<String> = points
        .iter()
        .map(|(calls, bytes)| format!("{}: {:.0} MiB", grouped(*calls), bytes / f64::from(1 << 20)))
        .collect();
    Ok(vec![
        Line::new(10, format!("memory of a live call of {TURNS} turns"))
            .figure(format!("{each:.1} KiB"))
            .beside(format!("resident with {}", sizes.join(" · ")))
            .value("kib", Spread::once(each))
            .at_most(each, 4.0, " KiB"),
    ])
}

/// The slope of the straight line that lies nearest.
pub fn slope(points: &[(f64, f64)]) -> f64 {
    let n = points.len().max(1) as f64;
    let (x, y) = points.iter().fold((0.0, 0.0), |(x, y), point| (x + point.0 / n, y + point.1 / n));
    let (over, under) = points.iter().fold((0.0, 0.0), |(over, under), point| {
        (over + (point.0 - x) * (point.1 - y), under + (point.0 - x).powi(2))
    });
    if under > 0.0 { over / under } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slope_is_that_of_the_line_and_not_its_height() {
        assert_eq!(slope(&[(1.0, 107.0), (2.0, 109.0), (10.0, 125.0)]), 2.0);
        assert_eq!(slope(&[(3.0, 9.0)]), 0.0);
    }
}

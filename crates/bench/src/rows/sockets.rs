//! Row 24: what a device that is connected, and nothing else, holds in memory: the slope of the resident size over their number.

use anyhow::Result;
use futures_util::StreamExt;
use tokio::task::JoinSet;

use crate::pair;
use crate::plan::Plan;
use crate::process;
use crate::report::{Line, grouped};
use crate::rows::memory::slope;
use crate::server::{Server, Site};
use crate::stats::Spread;
use crate::user::{User, with_an_app};

/// Measures: one server, to which more and more devices come, each of a user of its own.
///
/// # Errors
/// The server failed, or let go of a device.
pub async fn run(site: &Site, plan: &Plan) -> Result<Vec<Line>> {
    let server = Server::start(&with_an_app(site), "sockets").await?;
    let (mut idle, mut points) = (JoinSet::new(), Vec::new());
    for number in plan.sockets {
        crate::progress(&format!("sockets: {number} are open"));
        for serial in idle.len()..number {
            let mut socket = pair::device(server.address(), &User::new(format!("user-{serial}"))?).await?;
            // It answers when it is asked whether it is there.
            idle.spawn(async move { while let Some(Ok(_)) = socket.next().await {} });
        }
        points.push((number as f64, process::resident_bytes(server.pid())? as f64));
        anyhow::ensure!(idle.try_join_next().is_none(), "a socket was closed");
    }
    let each = slope(&points) / 1_024.0;
    let sizes: Vec<String> = points
        .iter()
        .map(|(sockets, bytes)| format!("{}: {:.0} MiB", grouped(*sockets), bytes / f64::from(1 << 20)))
        .collect();
    Ok(vec![
        Line::new(24, "memory of an idle socket")
            .figure(format!("{each:.1} KiB"))
            .beside(format!("resident with {}", sizes.join(" · ")))
            .value("kib", Spread::once(each))
            .at_most(each, 20.0, " KiB"),
    ])
}

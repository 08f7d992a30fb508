//! The same HTTP stack with nothing behind it: what an empty answer costs, in a process of its own.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Bytes;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;

/// Serves empty answers until it is killed, with the settings that the server has for its connections. The body of a
/// request is read, as it has to be.
///
/// # Errors
/// The address is taken.
pub async fn serve(address: SocketAddr) -> Result<()> {
    let listener = TcpListener::bind(address).await.with_context(|| format!("can't listen on {address}"))?;
    let router = Router::new().fallback(async |_: Bytes| "");
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(Duration::from_secs(30)).max_buf_size(32 << 10);
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let serving = http.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router.clone()));
        tokio::spawn(serving);
    }
}

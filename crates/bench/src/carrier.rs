//! A carrier that can be asked and has no news: whatever call it is asked about, it goes on.
//!
//! The server asks about calls that are silent for long and, after a restart, about all of them. Without an answer it
//! would give them up one by one, and that would be measured.

use std::convert::Infallible;
use std::net::SocketAddr;

use anyhow::Result;
use hyper::body::Incoming;
use hyper::header::CONTENT_TYPE;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

/// Listens on a port of its own for as long as this process lives.
///
/// # Errors
/// There is no port.
pub async fn start() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream));
        }
    });
    Ok(address)
}

async fn serve(stream: TcpStream) {
    let service = service_fn(async |request: Request<Incoming>| {
        let body = in_progress(request.uri().path());
        Ok::<_, Infallible>(
            Response::builder().header(CONTENT_TYPE, "application/json").body(body).unwrap_or_default(),
        )
    });
    // A server that is killed leaves its connections broken.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
}

/// The call that a path such as `/2010-04-01/Accounts/AC…/Calls/CA….json` names, as the REST API shows it.
fn in_progress(path: &str) -> String {
    let sid = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".json");
    serde_json::json!({ "sid": sid, "status": "in-progress" }).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_is_asked_about_goes_on() {
        let answer = in_progress("/2010-04-01/Accounts/AC1/Calls/CA12.json");
        assert_eq!(answer, r#"{"sid":"CA12","status":"in-progress"}"#);
    }
}

//! The log, on standard error. Rooms of others that write down what they handle are kept quiet: what they handle is
//! people's numbers. What strangers and files say is written as text: it begins no line and is no command to a terminal.

use std::fmt as text;
use std::fs::File;
use std::io::IsTerminal;
use std::sync::Mutex;

use tracing::field::Field;
use tracing::{Level, Subscriber};
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::filter::{FilterExt, LevelFilter, filter_fn};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, fmt};

use super::traces::{self, Sender};
use crate::settings::{Format, Log, Traces};

/// Crates that log numbers, addresses or statements below a warning, whatever the filter asks for.
const QUIET: [&str; 9] =
    ["rlibphonenumber", "hyper", "hyper_util", "h2", "redis", "reqwest", "rustls", "sqlx", "tower_http"];

/// Logs and traces from here on as the settings say; spans are sent as long as their sender is held. The first to call it in a
/// process wins.
pub fn start_with(log: &Log, traces: &Traces) -> Sender {
    let (spans, sender) = traces::layer(traces);
    let is_wanting = traces.endpoint.is_some() && spans.is_none();
    // In tests somebody may have been faster.
    let _ = tracing_subscriber::registry().with(lines(log, std::io::stderr)).with(spans).try_init();
    if is_wanting {
        tracing::warn!("traces.not_sent: no client for the collector could be made on this machine");
    }
    sender
}

/// Logs from here on as it says, and traces nothing. The first to call it in a process wins.
pub fn start(log: &Log) {
    let _ = tracing_subscriber::registry().with(lines(log, std::io::stderr)).try_init();
}

/// The same into a file, for whoever looks through it afterwards.
pub fn start_into(log: &Log, file: File) {
    let _ = tracing_subscriber::registry().with(lines(log, Mutex::new(file))).try_init();
}

/// What writes the log.
fn lines<S, W>(log: &Log, to: W) -> impl Layer<S> + use<S, W>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    W: for<'writer> MakeWriter<'writer> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(&log.filter).unwrap_or_else(|_| EnvFilter::new("info"));
    // Spans are the traces' own: a line says all by itself.
    let quiet =
        filter_fn(|meta| !meta.is_span() && (*meta.level() <= Level::WARN || !is_quiet(meta.target())));
    // Of two filters the one that does not say what it lets through at most speaks for both: then every line of every crate, such
    // as those that are written of each frame of a socket, is made before it is refused.
    let quiet = quiet.with_max_level_hint(LevelFilter::TRACE);
    let lines = fmt::layer().with_writer(to);
    let layer = match log.format {
        Format::Text => {
            let is_seen = std::io::stderr().is_terminal();
            lines.with_ansi(is_seen).compact().fmt_fields(debug_fn(told).delimited(" ")).boxed()
        }
        Format::Json => lines.json().flatten_event(true).boxed(),
    };
    layer.with_filter(filter.and(quiet))
}

/// One field of a line.
fn told(line: &mut Writer<'_>, field: &Field, value: &dyn text::Debug) -> text::Result {
    if field.name() != "message" {
        write!(line, "{}=", field.name())?;
    }
    format!("{value:?}").chars().try_for_each(|letter| match letter {
        // What turns the writing round or ends a line, beside the controls.
        _ if letter.is_control() => write!(line, "{}", letter.escape_default()),
        '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => write!(line, "{}", letter.escape_default()),
        _ => line.write_char(letter),
    })
}

fn is_quiet(target: &str) -> bool {
    let room = target.split("::").next().unwrap_or(target);
    QUIET.contains(&room)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing_subscriber::Registry;

    #[test]
    fn lines_that_are_not_wanted_are_not_made() {
        for (filter, most) in [("warn", LevelFilter::WARN), ("info,sqlx=debug", LevelFilter::DEBUG)] {
            let log = Log { filter: filter.to_owned(), format: Format::Text };
            let layer = lines::<Registry, _>(&log, std::io::sink);
            assert_eq!(layer.max_level_hint(), Some(most), "{filter}");
        }
    }

    #[test]
    fn rooms_that_write_numbers_down_are_known_by_their_crate() {
        assert!(is_quiet("rlibphonenumber::parser"));
        assert!(is_quiet("hyper"));
        assert!(!is_quiet("trunkline_engine::dialer"));
    }
}

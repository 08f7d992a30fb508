//! `GET /metrics`: the server in numbers, as Prometheus reads them. No tenant, number or name is in it.
//!
//! Like the probes it needs no key, and tells those without one what these tell; what all tenants do together is for
//! whoever runs the server.

pub(crate) mod spec;

use super::admitted;
use crate::carrier::Timing;
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use std::collections::BTreeMap;
use std::fmt::{Display, Write};
use std::sync::Arc;
use trunkline_engine::{Health, Measured, Part, QueueStats, Waits};

const FORM: &str = "text/plain; version=0.0.4; charset=utf-8";

/// `GET /metrics`
pub(crate) async fn metrics(State(web): State<Arc<Web>>, headers: HeaderMap) -> Response {
    if !web.engine.is_recovered() {
        return Problem::new(Code::Starting).retry_after(1).into_response();
    }
    let measured = web.engine.measured().await;
    let mut page = Page::default();
    page.probes(&measured.health);
    if admitted(&web, &headers).is_some_and(|admitted| admitted.caller.runs_the_server()) {
        page.server(&measured);
        page.webhooks(&web.timing);
        page.bots(&measured);
        page.app_calls(&measured, &web.closed_sockets.read());
        // Without a database there is no queue, and while it is away nobody knows how it is.
        if let Ok(stats) = web.engine.queue_stats().await {
            page.queue(&stats);
        }
    }
    ([(CONTENT_TYPE, FORM)], page.0).into_response()
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn probes(&mut self, health: &Health) {
        self.gauge("trunkline_calls_active", "Calls that are not over.", health.active_calls);
        self.gauge(
            "trunkline_calls_waiting",
            "Calls that wait for their turn to be dialed.",
            health.waiting_calls,
        );
        self.gauge("trunkline_draining", "1 while no new calls are begun.", u8::from(health.draining));
        self.head("trunkline_part_ok", "gauge", "1 while this part of the server is well.");
        let parts = [
            ("journal", Some(&health.journal)),
            ("database", Some(&health.database)),
            ("carrier", Some(&health.carrier)),
            ("scripts", Some(&health.scripts)),
            ("cache", health.cache.as_ref()),
            ("recordings", health.recordings.as_ref()),
        ];
        for (name, part) in parts {
            if let Some(part) = part {
                let is_ok = u8::from(matches!(part, Part::Ok { .. }));
                self.sample("trunkline_part_ok", &[("part", name)], is_ok);
            }
        }
        self.gauge(
            "trunkline_projector_lag_events",
            "Records of the journal not yet in the database.",
            health.lag_events,
        );
        let secs = seconds(health.lag_ms, 1e3);
        self.gauge("trunkline_projector_lag_seconds", "How old the oldest of them is.", secs);
        self.gauge("trunkline_parked_calls", "Calls whose events the database refuses.", health.parked_calls);
    }

    fn server(&mut self, measured: &Measured) {
        self.gauge(
            "trunkline_recordings_waiting",
            "Recordings that wait in the folder for their bucket.",
            measured.recordings_waiting,
        );
        self.gauge(
            "trunkline_transcripts_awaited",
            "Texts of recordings that the transcription hook has been asked for, or will be.",
            measured.transcripts_awaited,
        );
        self.counter(
            "trunkline_recordings_removed_total",
            "Recordings removed since the start, having had their time.",
            measured.recordings_removed,
        );
        self.gauge("trunkline_calls_open", "Calls that take up a slot.", measured.open_calls);
        let name = "trunkline_calls_ended_total";
        self.head(name, "counter", "Calls that ended since the start, by direction and disposition.");
        for ((direction, disposition), calls) in &measured.counted.ended {
            self.sample(name, &[("direction", direction), ("disposition", disposition)], calls);
        }
        let name = "trunkline_posts_total";
        self.head(name, "counter", "Requests to dial since the start, by the carrier's answer.");
        for (answer, posts) in &measured.counted.posts {
            self.sample(name, &[("answer", answer)], posts);
        }
        let name = "trunkline_webhook_attempts_total";
        self.head(name, "counter", "Attempts to deliver a webhook since the start, by what came of them.");
        for (outcome, attempts) in &measured.webhooks {
            self.sample(name, &[("outcome", outcome)], attempts);
        }
        self.gauge(
            "trunkline_webhook_lines",
            "Calls of which something is being sent to an endpoint.",
            measured.webhook_lines,
        );
        let name = "trunkline_carrier_circuit_open";
        self.head(name, "gauge", "1 while this carrier is left alone after failures.");
        for (carrier, is_open) in &measured.circuits {
            self.sample(name, &[("carrier", carrier)], u8::from(*is_open));
        }
        self.gauge(
            "trunkline_caller_ids_distrusted",
            "Our numbers whose calls are refused without ringing too often.",
            measured.distrusted_numbers,
        );
        let name = "trunkline_failovers_total";
        self.head(name, "counter", "Calls since the start for which another carrier was asked, and why.");
        for ((from, to, why), calls) in &measured.counted.failed_over {
            self.sample(name, &[("from", from), ("to", to), ("why", why)], calls);
        }
        self.counter(
            "trunkline_lost_events_total",
            "Commands to a carrier whose end was told by nobody, since the start; the calls went on.",
            measured.counted.unheard,
        );
        self.counter(
            "trunkline_apologies_total",
            "How often a person heard an apology.",
            measured.health.apologies,
        );
        self.gauge(
            "trunkline_journal_position",
            "The last durable record of the journal.",
            measured.journal_position,
        );
        self.gauge("trunkline_journal_bytes", "Bytes in the journal's files.", measured.journal_bytes);
        let backlog = measured.journal_backlog_bytes;
        self.gauge("trunkline_journal_backlog_bytes", "Bytes in files not wholly in the database.", backlog);
        let secs = seconds(measured.journal_commit_micros, 1e6);
        self.gauge("trunkline_journal_commit_seconds", "How long the journal's last write took.", secs);
    }

    fn bots(&mut self, measured: &Measured) {
        let counted = &measured.counted;
        let waits = &counted.bot_waits;
        let name = "trunkline_bot_wait_seconds";
        self.head(
            name,
            "histogram",
            "From the end of a caller's words to the first sound of the bot's answer.",
        );
        for (bound, answers) in Waits::UPTO_MS.into_iter().zip(waits.upto) {
            let le = seconds(u64::from(bound), 1e3).to_string();
            self.sample("trunkline_bot_wait_seconds_bucket", &[("le", &le)], answers);
        }
        self.sample("trunkline_bot_wait_seconds_bucket", &[("le", "+Inf")], waits.count);
        self.sample("trunkline_bot_wait_seconds_sum", &[], seconds(waits.sum_ms, 1e3));
        self.sample("trunkline_bot_wait_seconds_count", &[], waits.count);
        let name = "trunkline_bot_tokens_total";
        self.head(name, "counter", "Tokens that models have used since the start, by kind.");
        for (kind, tokens) in &counted.bot_tokens {
            self.sample(name, &[("kind", kind)], tokens);
        }
        let name = "trunkline_bot_lost_total";
        self.head(name, "counter", "What broke in calls with bots since the start.");
        for (what, times) in &counted.bot_lost {
            self.sample(name, &[("what", what)], times);
        }
        let name = "trunkline_bot_over_total";
        self.head(name, "counter", "Calls that bots have done with since the start, by why.");
        for (why, calls) in &counted.bot_over {
            self.sample(name, &[("why", why)], calls);
        }
    }

    fn app_calls(&mut self, measured: &Measured, closed: &BTreeMap<&'static str, u64>) {
        let calls = measured.app_calls;
        self.gauge("trunkline_app_calls_active", "Calls between users of apps that are not over.", calls);
        let name = "trunkline_app_calls_ended_total";
        self.head(name, "counter", "Calls between users that ended since the start.");
        for ((kind, disposition), calls) in &measured.counted.app_ended {
            self.sample(name, &[("call_type", kind), ("disposition", disposition)], calls);
        }
        let name = "trunkline_app_calls_refused_total";
        self.head(
            name,
            "counter",
            "Calls between users that were asked for and not made since the start, by why.",
        );
        for (why, calls) in &measured.counted.app_refused {
            self.sample(name, &[("why", why)], calls);
        }
        let connected = measured.connected;
        self.gauge(
            "trunkline_app_users_connected",
            "Users with a device that is connected.",
            connected.users,
        );
        self.gauge("trunkline_app_devices_connected", "Devices that are connected.", connected.devices);
        let name = "trunkline_app_frames_total";
        self.head(name, "counter", "Offers, answers and candidates since the start, by what became of them.");
        for (became, frames) in &measured.counted.app_frames {
            self.sample(name, &[("became", became)], frames);
        }
        let name = "trunkline_app_sockets_closed_total";
        self.head(name, "counter", "Sockets of users' devices that ended since the start, by why.");
        for (why, sockets) in closed {
            self.sample(name, &[("why", why)], sockets);
        }
        self.gauge(
            "trunkline_app_rosters",
            "Conversations and lists of blocked users that are kept.",
            measured.rosters,
        );
    }

    fn webhooks(&mut self, timing: &Timing) {
        let name = "trunkline_carrier_request_seconds";
        self.head(name, "histogram", "How long the carrier's requests took to be answered.");
        for (what, histogram) in [("voice", &timing.voice), ("callback", &timing.callbacks)] {
            let counted = histogram.counted();
            let bucket = format!("{name}_bucket");
            for (end, answers) in &counted.up_to {
                self.sample(&bucket, &[("what", what), ("le", &seconds(*end, 1e3).to_string())], answers);
            }
            self.sample(&bucket, &[("what", what), ("le", "+Inf")], counted.all);
            self.sample(&format!("{name}_sum"), &[("what", what)], seconds(counted.micros, 1e6));
            self.sample(&format!("{name}_count"), &[("what", what)], counted.all);
        }
    }

    fn queue(&mut self, stats: &QueueStats) {
        let name = "trunkline_queue_jobs";
        self.head(name, "gauge", "Jobs of campaigns that are not over, by where they stand.");
        for (state, jobs) in
            [("waiting", stats.depth), ("in_progress", stats.in_progress), ("parked", stats.parked)]
        {
            self.sample(name, &[("state", state)], jobs);
        }
        let oldest = stats.oldest.as_ref().map_or(0, |oldest| oldest.age_secs);
        self.gauge(
            "trunkline_queue_oldest_seconds",
            "How long the oldest waiting job is in the queue.",
            oldest,
        );
        let name = "trunkline_queue_attempts";
        self.head(name, "gauge", "Attempts begun in the last minutes.");
        let rate = &stats.rate;
        for (minutes, attempts) in
            [("1", rate.last_minute), ("5", rate.last_5_minutes), ("15", rate.last_15_minutes)]
        {
            self.sample(name, &[("minutes", minutes)], attempts);
        }
        let name = "trunkline_queue_gate_jobs";
        self.head(name, "gauge", "Waiting jobs by the gate that was closed when they were last looked at.");
        for gate in &stats.gates {
            self.sample(name, &[("gate", &gate.code)], gate.jobs);
        }
        self.sample(name, &[("gate", "in_line")], stats.in_line);
    }

    fn gauge(&mut self, name: &str, about: &str, value: impl Display) {
        self.head(name, "gauge", about);
        self.sample(name, &[], value);
    }

    fn counter(&mut self, name: &str, about: &str, value: impl Display) {
        self.head(name, "counter", about);
        self.sample(name, &[], value);
    }

    fn head(&mut self, name: &str, kind: &str, about: &str) {
        let _ = writeln!(self.0, "# HELP {name} {about}\n# TYPE {name} {kind}");
    }

    /// Labels' values are words of ours: nothing in them needs escaping.
    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let labels: Vec<String> = labels.iter().map(|(label, word)| format!("{label}=\"{word}\"")).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }
}

fn seconds(of: u64, per_second: f64) -> f64 {
    // Exact far beyond what any lag is.
    #[expect(clippy::cast_precision_loss, reason = "see above")]
    let of = of as f64;
    of / per_second
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_its_labels_and_a_family_its_head_once() {
        let mut page = Page::default();
        page.head("posts_total", "counter", "Posts.");
        page.sample("posts_total", &[("answer", "placed")], 3);
        page.gauge("lag", "Lag.", seconds(1_500, 1e3));
        let expected = "# HELP posts_total Posts.\n# TYPE posts_total counter\nposts_total{answer=\"placed\"} 3\n\
                        # HELP lag Lag.\n# TYPE lag gauge\nlag 1.5\n";
        assert_eq!(page.0, expected);
    }
}

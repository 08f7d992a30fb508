//! `config check`: settings that are each right and together don't do what their owner wants. Offline: nothing is
//! asked of the carrier here.

use std::collections::BTreeSet;
use std::time::Duration;

use secrecy::ExposeSecret;

use trunkline_core::private::Address;

use super::Settings;
use super::access::STRONG_CHARS;
use super::carrier::{Account, Line, Said};
use super::finding::Finding;
use super::public_url::{PublicUrl, Reach};
use trunkline_web::{Signs, UserKey};

/// A carrier may show a call this late in its list; a shorter settle time could call a person twice.
const SAFE_SETTLE: Duration = Duration::from_secs(180);

/// All findings, the worst first.
pub fn check(settings: &Settings) -> Vec<Finding> {
    let mut findings = settings.noticed.clone();
    for line in settings.carrier.lines() {
        match &line.account {
            Account::Simulator { .. } => {}
            Account::Twilio { account_sid, .. } => {
                real(settings, line, "Twilio", &mut findings);
                twilio(line, account_sid, &mut findings);
            }
            Account::Telnyx { .. } => real(settings, line, "Telnyx", &mut findings),
        }
    }
    unnamed(settings, &mut findings);
    // What is said of the server is said once.
    let mut said = BTreeSet::new();
    findings.retain(|finding| {
        let is_of_server = finding.setting == "server.public_url" || finding.setting == "limits.settle_secs";
        !is_of_server || said.insert((finding.setting.clone(), finding.level))
    });
    addresses(settings, &mut findings);
    access(settings, &mut findings);
    app_calls(settings, &mut findings);
    limits(settings, &mut findings);
    tenants(settings, &mut findings);
    disk(settings, &mut findings);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    findings
}

fn twilio(line: &Line, account_sid: &str, findings: &mut Vec<Finding>) {
    if account_sid.len() != 34 || !account_sid[2..].bytes().all(|c| c.is_ascii_hexdigit()) {
        findings.push(Finding::warning(
            line.setting("account_sid", "account_sid"),
            "it is not AC and 32 hexadecimal digits",
            "copy it again from Twilio's console, unless api_base is a test server",
        ));
    }
}

/// Numbers that no account was named for.
fn unnamed(settings: &Settings, findings: &mut Vec<Finding>) {
    let carrier = &settings.carrier;
    if carrier.others.is_empty() {
        return;
    }
    let is_named = |number: &String| carrier.lines().any(|line| line.has(number));
    let unnamed: Vec<String> = settings.numbers().into_iter().filter(|number| !is_named(number)).collect();
    if unnamed.is_empty() {
        return;
    }
    let masked: Vec<String> =
        unnamed.iter().map(|number| Address::new(number.as_str()).masked().to_string()).collect();
    findings.push(Finding::warning(
        "carrier.numbers",
        format!("no account is named for {}: taken for {}'s", masked.join(", "), carrier.first.name),
        "name the account of each; `trunkline config check --online` asks the accounts whose it is",
    ));
}

/// What holds for every carrier that reaches real phones.
fn real(settings: &Settings, line: &Line, carrier: &str, findings: &mut Vec<Finding>) {
    if settings.server.public_urls.is_empty() {
        findings.push(Finding::error(
            "server.public_url",
            format!("{carrier} does not know where to fetch what it shall say"),
            "set PUBLIC_URL to the address of your proxy or tunnel, such as https://calls.example.com",
        ));
    }
    let unreachable = |url: &&PublicUrl| url.reach() != Reach::World;
    if let Some(url) = settings.server.public_urls.iter().find(unreachable) {
        findings.push(Finding::warning(
            "server.public_url",
            format!("{carrier} can't reach {url}: it is no address of the open internet"),
            "use the address of your proxy or tunnel",
        ));
    }
    let setting = match &line.account {
        Account::Telnyx { .. } if !settings.carrier.others.is_empty() => line.setting("telnyx_from", "from"),
        _ => line.setting("from", "from"),
    };
    match &line.from {
        // Not in full: at each start it is in the log.
        Some(from) => findings.push(Finding::note(
            setting,
            format!(
                "an unanswered request is settled by {carrier}'s list of calls from {}",
                Address::new(from.as_str()).masked()
            ),
            "make sure that no other software dials from it",
        )),
        None => findings.push(Finding::warning(
            setting,
            "calls that name no number of their own can't be placed",
            match line.said {
                Said::ByItsKind => {
                    format!("set {}_PHONE_NUMBER to a number of the account", carrier.to_ascii_uppercase())
                }
                Said::InTheTable => "set it to a number of the account".to_owned(),
            },
        )),
    }
    if settings.limits.settle < SAFE_SETTLE {
        findings.push(Finding::warning(
            "limits.settle_secs",
            format!("{carrier} may show a call later than after {} s", settings.limits.settle.as_secs()),
            "set 180 or more, or a person might be called twice",
        ));
    }
}

fn addresses(settings: &Settings, findings: &mut Vec<Finding>) {
    let server = &settings.server;
    let mut named: Vec<_> = server.public_urls.iter().map(|url| ("server.public_url", url)).collect();
    named.extend(server.fallback_url.iter().map(|url| ("server.fallback_url", url)));
    for (setting, url) in named {
        if url.reach() == Reach::World && !url.is_encrypted() {
            findings.push(Finding::warning(
                setting,
                format!("{url} is not encrypted: names, numbers and answers can be read on the way"),
                "put a proxy with a certificate in front and write https://",
            ));
        }
    }
    let same_host = |fallback: &&PublicUrl| {
        server.public_urls.iter().any(|url| url.url().host() == fallback.url().host())
    };
    if server.fallback_url.iter().any(|fallback| same_host(&fallback)) {
        findings.push(Finding::warning(
            "server.fallback_url",
            "it is on the same host as public_url and goes down with it",
            "use another machine, or take it out",
        ));
    }
    if !server.host.is_loopback() {
        findings.push(Finding::note(
            "server.host",
            format!("the server listens on {} without encryption", server.host),
            "let nothing but your proxy reach this port",
        ));
    }
}

fn access(settings: &Settings, findings: &mut Vec<Finding>) {
    let weak = |key: &&secrecy::SecretString| key.expose_secret().len() < STRONG_CHARS;
    if settings.access.api_key.iter().any(|key| weak(&key)) {
        findings.push(Finding::warning(
            "access.api_key",
            format!("it is shorter than {STRONG_CHARS} characters and could be guessed"),
            "use the output of: openssl rand -hex 32",
        ));
    }
}

fn app_calls(settings: &Settings, findings: &mut Vec<Finding>) {
    let set = &settings.app_calls;
    let weak = |key: &UserKey| matches!(&key.signs, Signs::Hs256(secret) if secret.len() < STRONG_CHARS);
    if set.tokens.keys.iter().any(weak) {
        findings.push(Finding::warning(
            "app_calls.jwt_secret",
            format!(
                "a secret of users' tokens is shorter than {STRONG_CHARS} characters and could be guessed"
            ),
            "use the output of: openssl rand -hex 32",
        ));
    }
    if set.is_turn_half_set {
        findings.push(Finding::warning(
            "app_calls.turn",
            "of turn and turn_secret one is set without the other: browsers are told of no relay",
            "set both, or neither",
        ));
    }
}

fn limits(settings: &Settings, findings: &mut Vec<Finding>) {
    let limits = &settings.limits;
    let ladder = [
        ("limits.tenant_outbound_calls", limits.tenant_outbound_calls, "tenant_calls", limits.tenant_calls),
        ("limits.tenant_calls", limits.tenant_calls, "system_calls", limits.system_calls),
        ("limits.carrier_calls", limits.carrier_calls, "system_calls", limits.system_calls),
        ("limits.system_calls", limits.system_calls, "max_live_calls", limits.max_live_calls),
    ];
    for (setting, value, wider, bound) in ladder {
        if value > bound {
            findings.push(Finding::warning(
                setting,
                format!("{value} is never reached: {wider} is {bound}"),
                format!("lower it, or raise {wider}"),
            ));
        }
    }
}

fn tenants(settings: &Settings, findings: &mut Vec<Finding>) {
    for (tenant, allowance) in &settings.tenants.each {
        let system = settings.limits.system_calls;
        let live = allowance.live.map_or(settings.limits.tenant_calls, u64::from);
        let outbound = allowance.live_outbound.map_or(settings.limits.tenant_outbound_calls, u64::from);
        let ladder = [
            ("live_outbound_calls", outbound, "live_calls", live),
            ("live_calls", live, "limits.system_calls", system),
        ];
        for (name, value, wider, bound) in ladder {
            if value > bound {
                findings.push(Finding::warning(
                    "tenants.each",
                    format!("{name} of {} is {value} and never reached: {wider} is {bound}", tenant.as_str()),
                    format!("lower it, or raise {wider}"),
                ));
            }
        }
        let words = [
            allowance.calls_a_day.map(|calls| format!("{calls} calls a day")),
            allowance.minutes_a_day.map(|minutes| format!("{minutes} minutes a day")),
            allowance.cps.map(|cps| format!("{cps} new calls per second")),
            Some(format!("{outbound} calls of its own at once")),
        ];
        let words: Vec<String> = words.into_iter().flatten().collect();
        findings.push(Finding::note(
            "tenants.each",
            format!("{} has weight {}: {}", tenant.as_str(), allowance.weight.0, words.join(", ")),
            "change it in [tenants]; single calls count for the day too, and are not held back by it",
        ));
    }
}

fn disk(settings: &Settings, findings: &mut Vec<Finding>) {
    let journal = &settings.journal;
    if journal.backlog_bytes < journal.segment_bytes.saturating_mul(4) {
        findings.push(Finding::warning(
            "journal.backlog_bytes",
            "it holds fewer than four segments: calls are refused soon after the database is away",
            "raise it, or lower segment_bytes",
        ));
    }
}

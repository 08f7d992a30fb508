//! Settings → what the engine is told.

use std::num::NonZeroU16;
use std::sync::Arc;

use jiff::SignedDuration;

use trunkline_carriers::callback::{PublicUrls, SecretKeys};
use trunkline_core::call::{Limits as CallLimits, Timing};
use trunkline_core::dial::destination::{Countries, Destinations, Expensive};
use trunkline_core::dial::earlier::PersonBudget;
use trunkline_core::dial::gates::DialLimits;
use trunkline_core::id::TenantId;
use trunkline_core::phone::PhoneNumber;
use trunkline_core::private::Address;
use trunkline_engine::{AppCalls, Bots, Clock, Config, Number, QueueConfig, Webhooks};

use crate::settings::{self, NumberRoute, Settings};

/// The engine's settings; `from` is the caller id of calls that name none.
pub(crate) fn config(
    settings: &Settings,
    urls: PublicUrls,
    secrets: Arc<SecretKeys>,
    from: Option<Address>,
    clock: Clock,
) -> Config {
    let numbers = settings.scripts.numbers.iter();
    Config {
        data_dir: settings.server.data_dir.clone(),
        node: settings.server.node.clone(),
        database: settings.store.database.clone(),
        cache: settings.cache.address.clone(),
        journal: journal(settings),
        journal_retention: settings.journal.retention,
        recordings: settings.recordings.folder.clone(),
        bucket: settings.recordings.bucket.clone(),
        keep_recordings: settings.recordings.keep.clone(),
        keep_calls: settings.keep_calls.clone(),
        transcribing: settings.transcribing.clone(),
        recording_max_bytes: settings.recordings.max_bytes,
        questions: settings.scripts.questions.clone(),
        default_script: settings.scripts.default_script.clone(),
        bot_files: settings.scripts.bots.clone(),
        consent: settings.recordings.consent,
        numbers: numbers.map(number).collect(),
        from,
        // Checked when the settings were read.
        default_country: settings.limits.default_country.as_deref().and_then(|code| code.parse().ok()),
        call_limits: call_limits(settings),
        dial_limits: dial_limits(settings),
        queue: queue(settings),
        webhooks: webhooks(settings),
        app_calls: app_calls(settings),
        bots: Bots { model: settings.realtime.model.clone(), prices: settings.realtime.prices.clone() },
        hold_music: settings.scripts.hold_music.clone(),
        timing: timing(settings),
        post_timeout: settings.limits.unclear_after,
        urls,
        secrets,
        clock,
    }
}

fn number(route: &NumberRoute) -> Number {
    Number {
        number: Address::new(&*route.number),
        script: route.script.clone(),
        tenant: route.tenant.clone().unwrap_or_else(TenantId::default_tenant),
    }
}

/// How the journal is kept.
pub(crate) fn journal(settings: &Settings) -> trunkline_journal::Options {
    trunkline_journal::Options {
        segment_bytes: settings.journal.segment_bytes,
        reserve_bytes: settings.journal.reserve_bytes,
        backlog_bytes: settings.journal.backlog_bytes,
        ..trunkline_journal::Options::default()
    }
}

fn call_limits(settings: &Settings) -> CallLimits {
    let limits = &settings.limits;
    CallLimits {
        ring_timeout_secs: whole(limits.ring_timeout.as_secs()),
        time_limit_secs: whole(limits.time_limit.as_secs()),
        queue_limit_secs: whole(limits.queue_expiry.as_secs()),
    }
}

fn dial_limits(settings: &Settings) -> DialLimits {
    let limits = &settings.limits;
    DialLimits {
        system: whole(limits.system_calls),
        carrier: whole(limits.carrier_calls),
        tenant: whole(limits.tenant_calls),
        tenant_outbound: whole(limits.tenant_outbound_calls),
        cps: limits.cps,
        max_live: whole(limits.max_live_calls),
    }
}

fn queue(settings: &Settings) -> QueueConfig {
    let queue = &settings.queue;
    let often = |calls: u64| NonZeroU16::new(u16::try_from(calls).unwrap_or(u16::MAX));
    let countries = queue.allowed_countries.as_ref().map(|all| {
        // Checked when the settings were read.
        Countries::Only(all.iter().filter_map(|letters| letters.parse().ok()).collect())
    });
    let tested = queue.test_numbers.as_ref();
    QueueConfig {
        inbound_reserve: whole(queue.inbound_reserve),
        budget: PersonBudget {
            per_day: often(queue.person_calls_per_day),
            per_week: often(queue.person_calls_per_week),
            min_gap_secs: whole(queue.person_min_gap.as_secs()),
        },
        destinations: Destinations {
            countries: countries.unwrap_or_default(),
            allowed_prefixes: queue.allowed_prefixes.clone(),
            denied_prefixes: queue.denied_prefixes.clone(),
            expensive: match queue.expensive_numbers {
                settings::Expensive::Deny => Expensive::Deny,
                settings::Expensive::Allow => Expensive::Allow,
            },
            test_numbers: tested
                .map(|all| all.iter().filter_map(|one| PhoneNumber::from_e164(one).ok()).collect()),
        },
        ageing: SignedDuration::try_from(queue.ageing).unwrap_or(SignedDuration::MAX),
        standard_allowance: settings.tenants.standard,
        allowances: settings.tenants.each.clone(),
    }
}

fn webhooks(settings: &Settings) -> Webhooks {
    let webhooks = &settings.webhooks;
    Webhooks { reach: webhooks.reach.clone(), timeout: webhooks.timeout, retention: webhooks.retention }
}

fn app_calls(settings: &Settings) -> AppCalls {
    let app_calls = &settings.app_calls;
    AppCalls {
        policy: app_calls.policy,
        each: app_calls.each.clone(),
        longest_secs: whole(app_calls.longest.as_secs()),
        may_call: app_calls.may_call.clone(),
    }
}

fn timing(settings: &Settings) -> Timing {
    let limits = &settings.limits;
    Timing {
        unclear_secs: whole(limits.unclear_after.as_secs()),
        settle_secs: whole(limits.settle.as_secs()),
        listing_gap_secs: whole(limits.list_gap.as_secs()),
        hold_secs: whole(limits.hold.as_secs()),
        away_secs: whole(settings.app_calls.away.as_secs()),
        idle_secs: limits.registered_idle.map(|idle| whole(idle.as_secs())),
        ..Timing::default()
    }
}

/// Settings are bounded far below this where they are read.
fn whole(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

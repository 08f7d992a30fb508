use super::*;
use crate::dial::destination::Denied;
use crate::dial::earlier::Standing;
use crate::dial::earlier::{Earlier, PersonBudget};
use crate::id::AccountId;
use crate::id::CallId;
use crate::window::{NeverOpens, Zones};
use std::num::NonZeroU16;
use std::sync::LazyLock;

fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + secs).unwrap()
}

fn earlier(secs: i64, standing: Standing) -> Earlier {
    Earlier { call: CallId::from_bytes([9; 16]), at: at(secs), standing }
}

fn candidate() -> Candidate {
    Candidate { account: AccountId::new("sim:AC1"), not_before: None }
}

static NOWHERE: LazyLock<Zones> = LazyLock::new(Zones::default);

fn fit() -> Queued<'static> {
    Queued {
        destination: Ok(()),
        database: Database::Here,
        campaign: Some(Running::Running),
        lacks: None,
        due: None,
        promised: Promised::No,
        window: Opening::Open { until: at(3_600) },
        zones: &NOWHERE,
        by_others: &[],
        dedup_window: SignedDuration::from_hours(1),
        to_person: &[],
        budget: PersonBudget::default(),
        caps: &[],
        circuit: Circuit::Fit,
        campaign_slots: Some(Slots { open: 0, limit: 5 }),
        inbound_reserve: 3,
        paces: &[],
    }
}

/// One closed gate: what closes it, and what it says.
type Case = (&'static str, fn(&mut Candidate, &mut Snapshot, &mut Queued<'static>));

const PLACED: [Earlier; 0] = [];

/// All gates, in the order in which they are asked.
fn gates() -> Vec<Case> {
    vec![
        ("suppressed", |_, seen, _| seen.suppressed = Suppressed::Yes),
        ("not_allowed", |_, _, job| job.destination = Err(Denied::Premium)),
        ("draining", |_, seen, _| seen.server = Server::Draining),
        ("database_away", |_, _, job| job.database = Database::Away),
        ("campaign_paused", |_, _, job| job.campaign = Some(Running::Paused)),
        ("campaign_lacks", |_, _, job| job.lacks = Some(Lacking::Script)),
        ("not_before", |candidate, _, _| candidate.not_before = Some(at(1))),
        ("retry_not_due", |_, _, job| job.due = Some(at(60))),
        ("out_of_window", |_, _, job| job.window = Opening::OpensAt(at(900))),
        ("same_pair_open", |_, seen, _| seen.same_pair = SamePair::Open),
        ("duplicate", |_, _, job| job.by_others = Box::leak(Box::new([earlier(-60, Standing::Placed)]))),
        ("person_budget", |_, _, job| job.to_person = Box::leak(Box::new([earlier(-5, Standing::Placed)]))),
        ("daily_cap", |_, _, job| {
            let cap = Cap { of: CapOf::TenantMinutes, used: 100, limit: 100, resets_at: at(7_200) };
            job.caps = Box::leak(Box::new([cap]));
        }),
        ("circuit_open", |_, _, job| job.circuit = Circuit::OpenUntil(at(30))),
        ("too_many_live", |_, seen, _| seen.live = DialLimits::default().max_live),
        ("no_slot", |_, _, job| job.campaign_slots = Some(Slots { open: 5, limit: 5 })),
        ("cps", |_, seen, _| seen.last_dial_at = Some(at(0))),
        ("pace", |_, _, job| {
            let pace = Pace { of: LimitOf::Campaign, last_dial_at: Some(at(0)), cps: 0.1 };
            job.paces = Box::leak(Box::new([pace]));
        }),
    ]
}

fn ask(cases: &[Case]) -> Result<(), Closed> {
    let (mut candidate, mut seen, mut job) = (candidate(), Snapshot::idle(), fit());
    cases.iter().for_each(|(_, close)| close(&mut candidate, &mut seen, &mut job));
    admit_job(&candidate, &seen, &DialLimits::default(), &job, at(0))
}

#[test]
fn with_every_gate_open_the_job_is_dialed() {
    assert_eq!(ask(&[]), Ok(()));
}

#[test]
fn each_gate_closes_alone_and_says_which_it_is() {
    for case in gates() {
        assert_eq!(ask(&[case]).unwrap_err().code(), case.0);
    }
}

#[test]
fn what_holds_everybody_is_of_the_server_and_the_carrier_and_not_of_a_tenant_a_campaign_or_a_job() {
    let holding: Vec<&str> = gates()
        .into_iter()
        .filter(|case| ask(&[*case]).unwrap_err().holds_everybody())
        .map(|(code, _)| code)
        .collect();
    assert_eq!(holding, ["draining", "database_away", "circuit_open", "too_many_live", "cps"]);
    for of in [LimitOf::System, LimitOf::Carrier, LimitOf::InboundReserve] {
        assert!(Closed::NoSlot { of, limit: 5 }.holds_everybody(), "{of:?}");
    }
}

#[test]
fn of_several_closed_gates_the_most_final_is_told() {
    let gates = gates();
    for first in 0..gates.len() {
        assert_eq!(ask(&gates[first..]).unwrap_err().code(), gates[first].0, "from {}", gates[first].0);
    }
}

#[test]
fn a_gate_tells_when_it_opens_and_is_open_then() {
    let (candidate, limits) = (candidate(), DialLimits::default());
    for (name, close) in gates() {
        let (mut wants, mut seen, mut job) = (candidate.clone(), Snapshot::idle(), fit());
        close(&mut wants, &mut seen, &mut job);
        let closed = admit_job(&wants, &seen, &limits, &job, at(0)).unwrap_err();
        let Some(opens_at) = closed.opens_at() else { continue };
        assert!(opens_at > at(0), "{name}");
        // The calling window is a fact of the caller's; he asks again.
        job.window = Opening::Open { until: at(100_000) };
        assert_eq!(admit_job(&wants, &seen, &limits, &job, opens_at), Ok(()), "{name}");
    }
}

#[test]
fn a_call_without_a_carrier_id_is_fresh_until_it_is_ruled_however_old() {
    let mut job = fit();
    let unruled = [earlier(-1_000_000, Standing::Unruled)];
    job.by_others = &unruled;
    let held = admit_job(&candidate(), &Snapshot::idle(), &DialLimits::default(), &job, at(0));
    assert_eq!(held, Err(Closed::Duplicate { of: CallId::from_bytes([9; 16]), opens_at: None }));
    job.promised = Promised::Yes;
    assert!(
        admit_job(&candidate(), &Snapshot::idle(), &DialLimits::default(), &job, at(0)).is_err(),
        "promised or not"
    );
    let never_placed = [earlier(-10, Standing::NeverPlaced)];
    let open = Queued { by_others: &never_placed, ..fit() };
    assert_eq!(admit_job(&candidate(), &Snapshot::idle(), &DialLimits::default(), &open, at(0)), Ok(()));
}

#[test]
fn who_asked_to_be_called_is_called_within_his_window_whatever_the_budget_says() {
    let (seen, limits) = (Snapshot::idle(), DialLimits::default());
    let recent = [earlier(-5, Standing::Placed)];
    let promised = Queued { promised: Promised::Yes, by_others: &recent, to_person: &recent, ..fit() };
    assert_eq!(admit_job(&candidate(), &seen, &limits, &promised, at(0)), Ok(()));
    let later = Queued { due: Some(at(60)), ..promised.clone() };
    let closed = admit_job(&candidate(), &seen, &limits, &later, at(0));
    assert_eq!(closed, Err(Closed::CallBack { opens_at: at(60) }), "not before the time they said");
    let night = Queued { window: Opening::OpensAt(at(900)), ..promised };
    let closed = admit_job(&candidate(), &seen, &limits, &night, at(0));
    assert_eq!(closed, Err(Closed::OutOfWindow { opens_at: at(900), zone: None }));
}

#[test]
fn what_nothing_will_open_is_final() {
    let never = Queued { window: Opening::Never(NeverOpens::UnknownZone), ..fit() };
    let closed =
        admit_job(&candidate(), &Snapshot::idle(), &DialLimits::default(), &never, at(0)).unwrap_err();
    assert!(closed.is_final());
    assert!(Closed::Suppressed.is_final() && !Closed::CampaignPaused.is_final());
}

#[test]
fn slots_for_inbound_calls_are_kept_free() {
    let limits =
        DialLimits { system: 10, carrier: 100, tenant: 100, tenant_outbound: 100, ..DialLimits::default() };
    let at_seven = Snapshot { system: 7, ..Snapshot::idle() };
    let closed = admit_job(&candidate(), &at_seven, &limits, &fit(), at(0));
    assert_eq!(closed, Err(Closed::NoSlot { of: LimitOf::InboundReserve, limit: 7 }));
    assert_eq!(admit_inbound(&at_seven, &limits), Ok(()));
    let full = Snapshot { system: 10, ..Snapshot::idle() };
    let closed = admit_job(&candidate(), &full, &limits, &fit(), at(0));
    assert_eq!(closed, Err(Closed::NoSlot { of: LimitOf::System, limit: 10 }));
}

#[test]
fn each_limit_holds_by_itself() {
    let limits = DialLimits { system: 9, carrier: 7, tenant: 5, tenant_outbound: 3, ..DialLimits::default() };
    for (of, seen, limit) in [
        (LimitOf::System, Snapshot { system: 9, ..Snapshot::idle() }, 9),
        (LimitOf::Carrier, Snapshot { carrier: 7, ..Snapshot::idle() }, 7),
        (LimitOf::Tenant, Snapshot { tenant: 5, ..Snapshot::idle() }, 5),
        (LimitOf::TenantOutbound, Snapshot { tenant_outbound: 3, ..Snapshot::idle() }, 3),
    ] {
        let free = Queued { inbound_reserve: 0, ..fit() };
        assert_eq!(
            admit_job(&candidate(), &seen, &limits, &free, at(0)),
            Err(Closed::NoSlot { of, limit }),
            "{of:?}"
        );
    }
}

#[test]
fn the_persons_budget_slides_and_counts_what_may_have_rung() {
    let budget =
        PersonBudget { per_day: NonZeroU16::new(2), per_week: NonZeroU16::new(3), min_gap_secs: 600 };
    let hour = 3_600;
    let placed = |secs| earlier(secs, Standing::Placed);
    let table: [(&[Earlier], i64); 7] = [
        (&PLACED, 0),
        (&[placed(-60)], 540),
        (&[placed(-600)], 0),
        (&[placed(-20 * hour), placed(-2 * hour)], 4 * hour),
        (&[placed(-20 * hour), earlier(-2 * hour, Standing::NeverPlaced)], 0),
        (&[placed(-20 * hour), earlier(-2 * hour, Standing::Unruled)], 4 * hour),
        (&[placed(-100 * hour), placed(-50 * hour), placed(-30 * hour)], 68 * hour),
    ];
    for (earlier, opens) in table {
        assert_eq!(budget.opens_at(earlier, at(0)), at(opens), "{earlier:?}");
    }
}

/// One call an hour is one, and whatever is no pace at all is as slow as a pace can be.
#[test]
fn a_pace_holds_however_slow_it_is() {
    let gap = |cps: f64| cps_opens_at(Some(at(0)), cps).unwrap().duration_since(at(0)).as_secs();
    assert_eq!([1.0, 0.1, 1.0 / 3_600.0, 1.0 / 86_400.0].map(gap), [1, 10, 3_600, 86_400]);
    for none in [0.0, -1.0, 1e-300, f64::NAN] {
        assert_eq!(gap(none), 30 * 86_400, "{none}");
    }
}

#[test]
fn each_gate_has_its_code_in_json() {
    for (name, close) in gates() {
        let closed = ask(&[(name, close)]).unwrap_err();
        let json = serde_json::to_value(&closed).unwrap();
        assert_eq!(json["gate"], name);
        assert_eq!(serde_json::from_value::<Closed>(json).unwrap(), closed);
    }
}

mod destinations {
    use crate::dial::destination::{Countries, Denied, Destinations, Expensive};
    use crate::phone::PhoneNumber;
    use std::collections::BTreeSet;

    fn number(number: &str) -> PhoneNumber {
        PhoneNumber::from_e164(number).unwrap()
    }

    #[test]
    fn expensive_numbers_are_denied_unless_somebody_allows_them() {
        let default = Destinations::default();
        for (to, verdict) in [
            ("+12125550123", Ok(())),
            ("+972502345678", Ok(())),
            ("+19002345678", Err(Denied::Premium)),
            ("+870773111632", Err(Denied::Satellite)),
            ("+88213300000", Err(Denied::Satellite)),
            ("+979123456789", Err(Denied::Satellite)),
            ("+23222123456", Err(Denied::Risky)),
        ] {
            assert_eq!(default.permit(&number(to)), verdict, "{to}");
        }
        let rich = Destinations { expensive: Expensive::Allow, ..Destinations::default() };
        assert_eq!(rich.permit(&number("+19002345678")), Ok(()));
        assert_eq!(rich.permit(&number("+870773111632")), Ok(()));
        let own = Destinations { denied_prefixes: vec!["+1212".into()], ..Destinations::default() };
        assert_eq!(own.permit(&number("+12125550123")), Err(Denied::Prefix));
    }

    #[test]
    fn a_country_list_lets_nothing_else_through() {
        let home = Destinations::only(["IL".parse().unwrap()]);
        assert_eq!(home.permit(&number("+972502345678")), Ok(()));
        assert_eq!(home.permit(&number("+12125550123")), Err(Denied::Country));
        let one_more = Destinations { allowed_prefixes: vec!["+1212".into()], ..home };
        assert_eq!(one_more.permit(&number("+12125550123")), Ok(()));
        let there = Destinations::only(["SL".parse().unwrap()]);
        assert_eq!(there.permit(&number("+23222123456")), Ok(()), "listed by name");
        let nowhere = Destinations { countries: Countries::Only(BTreeSet::new()), ..Destinations::default() };
        assert_eq!(nowhere.permit(&number("+972502345678")), Err(Denied::Country));
    }

    #[test]
    fn test_mode_calls_the_listed_numbers_and_nobody_else() {
        let test_numbers = Some(BTreeSet::from([number("+972502345678")]));
        let testing = Destinations { test_numbers, ..Destinations::default() };
        assert_eq!(testing.permit(&number("+972502345678")), Ok(()));
        assert_eq!(testing.permit(&number("+972502345679")), Err(Denied::TestMode));
    }
}

#[test]
fn who_is_out_of_hours_is_told_by_the_clock_that_opens_last() {
    let zones: Zones =
        ["Asia/Jerusalem", "Europe/Berlin"].into_iter().map(|zone| zone.parse().unwrap()).collect();
    let night = Queued { window: Opening::OpensAt(at(900)), zones: &zones, ..fit() };
    let closed =
        admit_job(&candidate(), &Snapshot::idle(), &DialLimits::default(), &night, at(0)).unwrap_err();
    let told = serde_json::to_value(&closed).unwrap();
    assert_eq!(told["zone"], "Europe/Berlin", "an hour behind the other: {told}");
    assert_eq!(serde_json::from_value::<Closed>(told).unwrap(), closed);
    let older = serde_json::json!({ "gate": "out_of_window", "opens_at": at(900) });
    assert!(
        serde_json::from_value::<Closed>(older).is_ok(),
        "a gate that was written before there were zones in it"
    );
}

#[test]
fn a_second_leg_finds_room_or_is_told_whose_limit_is_reached_also_while_the_server_begins_no_calls() {
    let limits = DialLimits { tenant_outbound: 2, cps: 1.0, ..DialLimits::default() };
    let draining = Snapshot { server: Server::Draining, tenant_outbound: 1, ..Snapshot::idle() };
    assert_eq!(admit_second(&draining, &limits, at(0)), Ok(()));
    let full = Snapshot { tenant_outbound: 2, ..Snapshot::idle() };
    let closed = Err(Closed::NoSlot { of: LimitOf::TenantOutbound, limit: 2 });
    assert_eq!(
        (admit_second(&full, &limits, at(0)), admit_forward(&full, &limits)),
        (closed.clone(), closed)
    );
    let soon = Snapshot { last_dial_at: Some(at(0)), ..Snapshot::idle() };
    assert!(matches!(admit_second(&soon, &limits, at(0)), Err(Closed::Cps { .. })));
    assert_eq!(admit_forward(&soon, &limits), Ok(()), "who calls us does not wait for a second");
}

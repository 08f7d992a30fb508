//! `[tenants]`: what each tenant may use, and its part of the server beside the others.

use std::collections::{BTreeMap, BTreeSet};

use trunkline_core::dial::allowance::Allowance;
use trunkline_core::id::TenantId;
use trunkline_core::queue::Weight;
use trunkline_core::tenancy;

use super::error::{SettingError, Wrong, nearest, quoted};
use super::given::Given;
use super::key::{Absent, Facts, Key, Raw, Section};
use super::read;

const TENANTS: &str = "tenants";

static CALLS_PER_DAY: Key<u64> = Key::new(
    TENANTS,
    "calls_per_day",
    read::whole::<1, 4_000_000_000>,
    Absent::Unset("1000"),
    "Calls that campaigns of one tenant may begin in a day (UTC). Without it, as many as the limits let through.",
);
static MINUTES_PER_DAY: Key<u64> = Key::new(
    TENANTS,
    "minutes_per_day",
    read::whole::<1, 4_000_000_000>,
    Absent::Unset("5000"),
    "Connected minutes of one tenant's outbound calls in a day (UTC), begun ones counted whole; then its campaigns begin \
     no more calls.",
);
static CPS: Key<f64> = Key::new(
    TENANTS,
    "cps",
    read::rate,
    Absent::Unset("1.0"),
    "New calls per second of one tenant's campaigns.",
);
static EACH: Key<Each> = Key::new(
    TENANTS,
    "each",
    each,
    Absent::Default("[]"),
    "What holds for one tenant instead: weight is its part beside others that have calls to make (1 if not given), \
     live_calls and live_outbound_calls stand for limits.tenant_calls and limits.tenant_outbound_calls. For example \
     { tenant = \"acme\", weight = 3, live_calls = 8, live_outbound_calls = 6, calls_per_day = 2000, minutes_per_day = \
     6000, cps = 2.0 }; in the environment acme:weight=3:cps=2.",
);

static KEYS: [&Facts; 4] = [&CALLS_PER_DAY.facts, &MINUTES_PER_DAY.facts, &CPS.facts, &EACH.facts];

/// The section as declared.
pub static SECTION: Section = Section {
    name: TENANTS,
    about: "What each tenant's campaigns may use, and its part of the server beside the others.",
    keys: &KEYS,
};

/// Tenants with an allowance of their own, as given: what is left out is everybody's.
type Each = BTreeMap<TenantId, Allowance>;

/// What each tenant may use.
#[derive(Debug, Clone)]
pub struct Tenants {
    /// A tenant of whom nothing else is said.
    pub standard: Allowance,
    /// Those of whom something is, whole.
    pub each: BTreeMap<TenantId, Allowance>,
}

impl Tenants {
    /// Reads the section.
    ///
    /// # Errors
    /// The first setting of it that can't be used.
    pub fn read(given: &Given) -> Result<Self, SettingError> {
        let standard = Allowance {
            calls_a_day: given.read_given(&CALLS_PER_DAY)?.map(whole),
            minutes_a_day: given.read_given(&MINUTES_PER_DAY)?.map(whole),
            cps: given.read_given(&CPS)?,
            ..Allowance::default()
        };
        let each = given.read(&EACH)?.into_iter();
        let each = each.map(|(tenant, own)| {
            let whole = Allowance {
                calls_a_day: own.calls_a_day.or(standard.calls_a_day),
                minutes_a_day: own.minutes_a_day.or(standard.minutes_a_day),
                cps: own.cps.or(standard.cps),
                ..own
            };
            (tenant, whole)
        });
        Ok(Self { standard, each: each.collect() })
    }
}

const FIELDS: [&str; 7] =
    ["tenant", "weight", "live_calls", "live_outbound_calls", "calls_per_day", "minutes_per_day", "cps"];
const RIGHT: &str = "write { tenant = \"acme\", weight = 3, calls_per_day = 2000 }";

fn each(raw: &Raw) -> Result<Each, Wrong> {
    let rows: Vec<Vec<(String, String)>> = match raw {
        Raw::Rows(rows) => rows.clone(),
        words => {
            let rows = read::many(words)?.into_iter().map(|word| from_word(word, "acme:weight=3:cps=2"));
            rows.collect::<Result<_, _>>()?
        }
    };
    let (mut all, mut seen) = (Each::new(), BTreeSet::new());
    for row in rows {
        let (tenant, allowance) = from_row(&row)?;
        if !seen.insert(tenant.clone()) {
            let wrong = format_args!("the tenant {} stands in it twice", tenant.as_str()).to_string();
            return Err(Wrong::new(wrong, "give each tenant one row"));
        }
        all.insert(tenant, allowance);
    }
    Ok(all)
}

/// `acme:weight=3:cps=2` as the row it stands for.
pub(super) fn from_word(word: &str, right: &str) -> Result<Vec<(String, String)>, Wrong> {
    let mut parts = word.split(':');
    let tenant = parts.next().unwrap_or_default();
    let field = |part: &str| {
        let (name, value) = part.split_once('=').ok_or_else(|| {
            Wrong::new(format_args!("{} has no =", quoted(part)), format_args!("write {right}"))
        })?;
        Ok((name.to_owned(), value.to_owned()))
    };
    std::iter::once(Ok(("tenant".to_owned(), tenant.to_owned()))).chain(parts.map(field)).collect()
}

fn from_row(row: &[(String, String)]) -> Result<(TenantId, Allowance), Wrong> {
    if let Some((name, _)) = row.iter().find(|(name, _)| !FIELDS.contains(&name.as_str())) {
        let meant = nearest(name, FIELDS).map(|meant| format!("did you mean {meant}?"));
        return Err(Wrong::new(
            format_args!("{} is unknown in it", quoted(name)),
            meant.unwrap_or_else(|| RIGHT.to_owned()),
        ));
    }
    let given = |name: &str| row.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
    let count = |name: &str| given(name).map(|text| read::whole::<1, 4_000_000_000>(&Raw::One(text)));
    let tenant = given("tenant").ok_or_else(|| Wrong::new("tenant is missing", RIGHT))?;
    let tenant = tenancy::tenant_id(&tenant)
        .map_err(|bad| Wrong::new("the tenant in it can't be one", bad.to_string()))?;
    let weight = given("weight").map(|text| read::whole::<1, 1_000>(&Raw::One(text))).transpose()?;
    let weight = weight.and_then(|weight| u16::try_from(weight).ok()?.try_into().ok());
    Ok((
        tenant,
        Allowance {
            calls_a_day: count("calls_per_day").transpose()?.map(whole),
            minutes_a_day: count("minutes_per_day").transpose()?.map(whole),
            cps: given("cps").map(|text| read::rate(&Raw::One(text))).transpose()?,
            live: count("live_calls").transpose()?.map(whole),
            live_outbound: count("live_outbound_calls").transpose()?.map(whole),
            weight: weight.map(Weight).unwrap_or_default(),
        },
    ))
}

fn whole(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

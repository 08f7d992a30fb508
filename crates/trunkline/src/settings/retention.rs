//! `[retention]`: for how long calls are kept.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use trunkline_core::call::KeepFor;
use trunkline_core::id::TenantId;
use trunkline_core::tenancy;

use super::error::{SettingError, Wrong, quoted};
use super::given::Given;
use super::key::{Absent, Facts, Key, Raw, Section};
use super::read;

const RETENTION: &str = "retention";

/// What holds for single tenants.
pub(super) type DaysOf = BTreeMap<TenantId, SignedDuration>;

static CALLS_DAYS: Key<u64> = Key::new(
    RETENTION,
    "calls_days",
    read::whole::<1, 36_500>,
    Absent::Unset("400"),
    "Days after its end for which a call is kept; then the server removes it whole, with answers, history and recordings, as prune \
     does by hand. Without it for ever.",
);
static CALLS_DAYS_OF: Key<DaysOf> = Key::new(
    RETENTION,
    "calls_days_of",
    days_of,
    Absent::Default("[]"),
    "What holds for one tenant instead, such as [\"acme:90\", \"initech:2000\"].",
);

static KEYS: [&Facts; 2] = [&CALLS_DAYS.facts, &CALLS_DAYS_OF.facts];

/// The section as declared.
pub static SECTION: Section = Section { name: RETENTION, about: "For how long calls are kept.", keys: &KEYS };

/// Reads the section.
///
/// # Errors
/// The first setting of it that can't be used.
pub fn read(given: &Given) -> Result<KeepFor, SettingError> {
    let usually = given.read_given(&CALLS_DAYS)?.map(days);
    Ok(KeepFor { usually, each: given.read(&CALLS_DAYS_OF)? })
}

/// So many days, as a length of time.
pub(super) fn days(days: u64) -> SignedDuration {
    SignedDuration::from_hours(i64::try_from(days).unwrap_or(i64::MAX / 24).saturating_mul(24))
}

/// `acme:7`, `initech:90`: tenants with their days.
pub(super) fn days_of(raw: &Raw) -> Result<DaysOf, Wrong> {
    let right = "give tenants with their days, such as acme:7";
    let mut each = BTreeMap::new();
    for word in read::many(raw)? {
        let wrong = || Wrong::new(quoted(word), right);
        let (tenant, kept) = word.split_once(':').ok_or_else(wrong)?;
        let tenant = tenancy::tenant_id(tenant).map_err(|_| wrong())?;
        let kept = read::whole::<1, 36_500>(&Raw::One(kept.to_owned()))?;
        if each.insert(tenant, days(kept)).is_some() {
            return Err(Wrong::new(quoted(word), "give each tenant once"));
        }
    }
    Ok(each)
}

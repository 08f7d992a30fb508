//! What is wrong with a campaign, for the person who wrote it: where, why, and what would be right.

use super::policy::Campaign;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fault {
    /// The path of the field, such as `pacing.cps`.
    pub field: String,
    /// What is wrong with it.
    pub why: String,
    /// What would be right.
    pub right: String,
}

impl Fault {
    pub(crate) fn new(field: impl Into<String>, why: impl Into<String>, right: impl Into<String>) -> Self {
        Self { field: field.into(), why: why.into(), right: right.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; right: {}", self.field, self.why, self.right)
    }
}

impl std::error::Error for Fault {}

const MAX_NAME_CHARS: usize = 100;
const LONGEST_DEDUP_SECS: u32 = 90 * 24 * 3_600;

impl Campaign {
    /// Whether it can be started.
    ///
    /// # Errors
    /// Everything that is wrong with it, not only the first thing.
    pub fn check(&self) -> Result<(), Vec<Fault>> {
        let mut faults = Vec::new();
        let name = self.name.trim();
        if name.is_empty() || name.chars().count() > MAX_NAME_CHARS || name.chars().any(char::is_control) {
            faults.push(Fault::new(
                "name",
                "it is empty, too long or holds control characters",
                "1 to 100 characters",
            ));
        }
        self.check_window(&mut faults);
        self.pacing.check(&mut faults);
        self.retry.check(&mut faults);
        self.caller_ids.check(&mut faults);
        self.machine.check(&mut faults);
        if self.dedup_window_secs > LONGEST_DEDUP_SECS {
            faults.push(Fault::new(
                "dedup_window_secs",
                "it is longer than 90 days",
                "seconds, at most 7776000",
            ));
        }
        if self.give_up_after_secs == Some(0) {
            faults.push(Fault::new(
                "give_up_after_secs",
                "it is 0, so no job could be dialed",
                "1 or more, or leave it out",
            ));
        }
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    fn check_window(&self, faults: &mut Vec<Fault>) {
        if self.window.hours.is_empty() {
            let right = r#"such as [{"days": ["mon", "tue"], "from": "09:00", "to": "20:00"}]"#;
            faults.push(Fault::new("window.hours", "there are none, so nobody could be called", right));
        }
        for (place, hours) in self.window.hours.iter().enumerate() {
            if hours.days.is_empty() {
                let field = format!("window.hours[{place}].days");
                faults.push(Fault::new(field, "there are none", "some of mon, tue, wed, thu, fri, sat, sun"));
            }
        }
    }
}

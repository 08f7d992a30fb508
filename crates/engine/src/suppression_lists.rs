//! Numbers never to call, many at once: a list comes in, and all go out. Like a single one they are journaled, so the
//! database may be away.

use crate::desk::Desk;
use crate::engine::Inner;
use crate::exchange::people::ListRow;
use crate::exchange::{Cell, text, time};
use crate::intake::IntakeError;
use crate::queue::{ListError, ListOrder, ListReport, Sheet, Trial, mapping};
use crate::record::{Suppression, kind};
use std::collections::BTreeMap;
use std::sync::Arc;
use trunkline_core::id::TenantId;
use trunkline_core::leads::{Column, Headed, Import, Mapping, Row};
use trunkline_core::private::Address;
use trunkline_journal::Class;

/// The column that says why, where a list has one.
const REASON: &str = "reason";
/// So many wait for the disk at once.
const AT_ONCE: usize = 1_000;

impl Desk {
    /// Suppresses all numbers of a list. What is no number is left out and named; the others are never called again: who
    /// asks not to be called must not depend on the spelling of a neighbour.
    ///
    /// # Errors
    /// `Mapping`, `NoSuchColumn`: which column holds the numbers must be said; `Campaign`: the journal is full. After that
    /// some may be suppressed, and the list can be sent again.
    pub async fn suppress_all(
        &self,
        rows: Vec<ListRow>,
        order: ListOrder,
        reason: &str,
    ) -> Result<ListReport, ListError> {
        let reason = reason.to_owned();
        self.to_the_end(async move |inner, tenant| inner.suppress_all(&tenant, &rows, &order, &reason).await)
            .await?
    }

    /// The numbers that this tenant never dials, as a table.
    pub fn suppressions_sheet(&self) -> Sheet {
        let mut all = self.suppressions();
        all.sort_by(|a, b| (a.2, a.0.reveal()).cmp(&(b.2, b.0.reveal())));
        let row = |(number, reason, since): &(trunkline_core::private::Private<String>, String, _)| {
            vec![text(number.reveal().as_str()), text(reason.as_str()), time(Some(*since))]
        };
        Sheet {
            headings: ["number", REASON, "since"].map(str::to_owned).to_vec(),
            rows: all.iter().map(row).collect::<Vec<Vec<Cell>>>(),
        }
    }
}

impl Inner {
    async fn suppress_all(
        self: Arc<Self>,
        tenant: &TenantId,
        rows: &[ListRow],
        order: &ListOrder,
        reason: &str,
    ) -> Result<ListReport, ListError> {
        let country = order.country.or(self.config.default_country);
        let mapping = of_one_column(mapping(rows, order, country)?);
        let body = if mapping.headed == Headed::Yes { rows.get(1..).unwrap_or_default() } else { rows };
        let mut report = ListReport::new(&mapping, order.trial);
        let mut import = Import::new(mapping, country, std::collections::BTreeSet::new())?;
        let mut wanted: BTreeMap<Address, String> = BTreeMap::new();
        for ListRow { number, cells } in body {
            match import.row(*number, cells) {
                Row::Blank => continue,
                Row::Skipped(fault) => report.skipped.push(fault),
                Row::Lead(draft) => {
                    let own = draft.caller.variables.get(REASON).filter(|own| !own.is_empty());
                    let reason = own.map_or(reason, String::as_str).to_owned();
                    wanted.insert(Address::new(draft.number.as_str()), reason);
                }
            }
            report.rows += 1;
        }
        wanted.retain(|number, _| !self.suppressed.contains(tenant, number));
        report.added = wanted.len() as u64;
        if order.trial == Trial::No {
            self.suppress_numbers(tenant, wanted).await?;
        }
        Ok(report)
    }

    /// Suppresses numbers, durably.
    async fn suppress_numbers(
        &self,
        tenant: &TenantId,
        numbers: BTreeMap<Address, String>,
    ) -> Result<(), IntakeError> {
        let since = self.clock.now();
        let mut under_way = Vec::new();
        for (number, reason) in numbers {
            let entry = Suppression { tenant: tenant.clone(), number, reason, since };
            let payload = serde_json::to_vec(&entry).map_err(|e| IntakeError::Failed(e.to_string()))?;
            // In memory first, as a single one.
            self.suppressed.add(entry);
            under_way.push(self.journal.append(kind::SUPPRESSED, payload, Class::Ending)?);
            if under_way.len() == AT_ONCE {
                for written in under_way.drain(..) {
                    written.await?;
                }
            }
        }
        for written in under_way {
            written.await?;
        }
        Ok(())
    }
}

/// The only column there is holds the numbers, whatever stands in it.
fn of_one_column(mut mapping: Mapping) -> Mapping {
    if let [only] = mapping.columns.as_mut_slice() {
        *only = Column::Phone;
    }
    mapping
}

//! Lists of appointments: every row is judged, those that are good go in together, and whoever sent the list is told of each
//! that was left out and why.

use super::{AppointmentError, NewAppointment, invalid};
use crate::desk::Desk;
use crate::engine::Inner;
use crate::exchange::people::{Encoding, ListRow};
use crate::queue::Trial;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use std::time::Duration;
use trunkline_core::appointment::{Appointment, AppointmentStatus, Practitioner, When};
use trunkline_core::id::TenantId;
use trunkline_core::leads::RowFault;
use trunkline_core::private::Private;
use trunkline_core::window::Zone;

/// A list as long as may be goes in within this.
const FOR_A_LIST: Duration = Duration::from_secs(120);

/// How a list of appointments is meant.
#[derive(Clone, Debug, Default)]
pub struct AppointmentsOrder {
    /// By whose clock its times are, where neither a row nor its practitioner says.
    pub zone: Option<Zone>,
    /// Whether it is only tried.
    pub trial: Trial,
}

/// What came of a list. Nothing of it repeats a number or a name.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct AppointmentsReport {
    /// Whether nothing was written.
    pub dry_run: bool,
    /// How the text of the file was written, where that could be told in several ways.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Encoding>,
    /// What each column was taken for; `ignored` what means nothing here.
    pub columns: Vec<&'static str>,
    /// Rows that are no heading and not blank.
    pub rows: u64,
    /// Appointments that were made; in a dry run, that would be if their times are free.
    pub added: u64,
    /// Each row that was left out, in order.
    pub skipped: Vec<RowFault>,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    Customer,
    Phone,
    Practitioner,
    Start,
    Date,
    Time,
    Zone,
    Minutes,
    Status,
    Notes,
    Ignored,
}

/// The names that columns have in English and in Hebrew, without blanks and marks.
const NAMES: [(&[&str], Column); 10] = [
    (
        &["customer", "customername", "patient", "patientname", "client", "name", "שם", "לקוח", "מטופל"],
        Column::Customer,
    ),
    (
        &["phone", "phonenumber", "telephone", "tel", "mobile", "cell", "number", "טלפון", "נייד"],
        Column::Phone,
    ),
    (
        &["practitioner", "doctor", "provider", "with", "staff", "therapist", "רופא", "מטפל"],
        Column::Practitioner,
    ),
    (&["start", "startat", "startsat", "begin", "when", "datetime", "appointmentat", "מועד"], Column::Start),
    (&["date", "day", "appointmentdate", "תאריך"], Column::Date),
    (&["time", "hour", "appointmenttime", "שעה"], Column::Time),
    (&["zone", "timezone", "tz", "אזורזמן"], Column::Zone),
    (&["minutes", "duration", "length", "durationminutes", "משך"], Column::Minutes),
    (&["status", "state", "סטטוס"], Column::Status),
    (&["notes", "note", "comment", "comments", "remarks", "הערות"], Column::Notes),
];

impl Column {
    fn of(heading: &str) -> Self {
        let plain: String =
            heading.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect();
        let found = NAMES.iter().find(|(names, _)| names.contains(&plain.as_str()));
        found.map_or(Self::Ignored, |(_, column)| *column)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Phone => "phone",
            Self::Practitioner => "practitioner",
            Self::Start => "start",
            Self::Date => "date",
            Self::Time => "time",
            Self::Zone => "zone",
            Self::Minutes => "minutes",
            Self::Status => "status",
            Self::Notes => "notes",
            Self::Ignored => "ignored",
        }
    }
}

impl Desk {
    /// Takes in a list of appointments, in one step. Times that are taken are left to whose they are.
    ///
    /// # Errors
    /// `Invalid`: a column that is needed is not there; `NoDatabase`; `Away`: nothing was taken.
    pub async fn import_appointments(
        &self,
        rows: Vec<ListRow>,
        order: AppointmentsOrder,
    ) -> Result<AppointmentsReport, AppointmentError> {
        self.to_the_end(async move |inner, tenant| inner.import_appointments(&tenant, rows, order).await)
            .await?
    }
}

impl Inner {
    async fn import_appointments(
        self: Arc<Self>,
        tenant: &TenantId,
        rows: Vec<ListRow>,
        order: AppointmentsOrder,
    ) -> Result<AppointmentsReport, AppointmentError> {
        let known = self.ask_calendar(async |store| store.practitioners(tenant).await).await?;
        let (head, body) = rows.split_first().ok_or_else(|| invalid("list", "it has no rows"))?;
        let columns: Vec<Column> = head.cells.iter().map(|cell| Column::of(cell)).collect();
        has_what_is_needed(&columns)?;
        let mut report = AppointmentsReport {
            dry_run: order.trial == Trial::Yes,
            encoding: None,
            columns: columns.iter().map(|column| column.word()).collect(),
            rows: 0,
            added: 0,
            skipped: Vec::new(),
        };
        let mut judged: Vec<(u64, Appointment)> = Vec::new();
        for row in body.iter().filter(|row| row.cells.iter().any(|cell| !cell.trim().is_empty())) {
            report.rows += 1;
            match self.judged(tenant, &known, &columns, row, &order) {
                Ok(new) => judged.push((row.number, new)),
                Err(AppointmentError::Invalid { field, why }) => {
                    report.skipped.push(RowFault {
                        row: row.number,
                        column: field.to_owned(),
                        why,
                        code: "invalid".to_owned(),
                    });
                }
                Err(other) => return Err(other),
            }
        }
        report.added = judged.len() as u64;
        if order.trial == Trial::No && !judged.is_empty() {
            let new: Vec<Appointment> = judged.iter().map(|(_, new)| new.clone()).collect();
            let made =
                self.ask_store_within(FOR_A_LIST, async |store| store.make_appointments(&new).await).await?;
            let taken = judged.iter().zip(&made).filter(|(_, made)| !**made);
            report.skipped.extend(taken.map(|((row, _), _)| RowFault {
                row: *row,
                column: Column::Start.word().to_owned(),
                why: "this time is taken, perhaps by the same appointment from before".to_owned(),
                code: "taken".to_owned(),
            }));
            report.skipped.sort_by_key(|skipped| skipped.row);
            report.added = made.iter().filter(|made| **made).count() as u64;
        }
        tracing::info!(%tenant, added = report.added, skipped = report.skipped.len(), "appointments.list_taken");
        Ok(report)
    }

    fn judged(
        &self,
        tenant: &TenantId,
        known: &[Practitioner],
        columns: &[Column],
        row: &ListRow,
        order: &AppointmentsOrder,
    ) -> Result<Appointment, AppointmentError> {
        let cell = |wanted: Column| {
            let cells = columns.iter().zip(&row.cells).filter(|(column, _)| **column == wanted);
            cells.map(|(_, cell)| cell.trim()).find(|cell| !cell.is_empty())
        };
        let needed = |wanted: Column| cell(wanted).ok_or_else(|| invalid(wanted.word(), "it is empty"));
        let start = match (cell(Column::Start), cell(Column::Date), cell(Column::Time)) {
            (Some(start), _, _) => start.replacen(' ', "T", 1).parse::<When>(),
            (None, Some(date), Some(time)) => format!("{date}T{time}").parse::<When>(),
            (None, _, _) => return Err(invalid("start", "it is empty")),
        };
        let zone = cell(Column::Zone).map(str::parse::<Zone>).transpose();
        let minutes = cell(Column::Minutes).map(str::parse::<u32>).transpose();
        let status = match cell(Column::Status) {
            None => AppointmentStatus::Scheduled,
            Some(word) => AppointmentStatus::parse(word).ok_or_else(|| {
                invalid("status", format_args!("give one of {}", AppointmentStatus::WORDS.join(", ")))
            })?,
        };
        let asked = NewAppointment {
            customer: Private::new(needed(Column::Customer)?.to_owned()),
            phone: Private::new(needed(Column::Phone)?.to_owned()),
            practitioner: needed(Column::Practitioner)?.to_owned(),
            start: start.map_err(|bad| invalid("start", bad))?,
            zone: zone.map_err(|bad| invalid("zone", bad))?,
            minutes: minutes.map_err(|_| invalid("minutes", "give a whole number"))?,
            status,
            notes: cell(Column::Notes).map(|words| Private::new(words.to_owned())),
        };
        match self.new_appointment(tenant, known, asked.clone()) {
            Err(AppointmentError::Invalid { field: "zone", .. }) if order.zone.is_some() => {
                self.new_appointment(tenant, known, NewAppointment { zone: order.zone.clone(), ..asked })
            }
            judged => judged,
        }
    }
}

fn has_what_is_needed(columns: &[Column]) -> Result<(), AppointmentError> {
    let has = |wanted: Column| columns.contains(&wanted);
    for needed in [Column::Customer, Column::Phone, Column::Practitioner] {
        if !has(needed) {
            return Err(invalid(
                needed.word(),
                "no column of the list holds it: the first row names the columns",
            ));
        }
    }
    if has(Column::Start) || (has(Column::Date) && has(Column::Time)) {
        return Ok(());
    }
    Err(invalid("start", "no column of the list holds it, nor do a date and a time"))
}

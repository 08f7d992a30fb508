//! One line of an export: what stands in it, and how rows become it and it becomes rows.

use super::error::BadLine;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use trunkline_core::appointment::{Appointment, Practitioner};
use trunkline_core::call::{Call, Source};
use trunkline_core::id::{AppUserId, CallId, EventKey, TenantId};
use trunkline_core::numbers::Number;
use trunkline_core::private::{Address, Private};
use trunkline_core::roster::{Roster, RosterOf};
use trunkline_core::tenancy::{Decision, Tenant};
use trunkline_store::{
    AppointmentsCounted, AttemptRecord, CallHistory, EventRow, Import, JobRecord, LeadRecord, Position,
    QueueCount, StoredCampaign, Suppression, WhoseCount,
};

/// The form that this program writes, and the last one it reads.
pub(crate) const FORM: u32 = 4;

/// A line.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Line {
    /// The first.
    Export(Head),
    /// Somebody whose calls are nobody else's.
    Tenant(Tenant),
    /// One of our numbers, or one that was.
    Number(Box<Number>),
    /// Who is in a conversation of an app's users, or whom one of them blocks.
    Roster(RosterLine),
    /// A call with all that happened to it.
    Call(Box<CallLine>),
    /// Events of a call that is not there itself.
    Orphans(OrphanLine),
    /// A number never to dial, or one that was.
    Suppression(SuppressionLine),
    /// A person of a tenant.
    Lead(Box<LeadRecord>),
    /// A person to be reached for a campaign.
    Job(Box<JobRecord>),
    /// A dial for a job.
    Attempt(AttemptRecord),
    /// Somebody with whom appointments are made.
    Practitioner(Box<Practitioner>),
    /// An appointment.
    Appointment(Box<Appointment>),
    /// A campaign. After its jobs: a server that sees it has everybody in it, and all that is known of them.
    Campaign(Box<StoredCampaign>),
    /// The last.
    End(End),
}

/// What the file is.
#[derive(Serialize, Deserialize)]
pub(crate) struct Head {
    /// In which form.
    pub form: u32,
    /// By which program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<String>,
    /// When.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

/// What there was between the first and the last line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct End {
    pub calls: u64,
    pub events: u64,
    pub suppressions: u64,
    /// Form 1 had none.
    #[serde(default, flatten)]
    pub queue: QueueCount,
    /// Forms 1 and 2 had none.
    #[serde(default, flatten)]
    pub whose: WhoseCount,
    /// Forms 1 to 3 had none.
    #[serde(default, flatten)]
    pub calendar: AppointmentsCounted,
    /// Over all lines between, line feeds included. Who has changed a file on purpose takes it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct CallLine {
    /// The fold, with its turns.
    pub call: Call,
    pub events: Vec<EventLine>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct OrphanLine {
    pub call: CallId,
    pub tenant: TenantId,
    pub events: Vec<EventLine>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct EventLine {
    key: EventKey,
    position: u64,
    received_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    occurred_at: Option<Timestamp>,
    source: Source,
    kind: String,
    /// Whose it is, if it is not the call's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<TenantId>,
    /// Why it changed nothing, if it did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<String>,
    event: Private<Box<RawValue>>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct SuppressionLine {
    /// For whom; for everyone if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    tenant: Option<TenantId>,
    number: Address,
    reason: String,
    since: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lifted_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct RosterLine {
    tenant: TenantId,
    kind: String,
    owner: Private<String>,
    users: Private<Vec<String>>,
    version: u64,
    updated_at: Timestamp,
}

impl From<Roster> for RosterLine {
    fn from(roster: Roster) -> Self {
        let Roster { tenant, of, users, version, updated_at } = roster;
        Self {
            tenant,
            kind: of.kind().to_owned(),
            owner: Private::new(of.owner().to_owned()),
            users: Private::new(users.iter().map(|user| user.as_str().to_owned()).collect()),
            version,
            updated_at,
        }
    }
}

impl RosterLine {
    fn row(self) -> Result<Roster, BadLine> {
        let of = RosterOf::parse(&self.kind, self.owner.reveal()).ok_or(BadLine::NoRoster)?;
        let users = self.users.reveal().iter().map(|user| AppUserId::parse(user));
        let users = users.collect::<Option<_>>().ok_or(BadLine::NoRoster)?;
        let Self { tenant, version, updated_at, .. } = self;
        owned(Roster { tenant, of, users, version, updated_at }, |roster| &roster.tenant)
    }
}

impl From<CallHistory> for Line {
    fn from(history: CallHistory) -> Self {
        Self::Call(Box::new(CallLine::from(history)))
    }
}

impl Line {
    /// What a line between the first and the last brings.
    pub fn rows(self) -> Result<Import, BadLine> {
        let mut rows = Import::default();
        match self {
            Self::Call(line) => {
                let (call, events) = line.rows()?;
                rows.calls.push(call);
                rows.events = events;
            }
            Self::Orphans(line) => rows.events = line.rows()?,
            Self::Suppression(line) => rows.suppressions.push(line.row()?),
            Self::Tenant(tenant) => {
                rows.whose.push(Decision::Tenant(owned(tenant, |tenant| &tenant.id)?));
            }
            Self::Number(number) if number.number.as_str().is_empty() => return Err(BadLine::NoNumber),
            Self::Number(number) => {
                rows.whose.push(Decision::Number(owned(*number, |number| &number.tenant)?));
            }
            Self::Roster(roster) => rows.rosters.push(roster.row()?),
            Self::Lead(lead) => rows.queue.leads.push(owned(*lead, |lead| &lead.tenant)?),
            Self::Job(job) => rows.queue.jobs.push(owned(*job, |job| &job.job.tenant)?),
            Self::Practitioner(row) => {
                rows.appointments.practitioners.push(owned(*row, |row| &row.tenant)?);
            }
            Self::Appointment(row) => rows.appointments.appointments.push(owned(*row, |row| &row.tenant)?),
            Self::Attempt(attempt) => rows.queue.attempts.push(owned(attempt, |attempt| &attempt.tenant)?),
            Self::Campaign(campaign) => {
                rows.queue.campaigns.push(owned(*campaign, |campaign| &campaign.tenant)?);
            }
            Self::Export(_) => return Err(BadLine::Head),
            Self::End(_) => return Err(BadLine::AfterTheEnd),
        }
        Ok(rows)
    }
}

/// A row that is somebody's.
fn owned<T>(row: T, tenant: impl Fn(&T) -> &TenantId) -> Result<T, BadLine> {
    if tenant(&row).as_str().is_empty() { Err(BadLine::NoTenant) } else { Ok(row) }
}

impl From<CallHistory> for CallLine {
    fn from(history: CallHistory) -> Self {
        let CallHistory { call, events } = history;
        Self { events: events.into_iter().map(|event| EventLine::new(event, &call.tenant)).collect(), call }
    }
}

impl CallLine {
    /// The rows, if they are such as a database takes and this program can read back.
    pub fn rows(self) -> Result<(Call, Vec<EventRow>), BadLine> {
        let Self { call, events } = self;
        if call.legs.is_empty() {
            return Err(BadLine::NoLeg(call.id.to_string()));
        }
        let events = rows(events, call.id, &call.tenant)?;
        Ok((call, events))
    }
}

impl OrphanLine {
    pub fn new(call: CallId, events: Vec<EventRow>) -> Option<Self> {
        let tenant = events.first()?.tenant.clone();
        Some(Self {
            call,
            events: events.into_iter().map(|event| EventLine::new(event, &tenant)).collect(),
            tenant,
        })
    }

    pub fn rows(self) -> Result<Vec<EventRow>, BadLine> {
        rows(self.events, self.call, &self.tenant)
    }
}

fn rows(events: Vec<EventLine>, call: CallId, tenant: &TenantId) -> Result<Vec<EventRow>, BadLine> {
    if tenant.as_str().is_empty() {
        return Err(BadLine::NoTenant);
    }
    events.into_iter().map(|event| event.row(call, tenant)).collect()
}

impl EventLine {
    fn new(event: EventRow, tenant: &TenantId) -> Self {
        Self {
            key: event.key,
            position: event.position.0,
            received_at: event.received_at,
            occurred_at: event.occurred_at,
            source: event.source,
            kind: event.kind,
            tenant: (event.tenant != *tenant).then_some(event.tenant),
            refused: event.applied.err(),
            event: event.body,
        }
    }

    fn row(self, call: CallId, tenant: &TenantId) -> Result<EventRow, BadLine> {
        if i64::try_from(self.position).is_err() {
            return Err(BadLine::Position);
        }
        let tenant = self.tenant.unwrap_or_else(|| tenant.clone());
        if tenant.as_str().is_empty() {
            return Err(BadLine::NoTenant);
        }
        Ok(EventRow {
            position: Position(self.position),
            call,
            tenant,
            key: self.key,
            received_at: self.received_at,
            occurred_at: self.occurred_at,
            source: self.source,
            kind: self.kind,
            applied: self.refused.map_or(Ok(()), Err),
            body: self.event,
        })
    }
}

impl From<Suppression> for SuppressionLine {
    fn from(of: Suppression) -> Self {
        let Suppression { tenant, number, reason, since, lifted_at } = of;
        Self { tenant, number, reason, since, lifted_at }
    }
}

impl SuppressionLine {
    pub fn row(self) -> Result<Suppression, BadLine> {
        let Self { tenant, number, reason, since, lifted_at } = self;
        if number.as_str().is_empty() {
            return Err(BadLine::NoNumber);
        }
        if tenant.as_ref().is_some_and(|tenant| tenant.as_str().is_empty()) {
            return Err(BadLine::NoTenant);
        }
        Ok(Suppression { tenant, number, reason, since, lifted_at })
    }
}

/// Reads a line. The reader's own error may quote the line: only its place and kind are passed on.
pub(crate) fn read(text: &str) -> Result<Line, BadLine> {
    serde_json::from_str(text).map_err(|error| {
        let kind = match error.classify() {
            serde_json::error::Category::Syntax => "no JSON",
            serde_json::error::Category::Eof => "the JSON ends too early",
            serde_json::error::Category::Data => "a field is missing, unknown or of another kind",
            serde_json::error::Category::Io => "it can't be read",
        };
        BadLine::Unreadable(format!("{kind}, at byte {}", error.column()))
    })
}

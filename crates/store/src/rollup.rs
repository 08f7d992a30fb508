//! What calls and their questions count, day by day: moved by what really changed, so that a call counts once, however often it
//! is told; and summed up for who asks. History is never counted through.

use crate::count::{day, day_number};
use crate::db::Tx;
use crate::error::StoreError;
use crate::project::written;
use crate::row::Row;
use crate::rows::{self, Columns, IdColumn};
use crate::sql::{self, Statement};
use crate::store::Store;
use crate::value::Value;
use jiff::civil::Date;
use std::collections::BTreeMap;
use trunkline_core::call::Call;
use trunkline_core::id::{CallId, CampaignId, TenantId};

const DOING: &str = "adding up what calls count";

/// Where talks of different lengths are counted apart, in seconds: each of these at most, and longer than the one before.
pub const TALK_BOUNDS: [u32; 11] = [5, 10, 20, 30, 60, 90, 120, 180, 300, 600, 1_800];
/// The columns that count them; the last one counts what is longer.
const TALKS: [&str; 12] =
    ["t5", "t10", "t20", "t30", "t60", "t90", "t120", "t180", "t300", "t600", "t1800", "t_more"];

/// Sums over calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sums {
    /// Calls.
    pub calls: i64,
    /// Of these, connected.
    pub answered: i64,
    /// How long those lasted that are over, in seconds.
    pub talk_secs: i64,
    /// How many of them were how long, by [`TALK_BOUNDS`]; the last one: longer.
    pub talks: [i64; TALKS.len()],
}

impl std::ops::AddAssign for Sums {
    fn add_assign(&mut self, more: Self) {
        self.calls += more.calls;
        self.answered += more.answered;
        self.talk_secs += more.talk_secs;
        self.talks.iter_mut().zip(more.talks).for_each(|(sum, more)| *sum += more);
    }
}

impl std::ops::Neg for Sums {
    type Output = Self;

    fn neg(self) -> Self {
        Self {
            calls: -self.calls,
            answered: -self.answered,
            talk_secs: -self.talk_secs,
            talks: self.talks.map(|n| -n),
        }
    }
}

/// Where a call counts; empty where there is nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    tenant: String,
    day: i64,
    carrier: String,
    campaign: String,
    script: String,
    disposition: String,
}

/// What a call counts, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Counting {
    place: Place,
    sums: Sums,
}

impl Counting {
    /// As its fold says.
    pub fn of(call: &Call) -> Self {
        let place = Place {
            tenant: call.tenant.as_str().to_owned(),
            day: rows::day_of(call.created_at.as_microsecond()),
            carrier: call.account.carrier().to_owned(),
            campaign: call.campaign().map(|campaign| campaign.to_string()).unwrap_or_default(),
            script: call.script.as_ref().map(|script| script.name.clone()).unwrap_or_default(),
            disposition: call.disposition().map(|end| end.as_str().to_owned()).unwrap_or_default(),
        };
        let talked = call.duration_secs().map(i64::from);
        Self { place, sums: Sums::of(call.answered_at().is_some(), talked) }
    }

    /// As its row says.
    pub fn read(row: &Row) -> Result<Self, StoreError> {
        let word = |column| row.opt_text(column).map(Option::unwrap_or_default);
        let place = Place {
            tenant: row.text("tenant")?,
            day: rows::day_of(row.int("created_at")?),
            carrier: row.text("carrier")?,
            campaign: word("campaign")?,
            script: word("script")?,
            disposition: word("disposition")?,
        };
        let is_answered = row.opt_int("answered_at")?.is_some();
        Ok(Self { place, sums: Sums::of(is_answered, row.opt_int("duration_secs")?) })
    }

    fn asks(&self, step: u16) -> Asked {
        let Place { tenant, day, campaign, script, .. } = &self.place;
        let (tenant, campaign, script) = (tenant.clone(), campaign.clone(), script.clone());
        Asked { tenant, day: *day, campaign, script, step }
    }

    /// Whether its questions count elsewhere than those of the other.
    pub fn asks_elsewhere(&self, other: &Self) -> bool {
        self.asks(0) != other.asks(0)
    }
}

impl Sums {
    fn of(is_answered: bool, duration_secs: Option<i64>) -> Self {
        let mut sums = Self { calls: 1, ..Self::default() };
        if is_answered {
            sums.answered = 1;
            if let Some(secs) = duration_secs {
                sums.talk_secs = secs;
                let bucket = TALK_BOUNDS.iter().position(|bound| secs <= i64::from(*bound));
                sums.talks[bucket.unwrap_or(TALKS.len() - 1)] = 1;
            }
        }
        sums
    }
}

/// Where a question counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    tenant: String,
    day: i64,
    campaign: String,
    script: String,
    step: u16,
}

/// What the rollups move by.
#[derive(Debug, Default)]
pub(crate) struct Moves {
    calls: BTreeMap<Place, Sums>,
    questions: BTreeMap<Asked, (i64, i64)>,
}

impl Moves {
    /// A call counts so from now on.
    pub fn add(&mut self, counting: &Counting) {
        *self.calls.entry(counting.place.clone()).or_default() += counting.sums;
    }

    /// A call does not count so any more.
    pub fn take(&mut self, counting: &Counting) {
        *self.calls.entry(counting.place.clone()).or_default() += -counting.sums;
    }

    /// The questions of a call count so from now on.
    pub fn add_turns(&mut self, counting: &Counting, call: &Call) {
        for turn in call.turns.values() {
            let told = Told { step: turn.step, asked: turn.asks > 0, answered: turn.answer.is_some() };
            self.turn(counting, told, 1);
        }
    }

    /// These questions of a call do not count any more.
    pub fn take_turns(&mut self, counting: &Counting, turns: &[Told]) {
        turns.iter().for_each(|turn| self.turn(counting, *turn, -1));
    }

    fn turn(&mut self, counting: &Counting, turn: Told, sign: i64) {
        let sums = self.questions.entry(counting.asks(turn.step)).or_default();
        sums.0 += sign * i64::from(turn.asked);
        sums.1 += sign * i64::from(turn.answered);
    }

    /// Writes them.
    pub async fn write(self, tx: &mut Tx) -> Result<(), StoreError> {
        let moved = self.calls.into_iter().filter(|(_, sums)| *sums != Sums::default());
        tx.insert(&sql::ADD_ROLLUPS, moved.map(|(place, sums)| call_row(&place, &sums)).collect()).await?;
        let moved = self.questions.into_iter().filter(|(_, sums)| *sums != (0, 0));
        let moved = moved.map(|(asked, sums)| question_row(&asked, sums)).collect();
        tx.insert(&sql::ADD_QUESTION_ROLLUPS, moved).await.map(drop)
    }
}

fn call_row(place: &Place, sums: &Sums) -> Columns {
    let mut columns: Columns = vec![
        ("tenant", place.tenant.as_str().into()),
        ("carrier", place.carrier.as_str().into()),
        ("campaign", place.campaign.as_str().into()),
        ("script", rows::text(&place.script)),
        ("disposition", place.disposition.as_str().into()),
        ("day", place.day.into()),
        ("calls", sums.calls.into()),
        ("answered", sums.answered.into()),
        ("talk_secs", sums.talk_secs.into()),
    ];
    columns.extend(TALKS.into_iter().zip(sums.talks.map(Value::from)));
    columns
}

fn question_row(asked: &Asked, (reached, answered): (i64, i64)) -> Columns {
    vec![
        ("tenant", asked.tenant.as_str().into()),
        ("campaign", asked.campaign.as_str().into()),
        ("script", rows::text(&asked.script)),
        ("day", asked.day.into()),
        ("step", i64::from(asked.step).into()),
        ("reached", reached.into()),
        ("answered", answered.into()),
    ]
}

/// How far a question is, as its row says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told {
    step: u16,
    asked: bool,
    answered: bool,
}

/// How far the questions of these calls are, as their rows say.
pub(crate) async fn known_turns(
    tx: &mut Tx,
    calls: impl Iterator<Item = CallId>,
) -> Result<BTreeMap<CallId, Vec<Told>>, StoreError> {
    let mut known: BTreeMap<CallId, Vec<Told>> = BTreeMap::new();
    let Some(wanted) = written(calls.map(|id| IdColumn { id }))? else { return Ok(known) };
    for row in tx.rows(&sql::KNOWN_TURNS, vec![Value::Rows(wanted)]).await? {
        let told = Told {
            step: row.number("step")?,
            asked: row.int("asks")? > 0,
            answered: row.opt_int("answered_at")?.is_some(),
        };
        known.entry(row.word("call")?).or_default().push(told);
    }
    Ok(known)
}

/// Which calls are added up: those that were created on these days, in UTC.
#[derive(Clone, Debug)]
pub struct Span {
    /// The first day.
    pub since: Date,
    /// The day after the last one.
    pub until: Date,
    /// Only through this carrier. Questions are not told apart by it.
    pub carrier: Option<String>,
    /// Only of this campaign.
    pub campaign: Option<CampaignId>,
    /// Only with this script.
    pub script: Option<String>,
}

/// What sums are told apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Apart {
    /// The day, in UTC, as `2026-01-31`.
    Day,
    /// The carrier.
    Carrier,
    /// The campaign; empty: none.
    Campaign,
    /// The script; empty: none.
    Script,
}

/// Sums of calls that ended alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollup {
    /// What they are told apart by.
    pub key: String,
    /// How they ended; empty: they live.
    pub disposition: String,
    /// The sums.
    pub sums: Sums,
}

/// How far people came in a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuestionCount {
    /// The script.
    pub script: String,
    /// The question's index, from 0.
    pub step: u16,
    /// In how many calls it was asked.
    pub reached: u64,
    /// In how many of them it was answered.
    pub answered: u64,
}

impl Store {
    /// What calls count, in the order of keys.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn rollups(&self, tenant: &TenantId, of: &Span, by: Apart) -> Result<Vec<Rollup>, StoreError> {
        let statement: &Statement = match by {
            Apart::Day => &sql::ROLLUPS_BY_DAY,
            Apart::Carrier => &sql::ROLLUPS_BY_CARRIER,
            Apart::Campaign => &sql::ROLLUPS_BY_CAMPAIGN,
            Apart::Script => &sql::ROLLUPS_BY_SCRIPT,
        };
        let mut values = days(tenant, of)?;
        values.push(of.carrier.as_deref().into());
        values.extend(narrowed(of));
        let rows = self.db.read(DOING, statement, values).await?;
        let mut rollups = rows.iter().map(|row| rollup(row, by)).collect::<Result<Vec<_>, _>>()?;
        rollups.sort_by(|a, b| (&a.key, &a.disposition).cmp(&(&b.key, &b.disposition)));
        Ok(rollups)
    }

    /// How far people came, by script and question.
    ///
    /// # Errors
    /// `Unavailable`; `Broken` if a row can't be read.
    pub async fn questions_counted(
        &self,
        tenant: &TenantId,
        of: &Span,
    ) -> Result<Vec<QuestionCount>, StoreError> {
        let mut values = days(tenant, of)?;
        values.extend(narrowed(of));
        let rows = self.db.read(DOING, &sql::QUESTIONS_COUNTED, values).await?;
        let count = |row: &Row| {
            Ok(QuestionCount {
                script: row.text("script")?,
                step: row.number("step")?,
                reached: row.number("reached")?,
                answered: row.number("answered")?,
            })
        };
        rows.iter().map(count).collect()
    }
}

fn days(tenant: &TenantId, of: &Span) -> Result<Vec<Value>, StoreError> {
    Ok(vec![tenant.as_str().into(), day_number(of.since)?.into(), day_number(of.until)?.into()])
}

fn narrowed(of: &Span) -> [Value; 2] {
    [of.campaign.map(|campaign| campaign.to_string()).into(), of.script.as_deref().into()]
}

fn rollup(row: &Row, by: Apart) -> Result<Rollup, StoreError> {
    let key = row.text("key")?;
    let mut sums = Sums {
        calls: row.int("calls")?,
        answered: row.int("answered")?,
        talk_secs: row.int("talk_secs")?,
        talks: [0; TALKS.len()],
    };
    for (sum, column) in sums.talks.iter_mut().zip(TALKS) {
        *sum = row.int(column)?;
    }
    let key = match by {
        Apart::Day => {
            let number = key.parse().map_err(|_| StoreError::broken(DOING, "a day is no number"))?;
            day(number)?.to_string()
        }
        Apart::Carrier | Apart::Campaign | Apart::Script => key,
    };
    Ok(Rollup { key, disposition: row.text("disposition")?, sums })
}

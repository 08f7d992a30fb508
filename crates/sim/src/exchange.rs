//! The telephone exchange: what all calls share, and the two ways in which a call comes to be.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::answer::Person;
use crate::call::{CallRecord, Direction};
use crate::chance::Chance;
use crate::changes::Changes;
use crate::clock::Clock;
use crate::courier::Courier;
use crate::error::SimError;
use crate::faults::{FaultKind, Faults, Moment};
use crate::ids::{CallSid, RecordingSid};
use crate::led::{self, Leg, Legs, Told};
use crate::life::{self, Plan};
use crate::line::Line;
use crate::memory::Memory;
use crate::mouth::{Application, Mouth};
use crate::numbers::{Numbers, OwnNumber};
use crate::options::SimOptions;
use crate::orders::{Order, Source, Wish};
use crate::people::People;
use crate::person::Habit;
use crate::progress::Progress;
use crate::recordings::Recordings;
use crate::register::{Register, new_record};
use crate::tape::Tapes;
use crate::target::{Method, Target};

/// How long an address of a sound holds at Telnyx.
const MEDIA_URL_HOLDS: jiff::SignedDuration = jiff::SignedDuration::from_mins(10);

/// Everything that outlives one call.
pub(crate) struct Exchange {
    pub(crate) mouth: Mouth,
    /// As Telnyx: the TeXML application.
    pub(crate) connection: String,
    /// As Telnyx: the Call Control application.
    pub(crate) call_control: String,
    /// Which of the two the account's numbers lead to.
    pub(crate) application: Application,
    /// The calls that commands lead.
    pub(crate) legs: Legs,
    pub(crate) account_sid: String,
    pub(crate) auth_token: String,
    pub(crate) base_url: String,
    pub(crate) seed: u64,
    pub(crate) clock: Arc<Clock>,
    pub(crate) register: Register,
    pub(crate) recordings: Recordings,
    pub(crate) tapes: Tapes,
    pub(crate) numbers: Numbers,
    pub(crate) people: People,
    pub(crate) faults: Faults,
    pub(crate) courier: Courier,
    pub(crate) memory: Memory,
    pub(crate) changes: Arc<Changes>,
    pub(crate) patience: Duration,
    pub(crate) recording_lag: Duration,
    pace: Option<Pace>,
    stop: CancellationToken,
}

/// The carrier's own queue: new calls leave it one by one.
struct Pace {
    gap: Duration,
    next: Mutex<Duration>,
}

impl Exchange {
    /// Opens an exchange that calls itself `base_url`.
    pub(crate) fn open(options: SimOptions, base_url: String) -> Result<Arc<Self>, SimError> {
        let clock = Arc::new(Clock::start(options.speed, options.epoch));
        let changes = Arc::new(Changes::default());
        let register = Register::default();
        let recordings = Recordings::default();
        let memory = match &options.state_file {
            Some(path) => Memory::open(path, &register, &recordings, clock.now())
                .map_err(|source| SimError::StateFile { path: path.clone(), source })?,
            None => Memory::default(),
        };
        let seed = options.seed;
        let number_sid = |number: &str| format!("PN{}", Chance::of(seed, &["number", number]).hex32());
        let exchange = Self {
            numbers: Numbers::new(options.numbers, number_sid),
            people: People::new(seed, options.mix, options.people),
            faults: Faults::new(seed, options.faults),
            courier: Courier::new(
                options.mouth,
                options.auth_token.clone(),
                Arc::clone(&clock),
                Arc::clone(&changes),
                options.webhook_log,
            ),
            mouth: options.mouth,
            connection: options.connection,
            call_control: options.call_control,
            application: options.application,
            legs: Legs::default(),
            account_sid: options.account_sid,
            auth_token: options.auth_token,
            base_url,
            seed,
            clock,
            register,
            recordings,
            tapes: Tapes::default(),
            memory,
            changes,
            patience: options.patience,
            recording_lag: options.recording_lag,
            pace: options
                .calls_per_second
                .filter(|rate| *rate > 0.0)
                .map(|rate| Pace { gap: Duration::from_secs_f64(1.0 / rate), next: Mutex::default() }),
            stop: CancellationToken::new(),
        };
        if exchange.application == Application::CallControl {
            exchange.register.all(None).iter().for_each(|call| led::recall(&exchange, call));
        }
        Ok(Arc::new(exchange))
    }

    /// Runs work until it is done or the simulator stops.
    pub(crate) fn spawn(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        let busy = self.changes.mark_busy();
        let stop = self.stop.clone();
        tokio::spawn(async move {
            let _busy = busy;
            // Work that was cut off by a stop has nobody left to tell.
            let _ = stop.run_until_cancelled_owned(work).await;
        });
    }

    /// Cancelled when the simulator stops.
    pub(crate) fn stopping(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Ends everything, as a power cut would.
    pub(crate) fn halt(&self) {
        self.stop.cancel();
    }

    /// Makes a call that the product asked for.
    pub(crate) fn place(self: &Arc<Self>, from: &str, to: &str, plan: Plan) -> CallRecord {
        let nth = self.register.next_turn(Direction::OutboundApi, to);
        let person = self.people.person(to, nth);
        self.make(Direction::OutboundApi, (from, to), nth, person, plan)
    }

    /// A person calls one of our numbers.
    pub(crate) fn call_in(
        self: &Arc<Self>,
        from: &str,
        to: &str,
        habit: Option<Habit>,
        verstat: Option<String>,
    ) -> Result<CallRecord, SimError> {
        let number = self.numbers.by_number(to).ok_or(SimError::NotOurNumber)?;
        let by_commands = self.mouth == Mouth::Telnyx && self.application == Application::CallControl;
        let address = if by_commands { Some(address_of(&number).ok_or(SimError::NoVoiceUrl)?) } else { None };
        let plan = inbound_plan(&number).ok_or(SimError::NoVoiceUrl)?;
        let plan = Plan { verstat, ..plan };
        let nth = self.register.next_turn(Direction::Inbound, from);
        let habit = habit.or_else(|| self.people.known_habit(from)).unwrap_or_else(Habit::answers);
        let person = self.people.with_habit(habit, from, nth);
        if let Some(address) = address {
            let record = self.new_record(Direction::Inbound, (from, to), nth);
            let record = CallRecord { verstat: plan.verstat, ..record };
            let begins = led::Plan {
                ring_secs: plan.ring_secs,
                limit_secs: plan.limit_secs,
                listens: None,
                from_answer: led::FromAnswer::default(),
                joins: None,
                after: led::Afterwards::HungUp,
            };
            self.lead(record.clone(), person, (address, None), begins);
            return Ok(record);
        }
        Ok(self.make(Direction::Inbound, (from, to), nth, person, plan))
    }

    /// As Telnyx: makes a call that commands lead; `None` if nobody is to be told of it.
    pub(crate) fn call_by_command(
        self: &Arc<Self>,
        dial: led::Dial,
        state: Option<String>,
    ) -> Option<CallRecord> {
        let ours = || self.numbers.by_number(&dial.from).or_else(|| self.numbers.all().into_iter().next());
        let address = dial.webhook.clone().or_else(|| address_of(&ours()?))?;
        // Who is called by another leg is no call that the product made.
        let is_second = dial.joins.is_some() && dial.joins == dial.linked_to;
        let direction = if is_second { Direction::OutboundDial } else { Direction::OutboundApi };
        let nth = self.register.next_turn(direction, &dial.to);
        let person = self.people.person(&dial.to, nth);
        let record = self.new_record(direction, (&dial.from, &dial.to), nth);
        let record = CallRecord { parent: dial.linked_to, ..record };
        let begins = led::Plan {
            ring_secs: dial.ring_secs,
            limit_secs: dial.limit_secs,
            listens: dial.listens,
            from_answer: dial.from_answer,
            joins: dial.joins,
            after: dial.after,
        };
        self.lead(record.clone(), person, (address, state), begins);
        Some(record)
    }

    /// Begins a leg that tells its events there, and bears a state in them.
    fn lead(
        self: &Arc<Self>,
        record: CallRecord,
        person: Person,
        (address, state): (led::Address, Option<String>),
        begins: led::Plan,
    ) {
        let (sid, direction) = (record.sid.clone(), record.direction);
        self.legs.lead(&sid, state);
        let orders = self.enter(record);
        let told = Told::new(self, sid.clone(), address);
        let line = Line::new(Arc::clone(self), sid, person, None);
        let leg = Leg::new(line, told, begins);
        self.spawn(async move {
            Box::pin(leg.live(direction, orders)).await;
        });
    }

    /// The leg that a `<Dial>` makes; whoever dialed it lives its life.
    pub(crate) fn make_leg(
        &self,
        parent: &CallSid,
        from: &str,
        to: &str,
    ) -> (CallRecord, Person, mpsc::UnboundedReceiver<Order>) {
        let nth = self.register.next_turn(Direction::OutboundDial, to);
        let mut record = self.new_record(Direction::OutboundDial, (from, to), nth);
        record.parent = Some(parent.clone());
        self.memory.created(&record);
        let (sender, orders) = mpsc::unbounded_channel();
        self.register.add(record.clone(), record.created_at, Some(sender));
        (record, self.people.person(to, nth), orders)
    }

    /// The person on a live call hangs up; one whose phone rings declines.
    pub(crate) fn hang_up(&self, call: &CallSid) -> bool {
        let (obeyed, _) = oneshot::channel();
        let order = Order { wish: Wish::PersonHangsUp, obeyed };
        self.register.orders(call).is_some_and(|orders| orders.send(order).is_ok())
    }

    fn make(
        self: &Arc<Self>,
        direction: Direction,
        parties: (&str, &str),
        nth: u64,
        person: Person,
        plan: Plan,
    ) -> CallRecord {
        let record = CallRecord { verstat: plan.verstat.clone(), ..self.new_record(direction, parties, nth) };
        let orders = self.enter(record.clone());
        let progress = plan.status.as_ref().map(|target| Progress::new(self, target.clone(), &plan.events));
        let line = Line::new(Arc::clone(self), record.sid.clone(), person, progress);
        self.spawn(async move {
            Box::pin(life::live(line, direction, plan, orders)).await;
        });
        record
    }

    /// Takes a call into the register.
    fn enter(&self, record: CallRecord) -> mpsc::UnboundedReceiver<Order> {
        let listed_from = match self.faults.strike(Moment::Accepted, record.person(), None) {
            Some(FaultKind::ListLag { secs }) => {
                record.created_at.saturating_add(jiff::SignedDuration::from_secs(secs.into()))
            }
            _ => Ok(record.created_at),
        };
        let (sender, orders) = mpsc::unbounded_channel();
        // Written before anybody can hear of the call: the file never knows less than the product.
        self.memory.created(&record);
        let created_at = record.created_at;
        self.register.add(record, listed_from.unwrap_or(created_at), Some(sender));
        self.changes.bump();
        orders
    }

    fn new_record(&self, direction: Direction, parties: (&str, &str), nth: u64) -> CallRecord {
        let words = ["call", direction.as_str(), parties.0, parties.1, &nth.to_string()];
        let sid = self.mouth.call_id(&Chance::of(self.seed, &words).hex32());
        let mut record = new_record(sid.into(), direction, parties, self.clock.now());
        if self.mouth == Mouth::Telnyx {
            // It has no word for a call that waits, and dates each from its beginning.
            record.started_at = Some(record.created_at);
        }
        record
    }

    /// As Telnyx: where a recording's sound is for the next ten minutes, without a key.
    pub(crate) fn media_url(&self, sid: &RecordingSid) -> String {
        let until = self.clock.now().saturating_add(MEDIA_URL_HOLDS).unwrap_or(self.clock.now());
        format!("{}/v2/media/{sid}.wav?until={}", self.base_url, until.as_second())
    }

    /// Waits for a turn in the carrier's queue and says how long that took.
    pub(crate) async fn wait_in_queue(&self) -> Duration {
        let Some(pace) = &self.pace else { return Duration::ZERO };
        let now = self.clock.elapsed();
        let turn = {
            let mut next = pace.next.lock();
            let turn = (*next).max(now);
            *next = turn + pace.gap;
            turn
        };
        self.clock.sleep_until(turn).await;
        turn.saturating_sub(now)
    }
}

/// Where the application of a number tells its events.
fn address_of(number: &OwnNumber) -> Option<led::Address> {
    let target = |url: &str| Target::parse(url, Method::Post);
    Some(led::Address::new(target(&number.voice_url)?, target(&number.voice_fallback_url)))
}

fn inbound_plan(number: &OwnNumber) -> Option<Plan> {
    let target = |url: &str, method: &str| Target::parse(url, Method::parse(method).unwrap_or_default());
    let document = target(&number.voice_url, &number.voice_method)?;
    let mut plan = Plan::new(Source::Fetch(document));
    plan.fallback = target(&number.voice_fallback_url, &number.voice_fallback_method);
    plan.status = target(&number.status_callback, &number.status_callback_method);
    Some(plan)
}

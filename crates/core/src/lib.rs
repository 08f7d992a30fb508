//! Decides. What a call is, what may happen to it, what a script says next, when to dial.
//!
//! Everything here is pure: no I/O, no clock, no chance, no waiting, no logging. Time is inside the events, chance is
//! an argument, and what must be done comes back as a value. That is what lets a replay of the journal give the very
//! same call at any later time, and what lets tests try every order of events.
//!
//! - [`appointment`]: appointments, and which times are free. [`bot`]: what a voice bot is, and what it may do.
//! - [`call`]: one call from intent to end: facts in, state, deadlines and effects out.
//! - [`bridge`]: a caller and a model that talks: who hears what, and when it is over.
//! - [`dial`]: one attempt makes at most one call: the guard, the carrier's answers, the ruling; the gates before it.
//! - [`campaign`]: whom to reach and how: script, hours, pace, retries, machines. [`queue`]: what may happen to a job, and
//!   whom to dial next. [`window`]: when a person may be called, at his own clock. [`plan`]: a campaign in virtual time.
//!   [`leads`]: what an imported file means.
//! - [`numbers`]: our own numbers: whose they are, what answers them, and when.
//! - [`script`]: a questionnaire: what is asked next, and what an answer means.
//! - [`results`]: what one person answered. [`search`]: which words find a call.
//! - [`signal`]: what two devices of an app call tell each other. [`roster`]: who is in a conversation, whom a user blocks, and who may call whom.
//! - [`phone`]: E.164 numbers.
//! - [`tenancy`]: whose keys and users there are, and who may do what. [`throttle`]: how often somebody may ask, and guess.
//! - [`outgoing`]: webhooks that are sent: when again, to whom no more, and to which addresses never.
//! - [`id`] and [`private`]: the words the other rooms share.

pub mod appointment;
pub mod bot;
pub mod bridge;
pub mod call;
pub mod campaign;
pub mod dial;
pub mod id;
pub mod leads;
pub mod numbers;
pub mod outgoing;
pub mod phone;
pub mod plan;
pub mod private;
pub mod queue;
pub mod results;
pub mod roster;
pub mod script;
pub mod search;
pub mod signal;
pub mod tenancy;
pub mod throttle;
pub mod window;

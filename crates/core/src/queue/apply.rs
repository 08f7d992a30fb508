//! What may happen to a job: one function, one arm per fact.
//!
//! *Acts* of an owner (post, give back, rule) carry a [`Claim`] and are refused under an old fence.
//! *News* of the carrier carries the attempt alone: an attempt makes at most one request, so whoever brings the news,
//! it is of the same call.

use super::happened::{Applied, HandedBack, Happened, JobRefused, Order};
use super::job::{Bound, Claim, Done, Job, JobState, Next, Request, Stop};
use crate::call::{Class, Disposition, RefusalClass};
use crate::id::{AttemptNo, CallId, NodeId};
use jiff::Timestamp;
use std::cmp::Ordering;

/// So many claims in a row that come to nothing before anything is sent park the job.
const MAX_STUMBLES: u16 = 5;

/// Whether an attempt that ended so uses up one of the job's and the person's attempts. What never reached the carrier,
/// or was sent away by it for its own reasons, does not.
pub fn uses_up(disposition: Disposition) -> bool {
    match disposition.class() {
        Class::ByTheClock => false,
        Class::Policy => !matches!(
            disposition,
            Disposition::Suppressed
                | Disposition::OutOfWindow
                | Disposition::Duplicate
                | Disposition::Expired
        ),
        Class::Reached
        | Class::Machine
        | Class::Ours
        | Class::Temporary
        | Class::Decision
        | Class::CallerId
        | Class::Permanent
        | Class::Technical
        | Class::MissedCall
        | Class::Alarm => true,
    }
}

impl Job {
    /// Merges a fact that happened `at` this time.
    ///
    /// # Errors
    /// [`JobRefused`] when the fact changes nothing, with its reason. [`JobRefused::Stray`] says that a call at the
    /// carrier must be hung up.
    pub fn apply(&mut self, fact: &Happened, at: Timestamp) -> Result<Applied, JobRefused> {
        match fact {
            Happened::Claimed { by, call } => self.claimed(by, *call, at),
            Happened::GivenBack { on, why } => self.given_back(*on, why, at),
            Happened::Dialed { by, on, call } => self.dialed(by, *on, *call),
            Happened::PostBegun { on } => self.post_begun(*on),
            Happened::PostUnclear { attempt } => self.unclear(*attempt),
            Happened::PostRefused { on, class, next } => self.refused(*on, *class, next, at),
            Happened::Placed { attempt } => self.placed(*attempt),
            Happened::RuledNotPlaced { on, next } => self.ruled(*on, next, at),
            Happened::Ended { attempt, disposition, next } => self.ended(*attempt, *disposition, next, at),
            Happened::TakenOver { by } => self.taken_over(by),
            Happened::Skipped { gate } => self.leave_queue(Done::Skipped { gate: gate.clone() }, at),
            Happened::Expired => self.leave_queue(Done::Expired, at),
            Happened::Canceled => self.canceled(at),
            Happened::ForceCanceled => self.force_canceled(at),
            Happened::Parked { why } => self.parked(why, at),
            Happened::Unparked => self.unparked(at),
            Happened::CallBack { at: wanted } => self.call_back(*wanted),
        }
    }

    fn claimed(&mut self, by: &NodeId, call: CallId, at: Timestamp) -> Result<Applied, JobRefused> {
        let JobState::Waiting { not_before, .. } = &self.state else { return Err(self.not_now()) };
        if let Some(opens) = not_before.filter(|opens| *opens > at) {
            return Err(JobRefused::NotDue(opens));
        }
        self.attempt = self.attempt.next();
        self.fence = self.fence.next();
        let on = Bound { node: by.clone(), call };
        self.state = JobState::Dialing { on, request: Request::Unsent, stop: Stop::No };
        Ok(Applied::Changed)
    }

    fn given_back(&mut self, on: Claim, why: &HandedBack, at: Timestamp) -> Result<Applied, JobRefused> {
        self.check(on)?;
        let stop = match &self.state {
            JobState::Dialing { request: Request::Unsent, stop, .. } => *stop,
            // The one request began and no byte of it left: who saw that may say so, and nobody else.
            JobState::Dialing { request: Request::Out, stop, .. }
                if matches!(why, HandedBack::NotSent { .. }) =>
            {
                *stop
            }
            JobState::Dialing { .. } | JobState::Live { .. } => return Err(JobRefused::MayBeOut),
            _ => return Err(self.not_now()),
        };
        if stop == Stop::AfterThis {
            return Ok(self.settle(Done::Canceled, None, at));
        }
        Ok(match why {
            HandedBack::Gate { gate } if gate.is_final() => {
                self.settle(Done::Skipped { gate: gate.clone() }, None, at)
            }
            // Without a time: the gate says itself when it opens, and why. A time here would be taken for a retry's.
            HandedBack::Gate { .. } | HandedBack::Restart => self.requeue(None),
            HandedBack::NotSent { not_before } => self.requeue(Some(*not_before)),
            HandedBack::Broken { what } => self.stumble(what, at),
        })
    }

    fn dialed(&mut self, by: &NodeId, on: Claim, call: CallId) -> Result<Applied, JobRefused> {
        match (on.attempt.cmp(&self.attempt), &self.state) {
            (Ordering::Greater, _) => {
                (self.attempt, self.fence) = (on.attempt, on.fence.max(self.fence));
                let on = Bound { node: by.clone(), call };
                self.state = JobState::Dialing { on, request: Request::Unsent, stop: Stop::No };
                Ok(Applied::Changed)
            }
            (Ordering::Equal, JobState::Dialing { on, .. } | JobState::Live { on, .. })
                if on.call == call =>
            {
                Ok(Applied::Same)
            }
            (Ordering::Equal | Ordering::Less, _) => Err(JobRefused::Late),
        }
    }

    fn post_begun(&mut self, on: Claim) -> Result<Applied, JobRefused> {
        self.check(on)?;
        match &mut self.state {
            JobState::Dialing { request: Request::Unsent, stop: Stop::AfterThis, .. } => {
                Err(JobRefused::Not("canceled"))
            }
            JobState::Dialing { request: request @ Request::Unsent, .. } => {
                *request = Request::Out;
                self.stumbles = 0;
                Ok(Applied::Changed)
            }
            JobState::Dialing { .. } | JobState::Live { .. } => Err(JobRefused::AlreadyPosted),
            _ => Err(self.not_now()),
        }
    }

    fn unclear(&mut self, attempt: AttemptNo) -> Result<Applied, JobRefused> {
        self.on_time(attempt)?;
        match &mut self.state {
            JobState::Dialing { request: request @ (Request::Unsent | Request::Out), .. } => {
                *request = Request::Unclear;
                Ok(Applied::Changed)
            }
            JobState::Dialing { request: Request::Unclear, .. } => Ok(Applied::Same),
            // The carrier's own word came first.
            JobState::Live { .. } => Ok(Applied::Same),
            _ => Err(JobRefused::Late),
        }
    }

    fn refused(
        &mut self,
        on: Claim,
        class: RefusalClass,
        next: &Next,
        at: Timestamp,
    ) -> Result<Applied, JobRefused> {
        self.on_time(on.attempt)?;
        let JobState::Dialing { stop, .. } = self.state else { return Err(JobRefused::Late) };
        self.check(on)?;
        match next {
            // Sent away for the carrier's own reasons: it keeps its place.
            Next::Retry { at } if class.goes_back_to_queue() && stop == Stop::No => {
                return Ok(self.requeue(Some(*at)));
            }
            _ if class.goes_back_to_queue() => {}
            _ => self.used = self.used.saturating_add(1),
        }
        Ok(self.go_on(stop, next, None, at))
    }

    fn placed(&mut self, attempt: AttemptNo) -> Result<Applied, JobRefused> {
        if attempt < self.attempt {
            return Err(JobRefused::Stray);
        }
        if attempt > self.attempt || attempt == AttemptNo::NONE {
            return Err(JobRefused::NoSuchAttempt);
        }
        match &self.state {
            JobState::Dialing { on, stop, .. } => {
                self.state = JobState::Live { on: on.clone(), stop: *stop };
                Ok(Applied::Changed)
            }
            JobState::Live { .. } => Ok(Applied::Same),
            JobState::Waiting { ruled: Some(on), .. } | JobState::Parked { ruled: Some(on), .. } => {
                Ok(self.adopt(on.clone(), Stop::No))
            }
            JobState::Settled { ruled: Some(on), done, .. } => {
                let stop = if *done == Done::Canceled { Stop::AfterThis } else { Stop::No };
                Ok(self.adopt(on.clone(), stop))
            }
            JobState::Waiting { .. } | JobState::Settled { .. } | JobState::Parked { .. } => {
                Err(JobRefused::Late)
            }
        }
    }

    /// A call that was ruled away turned up before any later attempt: it is the attempt's call after all. What was promised
    /// meanwhile is kept when it is over.
    fn adopt(&mut self, on: Bound, stop: Stop) -> Applied {
        self.call_back = self.promised.take();
        // The ruling used an attempt up, and so will the end of this call.
        self.used = self.used.saturating_sub(1);
        self.state = JobState::Live { on, stop };
        Applied::Changed
    }

    fn ruled(&mut self, on: Claim, next: &Next, at: Timestamp) -> Result<Applied, JobRefused> {
        self.check(on)?;
        match &self.state {
            JobState::Dialing { on, request: Request::Unclear, stop } => {
                let (on, stop) = (on.clone(), *stop);
                self.used = self.used.saturating_add(1);
                Ok(self.go_on(stop, next, Some(on), at))
            }
            JobState::Dialing { .. } => Err(JobRefused::Not("dialing, and its request is not unclear")),
            _ => Err(self.not_now()),
        }
    }

    fn ended(
        &mut self,
        attempt: AttemptNo,
        disposition: Disposition,
        next: &Next,
        at: Timestamp,
    ) -> Result<Applied, JobRefused> {
        self.on_time(attempt)?;
        let (JobState::Dialing { stop, .. } | JobState::Live { stop, .. }) = self.state else {
            return Err(JobRefused::Late);
        };
        self.used = self.used_after(disposition);
        Ok(self.go_on(stop, next, None, at))
    }

    fn taken_over(&mut self, by: &NodeId) -> Result<Applied, JobRefused> {
        match &mut self.state {
            JobState::Dialing { on, request, .. } => {
                self.fence = self.fence.next();
                on.node = by.clone();
                // Only the old owner's journal could prove that nothing was sent.
                *request = Request::Unclear;
                Ok(Applied::Changed)
            }
            JobState::Live { on, .. } => {
                self.fence = self.fence.next();
                on.node = by.clone();
                Ok(Applied::Changed)
            }
            _ => Err(self.not_now()),
        }
    }

    fn leave_queue(&mut self, done: Done, at: Timestamp) -> Result<Applied, JobRefused> {
        match &self.state {
            JobState::Waiting { ruled, .. } => {
                let ruled = ruled.clone();
                Ok(self.settle(done, ruled, at))
            }
            JobState::Dialing { .. } | JobState::Live { .. } => Err(JobRefused::MayBeOut),
            JobState::Settled { .. } | JobState::Parked { .. } => Err(self.not_now()),
        }
    }

    fn canceled(&mut self, at: Timestamp) -> Result<Applied, JobRefused> {
        match &mut self.state {
            JobState::Dialing { stop, .. } | JobState::Live { stop, .. } => {
                let known = std::mem::replace(stop, Stop::AfterThis);
                Ok(if known == Stop::AfterThis { Applied::Same } else { Applied::Changed })
            }
            JobState::Parked { ruled, .. } => {
                let ruled = ruled.clone();
                Ok(self.settle(Done::Canceled, ruled, at))
            }
            JobState::Waiting { .. } => self.leave_queue(Done::Canceled, at),
            JobState::Settled { done: Done::Canceled, .. } => Ok(Applied::Same),
            JobState::Settled { .. } => Err(self.not_now()),
        }
    }

    fn force_canceled(&mut self, at: Timestamp) -> Result<Applied, JobRefused> {
        let applied = self.canceled(at)?;
        Ok(self.call().map_or(applied, |call| Applied::AndDo(Order::HangUp(call))))
    }

    fn parked(&mut self, why: &str, at: Timestamp) -> Result<Applied, JobRefused> {
        let ruled = match &self.state {
            JobState::Waiting { ruled, .. } => ruled.clone(),
            JobState::Dialing { .. } | JobState::Live { .. } => return Err(JobRefused::MayBeOut),
            JobState::Settled { .. } | JobState::Parked { .. } => return Err(self.not_now()),
        };
        self.state = JobState::Parked { at, why: why.to_owned(), ruled };
        Ok(Applied::Changed)
    }

    fn unparked(&mut self, at: Timestamp) -> Result<Applied, JobRefused> {
        let JobState::Parked { ruled, .. } = &self.state else { return Err(self.not_now()) };
        self.stumbles = 0;
        self.since = at;
        let ruled = ruled.clone();
        Ok(self.wait(None, ruled))
    }

    fn call_back(&mut self, wanted: Timestamp) -> Result<Applied, JobRefused> {
        let ruled = match &self.state {
            JobState::Dialing { stop: Stop::AfterThis, .. }
            | JobState::Live { stop: Stop::AfterThis, .. } => {
                return Err(JobRefused::ForGood(Done::Canceled.as_str()));
            }
            JobState::Dialing { .. } | JobState::Live { .. } => {
                let known = self.call_back.replace(wanted);
                return Ok(if known == Some(wanted) { Applied::Same } else { Applied::Changed });
            }
            JobState::Parked { .. } => return Err(self.not_now()),
            JobState::Settled { done, .. } if !done.allows_call_back() => {
                return Err(JobRefused::ForGood(done.as_str()));
            }
            JobState::Waiting { .. } if self.promised == Some(wanted) => return Ok(Applied::Same),
            JobState::Waiting { ruled, .. } | JobState::Settled { ruled, .. } => ruled.clone(),
        };
        Ok(self.promise(wanted, ruled))
    }

    fn promise(&mut self, wanted: Timestamp, ruled: Option<Bound>) -> Applied {
        self.since = wanted;
        self.promised = Some(wanted);
        self.state = JobState::Waiting { not_before: Some(wanted), ruled };
        Applied::Changed
    }

    /// An act needs the very claim that holds.
    fn check(&self, on: Claim) -> Result<(), JobRefused> {
        if on == self.claim() {
            return Ok(());
        }
        Err(JobRefused::OldFence { shown: on.fence, current: self.fence })
    }

    /// News needs the attempt that is open.
    fn on_time(&self, attempt: AttemptNo) -> Result<(), JobRefused> {
        match attempt.cmp(&self.attempt) {
            Ordering::Less => Err(JobRefused::Late),
            Ordering::Equal => Ok(()),
            Ordering::Greater => Err(JobRefused::NoSuchAttempt),
        }
    }

    fn not_now(&self) -> JobRefused {
        JobRefused::Not(self.state.as_str())
    }

    fn go_on(&mut self, stop: Stop, next: &Next, ruled: Option<Bound>, at: Timestamp) -> Applied {
        match (next, self.call_back.take()) {
            (Next::Done { done }, Some(wanted)) if stop == Stop::No && done.allows_call_back() => {
                self.promise(wanted, ruled)
            }
            // Whoever was reached was reached, cancelled or not.
            (Next::Done { done }, _) => self.settle(done.clone(), ruled, at),
            (Next::Retry { .. }, _) if stop == Stop::AfterThis => self.settle(Done::Canceled, ruled, at),
            (Next::Retry { .. }, Some(wanted)) => self.promise(wanted, ruled),
            (Next::Retry { at }, None) => {
                self.since = *at;
                self.promised = None;
                self.wait(Some(*at), ruled)
            }
        }
    }

    fn settle(&mut self, done: Done, ruled: Option<Bound>, at: Timestamp) -> Applied {
        (self.promised, self.call_back) = (None, None);
        self.state = JobState::Settled { at, done, ruled };
        Applied::Changed
    }

    /// Back to its place in the queue.
    fn requeue(&mut self, not_before: Option<Timestamp>) -> Applied {
        self.wait(not_before, None)
    }

    fn wait(&mut self, not_before: Option<Timestamp>, ruled: Option<Bound>) -> Applied {
        if let Some(wanted) = self.call_back.take() {
            return self.promise(wanted, ruled);
        }
        self.state = JobState::Waiting { not_before, ruled };
        Applied::Changed
    }

    fn stumble(&mut self, what: &str, at: Timestamp) -> Applied {
        self.stumbles = self.stumbles.saturating_add(1);
        if self.stumbles < MAX_STUMBLES {
            return self.requeue(None);
        }
        let why = format!("{} tries came to nothing: {what}", self.stumbles);
        self.state = JobState::Parked { at, why, ruled: None };
        Applied::Changed
    }
}

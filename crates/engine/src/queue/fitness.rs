//! How fit the means of calling are, from what they did of late: the carrier account, and each number that calls are shown
//! as. What was before this process, rows tell: they are read once, when a campaign first needs to know.

use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use trunkline_carriers::PostAnswer;
use trunkline_core::call::{Call, Direction, Disposition, RefusalClass};
use trunkline_core::campaign::{CampaignState, Health, Sent};
use trunkline_core::dial::breaker::{Answered, Breaker};
use trunkline_core::dial::gates::Circuit;
use trunkline_core::id::{AccountId, CallId, TenantId};
use trunkline_core::phone::PhoneNumber;
use trunkline_core::private::Address;
use trunkline_store::{Answer, Store, StoreError, StoredCampaign};

/// So many calls of a number tell how it stands.
const OF_LATE: usize = 100;
const MOST: u32 = 100;
/// Rows tell of the carrier's answers in this time, so many of each campaign: a circuit stays open for five minutes at most.
const LATELY: SignedDuration = SignedDuration::from_mins(15);
const ANSWERS: u32 = 64;
/// Of answers that rows tell of no more is known.
const FAILED: &str = "by its record";

/// What is remembered.
#[derive(Debug, Default)]
pub(crate) struct Fitness {
    carriers: Mutex<HashMap<AccountId, Standing>>,
    /// Of each number: its last calls, and whether they were refused without ringing.
    numbers: Mutex<HashMap<Address, VecDeque<(CallId, bool)>>>,
    /// Whose rows were read: campaigns for the carrier's answers, numbers of tenants.
    read: Mutex<Read>,
}

/// How an account has answered of late.
#[derive(Debug, Default)]
struct Standing {
    breaker: Breaker,
    /// What it answered last when it failed, in the word of the logs.
    why: &'static str,
}

#[derive(Debug, Default)]
struct Read {
    has_carrier: bool,
    numbers: BTreeSet<(TenantId, PhoneNumber)>,
}

impl Fitness {
    /// Reads what the rows tell of these campaigns' numbers, and, once, of the carrier.
    pub async fn look(
        &self,
        store: &Store,
        campaigns: &[Arc<StoredCampaign>],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let running = || campaigns.iter().filter(|one| one.state == CampaignState::Running);
        if !self.read.lock().has_carrier && running().next().is_some() {
            let mut answers = Vec::new();
            let since = now.checked_sub(LATELY).unwrap_or(Timestamp::MIN);
            for campaign in running() {
                answers.extend(store.answers_of_late(campaign.id, since, ANSWERS).await?);
            }
            self.remembers(answers);
            self.read.lock().has_carrier = true;
        }
        for campaign in running() {
            for number in &campaign.policy.caller_ids.numbers {
                let key = (campaign.tenant.clone(), number.clone());
                if self.read.lock().numbers.contains(&key) {
                    continue;
                }
                let calls = store.shown_as(&campaign.tenant, number.as_str(), MOST).await?;
                self.was_shown(number, calls);
                self.read.lock().numbers.insert(key);
            }
        }
        Ok(())
    }

    /// What the carrier answered before this process, unless it has answered this one.
    fn remembers(&self, mut answers: Vec<Answer>) {
        answers.sort_by_key(|answer| answer.ended_at);
        let mut carriers = self.carriers.lock();
        let answered: BTreeSet<AccountId> = carriers.keys().cloned().collect();
        for answer in answers {
            if answered.contains(&answer.account) {
                continue;
            }
            let answered = match (answer.placed, answer.disposition) {
                (true, _)
                | (
                    false,
                    Some(Disposition::InvalidNumber | Disposition::Blocked | Disposition::Unreachable),
                ) => Answered::Fit,
                (false, Some(Disposition::CarrierFailed | Disposition::RateLimited)) => Answered::Failed,
                (false, _) => continue,
            };
            if let Some(at) = answer.ended_at {
                carriers.entry(answer.account).or_default().after(answered, FAILED, at);
            }
        }
    }

    /// The calls shown as a number that rows tell of, the last one first.
    fn was_shown(&self, number: &PhoneNumber, calls: Vec<(CallId, Option<Disposition>)>) {
        let mut numbers = self.numbers.lock();
        let known = numbers.entry(Address::new(number.as_str())).or_default();
        for (call, disposition) in calls {
            if known.len() < OF_LATE && !known.iter().any(|(other, _)| *other == call) {
                known.push_front((call, disposition == Some(Disposition::Blocked)));
            }
        }
    }

    /// The carrier has answered a create request, or failed to.
    pub fn answered(&self, account: &AccountId, answer: &PostAnswer, now: Timestamp) {
        let answered = match answer {
            PostAnswer::Placed(_) => Answered::Fit,
            PostAnswer::Refused(refusal) => match refusal.class {
                RefusalClass::InvalidNumber | RefusalClass::Blocked | RefusalClass::Unreachable => {
                    Answered::Fit
                }
                RefusalClass::Configuration | RefusalClass::TooMany | RefusalClass::NotSent => {
                    Answered::Failed
                }
            },
            PostAnswer::NotSent(_) | PostAnswer::Unclear(_) => Answered::Failed,
            // Our own doing, and no word of the carrier's.
            PostAnswer::Withheld(_) => return,
        };
        let mut carriers = self.carriers.lock();
        let standing = carriers.entry(account.clone()).or_default();
        standing.after(answered, fault_of(answer), now);
        if let Circuit::OpenUntil(until) = standing.breaker.circuit() {
            let failures = standing.breaker.failures;
            tracing::warn!(
                carrier = account.carrier(), failures, why = standing.why, %until,
                "carrier.circuit_open: it is left alone for a while"
            );
        }
    }

    /// Whether a carrier account may be asked.
    pub fn circuit(&self, account: &AccountId) -> Circuit {
        let carriers = self.carriers.lock();
        carriers.get(account).map_or(Circuit::Fit, |standing| standing.breaker.circuit())
    }

    /// Whether a carrier account is left alone now.
    pub fn is_open(&self, account: &AccountId, now: Timestamp) -> bool {
        matches!(self.circuit(account), Circuit::OpenUntil(until) if until > now)
    }

    /// Whether an account that failed at its last answer, however often, has been left alone for so long.
    pub fn rests(&self, account: &AccountId, so_long: SignedDuration) -> Circuit {
        let carriers = self.carriers.lock();
        let failed_at = carriers.get(account).and_then(|standing| standing.breaker.failed_at);
        let until = failed_at.and_then(|at| at.checked_add(so_long).ok());
        until.map_or(Circuit::Fit, Circuit::OpenUntil)
    }

    /// Why an account is left alone now, in words, and since when.
    pub fn opened(&self, account: &AccountId, now: Timestamp) -> Option<(String, Timestamp)> {
        let carriers = self.carriers.lock();
        let standing = carriers.get(account)?;
        match standing.breaker.circuit() {
            Circuit::OpenUntil(until) if until > now => {
                let (failures, why) = (standing.breaker.failures, standing.why);
                let reason = format!(
                    "left alone until {until:.0}: {failures} requests in a row came to nothing, the last {why}"
                );
                Some((reason, standing.breaker.failed_at?))
            }
            Circuit::OpenUntil(_) | Circuit::Fit => None,
        }
    }

    /// A call is over.
    pub fn ended(&self, call: &Call) {
        let Some(disposition) = call.disposition() else { return };
        if call.direction != Direction::Outbound || !call.has_carrier() {
            return;
        }
        let number = call.shown_as(call.leg());
        let mut numbers = self.numbers.lock();
        let calls = numbers.entry(number.clone()).or_default();
        let before = sent(calls).health();
        calls.push_back((call.id, disposition == Disposition::Blocked));
        if calls.len() > OF_LATE {
            calls.pop_front();
        }
        let now = sent(calls);
        if before == Health::Fit && now.health() == Health::Distrusted {
            tracing::warn!(
                number = %number.masked(), carrier = call.account.carrier(), calls = now.calls, blocked = now.blocked,
                "caller_id.distrusted: calls shown as it are refused without ringing"
            );
        }
    }

    /// How many numbers are distrusted: calls shown as them are refused without ringing too often.
    pub fn distrusted(&self) -> usize {
        let numbers = self.numbers.lock();
        numbers.values().filter(|calls| sent(calls).health() == Health::Distrusted).count()
    }

    /// What became of the calls shown as these numbers.
    pub fn of_late(&self, pool: &[PhoneNumber]) -> BTreeMap<PhoneNumber, Sent> {
        let numbers = self.numbers.lock();
        let of =
            |number: &PhoneNumber| Some((number.clone(), sent(numbers.get(&Address::new(number.as_str()))?)));
        pool.iter().filter_map(of).collect()
    }
}

impl Standing {
    fn after(&mut self, answered: Answered, why: &'static str, at: Timestamp) {
        self.breaker = self.breaker.after(answered, at);
        self.why = why;
    }
}

/// What became of calls.
fn sent(calls: &VecDeque<(CallId, bool)>) -> Sent {
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let blocked = calls.iter().filter(|(_, blocked)| *blocked).count();
    Sent { calls: count(calls.len()), blocked: count(blocked) }
}

/// What went wrong, in words.
fn fault_of(answer: &PostAnswer) -> &'static str {
    match answer {
        PostAnswer::NotSent(_) => "as it could not be reached",
        PostAnswer::Unclear(_) => "without a clear answer",
        PostAnswer::Refused(refusal) if refusal.class == RefusalClass::TooMany => "as it takes no more calls",
        PostAnswer::Refused(_) => "as it refuses us",
        PostAnswer::Placed(_) | PostAnswer::Withheld(_) => "well",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + secs).unwrap()
    }

    fn account() -> AccountId {
        AccountId::new("twilio:AC1")
    }

    fn answers(all: &[(bool, Disposition)]) -> Vec<Answer> {
        let answer = |(n, (placed, disposition)): (i64, &(bool, Disposition))| Answer {
            account: account(),
            placed: *placed,
            disposition: Some(*disposition),
            ended_at: Some(at(n)),
        };
        let mut answers: Vec<Answer> = (0..).zip(all).map(answer).collect();
        // Rows come with the last one first.
        answers.reverse();
        answers
    }

    #[test]
    fn a_circuit_that_was_open_is_open_in_the_next_process() {
        let failed = (false, Disposition::RateLimited);
        let fitness = Fitness::default();
        fitness.remembers(answers(&[failed; 5]));
        assert_eq!(fitness.circuit(&account()), Circuit::OpenUntil(at(4 + 10)));
        for good in [(true, Disposition::Busy), (false, Disposition::InvalidNumber)] {
            let fitness = Fitness::default();
            fitness.remembers(answers(&[failed, failed, failed, failed, good, failed]));
            assert_eq!(fitness.circuit(&account()), Circuit::Fit, "{good:?} came between");
        }
    }

    #[test]
    fn what_this_process_was_answered_counts_more_than_rows() {
        let fitness = Fitness::default();
        fitness.answered(&account(), &PostAnswer::NotSent("refused".to_owned()), at(100));
        fitness.remembers(answers(&[(false, Disposition::RateLimited); 9]));
        assert_eq!(fitness.circuit(&account()), Circuit::Fit);
    }

    #[test]
    fn a_number_that_networks_refused_is_distrusted_in_the_next_process_and_no_call_counts_twice() {
        let number = PhoneNumber::from_e164("+15550100100").unwrap();
        let calls = |count: u8| {
            (0..count)
                .map(|n| (CallId::new(at(i64::from(n)), [n; 10]), Some(Disposition::Blocked)))
                .collect::<Vec<_>>()
        };
        let fitness = Fitness::default();
        fitness.was_shown(&number, calls(20));
        fitness.was_shown(&number, calls(20));
        let sent = fitness.of_late(std::slice::from_ref(&number))[&number];
        assert_eq!((sent.calls, sent.blocked), (20, 20));
        assert_eq!(sent.health(), trunkline_core::campaign::Health::Distrusted);
    }
}

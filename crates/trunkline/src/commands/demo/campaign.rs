//! The demo's campaign: everybody is called until the questions are answered or the policy gives up.
//!
//! A dozen people are called once each, so that whoever watches sees the end soon. A crowd is called as a campaign of a
//! working day is: busy lines again soon, silent phones later, and who hung up is asked on.

use std::collections::BTreeMap;

use jiff::civil::Time;
use trunkline_core::call::{Class, Disposition};
use trunkline_core::campaign::{CallerIds, Campaign, CampaignState, Choose, Delays, Move, RetryPolicy};
use trunkline_core::id::CampaignId;
use trunkline_core::phone::PhoneNumber;
use trunkline_core::private::Private;
use trunkline_core::script::ScriptName;
use trunkline_core::window::{CallingWindow, Days, Hours};
use trunkline_engine::{CampaignError, Desk, Standing};

use super::people::{CAST, Person};
use super::{HISTORY_WITHIN, LOOK};

const NAME: &str = "demo";
/// So many people are put into the queue at once.
const AT_ONCE: usize = 250;

/// What comes after a call that reached nobody.
pub(super) fn retries(people: usize) -> RetryPolicy {
    if people <= CAST {
        return RetryPolicy {
            max_attempts: 1,
            by_class: BTreeMap::new(),
            by_disposition: BTreeMap::new(),
            unfinished: Delays::default(),
        };
    }
    let minutes = |minutes: &[u32]| Delays(minutes.iter().map(|minutes| minutes * 60).collect());
    RetryPolicy {
        max_attempts: 3,
        by_class: BTreeMap::from([
            (Class::Temporary, minutes(&[10, 20])),
            (Class::Technical, minutes(&[2, 10])),
            (Class::Ours, minutes(&[2, 10])),
            (Class::Machine, minutes(&[15])),
        ]),
        by_disposition: BTreeMap::from([(Disposition::Busy, minutes(&[5, 10]))]),
        unfinished: minutes(&[5]),
    }
}

/// Takes up the campaign of an earlier life, or makes it; puts everybody into its queue, and starts it.
pub(super) async fn begin(
    desk: &Desk,
    script: &ScriptName,
    from: PhoneNumber,
    people: &[Person],
) -> Result<CampaignId, CampaignError> {
    let known = patiently(async || desk.campaigns().await).await?;
    let standing = match known.into_iter().find(|one| one.campaign.policy.name == NAME) {
        Some(standing) => standing,
        None => {
            let policy = policy(script, from, people.len());
            patiently(async || desk.add_campaign(policy.clone()).await).await?
        }
    };
    let Standing { campaign, progress, .. } = standing;
    if progress.total() < people.len() as u64 {
        for some in people.chunks(AT_ONCE) {
            // Who is there already is left out, and nobody is there twice.
            patiently(async || desk.enqueue(campaign.id, some.iter().map(entry).collect()).await).await?;
        }
    }
    if campaign.state == CampaignState::Draft {
        patiently(async || desk.move_campaign(campaign.id, Move::Start).await).await?;
    }
    Ok(campaign.id)
}

/// Asks again while the database is not there yet.
pub(super) async fn patiently<T>(
    ask: impl AsyncFn() -> Result<T, CampaignError>,
) -> Result<T, CampaignError> {
    let begun = tokio::time::Instant::now();
    loop {
        match ask().await {
            Err(CampaignError::Away(_)) if begun.elapsed() < HISTORY_WITHIN => tokio::time::sleep(LOOK).await,
            done => return done,
        }
    }
}

fn policy(script: &ScriptName, from: PhoneNumber, people: usize) -> Campaign {
    Campaign {
        // Nobody sleeps here.
        window: CallingWindow {
            hours: vec![Hours { days: Days::default(), from: Time::midnight(), to: Time::midnight() }],
            ..CallingWindow::default()
        },
        retry: retries(people),
        ..Campaign::standard(
            NAME.to_owned(),
            script.clone(),
            CallerIds { numbers: vec![from], choose: Choose::Rotation },
        )
    }
}

fn entry(person: &Person) -> trunkline_engine::Person {
    trunkline_engine::Person {
        to: Private::new(person.number.clone()),
        name: Some(Private::new(person.name.clone())),
        zone: Some("UTC".to_owned()),
        ..trunkline_engine::Person::default()
    }
}

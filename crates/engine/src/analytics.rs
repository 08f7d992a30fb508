//! What calls came to, day by day, as the store keeps it added up.

use crate::desk::Desk;
use crate::reader::Unavailable;
use std::collections::BTreeMap;
use trunkline_core::id::CampaignId;
use trunkline_store::{Apart, QuestionCount, Rollup, Span, Sums, TALK_BOUNDS};

/// Sums of a tenant's calls, and how far people came.
#[derive(Clone, Debug)]
pub struct Analytics {
    /// The sums, in the order of keys and ends.
    pub rollups: Vec<Rollup>,
    /// How far people came, by script and question.
    pub questions: Vec<QuestionCount>,
}

impl Desk {
    /// What the calls of some days came to.
    ///
    /// # Errors
    /// The store can't be read now.
    pub async fn analytics(&self, of: &Span, by: Apart) -> Result<Analytics, Unavailable> {
        let tenant = self.tenant();
        self.inner()
            .ask_store(async |store| {
                Ok(Analytics {
                    rollups: store.rollups(tenant, of, by).await?,
                    questions: store.questions_counted(tenant, of).await?,
                })
            })
            .await
    }

    /// What this tenant's campaigns are called, as far as this server knows them.
    pub fn campaign_names(&self) -> BTreeMap<CampaignId, String> {
        let all = self.inner().campaigns.all().into_iter();
        all.filter(|one| one.tenant == *self.tenant()).map(|one| (one.id, one.policy.name.clone())).collect()
    }

    /// The questions of a script as it is now.
    pub fn script_questions(&self, script: &str) -> Vec<String> {
        let script = self.inner().scripts.current(Some(script));
        script.iter().flat_map(|script| &script.questions).map(|one| one.prompt.text.clone()).collect()
    }
}

/// Sums of the calls of one key.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Figures {
    /// What they are told apart by; empty: there is none.
    pub key: String,
    /// The sums.
    pub sums: Sums,
    /// How many ended how.
    pub dispositions: BTreeMap<String, u64>,
}

impl Analytics {
    /// One for each key, in their order.
    pub fn figures(&self) -> Vec<Figures> {
        let mut all: Vec<Figures> = Vec::new();
        for one in &self.rollups {
            if all.last().is_none_or(|last| last.key != one.key) {
                all.push(Figures { key: one.key.clone(), ..Figures::default() });
            }
            if let Some(last) = all.last_mut() {
                last.add(one);
            }
        }
        all
    }

    /// All together.
    pub fn total(&self) -> Figures {
        let mut total = Figures::default();
        self.rollups.iter().for_each(|one| total.add(one));
        total
    }
}

impl Figures {
    fn add(&mut self, one: &Rollup) {
        self.sums += one.sums;
        if !one.disposition.is_empty() {
            let calls = u64::try_from(one.sums.calls).unwrap_or(0);
            *self.dispositions.entry(one.disposition.clone()).or_default() += calls;
        }
    }

    /// Calls, answered calls, and seconds of talk.
    pub fn counted(&self) -> [u64; 3] {
        [self.sums.calls, self.sums.answered, self.sums.talk_secs].map(|sum| u64::try_from(sum).unwrap_or(0))
    }

    /// Which part of the calls was answered, in thousandths. `None` where there was none.
    pub fn answered_per_mille(&self) -> Option<u64> {
        let [calls, answered, _] = self.counted();
        (answered * 1_000 + calls / 2).checked_div(calls)
    }

    /// How long a talk lasted on average, in seconds; of those that are over.
    pub fn average_talk_secs(&self) -> Option<u64> {
        let talks: i64 = self.sums.talks.iter().sum();
        u64::try_from(self.sums.talk_secs.checked_div(talks)?).ok()
    }

    /// How long a talk lasted at most, of this many hundredths of all, in seconds: as near as the lengths that are told apart allow.
    pub fn talk_secs_of(&self, percent: u8) -> Option<u32> {
        at_most(&self.sums.talks, &TALK_BOUNDS, percent)
    }
}

/// What so many hundredths of all are no longer than, where those of each length are counted: between two bounds it is guessed by
/// their share, beyond the last one at twice that.
pub(crate) fn at_most(counted: &[i64], bounds: &[u32], percent: u8) -> Option<u32> {
    let all: i64 = counted.iter().sum();
    let wanted = (all * i64::from(percent.min(100)) + 99) / 100;
    let (mut below, mut from) = (0, 0);
    for (n, here) in counted.iter().enumerate() {
        let upto = bounds.get(n).copied().unwrap_or(from * 2);
        if *here > 0 && below + here >= wanted {
            let share = i64::from(upto - from) * (wanted - below) / here;
            return Some(from + u32::try_from(share).unwrap_or(0));
        }
        below += here;
        from = upto;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollup(key: &str, disposition: &str, calls: i64, talks: &[(usize, i64)]) -> Rollup {
        let mut sums = Sums { calls, ..Sums::default() };
        for (bucket, n) in talks {
            sums.talks[*bucket] = *n;
            sums.answered += n;
        }
        Rollup { key: key.to_owned(), disposition: disposition.to_owned(), sums }
    }

    #[test]
    fn ends_are_gathered_by_key() {
        let rollups = vec![
            rollup("2026-01-30", "busy", 3, &[]),
            rollup("2026-01-30", "completed", 1, &[(0, 1)]),
            rollup("2026-01-31", "", 2, &[]),
        ];
        let analytics = Analytics { rollups, questions: Vec::new() };
        let figures = analytics.figures();
        assert_eq!(figures.iter().map(|one| one.counted()[0]).collect::<Vec<_>>(), [4, 2]);
        assert_eq!(figures[0].answered_per_mille(), Some(250));
        assert_eq!(figures[1].dispositions, BTreeMap::new(), "they live");
        assert_eq!(analytics.total().counted(), [6, 1, 0]);
        assert_eq!(Figures::default().answered_per_mille(), None);
    }

    #[test]
    fn how_long_most_talks_lasted_is_read_off_the_lengths() {
        let mut figures = Figures::default();
        assert_eq!(figures.talk_secs_of(50), None);
        figures.add(&rollup("", "completed", 100, &[(4, 50), (5, 50)]));
        assert_eq!(figures.talk_secs_of(50), Some(60));
        assert_eq!(figures.talk_secs_of(25), Some(45));
        assert_eq!(figures.talk_secs_of(100), Some(90));
    }

    #[test]
    fn a_talk_that_is_longer_than_all_lengths_is_guessed_at_twice_the_longest() {
        let mut figures = Figures::default();
        figures.add(&rollup("", "completed", 1, &[(11, 1)]));
        assert_eq!(figures.talk_secs_of(90), Some(3_600));
    }
}

//! How mirror and database are brought together: pure, so that every case can be looked at.
//!
//! The database's word stands, with two exceptions. A revocation is never taken back, nor a user's password for an earlier
//! one, whichever side has it: a key that was stolen and revoked must not come to life because an older copy of the
//! database was put in place. Of two versions of a number the higher stands, whichever side has it. And a database
//! that the mirror was never in step with (a new file in the place of a lost one, another server) gets the rows that it
//! lacks: what was lost with the old one is the mirror's to give back.

use std::collections::BTreeMap;
use trunkline_core::tenancy::{Decision, DecisionId};

/// Whether the mirror was in step with this very database before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Acquaintance {
    Known,
    New,
}

/// What is to be done on each side.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Step {
    /// What the mirror takes in.
    pub learn: Vec<Decision>,
    /// What the mirror lets go of.
    pub forget: Vec<DecisionId>,
    /// What the database gets.
    pub restore: Vec<Decision>,
}

/// Compares both sides.
pub(crate) fn step(mirror: &[Decision], database: &[Decision], met: Acquaintance) -> Step {
    let mut theirs: BTreeMap<DecisionId, &Decision> =
        database.iter().map(|decision| (decision.id(), decision)).collect();
    let mut step = Step::default();
    for ours in mirror {
        let id = ours.id();
        match (theirs.remove(&id), met) {
            (Some(theirs), _) => {
                let agreed = theirs.clone().agreed(ours);
                if agreed != *theirs {
                    step.restore.push(agreed.clone());
                }
                if agreed != *ours {
                    step.learn.push(agreed);
                }
            }
            (None, Acquaintance::Known) => step.forget.push(id),
            (None, Acquaintance::New) => step.restore.push(ours.clone()),
        }
    }
    step.learn.extend(theirs.into_values().cloned());
    step
}

#[cfg(test)]
mod tests {
    use super::*;
    use Acquaintance::{Known, New};
    use jiff::Timestamp;
    use trunkline_core::id::TenantId;
    use trunkline_core::numbers::{Answering, Number};
    use trunkline_core::private::Address;
    use trunkline_core::tenancy::Tenant;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_second(secs).unwrap()
    }

    fn row(id: &str, name: &str) -> Decision {
        let (id, name) = (TenantId::new(id), name.to_owned());
        Decision::Tenant(Tenant::new(id, name, at(0)))
    }

    /// Both sides after a step.
    fn after(mirror: &[Decision], database: &[Decision], met: Acquaintance) -> [Vec<Decision>; 2] {
        let step = step(mirror, database, met);
        let by_id = |rows: &[Decision]| -> BTreeMap<_, _> {
            rows.iter().map(|row| (row.id(), row.clone())).collect()
        };
        let (mut mirror, mut database) = (by_id(mirror), by_id(database));
        for id in &step.forget {
            mirror.remove(id);
        }
        mirror.extend(by_id(&step.learn));
        for row in step.restore {
            // As the store does it: what is there stays, but for a revocation.
            let kept = database.entry(row.id()).or_insert_with(|| row.clone());
            if let Some(at) = row.revoked_at() {
                *kept = kept.clone().revoked(at);
            }
        }
        [mirror.into_values().collect(), database.into_values().collect()]
    }

    #[test]
    fn the_database_s_word_stands() {
        let (old, new) = ([row("a", "old"), row("gone", "x")], [row("a", "new"), row("b", "x")]);
        assert_eq!(after(&old, &new, Known), [new.to_vec(), new.to_vec()]);
    }

    #[test]
    fn a_database_that_was_lost_gets_back_what_the_mirror_has() {
        let mirror = [row("a", "x"), row("b", "x").revoked(at(5))];
        assert_eq!(after(&mirror, &[], New), [mirror.to_vec(), mirror.to_vec()]);
        let grown = [row("a", "x"), row("b", "x").revoked(at(5)), row("c", "x")];
        assert_eq!(after(&mirror, &grown[2..], New), [grown.to_vec(), grown.to_vec()]);
    }

    #[test]
    fn a_database_that_is_known_and_has_lost_a_row_has_decided_so() {
        assert_eq!(after(&[row("a", "x")], &[], Known), [vec![], vec![]]);
    }

    #[test]
    fn of_two_versions_of_a_number_both_sides_get_the_higher() {
        let number = |version, script: &str| {
            Decision::Number(Number {
                number: Address::new("+15550100100"),
                tenant: TenantId::new("acme"),
                label: None,
                answering: Answering::always(script.parse().unwrap()),
                version,
                created_at: at(0),
                updated_at: at(0),
                removed_at: None,
            })
        };
        for met in [Known, New] {
            let (old, new) = ([number(1, "old")], [number(2, "new")]);
            let newer_here = step(&new, &old, met);
            assert_eq!((newer_here.restore, newer_here.learn), (new.to_vec(), vec![]));
            let newer_there = step(&old, &new, met);
            assert_eq!((newer_there.restore, newer_there.learn), (vec![], new.to_vec()));
            let apart = step(&[number(2, "here")], &[number(2, "there")], met);
            assert_eq!(
                (apart.restore, apart.learn),
                (vec![], vec![number(2, "there")]),
                "the database's word"
            );
        }
    }

    #[test]
    fn every_step_leaves_both_sides_alike_and_takes_no_revocation_back() {
        let versions = |id: &str| {
            [
                None,
                Some(row(id, "x")),
                Some(row(id, "y")),
                Some(row(id, "x").revoked(at(3))),
                Some(row(id, "x").revoked(at(7))),
            ]
        };
        for met in [Known, New] {
            for ours in versions("a") {
                for theirs in versions("a") {
                    let (mirror, database): (Vec<_>, Vec<_>) =
                        (ours.clone().into_iter().collect(), theirs.clone().into_iter().collect());
                    let [mirror_after, database_after] = after(&mirror, &database, met);
                    assert_eq!(mirror_after, database_after, "{ours:?} {theirs:?} {met:?}");
                    let was_revoked = |side: &[Decision]| side.iter().any(|row| row.revoked_at().is_some());
                    let stays = mirror_after.is_empty() || was_revoked(&mirror_after);
                    assert!(
                        !(was_revoked(&mirror) || was_revoked(&database)) || stays,
                        "{ours:?} {theirs:?}"
                    );
                    let again = step(&mirror_after, &database_after, Known);
                    assert_eq!(again, Step::default(), "a second step has nothing to do");
                }
            }
        }
    }
}

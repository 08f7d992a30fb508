//! Rosters: the higher version stands, and a mirror reads what is new.

use crate::calls::{Engine, Place, at, on_each_engine};
use trunkline_core::id::{AppUserId, ConversationId, TenantId};
use trunkline_core::roster::{Roster, RosterOf};

on_each_engine!(
    of_two_versions_of_a_roster_the_higher_stands,
    a_mirror_reads_what_has_changed_since_it_looked_and_no_more,
    who_is_forgotten_stands_in_no_roster,
);

fn user(name: &str) -> AppUserId {
    AppUserId::parse(name).unwrap()
}

fn roster(of: RosterOf, version: u64, users: &[&str]) -> Roster {
    let users = users.iter().map(|name| user(name)).collect();
    Roster { tenant: TenantId::new("acme"), of, users, version, updated_at: at(1) }
}

fn members(conversation: &str, version: u64, users: &[&str]) -> Roster {
    roster(RosterOf::Conversation(ConversationId::new(conversation)), version, users)
}

fn blocked(by: &str, version: u64, users: &[&str]) -> Roster {
    roster(RosterOf::Blocker(user(by)), version, users)
}

async fn of_two_versions_of_a_roster_the_higher_stands(engine: Engine) {
    let place = Place::on(engine).await;
    let store = &place.store;
    let (old, new) = (members("7", 1, &["ann"]), members("7", 2, &["ann", "\"בוב\"%_"]));
    assert_eq!(store.put_rosters(std::slice::from_ref(&new)).await.unwrap(), []);
    let other = members("8", 1, &["eve"]);
    let late = [old, members("7", 2, &[])];
    let [first, second] = late.clone();
    assert_eq!(
        store.put_rosters(&[first, other.clone(), second]).await.unwrap(),
        late,
        "they are told apart"
    );
    assert_eq!(store.roster(&other.tenant, &other.of).await.unwrap(), Some(other));
    assert_eq!(store.roster(&new.tenant, &new.of).await.unwrap(), Some(new.clone()));
    assert_eq!(store.roster(&TenantId::new("beta"), &new.of).await.unwrap(), None, "another tenant's");
}

async fn a_mirror_reads_what_has_changed_since_it_looked_and_no_more(engine: Engine) {
    let place = Place::on(engine).await;
    let store = &place.store;
    // More than one page, all of one change.
    let many: Vec<Roster> = (0..1_005).map(|n| members(&n.to_string(), 1, &["ann"])).collect();
    store.put_rosters(&many).await.unwrap();
    let stand = store.decisions_stand().await.unwrap();
    assert_eq!(store.rosters_since(0).await.unwrap().len(), many.len());
    assert_eq!(store.rosters_since(stand.changes).await.unwrap(), []);
    let new = blocked("ann", 1, &["eve"]);
    store.put_rosters(std::slice::from_ref(&new)).await.unwrap();
    assert_ne!(store.decisions_stand().await.unwrap(), stand, "whoever mirrors it looks");
    assert_eq!(store.rosters_since(stand.changes).await.unwrap(), [new]);
}

async fn who_is_forgotten_stands_in_no_roster(engine: Engine) {
    let place = Place::on(engine).await;
    let store = &place.store;
    let tenant = TenantId::new("acme");
    let others = [members("8", 1, &["bob"]), blocked("eve", 1, &["ann2"])];
    store.put_rosters(&others).await.unwrap();
    store.put_rosters(&[members("7", 1, &["ann", "bob"]), blocked("ann", 1, &["eve"])]).await.unwrap();
    store.put_rosters(&[blocked("bob", 3, &["ann", "cat"])]).await.unwrap();
    assert_eq!(store.count_in_rosters(&tenant, &user("ann")).await.unwrap(), 3);
    assert_eq!(store.forget_in_rosters(&tenant, &user("ann")).await.unwrap(), 3);
    let mut left = store.rosters_since(0).await.unwrap();
    left.sort_by(|one, other| one.of.cmp(&other.of));
    let [eights, ones] = others;
    assert_eq!(left, [members("7", 2, &["bob"]), eights, blocked("bob", 4, &["cat"]), ones]);
    assert_eq!(store.forget_in_rosters(&tenant, &user("ann")).await.unwrap(), 0);
}

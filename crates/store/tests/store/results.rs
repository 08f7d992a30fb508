//! What the people of a script said, person by person.

use crate::calls::*;
use trunkline_core::id::TenantId;
use trunkline_core::private::Address;

on_each_engine!(
    a_person_comes_once_with_all_calls_and_a_caller_without_a_number_for_each_call,
    pages_go_on_after_the_last_person,
);

fn to(n: u64, number: &str) -> Story {
    Story::with(n, i64::try_from(n).unwrap(), |request| request.party.to = Address::new(number))
}

async fn people(place: &Place, after: &str, limit: u32) -> Vec<(String, usize)> {
    let found = place.store.people_of_script(&tenant(), "survey", after, limit).await.unwrap();
    found.into_iter().map(|one| (one.person.to_string(), one.calls.len())).collect()
}

async fn a_person_comes_once_with_all_calls_and_a_caller_without_a_number_for_each_call(engine: Engine) {
    let place = Place::on(engine).await;
    let other_script = Story::with(5, 5, |request| request.script.name = "other".to_owned());
    let theirs = Story::with(6, 6, |request| request.tenant = TenantId::new("other"));
    let hidden = [to(7, "anonymous"), to(8, "anonymous")];
    let stories = [to(1, "+15550001"), to(2, "+15550002"), to(3, "+15550001"), other_script, theirs];
    place.project(9, &stories.iter().chain(&hidden).collect::<Vec<_>>()).await;
    let found = people(&place, "", 10).await;
    assert_eq!(found[..2], [("+15550001".to_owned(), 2), ("+15550002".to_owned(), 1)]);
    assert_eq!(found[2..].iter().map(|(_, calls)| *calls).collect::<Vec<_>>(), [1, 1], "{found:?}");
    let of = place.store.people_of_script(&tenant(), "survey", "", 1).await.unwrap().remove(0);
    let order: Vec<_> = of.calls.iter().map(|call| call.id).collect();
    assert_eq!(order, [stories[0].call.id, stories[2].call.id], "the last call is the last");
}

async fn pages_go_on_after_the_last_person(engine: Engine) {
    let place = Place::on(engine).await;
    let stories: Vec<Story> = (0..7).map(|n| to(n, &format!("+1555000{n}"))).collect();
    place.project(9, &stories.iter().collect::<Vec<_>>()).await;
    let (mut after, mut seen) = (String::new(), Vec::new());
    loop {
        let page = people(&place, &after, 3).await;
        let Some((last, _)) = page.last() else { break };
        after.clone_from(last);
        seen.extend(page.into_iter().map(|(person, _)| person));
    }
    assert_eq!(seen, (0..7).map(|n| format!("+1555000{n}")).collect::<Vec<_>>());
}

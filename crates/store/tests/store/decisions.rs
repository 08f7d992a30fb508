//! Decision data: added once, revoked once, and kept when a database is filled again from a mirror.

use crate::calls::{Engine, Place, at, on_each_engine};
use trunkline_core::id::{KeyId, TenantId, UserId};
use trunkline_core::numbers::{AfterHours, Answering, Number};
use trunkline_core::private::Address;
use trunkline_core::tenancy::{
    ApiKey, Decision, KeyHash, Login, Password, PasswordHash, Role, Scope, Tenant, User,
};
use trunkline_store::Added;

on_each_engine!(
    what_is_added_is_read_back_and_nothing_is_added_twice,
    the_first_revocation_stands,
    every_change_is_counted_and_only_changes_are,
    a_mirror_fills_an_empty_database_and_takes_no_revocation_back,
    s_16_the_later_password_stands_whoever_brings_it,
    the_later_policy_of_carriers_stands_whoever_brings_it,
    a_login_is_one_user_s_until_they_are_revoked,
    of_two_versions_of_a_number_the_higher_stands_whoever_brings_it,
);

fn tenant(id: &str) -> Decision {
    let (id, name) = (TenantId::new(id), "Acme & בניו".to_owned());
    Decision::Tenant(Tenant::new(id, name, at(0)))
}

fn key(id: &str) -> Decision {
    Decision::Key(ApiKey {
        id: KeyId::new(id),
        tenant: TenantId::new("acme"),
        hash: KeyHash::of(id),
        name: "desk".to_owned(),
        role: Role::Admin,
        scopes: [Scope::Read, Scope::Calls].into_iter().collect(),
        created_at: at(1),
        expires_at: Some(at(100)),
        revoked_at: None,
    })
}

fn password(secs: i64) -> Password {
    Password { hash: PasswordHash::new(format!("$argon2id$of-{secs}")), set_at: at(secs) }
}

fn user(id: &str) -> Decision {
    Decision::User(User {
        id: UserId::new(id),
        tenant: TenantId::new("acme"),
        name: "Ann".to_owned().into(),
        login: Some(Login::parse(&format!("{id}@example.com")).unwrap()),
        password: Some(password(3)),
        role: Role::Owner,
        created_at: at(2),
        revoked_at: None,
    })
}

fn number(version: u64, script: &str) -> Decision {
    let after_hours = AfterHours { message: Some("סגור. Closed.".to_owned()), ..AfterHours::default() };
    Decision::Number(Number {
        number: Address::new("+15550100100"),
        tenant: TenantId::new("acme"),
        label: Some("Front desk".to_owned()),
        answering: Answering { after_hours: Some(after_hours), ..Answering::always(script.parse().unwrap()) },
        version,
        created_at: at(4),
        updated_at: at(5),
        removed_at: None,
    })
}

async fn of_two_versions_of_a_number_the_higher_stands_whoever_brings_it(engine: Engine) {
    let place = Place::on(engine).await;
    let address = Address::new("+15550100100");
    assert_eq!(place.store.number(&address).await.unwrap(), None);
    assert_eq!(place.store.add_decision(&number(2, "second")).await.unwrap(), Added::New);
    for late in [number(1, "first"), number(2, "another second")] {
        assert_eq!(place.store.add_decision(&late).await.unwrap(), Added::Known);
    }
    place.store.restore_decisions(&[number(1, "first")]).await.unwrap();
    assert_eq!(place.store.decisions().await.unwrap(), [number(2, "second")]);
    place.store.restore_decisions(&[number(3, "third")]).await.unwrap();
    let kept = place.store.number(&address).await.unwrap();
    assert_eq!(kept.map(Decision::Number), Some(number(3, "third")));

    let id = number(3, "third").id();
    place.store.revoke_decision(&id, at(9)).await.unwrap();
    let gone = place.store.number(&address).await.unwrap().unwrap();
    assert_eq!((gone.version, gone.removed_at), (4, Some(at(9))));
    assert_eq!(place.store.add_decision(&number(5, "again")).await.unwrap(), Added::New);
    assert_eq!(place.store.decisions().await.unwrap(), [number(5, "again")], "it was given again");
}

async fn what_is_added_is_read_back_and_nothing_is_added_twice(engine: Engine) {
    let place = Place::on(engine).await;
    let all = [tenant("acme"), key("k1"), key("k2"), user("u1"), number(1, "welcome")];
    for decision in &all {
        assert_eq!(place.store.add_decision(decision).await.unwrap(), Added::New);
    }
    assert_eq!(place.store.decisions().await.unwrap(), all);
    let Decision::Tenant(other) = tenant("acme") else { unreachable!() };
    let other = Decision::Tenant(Tenant { name: "Other".to_owned(), ..other });
    assert_eq!(place.store.add_decision(&other).await.unwrap(), Added::Known);
    assert_eq!(place.reopened().await.decisions().await.unwrap(), all);
}

async fn the_first_revocation_stands(engine: Engine) {
    let place = Place::on(engine).await;
    for decision in [tenant("acme"), key("k1"), user("u1")] {
        place.store.add_decision(&decision).await.unwrap();
        for secs in [10, 20] {
            place.store.revoke_decision(&decision.id(), at(secs)).await.unwrap();
        }
    }
    let revoked: Vec<_> = place.store.decisions().await.unwrap().iter().map(Decision::revoked_at).collect();
    assert_eq!(revoked, [Some(at(10)); 3]);
}

async fn every_change_is_counted_and_only_changes_are(engine: Engine) {
    let place = Place::on(engine).await;
    let first = place.store.decisions_stand().await.unwrap();
    assert_eq!(place.store.decisions_stand().await.unwrap(), first);
    place.store.add_decision(&key("k1")).await.unwrap();
    let added = place.store.decisions_stand().await.unwrap();
    place.store.revoke_decision(&key("k1").id(), at(5)).await.unwrap();
    let revoked = place.store.decisions_stand().await.unwrap();
    assert!(first.changes < added.changes && added.changes < revoked.changes);
    assert_eq!(first.store, revoked.store);
    let other = Place::on(engine).await;
    assert_ne!(other.store.decisions_stand().await.unwrap().store, first.store);
}

async fn a_mirror_fills_an_empty_database_and_takes_no_revocation_back(engine: Engine) {
    let place = Place::on(engine).await;
    place.store.add_decision(&key("k1")).await.unwrap();
    place.store.add_decision(&key("k2")).await.unwrap();
    place.store.revoke_decision(&key("k2").id(), at(3)).await.unwrap();
    let mirror = [tenant("acme"), key("k1").revoked(at(4)), key("k2"), user("u1")];
    place.store.restore_decisions(&mirror).await.unwrap();
    let expected = [tenant("acme"), key("k1").revoked(at(4)), key("k2").revoked(at(3)), user("u1")];
    assert_eq!(place.store.decisions().await.unwrap(), expected);
}

async fn s_16_the_later_password_stands_whoever_brings_it(engine: Engine) {
    let place = Place::on(engine).await;
    let with = |secs| match user("u1") {
        Decision::User(user) => Decision::User(User { password: Some(password(secs)), ..user }),
        other => other,
    };
    place.store.add_decision(&user("u1")).await.unwrap();
    let before = place.store.decisions_stand().await.unwrap();
    place.store.set_password(&UserId::new("u1"), &password(9)).await.unwrap();
    assert!(before.changes < place.store.decisions_stand().await.unwrap().changes, "other nodes look");
    assert_eq!(place.store.decisions().await.unwrap(), [with(9)]);
    place.store.set_password(&UserId::new("u1"), &password(8)).await.unwrap();
    place.store.restore_decisions(&[with(7)]).await.unwrap();
    assert_eq!(place.store.decisions().await.unwrap(), [with(9)], "an older one brings nothing back");
    place.store.restore_decisions(&[with(12)]).await.unwrap();
    assert_eq!(place.store.decisions().await.unwrap(), [with(12)]);
}

async fn a_login_is_one_user_s_until_they_are_revoked(engine: Engine) {
    let place = Place::on(engine).await;
    let named_as_u1 = match user("u2") {
        Decision::User(two) => {
            Decision::User(User { login: Some(Login::parse("u1@example.com").unwrap()), ..two })
        }
        other => other,
    };
    place.store.add_decision(&user("u1")).await.unwrap();
    assert_eq!(place.store.add_decision(&named_as_u1).await.unwrap(), Added::Known);
    place.store.revoke_decision(&user("u1").id(), at(5)).await.unwrap();
    assert_eq!(place.store.add_decision(&named_as_u1).await.unwrap(), Added::New);
    let nameless = |id: &str| match user(id) {
        Decision::User(user) => Decision::User(User { login: None, password: None, ..user }),
        other => other,
    };
    for id in ["u3", "u4"] {
        assert_eq!(
            place.store.add_decision(&nameless(id)).await.unwrap(),
            Added::New,
            "who has none is in no way"
        );
    }
}

async fn the_later_policy_of_carriers_stands_whoever_brings_it(engine: Engine) {
    let place = Place::on(engine).await;
    place.store.add_decision(&tenant("acme")).await.unwrap();
    let said = |secs: i64, name: Option<&str>| {
        let Decision::Tenant(tenant) = tenant("acme") else { unreachable!() };
        let policy =
            |name: &str| serde_json::from_str(&format!(r#"{{"accounts":[{{"name":"{name}"}}]}}"#)).unwrap();
        Tenant { carriers: name.map(policy), carriers_set_at: Some(at(secs)), ..tenant }
    };
    let is_there = async |expected: Tenant| {
        let there = place.store.decisions().await.unwrap();
        assert_eq!(there, [Decision::Tenant(expected)]);
    };
    place.store.set_carriers(&said(5, Some("israel"))).await.unwrap();
    is_there(said(5, Some("israel"))).await;
    place.store.restore_decisions(&[Decision::Tenant(said(4, Some("twilio")))]).await.unwrap();
    is_there(said(5, Some("israel"))).await;
    place.store.restore_decisions(&[Decision::Tenant(said(7, None))]).await.unwrap();
    is_there(said(7, None)).await;
}

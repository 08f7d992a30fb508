//! People who sign in with a password, and what ends that (S-16); how guessing is slowed down (S-17); what agents may not
//! do (S2.48).

use crate::client::{Answer, send};
use crate::house::{House, Opening, encode};
use serde_json::{Value, json};

const PASSWORD: &str = "correct horse battery";

/// A house where time runs as it does outside: waits are to be seen.
async fn slow_house() -> House {
    House::with(Opening { speed: 1.0, ..Opening::default() }).await
}

impl House {
    async fn add_user(&self, login: &str, role: &str) -> Value {
        let body = json!({ "name": "Ann Lee", "login": login, "password": PASSWORD, "role": role });
        let added = self.api("POST", "/api/users", &body.to_string()).await;
        assert_eq!(added.status, 201, "{}", added.text());
        added.json()
    }

    async fn enters(&self, login: &str, password: &str) -> Answer {
        let form = encode(&[("login", login), ("password", password)]);
        send(self.server, "POST", "/login", &[], form.as_bytes()).await
    }

    async fn cookie(&self, login: &str, password: &str) -> String {
        let answer = self.enters(login, password).await;
        assert_eq!(answer.status, 303, "{}", answer.text());
        answer.header("set-cookie").unwrap().split(';').next().unwrap().to_owned()
    }

    async fn front(&self, cookie: &str) -> u16 {
        self.get("/", &[("cookie", cookie), ("accept", "text/html")]).await.status
    }

    async fn token(&self, cookie: &str, page: &str) -> String {
        let page = self.get(page, &[("cookie", cookie), ("accept", "text/html")]).await;
        let rest = page.text().split("name=\"token\" value=\"").nth(1).map(str::to_owned);
        rest.and_then(|rest| rest.split('"').next().map(str::to_owned)).unwrap_or_default()
    }

    async fn posts(&self, cookie: &str, page: &str, form: &[(&str, &str)]) -> Answer {
        let headers = [("cookie", cookie), ("sec-fetch-site", "same-origin")];
        send(self.server, "POST", page, &headers, encode(form).as_bytes()).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s_16_a_person_signs_in_with_a_password_that_no_answer_tells() {
    let house = House::open().await;
    let user = house.add_user("Ann@Example.com", "agent").await;
    assert_eq!((&user["login"], user.get("password")), (&json!("ann@example.com"), None));
    let cookie = house.cookie(" ann@EXAMPLE.com", PASSWORD).await;
    assert_eq!(house.front(&cookie).await, 200);
    let list = house.api("GET", "/api/users", "").await;
    assert!(!list.text().contains("argon2") && !list.text().contains(PASSWORD), "{}", list.text());
    let made = house.api("POST", "/api/users", r#"{"name": "Ben", "login": "ben"}"#).await.json();
    let password = made["password"].as_str().unwrap();
    assert_eq!(house.enters("ben", password).await.status, 303, "one was made, and told once");
    for (body, status) in [
        (json!({ "name": "x", "login": "ann@example.com" }), 409),
        (json!({ "name": "x", "login": "a b" }), 400),
        (json!({ "name": "x", "login": "cid", "password": "short" }), 400),
        (json!({ "name": "x", "password": PASSWORD }), 400),
    ] {
        assert_eq!(house.api("POST", "/api/users", &body.to_string()).await.status, status, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s_16_each_sign_in_is_another_session_and_leaving_ends_that_one_for_good() {
    let house = House::open().await;
    house.add_user("ann", "agent").await;
    let (one, other) = (house.cookie("ann", PASSWORD).await, house.cookie("ann", PASSWORD).await);
    assert_ne!(one, other);
    let form = encode(&[("login", "ann"), ("password", PASSWORD)]);
    let again = send(house.server, "POST", "/login", &[("cookie", &one)], form.as_bytes()).await;
    assert!(!again.header("set-cookie").unwrap().starts_with(&*one), "who signs in again gets a new one");
    let token = house.token(&one, "/").await;
    assert_eq!(house.posts(&one, "/logout", &[("token", &token)]).await.status, 303);
    assert_eq!((house.front(&one).await, house.front(&other).await), (303, 200));
}

#[tokio::test(flavor = "multi_thread")]
async fn s_16_a_new_password_ends_every_session_of_the_old_one() {
    let house = House::open().await;
    let user = house.add_user("ann", "agent").await;
    let (here, there) = (house.cookie("ann", PASSWORD).await, house.cookie("ann", PASSWORD).await);
    let token = house.token(&here, "/account").await;
    let change = |old: &'static str, new: &'static str, again: &'static str| {
        let form =
            [("token", token.clone()), ("old", old.into()), ("new", new.into()), ("again", again.into())];
        let (house, here) = (&house, &here);
        async move {
            let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            house.posts(here, "/account", &form).await
        }
    };
    const NEW: &str = "a better one than that";
    assert_eq!(change("wrong horse battery", NEW, NEW).await.status, 403);
    assert_eq!(change(PASSWORD, NEW, "another one than that").await.status, 400);
    assert_eq!(change(PASSWORD, "short", "short").await.status, 400);
    assert_eq!(house.front(&there).await, 200, "the control: nothing has changed");
    let changed = change(PASSWORD, NEW, NEW).await;
    assert_eq!(changed.status, 303, "{}", changed.text());
    let fresh = changed.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(
        (house.front(&here).await, house.front(&there).await, house.front(&fresh).await),
        (303, 303, 200)
    );
    assert_eq!(
        (house.enters("ann", PASSWORD).await.status, house.enters("ann", NEW).await.status),
        (403, 303)
    );

    let path = format!("/api/users/{}/password", user["id"].as_str().unwrap());
    let set = house.api("PUT", &path, "{}").await;
    assert_eq!(set.status, 200, "{}", set.text());
    assert_eq!(house.front(&fresh).await, 303, "an administrator set another");
    assert_eq!(house.enters("ann", set.json()["password"].as_str().unwrap()).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn s_16_a_revoked_person_is_out_at_once_and_does_not_come_back() {
    let house = House::open().await;
    let user = house.add_user("ann", "owner").await;
    let cookie = house.cookie("ann", PASSWORD).await;
    assert_eq!(house.front(&cookie).await, 200);
    let path = format!("/api/users/{}", user["id"].as_str().unwrap());
    assert_eq!(house.api("DELETE", &path, "").await.status, 204);
    assert_eq!(house.front(&cookie).await, 303);
    assert_eq!(house.enters("ann", PASSWORD).await.status, 403);
    assert_eq!(house.api("PUT", &format!("{path}/password"), "{}").await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn s_17_who_is_unknown_is_answered_as_who_is_wrong() {
    let house = slow_house().await;
    house.add_user("ann", "agent").await;
    let (wrong, unknown) =
        (house.enters("ann", "wrong horse battery").await, house.enters("zoe", PASSWORD).await);
    assert_eq!((wrong.status, unknown.status), (403, 403));
    assert_eq!(wrong.text(), unknown.text());
    let guess = async |login: &str| {
        let mut last = house.enters(login, "wrong horse battery").await;
        for _ in 0..6 {
            last = house.enters(login, "wrong horse battery").await;
        }
        last
    };
    let (known, unknown) = (guess("ann").await, guess("zoe").await);
    assert_eq!((known.status, unknown.status), (429, 429), "both wait");
    assert!(known.header("retry-after").is_some() && unknown.header("retry-after").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn s_17_guessing_at_one_name_is_slowed_down_and_the_right_password_waits_too() {
    let house = slow_house().await;
    house.add_user("ann", "agent").await;
    house.add_user("ben", "agent").await;
    for _ in 0..5 {
        assert_eq!(house.enters("ann", "wrong horse battery").await.status, 403);
    }
    let waits = house.enters("ANN ", PASSWORD).await;
    assert_eq!(waits.status, 429, "or the right one would be told from the wrong ones");
    assert_eq!(house.enters("ben", PASSWORD).await.status, 303, "the control: another does not wait");
}

#[tokio::test(flavor = "multi_thread")]
async fn s_04_a_made_up_address_is_no_way_round_the_limit_but_a_trusted_proxy_s_word_counts() {
    let tries = async |house: &House, forwarded: &dyn Fn(usize) -> String| {
        let mut refused = 0;
        for n in 0..14 {
            let (form, from) = (encode(&[("key", "guess")]), forwarded(n));
            let headers = [("x-forwarded-for", &*from), ("x-real-ip", &*from), ("forwarded", &*from)];
            refused += u32::from(
                send(house.server, "POST", "/login", &headers, form.as_bytes()).await.status == 429,
            );
        }
        refused
    };
    let open = slow_house().await;
    assert_eq!(tries(&open, &|n| format!("198.51.100.{n}")).await, 4, "ten are free, whatever it says");
    let trusting = Opening {
        speed: 1.0,
        access: |mut access| {
            access.trusted_proxies = vec!["127.0.0.1".parse().unwrap()];
            access
        },
        ..Opening::default()
    };
    let trusting = House::with(trusting).await;
    assert_eq!(tries(&trusting, &|n| format!("198.51.100.{n}")).await, 0, "fourteen people behind a proxy");
    assert_eq!(
        tries(&trusting, &|n| format!("198.51.100.{n}, 203.0.113.7")).await,
        4,
        "one who makes others up"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_48_an_agent_cannot_clean_up_and_sees_nothing_of_it() {
    let house = House::open().await;
    for (login, role) in [("agent", "agent"), ("owner", "owner"), ("root", "system_admin")] {
        house.add_user(login, role).await;
        let cookie = house.cookie(login, PASSWORD).await;
        let runs = role == "system_admin";
        let check = house.get("/settings-check", &[("cookie", &cookie), ("accept", "text/html")]).await;
        assert_eq!(check.status, if runs { 200 } else { 403 }, "{role}");
        let front = house.get("/", &[("cookie", &cookie), ("accept", "text/html")]).await;
        assert_eq!(front.text().contains("/settings-check"), runs, "{role}");
        assert!(front.text().contains("/account"), "{role}");

        let key = json!({ "name": role, "role": role }).to_string();
        let key = house.api("POST", "/api/keys", &key).await.json()["key"].as_str().unwrap().to_owned();
        let bearer = format!("Bearer {key}");
        let ask = async |method: &str, path: &str, body: &str| {
            send(house.server, method, path, &[("authorization", &*bearer)], body.as_bytes()).await
        };
        let agent = role == "agent";
        for (method, path, body, may) in [
            ("POST", "/api/recover", r#"{"dry_run": true}"#, runs),
            ("GET", "/api/tenants", "", runs),
            ("GET", "/api/keys", "", !agent),
            ("GET", "/api/calls", "", true),
        ] {
            assert_eq!(ask(method, path, body).await.status, if may { 200 } else { 403 }, "{role} {path}");
        }
        if agent {
            assert_eq!(ask("POST", "/api/drain", "").await.status, 403);
            assert_eq!(ask("DELETE", "/api/users/anybody", "").await.status, 403);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s_16_a_narrow_key_does_what_its_scopes_say_on_pages_too_and_makes_no_wider_one() {
    let house = House::open().await;
    let key = async |by: &str, body: Value| {
        let headers = [("authorization", by)];
        send(house.server, "POST", "/api/keys", &headers, body.to_string().as_bytes()).await
    };
    let root = format!("Bearer {}", crate::house::KEY);
    let made = key(&root, json!({ "name": "x", "role": "owner", "scopes": ["read"] })).await;
    assert_eq!((made.status, &made.json()["scopes"]), (201, &json!(["read"])), "{}", made.text());
    let text = made.json()["key"].as_str().unwrap().to_owned();
    let reads = format!("Bearer {text}");
    let ask = async |method: &str, path: &str| {
        send(house.server, method, path, &[("authorization", &*reads)], b"{}").await
    };
    assert_eq!(ask("GET", "/api/calls").await.status, 200);
    for (method, path, scope) in [
        ("POST", "/api/calls", "calls"),
        ("POST", "/api/campaigns", "campaigns"),
        ("GET", "/api/keys", "admin"),
    ] {
        let refused = ask(method, path).await;
        let told = refused.json();
        assert_eq!(
            (refused.status, &told["code"], &told["scope"]),
            (403, &json!("out_of_scope"), &json!(scope))
        );
    }
    let form = encode(&[("key", &text)]);
    let cookie = send(house.server, "POST", "/login", &[], form.as_bytes()).await;
    let cookie = cookie.header("set-cookie").unwrap().split(';').next().unwrap().to_owned();
    let token = house.token(&cookie, "/").await;
    let placed = house.posts(&cookie, "/calls", &[("token", &token), ("to", "+15550109002")]).await;
    assert_eq!((house.front(&cookie).await, placed.status), (200, 403));

    let admin = key(&root, json!({ "name": "y", "role": "owner", "scopes": ["admin"] })).await.json();
    let admin = format!("Bearer {}", admin["key"].as_str().unwrap());
    assert_eq!(key(&admin, json!({ "name": "z", "scopes": ["read"] })).await.status, 403);
    let own = key(&admin, json!({ "name": "z" })).await;
    assert_eq!((own.status, &own.json()["scopes"]), (201, &json!(["admin"])));
    assert_eq!(key(&root, json!({ "name": "z", "scopes": [] })).await.status, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn s_16_a_key_in_an_address_opens_nothing() {
    let house = House::open().await;
    let key = crate::house::KEY;
    for path in ["/api/calls", "/api/events", "/"] {
        for name in ["key", "token", "api_key", "access_token"] {
            let status = house.get(&format!("{path}?{name}={key}"), &[]).await.status;
            assert!([401, 303].contains(&status), "{path} {name}: {status}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s_08_pages_of_another_tenant_s_things_are_as_those_that_never_were() {
    let house = House::open().await;
    for tenant in ["acme", "beta"] {
        assert_eq!(house.api("POST", "/api/tenants", &json!({ "id": tenant }).to_string()).await.status, 201);
        let body =
            json!({ "name": "x", "login": tenant, "password": PASSWORD, "tenant": tenant, "role": "owner" });
        assert_eq!(house.api("POST", "/api/users", &body.to_string()).await.status, 201);
    }
    let (ours, theirs) = (house.cookie("acme", PASSWORD).await, house.cookie("beta", PASSWORD).await);
    let token = house.token(&ours, "/").await;
    let placed = house.posts(&ours, "/calls", &[("token", &token), ("to", "+15550109002")]).await;
    let call = placed.header("location").unwrap().to_owned();
    let nobodys = "/calls/0199b2a4-7c6e-7000-8000-000000000001";
    let page = async |cookie: &str, path: &str| {
        house.get(path, &[("cookie", cookie), ("accept", "text/html")]).await.status
    };
    assert_eq!(page(&ours, &call).await, 200, "the control");
    assert_eq!((page(&theirs, &call).await, page(&theirs, nobodys).await), (404, 404));
    let token = house.token(&theirs, "/").await;
    for path in [&*call, nobodys] {
        for action in ["end", "hold", "resume", "transfer"] {
            let form = [("token", &*token), ("to", "+15550109001")];
            assert_eq!(
                house.posts(&theirs, &format!("{path}/{action}"), &form).await.status,
                404,
                "{action}"
            );
        }
        let forged = [("token", "x"), ("to", "+15550109001")];
        assert_eq!(house.posts(&ours, &format!("{path}/transfer"), &forged).await.status, 403);
    }
}

//! The dashboard: who may see it, and what other sites can't make it do (S-11, S-12).

use crate::client::{Answer, send};
use crate::house::{House, KEY, encode, eventually};
use serde_json::json;

impl House {
    async fn page(&self, target: &str, cookie: &str) -> Answer {
        self.get(target, &[("cookie", cookie), ("accept", "text/html")]).await
    }

    async fn form(&self, target: &str, headers: &[(&str, &str)], form: &[(&str, &str)]) -> Answer {
        send(self.server, "POST", target, headers, encode(form).as_bytes()).await
    }
}

/// The value of a hidden field of a page.
fn hidden(page: &Answer, name: &str) -> String {
    let field = format!("name=\"{name}\" value=\"");
    page.text().split(&field).nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_signed_in_sees_no_page() {
    let house = House::open().await;
    for target in ["/", "/campaigns", "/settings-check", "/calls/0199b2a4-7c6e-7000-8000-000000000001"] {
        let answer = house.page(target, "trunkline=1.2.3.4").await;
        assert_eq!(answer.status, 303, "{target}");
        assert!(answer.header("location").unwrap().starts_with("/login?next="));
    }
    let stream = house.get("/events/stream", &[("accept", "text/event-stream")]).await;
    assert_eq!(stream.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_opens_the_dashboard_until_one_signs_out() {
    let house = House::open().await;
    let cookie = house.sign_in().await;
    let page = house.page("/", &cookie).await;
    assert_eq!(page.status, 200);
    let token = hidden(&page, "token");
    let out = house.form("/logout", &[("cookie", &cookie)], &[("token", &token)]).await;
    assert_eq!(out.header("location"), Some("/login"));
    assert_eq!(house.page("/", &cookie).await.status, 303);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_cookie_is_for_this_site_and_for_no_script() {
    let house = House::open().await;
    let answer = house.form("/login", &[], &[("key", KEY), ("next", "//evil.example")]).await;
    let cookie = answer.header("set-cookie").unwrap();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    assert_eq!(answer.header("location"), Some("/"));
}

#[tokio::test(flavor = "multi_thread")]
async fn guessing_keys_is_slowed_down() {
    let house = House::open().await;
    for _ in 0..10 {
        assert_eq!(house.form("/login", &[], &[("key", "guess")]).await.status, 403);
    }
    // The engine's clock runs fast in tests, so that a window may pass between two guesses: several in a row tell.
    let mut refused = 0;
    for _ in 0..40 {
        refused += u32::from(house.form("/login", &[], &[("key", "guess")]).await.status == 429);
    }
    assert!(refused > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_can_be_placed_from_the_page_once_per_form() {
    let house = House::open().await;
    let cookie = house.sign_in().await;
    let page = house.page("/", &cookie).await;
    let (token, once) = (hidden(&page, "token"), hidden(&page, "once"));
    let form = [("token", &*token), ("once", &*once), ("to", "+15550109002"), ("name", "Ann")];
    let headers = [("cookie", &*cookie), ("sec-fetch-site", "same-origin")];
    let first = house.form("/calls", &headers, &form).await;
    let again = house.form("/calls", &headers, &form).await;
    assert_eq!((first.status, again.status), (303, 303), "{}", first.text());
    assert_eq!(first.header("location"), again.header("location"));
    let call = house.page(first.header("location").unwrap(), &cookie).await;
    assert!(call.text().contains("Ann"));
    house.sim.wait_for(|sim| !sim.dialed().is_empty()).await;
    assert_eq!(house.sim.dialed()["+15550109002"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_number_is_said_beside_its_field_and_nothing_is_lost() {
    let house = House::open().await;
    let cookie = house.sign_in().await;
    let token = hidden(&house.page("/", &cookie).await, "token");
    let form = [("token", &*token), ("to", "12"), ("name", "Zoë")];
    let answer = house.form("/calls", &[("cookie", &cookie)], &form).await;
    assert_eq!(answer.status, 400);
    assert!(answer.text().contains("aria-invalid") && answer.text().contains("Zoë"));
}

#[tokio::test(flavor = "multi_thread")]
async fn s_11_another_site_can_place_no_call() {
    let house = House::open().await;
    let cookie = house.sign_in().await;
    let token = hidden(&house.page("/", &cookie).await, "token");
    let good = [("token", &*token), ("to", "+15550109000")];
    for headers in [
        vec![("cookie", &*cookie), ("origin", "https://evil.example")],
        vec![("cookie", &*cookie), ("origin", "null")],
        vec![("cookie", &*cookie), ("sec-fetch-site", "cross-site")],
    ] {
        assert_eq!(house.form("/calls", &headers, &good).await.status, 403, "{headers:?}");
    }
    for token in ["", "wrong", &cookie] {
        let form = [("token", token), ("to", "+15550109000")];
        assert_eq!(house.form("/calls", &[("cookie", &cookie)], &form).await.status, 403);
    }
    // A session is for pages: the API wants the key, so that no site can use a browser's cookie there.
    assert_eq!(house.page("/api/calls", &cookie).await.status, 401);
    assert!(house.sim.dialed().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_people_are_called_is_text_and_nothing_else() {
    let house = House::open().await;
    let cookie = house.sign_in().await;
    let name = "<script>alert(1)</script>\"'><img src=x onerror=y>";
    let order = json!({"to": "+15550109002", "name": name, "metadata": {"x": name}, "session_id": name});
    let placed = house.api("POST", "/api/calls", &order.to_string()).await;
    let id = placed.json()["id"].as_str().unwrap().to_owned();
    for target in ["/".to_owned(), format!("/calls/{id}"), format!("/?search={}", encode(&[("", name)]))] {
        let page = house.page(&target, &cookie).await;
        assert_eq!(page.status, 200, "{target}");
        assert!(!page.text().contains("<script>alert") && !page.text().contains("<img"), "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_run_nothing_inline_and_stand_in_no_frame() {
    let house = House::open().await;
    let cookie = house.sign_in().await;
    for target in ["/", "/settings-check", "/login"] {
        let page = house.page(target, &cookie).await;
        let policy = page.header("content-security-policy").unwrap();
        assert!(policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
        assert!(!page.text().contains(" style=") && !page.text().contains(" onclick="), "{target}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_speak_the_readers_language() {
    let house = House::open().await;
    let cookie = house.sign_in().await;
    let hebrew = house.get("/", &[("cookie", &cookie), ("accept-language", "he-IL,en;q=0.5")]).await;
    assert!(hebrew.text().contains(r#"<html lang="he" dir="rtl">"#));
    let chosen = house.get("/language/he?back=/settings-check", &[("cookie", &cookie)]).await;
    assert_eq!(chosen.header("location"), Some("/settings-check"));
    let both = format!("{cookie}; {}", chosen.header("set-cookie").unwrap().split(';').next().unwrap());
    assert!(house.page("/settings-check", &both).await.text().contains("dir=\"rtl\""));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_settings_check_shows_parts_findings_and_refused_webhooks() {
    let house = House::open().await;
    let cookie = house.sign_in().await;
    house.forged("/status", &[], "wrong").await;
    let page = house.page("/settings-check", &cookie).await;
    for words in
        ["Journal", "PUBLIC_URL", "is reached from this machine only", "/answer", "One request was refused"]
    {
        assert!(page.text().contains(words), "{words}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_there_is_said_in_a_page() {
    let house = House::open().await;
    let cookie = house.sign_in().await;
    for id in ["0199b2a4-7c6e-7000-8000-000000000001", "%00", "a%20b"] {
        let page = house.page(&format!("/calls/{id}"), &cookie).await;
        assert_eq!(page.status, 404);
        assert!(page.text().starts_with("<!doctype html>"), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_campaign_is_looked_at_and_started_from_its_page_and_by_no_other_site() {
    let house = House::open().await;
    let cookie = house.sign_in().await;
    let body = json!({ "name": "Spring <b>", "script": "questions", "from": "+15550100100" }).to_string();
    let made = eventually("the database is there", async || {
        Some(house.api("POST", "/api/campaigns", &body).await).filter(|made| made.status != 503)
    })
    .await;
    assert_eq!(made.status, 201, "{}", made.text());
    let id = made.json()["id"].as_str().unwrap().to_owned();
    let people = json!({ "people": [{ "to": "+15550100123", "name": "Ann & בת" }] });
    house.api("POST", &format!("/api/campaigns/{id}/jobs"), &people.to_string()).await;
    let list = house.page("/campaigns", &cookie).await;
    assert!(list.text().contains("Spring &#60;b&#62;"), "{}", list.text());
    let page = house.page(&format!("/campaigns/{id}"), &cookie).await;
    assert_eq!(page.status, 200);
    let text = page.text();
    assert!(text.contains("Ann &#38; בת") && text.contains("The campaign has not been started."), "{text}");
    let start = format!("/campaigns/{id}/start");
    let forged = house.form(&start, &[("cookie", &cookie)], &[("token", "other")]).await;
    assert_eq!(forged.status, 403);
    let started = house.form(&start, &[("cookie", &cookie)], &[("token", &hidden(&page, "token"))]).await;
    assert_eq!((started.status, started.header("location")), (303, Some(&*format!("/campaigns/{id}"))));
    let again = house.page(&format!("/campaigns/{id}"), &cookie).await;
    assert!(again.text().contains("Running"));
    let hebrew = format!("{cookie}; lang=he");
    assert!(house.page(&format!("/campaigns/{id}"), &hebrew).await.text().contains("dir=\"rtl\""));
    assert_eq!(house.page("/campaigns/nothing", &cookie).await.status, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_is_explained_to_everybody_in_both_frames_without_a_script() {
    let house = House::open().await;
    for (language, title) in [("en", "The API"), ("he", "ממשק ה-API")] {
        let page = house.get("/docs", &[("accept-language", language)]).await;
        let text = page.text();
        assert_eq!(page.status, 200);
        assert!(text.contains(&format!("<h1>{title}</h1>")), "{language}");
        assert!(page.header("content-security-policy").unwrap().contains("default-src 'none'"));
        assert!(!text.contains("<style") && !text.contains("onclick") && !text.contains("//cdn"));
        for told in [
            "/api/calls/{id}/recordings/{n}",
            "Idempotency-Key",
            "id=\"shape-Call\"",
            "Authorization: Bearer",
        ] {
            assert!(text.contains(told), "{language}: {told}");
        }
    }
    let document = house.get("/openapi.json", &[]).await.json();
    let page = house.get("/docs", &[]).await;
    for (path, at) in document["paths"].as_object().unwrap() {
        for (verb, operation) in at.as_object().unwrap() {
            let id = format!("id=\"{}\"", operation["operationId"].as_str().unwrap());
            assert!(page.text().contains(&id), "{verb} {path}");
        }
    }
    let errors = house.get("/docs/errors", &[]).await;
    for code in document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"].as_array().unwrap()
    {
        assert!(errors.text().contains(&format!("id=\"{}\"", code.as_str().unwrap())), "{code}");
    }
}

//! How often somebody may ask, and what other origins may (S-11).

use crate::client::{Answer, send};
use crate::house::{House, KEY, Opening};
use trunkline_core::throttle::Rate;
use trunkline_web::Limits;

/// A house whose keys may ask thrice at once, and strangers twice.
async fn strict_house() -> House {
    let limits = Limits {
        key_rate: Rate { per_second: 1, burst: 3 },
        stranger_rate: Rate { per_second: 1, burst: 2 },
        ..Limits::default()
    };
    House::with(Opening { limits, speed: 1.0, ..Opening::default() }).await
}

impl House {
    async fn with_key(&self, key: &str, path: &str) -> Answer {
        self.get(path, &[("authorization", &format!("Bearer {key}"))]).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_asks_too_often_is_told_how_it_stands_and_others_go_on() {
    let house = strict_house().await;
    let made = house.api("POST", "/api/keys", r#"{"name": "other"}"#).await.json();
    let other = made["key"].as_str().unwrap();
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(house.with_key(KEY, "/api/calls").await);
    }
    let refused = answers.iter().find(|answer| answer.status == 429).expect("the fourth at the latest");
    assert_eq!(refused.json()["code"], "rate_limited");
    assert_eq!(refused.header("ratelimit-limit"), Some("3"));
    assert_eq!(refused.header("ratelimit-remaining"), Some("0"));
    assert!(refused.header("retry-after").is_some());
    let first = house.with_key(other, "/api/calls").await;
    assert_eq!((first.status, first.header("ratelimit-remaining")), (200, Some("2")));
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_held_back_and_neither_good_keys_nor_carriers_nor_probes_are() {
    let house = strict_house().await;
    let mut refused = 0;
    for _ in 0..10 {
        let answer = house.with_key("wrong", "/api/calls").await;
        refused += u32::from(answer.status == 429);
        assert!([401, 429].contains(&answer.status));
    }
    assert!(refused > 0, "the control");
    assert_eq!(house.with_key(KEY, "/api/calls").await.status, 200, "a good key of the same address");
    for _ in 0..10 {
        assert_eq!(house.get("/health", &[]).await.status, 200);
        let form = [("CallSid", "CA00000000000000000000000000000077"), ("CallStatus", "ringing")];
        assert_ne!(house.webhook("/status", &form).await.status, 429, "they are signed");
        assert_ne!(house.forged("/status", &form, "wrong").await.status, 429);
    }
}

/// A house that lets one other origin read.
async fn sharing_house() -> House {
    let access = |mut access: trunkline_web::Access| {
        access.origins = vec!["https://app.example.com".parse().unwrap()];
        access
    };
    House::with(Opening { access, ..Opening::default() }).await
}

#[tokio::test(flavor = "multi_thread")]
async fn s_11_without_the_setting_no_other_origin_reads_anything() {
    let house = House::open().await;
    let bearer = format!("Bearer {KEY}");
    for origin in ["https://app.example.com", "null", "https://evil.example"] {
        let headers = [("origin", origin), ("authorization", &*bearer)];
        let answer = house.get("/api/calls", &headers).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (200, None), "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s_11_a_named_origin_reads_the_api_and_no_other_does_and_never_with_cookies() {
    let house = sharing_house().await;
    let bearer = format!("Bearer {KEY}");
    let ask = async |origin: &str, path: &str| {
        house.get(path, &[("origin", origin), ("authorization", &*bearer)]).await
    };
    let named = ask("https://app.example.com", "/api/calls").await;
    assert_eq!(named.header("access-control-allow-origin"), Some("https://app.example.com"), "the control");
    assert_eq!(named.header("access-control-allow-credentials"), None);
    assert!(named.header("vary").unwrap().contains("Origin"));
    for (origin, path) in [
        ("https://evil.example", "/api/calls"),
        ("null", "/api/calls"),
        ("https://app.example.com.evil.example", "/api/calls"),
        ("https://app.example.com", "/login"),
        ("https://app.example.com", "/"),
    ] {
        assert_eq!(ask(origin, path).await.header("access-control-allow-origin"), None, "{origin} {path}");
    }
    let preflight = async |origin: &str| {
        let headers = [("origin", origin), ("access-control-request-method", "POST")];
        send(house.server, "OPTIONS", "/api/calls", &headers, b"").await
    };
    let asked = preflight("https://app.example.com").await;
    assert_eq!(asked.status, 204);
    assert!(asked.header("access-control-allow-headers").unwrap().contains("authorization"));
    let other = preflight("https://evil.example").await;
    assert_eq!(
        (other.header("access-control-allow-origin"), other.header("access-control-allow-methods")),
        (None, None)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn s_11_no_header_overrides_a_method_and_no_page_may_be_framed() {
    let house = House::open().await;
    let bearer = format!("Bearer {KEY}");
    for name in ["x-http-method-override", "x-http-method", "x-method-override"] {
        let headers = [("authorization", &*bearer), (name, "DELETE")];
        assert_eq!(send(house.server, "POST", "/api/calls", &headers, b"{}").await.status, 400, "{name}");
    }
    for path in ["/login", "/api/calls", "/health"] {
        let answer = house.get(path, &[]).await;
        assert!(
            answer.header("content-security-policy").unwrap().contains("frame-ancestors 'none'"),
            "{path}"
        );
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
    }
}

//! A relay: coturn, with the configuration that `docs/app-calls.md` has. It opens to the credentials that this server mints and to no
//! others, and leads nobody inside.

use jiff::SignedDuration;
use reqwest::Method;
use serde_json::Value;
use trunkline_engine::Clock;
use trunkline_testkit::turn::{Peer, Server, Wish, has_ipv6};

use super::parties::{ask, with};
use crate::day::{Day, Opening};
use crate::pages::block;

const PAGE: &str = include_str!("../../../../../docs/app-calls.md");
const SECRET: &str = "story-turn-secret-0123456789abcdefghijkl";
/// What coturn's client writes when it was let in, when all it sent came back, when it was not let in, and when it may not reach
/// somebody.
const ALLOCATED: &str = "Received relay addr";
const ALL_CAME_BACK: &str = "Total lost packets 0 (";
const UNAUTHORIZED: &str = "Cannot complete Allocation";
const FORBIDDEN: &str = "error 403 (Forbidden IP)";

/// A relay that shares a secret with the server of a day.
pub struct Relay(Server);

impl Relay {
    /// As the page has it.
    fn as_documented() -> Self {
        Self::start(&[])
    }

    /// The same, but browsers of this machine may meet on it. Their addresses are inside like all others of the loopback, which is why
    /// the page's configuration refuses them: one, and no other, is let through.
    pub fn for_loopback() -> Self {
        Self::start(&["--allow-loopback-peers", "--allowed-peer-ip", "127.0.0.1"])
    }

    fn start(more: &[&str]) -> Self {
        let documented = block(PAGE, "conf", "use-auth-secret");
        let configuration =
            documented.replace("static-auth-secret=…", &format!("static-auth-secret={SECRET}"));
        assert_ne!(configuration, documented);
        Self(Server::start(&configuration, more).unwrap())
    }

    /// The server of the day names it, and knows its secret.
    pub fn told_to(&self, opening: Opening) -> Opening {
        opening
            .set("TRUNKLINE_APP_CALLS_TURN", &format!("turn:127.0.0.1:{}?transport=udp", self.0.port()))
            .set("TRUNKLINE_APP_CALLS_TURN_SECRET", SECRET)
    }

    fn says(&self, credentials: &Credentials, peer: Peer<'_>) -> String {
        let Credentials { username, password } = credentials;
        self.0.asks(Wish { username, password, peer }).unwrap()
    }
}

#[derive(Clone)]
struct Credentials {
    username: String,
    password: String,
}

impl Credentials {
    /// What the server of this day mints for a user.
    fn of(day: &Day, user: &str) -> Self {
        let told = ask(day, user, Method::GET, "/api/ice-servers", &Value::Null).json();
        let text = |name: &str| told["ice_servers"][0][name].as_str().unwrap().to_owned();
        Self { username: text("username"), password: text("credential") }
    }
}

/// A day whose server knows the relay.
fn day_of(relay: &Relay) -> Day {
    relay.told_to(with()).begin()
}

#[test]
#[ignore = "needs coturn; cargo xtask test runs it"]
fn s_25_the_relay_opens_to_our_credentials_and_to_none_that_are_wrong_or_have_run_out() {
    let relay = Relay::for_loopback();
    let good = Credentials::of(&day_of(&relay), "ann");
    // By a clock that is two hours behind they have an hour still.
    let earlier = (Clock::real().now() - SignedDuration::from_hours(2)).to_string();
    let slow = relay.told_to(with().at_speed(2.0).begins_at(&earlier)).begin();
    let (ours, other) = (Credentials::of(&slow, "ann"), Credentials::of(&day_of(&relay), "bob"));
    let (until, user) = ours.username.split_once(':').unwrap();
    assert!(until.parse::<i64>().unwrap() < Clock::real().now().as_second(), "{until}");
    let prolonged = format!("{}:{user}", until.parse::<i64>().unwrap() + 86_400);
    for (what, wrong) in [
        ("a password that is none", Credentials { password: "wrong".to_owned(), ..good.clone() }),
        ("somebody else's password", Credentials { password: other.password, ..good.clone() }),
        ("a time that was made longer", Credentials { username: prolonged, ..ours.clone() }),
        ("a time that has run out", ours),
    ] {
        let said = relay.says(&wrong, Peer::Another);
        assert!(said.contains(UNAUTHORIZED) && !said.contains(ALLOCATED), "{what}: {said}");
    }
    let said = relay.says(&good, Peer::Another);
    assert!(said.contains(ALLOCATED) && said.contains(ALL_CAME_BACK), "{said}");
}

#[test]
#[ignore = "needs coturn; cargo xtask test runs it"]
fn s_25_nobody_inside_is_reached_through_the_relay_of_the_page() {
    let relay = Relay::as_documented();
    let day = day_of(&relay);
    // Of one user the relay lets in no more than twelve, and keeps a while who went without a word.
    let says = |number: usize, address: &str| {
        relay.says(&Credentials::of(&day, &format!("ann-{number}")), Peer::At(address))
    };
    let reachable = |address: &&&str| has_ipv6() || !address.contains(':');
    for (number, inside) in INSIDE.iter().filter(reachable).enumerate() {
        let said = says(number, inside);
        assert!(said.contains(ALLOCATED) && said.contains(FORBIDDEN), "{inside}: {said}");
    }
    // Its client waits for an answer, and nobody is there to give one.
    std::thread::scope(|controls| {
        for (number, outside) in OUTSIDE.iter().filter(reachable).enumerate() {
            controls.spawn(move || {
                let said = says(INSIDE.len() + number, outside);
                assert!(
                    said.contains(ALLOCATED) && !said.contains("error"),
                    "the control, {outside}: {said}"
                );
            });
        }
    });
}

/// Of each range that is not public, its ends or what is best known in it; and such addresses as IPv6 hides them.
const INSIDE: [&str; 32] = [
    "0.0.0.0",
    "0.255.255.255",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.127.255.255",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.1",
    "192.88.99.1",
    "192.168.0.1",
    "192.168.255.255",
    "198.18.0.1",
    "198.19.255.255",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::10.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:127.0.0.1",
    "64:ff9b::10.0.0.1",
    "64:ff9b:1::10.0.0.1",
    "2001::1",
    "2002:a00:1::1",
    "fc00::1",
    "fe80::1",
    "ff02::1",
];
/// Of networks for examples, where nobody is.
const OUTSIDE: [&str; 3] = ["198.51.100.7", "203.0.113.7", "2001:db8::7"];

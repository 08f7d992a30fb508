//! What a day begins with: the questions, the settings, the pace, and where the server runs.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{HeaderName, HeaderValue};
use tokio::net::TcpListener;
use trunkline::settings::{Flags, Settings, Sources};
use trunkline_engine::{Clock, Pace};
use trunkline_sim::{Application, Mix, Mouth, OwnNumber, Sim, SimOptions, public_key};
use trunkline_testkit::postgres::{Database, Server};
use trunkline_testkit::proxy::Proxy;

use super::host::{Host, Place};
use super::{ACCOUNT, Day, KEY, OURS, OURS_TOO, TOKEN, TOKEN_TOO};

/// Three questions, as teams write them.
const QUESTIONS: &str = r#"["What is your name?", "Which day suits you?", "Anything else?"]"#;

thread_local! {
    /// The carrier of the story that this thread tells.
    static CARRIER: Cell<Mouth> = const { Cell::new(Mouth::Twilio) };
    /// How its calls are led, where there are two ways.
    static APPLICATION: Cell<Application> = const { Cell::new(Application::Texml) };
}

/// Tells a story of this carrier: every day that begins in it has it.
pub fn through(mouth: Mouth, story: impl FnOnce()) {
    CARRIER.set(mouth);
    story();
    CARRIER.set(Mouth::Twilio);
}

/// The setting that says where a carrier is.
fn api_base(mouth: Mouth) -> &'static str {
    match mouth {
        Mouth::Twilio => "TWILIO_API_BASE",
        Mouth::Telnyx => "TELNYX_API_BASE",
    }
}

/// The second account at a carrier, on days that have two there.
fn account_too(mouth: Mouth) -> &'static str {
    match mouth {
        Mouth::Twilio => "AC00000000000000000000000000000002",
        Mouth::Telnyx => "00000000-0000-4000-8000-000000000002",
    }
}

/// Tells a story of calls that are led by commands.
pub fn led_by_commands(story: impl FnOnce()) {
    APPLICATION.set(Application::CallControl);
    through(Mouth::Telnyx, story);
    APPLICATION.set(Application::Texml);
}

/// Makes a test of each story for each way of leading a call: Twilio's pages, Telnyx's pages, commands.
macro_rules! in_each_way {
    ($($story:ident),+ $(,)?) => {
        mod twilio {
            $(#[test]
            fn $story() {
                crate::day::through(trunkline_sim::Mouth::Twilio, super::$story);
            })+
        }
        mod telnyx {
            $(#[test]
            fn $story() {
                crate::day::through(trunkline_sim::Mouth::Telnyx, super::$story);
            })+
        }
        mod telnyx_led {
            $(#[test]
            fn $story() {
                crate::day::led_by_commands(super::$story);
            })+
        }
    };
}
pub(crate) use in_each_way;

/// How a day begins.
pub struct Opening {
    pub(super) place: Place,
    pub(super) speed: f64,
    pub(super) epoch: Timestamp,
    pub(super) environment: BTreeMap<String, String>,
    questions: String,
    patience: Duration,
    mix: Mix,
    pub(super) mouth: Mouth,
    /// How calls are led at Telnyx.
    pub(super) application: Application,
    /// Another carrier, asked where the first is at fault.
    pub(super) second: Option<Mouth>,
    /// Whether our numbers tell us of the ends of calls that come in, as `numbers sync` has them do.
    synced: bool,
    /// What the second is called, if it is another account at the same carrier.
    named: Option<&'static str>,
    /// Gone when the day is over.
    _database: Option<Database<'static>>,
    pub(super) door: Door,
}

/// What stands between the server and the carrier.
pub(super) enum Door {
    None,
    There(Option<Proxy>),
}

impl Default for Opening {
    fn default() -> Self {
        let environment = [
            ("TRUNKLINE_API_KEY", KEY),
            ("TWILIO_ACCOUNT_SID", ACCOUNT),
            ("TWILIO_AUTH_TOKEN", TOKEN),
            ("TWILIO_PHONE_NUMBER", OURS),
            ("TRUNKLINE_LIMITS_CPS", "50"),
            ("TRUNKLINE_LIMITS_SYSTEM_CALLS", "20"),
            ("TRUNKLINE_LIMITS_CARRIER_CALLS", "20"),
            ("TRUNKLINE_LIMITS_TENANT_CALLS", "20"),
            ("TRUNKLINE_LIMITS_TENANT_OUTBOUND_CALLS", "15"),
            // A real second at the usual pace: less, and a busy machine alone makes answers late.
            ("TRUNKLINE_LIMITS_UNCLEAR_AFTER_SECS", "60"),
        ];
        Self {
            place: Place::Here,
            speed: 60.0,
            epoch: Clock::real().now(),
            environment: environment.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            questions: QUESTIONS.to_owned(),
            patience: Duration::from_secs(20),
            mix: Mix::everybody_answers(),
            mouth: Mouth::Twilio,
            application: APPLICATION.get(),
            second: None,
            named: None,
            synced: false,
            _database: None,
            door: Door::None,
        }
        .through(CARRIER.get())
    }
}

impl Opening {
    /// The carrier, and the settings that open it.
    fn through(self, mouth: Mouth) -> Self {
        let opening = Self { mouth, ..self };
        match mouth {
            Mouth::Twilio => opening,
            Mouth::Telnyx => opening
                .unset("TWILIO_ACCOUNT_SID")
                .unset("TWILIO_AUTH_TOKEN")
                .unset("TWILIO_PHONE_NUMBER")
                .set("TELNYX_ACCOUNT_SID", mouth.usual_account())
                .set("TELNYX_API_KEY", TOKEN)
                .set("TELNYX_PUBLIC_KEY", &public_key(TOKEN))
                .set("TELNYX_PHONE_NUMBER", OURS)
                .with_application(),
        }
    }

    fn with_application(self) -> Self {
        let options = SimOptions::default();
        match self.application {
            Application::Texml => self.set("TELNYX_CONNECTION_ID", &options.connection),
            Application::CallControl => self
                .set("TELNYX_CONNECTION_ID", &options.call_control)
                .set("TELNYX_APPLICATION", "call_control"),
        }
    }

    /// Calls may go through either carrier: through that of all days first, as long as it is not at fault.
    pub fn with_a_second_carrier(self) -> Self {
        match self.mouth {
            Mouth::Twilio => Self { second: Some(Mouth::Telnyx), ..self }
                .set("TELNYX_ACCOUNT_SID", Mouth::Telnyx.usual_account())
                .set("TELNYX_API_KEY", TOKEN)
                .set("TELNYX_PUBLIC_KEY", &public_key(TOKEN))
                .set("TELNYX_CONNECTION_ID", &SimOptions::default().connection)
                .set("TELNYX_PHONE_NUMBER", OURS_TOO),
            Mouth::Telnyx => Self { second: Some(Mouth::Twilio), ..self }
                .set("TWILIO_ACCOUNT_SID", ACCOUNT)
                .set("TWILIO_AUTH_TOKEN", TOKEN)
                .set("TWILIO_PHONE_NUMBER", OURS_TOO),
        }
    }

    /// Calls may go through another account too, at the carrier of the first, which is called so.
    pub fn with_a_second_account(self, name: &'static str) -> Self {
        Self { second: Some(self.mouth), named: Some(name), ..self }
    }

    /// The second account gets this name.
    pub(super) fn rename(&mut self, name: &str) {
        let before =
            self.named.map(|before| format!(r#"name = "{before}""#)).expect("it has a second account");
        let table = self.environment.get_mut("TRUNKLINE_CARRIER_ACCOUNTS").expect("it has begun");
        *table = table.replace(&before, &format!(r#"name = "{name}""#));
    }

    /// The table of accounts that names the second one.
    fn table(name: &str, mouth: Mouth, api_base: &str) -> String {
        let account = account_too(mouth);
        let own = match mouth {
            Mouth::Twilio => format!(r#"account_sid = "{account}", auth_token_env = "STORY_TOKEN_TOO""#),
            Mouth::Telnyx => format!(
                r#"account = "{account}", api_key_env = "STORY_TOKEN_TOO", public_key = "{}", connection = "{}""#,
                public_key(TOKEN_TOO),
                SimOptions::default().connection
            ),
        };
        format!(
            r#"[{{ name = "{name}", kind = "{mouth}", from = "{OURS_TOO}", api_base = "{api_base}", {own} }}]"#
        )
    }

    /// Our numbers are pointed here as `numbers sync` does it: ends of calls that come in are told.
    pub fn with_synced_numbers(self) -> Self {
        Self { synced: true, ..self }
    }

    /// The questions file.
    pub fn questions(self, text: &str) -> Self {
        Self { questions: text.to_owned(), ..self }
    }

    /// A setting, by the name of its variable.
    pub fn set(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A setting that is not given.
    pub fn unset(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// Whoever hears nothing waits so much longer, in real time, before they hang up.
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The database is a PostgreSQL's, and nobody else's.
    pub fn on_postgresql(self) -> Self {
        let database = Server::shared().database().unwrap();
        let opening = self.set("DATABASE_URL", &database.url());
        Self { _database: Some(database), ..opening }
    }

    /// So many outbound calls at once.
    pub fn at_most(self, calls: u32) -> Self {
        self.set("TRUNKLINE_LIMITS_TENANT_OUTBOUND_CALLS", &calls.to_string())
    }

    /// How many times as fast as real time runs.
    pub fn at_speed(self, speed: f64) -> Self {
        Self { speed, ..self }
    }

    /// The day was four months ago: time that runs sixty times as fast meets real time in two days.
    pub fn long_ago(self) -> Self {
        assert!((self.speed - 60.0).abs() < f64::EPSILON, "at the usual pace");
        Self { epoch: self.epoch + jiff::SignedDuration::from_hours(48), ..self }
    }

    /// The same world as another day's: its carriers and its clock.
    pub fn beside(self, other: &Day) -> Self {
        let Opening { mouth, second, speed, epoch, .. } = other.opening;
        let opening = Self { speed, epoch, ..self }.set(api_base(mouth), &other.sim.base_url());
        match (second, &other.second) {
            (Some(mouth), Some(second)) if other.opening.named.is_none() => {
                opening.set(api_base(mouth), &second.base_url())
            }
            _ => opening,
        }
    }

    /// It begins at this moment, by the clock of the simulated world.
    pub fn begins_at(self, when: &str) -> Self {
        let (now, when): (Timestamp, Timestamp) = (Clock::real().now(), when.parse().unwrap());
        let ahead = now.duration_since(when).as_secs_f64() / (self.speed - 1.0);
        Self { epoch: now + jiff::SignedDuration::from_secs_f64(ahead), ..self }
    }

    /// The server reaches the carrier through a door that can be shut.
    pub fn behind_a_door(self) -> Self {
        Self { door: Door::There(None), ..self }
    }

    /// The server is the real program, in a process of its own, and can be killed.
    pub fn in_its_own_process(self) -> Self {
        Self { place: Place::Apart, ..self }
    }

    /// Begins it: the carrier first, then the server.
    pub fn begin(self) -> Day {
        let mut day = self.begin_without_server();
        day.start();
        day
    }

    /// Begins it with the carrier alone.
    pub fn begin_without_server(mut self) -> Day {
        // Only the first of all stories in this process can install it.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let world =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let folder = tempfile::Builder::new().prefix("trunkline-story-").tempdir().unwrap();
        let port = super::host::free_port();
        let first = (self.mouth.usual_account(), TOKEN);
        let sim = world.block_on(self.carrier(port, self.mouth, first, OURS));
        let second = self.second.map(|mouth| {
            let second = match self.named {
                Some(_) => (account_too(mouth), TOKEN_TOO),
                None => (mouth.usual_account(), TOKEN),
            };
            world.block_on(self.carrier(port, mouth, second, OURS_TOO))
        });
        let mut carrier = sim.base_url();
        if let Door::There(door) = &mut self.door {
            let proxy = Proxy::before(sim.addr().port()).unwrap();
            carrier = carrier.replace(&sim.addr().port().to_string(), &proxy.port().to_string());
            *door = Some(proxy);
        }
        self.environment.entry(api_base(self.mouth).into()).or_insert(carrier);
        if let (Some(name), Some(second)) = (self.named, &second) {
            let table = Self::table(name, self.mouth, &second.base_url());
            self.environment.insert("TRUNKLINE_CARRIER_ACCOUNTS".into(), table);
            self.environment.insert("STORY_TOKEN_TOO".into(), TOKEN_TOO.into());
        } else if let (Some(mouth), Some(second)) = (self.second, &second) {
            self.environment.entry(api_base(mouth).into()).or_insert(second.base_url());
        }
        self.environment.insert("PUBLIC_URL".into(), format!("http://127.0.0.1:{port}"));
        std::fs::write(folder.path().join("questions.json"), &self.questions).unwrap();
        let client = reqwest::Client::builder().pool_max_idle_per_host(0).timeout(Duration::from_secs(20));
        // All requests have one name, so that answers can be compared byte by byte.
        let client = client.default_headers(
            [(HeaderName::from_static("x-request-id"), HeaderValue::from_static("story"))]
                .into_iter()
                .collect(),
        );
        let client = client.build().unwrap();
        Day { sim, second, host: Host::Down, opening: self, client, key: KEY.to_owned(), port, folder, world }
    }

    async fn carrier(&self, port: u16, mouth: Mouth, account: (&str, &str), ours: &str) -> Sim {
        let page = match self.application {
            Application::Texml => "answer",
            Application::CallControl => "call-control",
        };
        let answer = format!("http://127.0.0.1:{port}/{page}");
        let mut number = OwnNumber::from(ours).with_voice_url(&answer);
        if self.synced {
            number.status_callback = format!("http://127.0.0.1:{port}/status");
        }
        let options = SimOptions {
            mouth,
            application: self.application,
            account_sid: account.0.to_owned(),
            auth_token: account.1.to_owned(),
            numbers: vec![number],
            speed: self.speed,
            epoch: Some(self.epoch),
            patience: self.patience,
            mix: self.mix.clone(),
            // A long story is audited to its first webhook.
            webhook_log: 1_000_000,
            ..SimOptions::default()
        };
        Sim::start(TcpListener::bind("127.0.0.1:0").await.unwrap(), options).await.unwrap()
    }

    pub(super) fn pace(&self) -> Pace {
        Pace { epoch: self.epoch, speed: self.speed }
    }

    pub(super) fn flags(&self, folder: &Path, port: u16) -> [(&'static str, String); 5] {
        let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
        [
            ("--host", "127.0.0.1".to_owned()),
            ("--port", port.to_string()),
            ("--data-dir", path("data")),
            ("--questions", path("questions.json")),
            ("--carrier", self.carriers()),
        ]
    }

    fn carriers(&self) -> String {
        let second = self.second.filter(|_| self.named.is_none());
        let second = second.map(|mouth| format!(",{mouth}")).unwrap_or_default();
        format!("{}{second}", self.mouth)
    }

    pub(super) fn settings(&self, folder: &Path, port: u16) -> Settings {
        let [host, port, data_dir, questions, carrier] =
            self.flags(folder, port).map(|(_, value)| Some(value));
        let flags = Flags { host, port, data_dir, questions, carrier, ..Flags::default() };
        let sources = Sources { flags, environment: self.environment.clone(), ..Sources::default() };
        Settings::load(&sources).unwrap()
    }
}

//! The settings as their owner meets them: what is given, and what comes of it.

use std::collections::BTreeMap;
use trunkline_core::id::TenantId;
use trunkline_engine::Addressing;
use trunkline_sim::Dialect;

use trunkline_store::Target;

use super::*;

const SID: &str = "AC0123456789abcdef0123456789abcdef";

/// Sources under construction.
#[derive(Default)]
struct Given(Sources);

impl Given {
    fn env(mut self, variables: &[(&str, &str)]) -> Self {
        self.0.environment.extend(variables.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())));
        self
    }

    fn dotenv(mut self, text: &str) -> Self {
        self.0.dotenv = Some(TextFile { path: ".env".into(), text: text.to_owned() });
        self
    }

    fn file(mut self, text: &str) -> Self {
        self.0.file = Some(TextFile { path: "trunkline.toml".into(), text: text.to_owned() });
        self
    }

    fn flags(mut self, flags: Flags) -> Self {
        self.0.flags = flags;
        self
    }

    fn load(&self) -> Settings {
        Settings::load(&self.0).unwrap()
    }

    fn refused(&self) -> String {
        let line = Settings::load(&self.0).unwrap_err().to_string();
        assert!(!line.contains('\n'), "an error is one line: {line}");
        line
    }
}

fn env(variables: &[(&str, &str)]) -> Given {
    Given::default().env(variables)
}

fn file(text: &str) -> Given {
    Given::default().file(text)
}

fn twilio(variables: &[(&str, &str)]) -> Settings {
    env(&[("TWILIO_ACCOUNT_SID", SID), ("TWILIO_AUTH_TOKEN", "t0ken")]).env(variables).load()
}

fn levels(settings: &Settings, setting: &str) -> Vec<Level> {
    settings.check().into_iter().filter(|f| f.setting == setting).map(|f| f.level).collect()
}

#[test]
fn without_any_setting_the_simulator_is_served_on_this_machine_only() {
    let settings = Given::default().load();
    assert_eq!((settings.server.host.to_string(), settings.server.port), ("127.0.0.1".to_owned(), 8080));
    assert!(matches!(settings.carrier.first.account, Account::Simulator { speaks: Dialect::Twilio }));
    assert_eq!(settings.store.database, Target::Sqlite("./trunkline-data/trunkline.db".into()));
    assert_eq!(settings.recordings.folder, std::path::Path::new("./trunkline-data/recordings"));
    assert_eq!(settings.limits.settle.as_secs(), 180);
    assert_eq!((settings.limits.event_streams, settings.limits.tenant_event_streams), (2_000, 1_000));
    assert_eq!(settings.check(), []);
}

#[test]
fn each_source_is_stronger_than_the_next() {
    let file_only = file("[server]\nport = 4\n");
    assert_eq!(file_only.load().server.port, 4);
    let with_dotenv = file_only.dotenv("PORT=3\n");
    assert_eq!(with_dotenv.load().server.port, 3);
    let with_environment = with_dotenv.env(&[("PORT", "2")]);
    assert_eq!(with_environment.load().server.port, 2);
    let with_own_name = with_environment.env(&[("TRUNKLINE_SERVER_PORT", "1")]);
    assert_eq!(with_own_name.load().server.port, 1);
    let with_flag = with_own_name.flags(Flags { port: Some("0".to_owned()), ..Flags::default() });
    assert_eq!(with_flag.load().server.port, 0);
}

#[test]
fn an_empty_variable_counts_as_not_set() {
    assert_eq!(env(&[("PORT", "")]).file("[server]\nport = 4\n").load().server.port, 4);
}

#[test]
fn a_server_has_a_name_among_its_neighbours() {
    assert_eq!(env(&[]).load().server.node, "1");
    assert_eq!(env(&[("TRUNKLINE_NODE", "anna")]).load().server.node, "anna");
}

#[test]
fn a_tenant_has_what_everybody_has_but_for_what_is_its_own() {
    let given = "[tenants]\ncalls_per_day = 100\neach = [{ tenant = \"acme\", weight = 3, cps = 0.5, live_calls = 4 }]\n";
    let settings = file(given).load();
    let acme = settings.tenants.each[&TenantId::new("acme")];
    assert_eq!(
        (acme.calls_a_day, acme.cps, acme.live, acme.weight.0.get()),
        (Some(100), Some(0.5), Some(4), 3)
    );
    assert_eq!(settings.tenants.standard.calls_a_day, Some(100));
    assert_eq!(levels(&settings, "tenants.each"), [Level::Note], "`config check` tells it");
    let by_word =
        env(&[("TRUNKLINE_TENANTS_EACH", "acme:weight=2:calls_per_day=7,beta:live_calls=99")]).load();
    assert_eq!(by_word.tenants.each[&TenantId::new("acme")].calls_a_day, Some(7));
    assert_eq!(levels(&by_word, "tenants.each")[0], Level::Warning, "99 at once are never reached");
}

#[test]
fn the_names_people_already_have_are_understood() {
    type Get = fn(&Settings) -> String;
    let table: [(&str, &str, Get, &str); 16] = [
        ("REDIS_URL", "redis://:pw@h/1", |s| s.cache_address(), "redis://h:6379/1"),
        ("REDIS_HOST", "cache.example", |s| s.cache_address(), "redis://cache.example:6379/0"),
        ("HOST", "0.0.0.0", |s| s.server.host.to_string(), "0.0.0.0"),
        ("HOST", "localhost", |s| s.server.host.to_string(), "127.0.0.1"),
        ("DATA_DIR", "/d", |s| s.store.database_file(), "/d/trunkline.db"),
        ("DATABASE_URL", "sqlite:///x/y.db", |s| s.store.database_file(), "/x/y.db"),
        ("DATABASE_URL", "postgres://u:pw@h/d", |s| s.store.database_file(), "postgres://u@h:5432/d"),
        ("DB_FILE", "calls.db", |s| s.store.database_file(), "calls.db"),
        ("PUBLIC_URL", "https://a.example/", |s| s.server.public_urls[0].to_string(), "https://a.example"),
        (
            "PUBLIC_URLS",
            "https://a.example, wss://b.example/p",
            |s| s.server.public_urls[1].to_string(),
            "wss://b.example/p",
        ),
        (
            "FALLBACK_URL",
            "https://c.example",
            |s| s.server.fallback_url.as_ref().unwrap().to_string(),
            "https://c.example",
        ),
        (
            "NODE_URL",
            "http://node_1:8080",
            |s| s.server.node_url.as_ref().unwrap().to_string(),
            "http://node_1:8080/",
        ),
        ("TWILIO_PHONE_NUMBER", "+1 415 555 0100", |s| s.carrier.first.from.clone().unwrap(), "+14155550100"),
        ("QUESTIONS", "/q", |s| s.scripts.questions.display().to_string(), "/q"),
        ("DEFAULT_COUNTRY", "il", |s| s.limits.default_country.clone().unwrap(), "IL"),
        ("RUST_LOG", "info,trunkline=debug", |s| s.log.filter.clone(), "info,trunkline=debug"),
    ];
    for (name, value, get, expected) in table {
        assert_eq!(get(&env(&[(name, value)]).load()), expected, "{name}={value}");
    }
}

#[test]
fn whom_campaigns_may_call_is_read_as_it_is_written() {
    let queue = file(
        "[queue]\nallowed_countries = [\"us\", \"IL\"]\nexpensive_numbers = \"allow\"\nperson_calls_per_day = 0\n\
         test_numbers = [\"+1 555 010 0123\"]\n",
    );
    let queue = queue.load().queue;
    assert_eq!(queue.allowed_countries, Some(vec!["US".to_owned(), "IL".to_owned()]));
    assert_eq!((queue.expensive_numbers, queue.person_calls_per_day), (Expensive::Allow, 0));
    assert_eq!(queue.test_numbers, Some(vec!["+15550100123".to_owned()]));
    let built_in = Given::default().load().queue;
    assert_eq!(
        (built_in.inbound_reserve, built_in.person_calls_per_week, built_in.ageing.as_secs()),
        (1, 10, 600)
    );
    assert_eq!((built_in.expensive_numbers, built_in.allowed_countries), (Expensive::Deny, None));
}

#[test]
fn where_webhooks_may_go_is_read_as_it_is_written() {
    use trunkline_carriers::outgoing::Plain;
    let inside =
        file("[webhooks]\nhttp = \"allow\"\ninside = [\"crm.internal\", \"10.1.0.0/16\", \"::1\"]\n").load();
    let reach = inside.webhooks.reach;
    assert_eq!(
        (reach.plain, reach.hosts, reach.networks.len()),
        (Plain::Allowed, vec!["crm.internal".to_owned()], 2)
    );
    let built_in = Given::default().load().webhooks;
    assert_eq!((built_in.reach.plain, built_in.reach.networks.len()), (Plain::Refused, 0));
    assert_eq!((built_in.timeout.as_secs(), built_in.retention.as_secs()), (15, 30 * 86_400));
}

#[test]
fn users_of_apps_are_known_by_keys_of_their_own_and_relays_by_a_secret() {
    use trunkline_engine::{MayCall, WhenBusy};
    use trunkline_web::Signs;
    let public = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
    let settings = file(&format!(
        "[app_calls]\njwt_secret = \"s3cret\"\nwhen_busy = \"ring\"\nturn = [\"turn:t.example\"]\n\
         user_keys = [{{ kid = \"2\", alg = \"EdDSA\", key = \"{public}\", tenant = \"acme\" }}]\n",
    ))
    .load();
    let [plain, named] = settings.app_calls.tokens.keys.as_slice() else { panic!("two keys") };
    assert!(plain.kid.is_none() && matches!(&plain.signs, Signs::Hs256(secret) if secret == b"s3cret"));
    assert_eq!((named.kid.as_deref(), &named.tenant), (Some("2"), &Some(TenantId::new("acme"))));
    assert!(
        matches!(&named.signs, Signs::EdDsa(bytes) if bytes.starts_with(&[0x19, 0xbf, 0x44])),
        "openssl's form"
    );
    assert_eq!(settings.app_calls.policy.when_busy, WhenBusy::Ring);
    assert_eq!(levels(&settings, "app_calls.jwt_secret"), [Level::Warning], "it could be guessed");
    assert_eq!(levels(&settings, "app_calls.turn"), [Level::Warning], "it has no secret");
    let built_in = Given::default().load().app_calls;
    assert!(built_in.tokens.keys.is_empty() && matches!(built_in.may_call, MayCall::Anyone));
    let word =
        env(&[("TRUNKLINE_APP_CALLS_USER_KEYS", &format!("2:alg=EdDSA:key={public}:tenant=acme"))]).load();
    assert_eq!(word.app_calls.tokens.keys.len(), 1);
    for wrong in [
        "{ kid = \"2\", alg = \"none\", key = \"x\" }",
        "{ kid = \"2\", alg = \"EdDSA\", key = \"AAAA\" }",
        "{ alg = \"HS256\", key = \"x\" }",
        "{ kid = \"2\", alg = \"HS256\", key = \"x\" }, { kid = \"2\", alg = \"HS256\", key = \"y\" }",
    ] {
        file(&format!("[app_calls]\nuser_keys = [{wrong}]\n")).refused();
    }
}

#[test]
fn what_holds_for_the_users_of_one_tenant_stands_over_what_holds_for_all() {
    use trunkline_core::roster::WhoMayCall;
    use trunkline_engine::{AppPolicy, WhenBusy, WhenRejected};
    let given = "[app_calls]\nring_secs = 20\nwhen_rejected = \"silence\"\n\
                 each = [{ tenant = \"acme\", ring_secs = 45, who_may_call = \"conversation\" }]\n";
    let set = file(given).load().app_calls;
    let all = AppPolicy {
        ring_secs: 20,
        when_busy: WhenBusy::Refuse,
        when_rejected: WhenRejected::Silence,
        who: WhoMayCall::Anyone,
    };
    assert_eq!(set.policy, all);
    let acme = AppPolicy { ring_secs: 45, who: WhoMayCall::Conversation, ..all };
    assert_eq!(set.each[&TenantId::new("acme")], acme);
    let word = env(&[("TRUNKLINE_APP_CALLS_EACH", "acme:when_busy=ring:ring_secs=5,beta:when_rejected=end")]);
    let word = word.load().app_calls.each;
    assert_eq!((word[&TenantId::new("acme")].when_busy, word.len()), (WhenBusy::Ring, 2));
    assert_eq!(Given::default().load().app_calls.policy, AppPolicy::default(), "as it was before");
    for wrong in [
        "{ ring_secs = 45 }",
        "{ tenant = \"acme\", ring_secs = 4 }",
        "{ tenant = \"acme\", who_may_call = \"friends\" }",
        "{ tenant = \"acme\", when_bussy = \"ring\" }",
        "{ tenant = \"acme\" }, { tenant = \"acme\" }",
    ] {
        file(&format!("[app_calls]\neach = [{wrong}]\n")).refused();
    }
}

#[test]
fn a_model_that_talks_is_reached_where_the_settings_say_and_only_if_they_do() {
    assert!(Given::default().load().realtime.model.is_none(), "without a key nobody is asked");
    let keyed = env(&[("OPENAI_API_KEY", "sk-1")]).load().realtime.model.unwrap();
    assert_eq!(keyed.url.as_str(), "wss://api.openai.com/v1/realtime");
    assert_eq!(keyed.key.as_ref().map(secrecy::ExposeSecret::expose_secret), Some("sk-1"));
    let own = file("[realtime]\nurl = \"ws://127.0.0.1:9/v1/realtime\"\nmodel = \"own\"\n").load();
    let own = own.realtime.model.unwrap();
    assert!((own.key.is_none(), own.model.as_str()) == (true, "own"));
    assert!(!format!("{keyed:?}").contains("sk-1"));
    let priced = file("[realtime]\nprices = [\"audio_in:32.00\", \"text_out:16\"]\n").load().realtime.prices;
    assert_eq!((priced.unit.as_str(), priced.of_a_million.len()), ("USD", 2));
    for wrong in ["audio:1", "audio_in", "audio_in:cheap", "audio_in:-1"] {
        file(&format!("[realtime]\nprices = [\"{wrong}\"]\n")).refused();
    }
    for wrong in ["https://api.openai.com/v1/realtime", "api.openai.com", "wss://"] {
        file(&format!("[realtime]\nurl = \"{wrong}\"\n")).refused();
    }
}

impl Store {
    fn database_file(&self) -> String {
        self.database.to_string()
    }
}

impl Settings {
    fn cache_address(&self) -> String {
        self.cache.address.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string)
    }
}

#[test]
fn a_wrong_setting_is_one_line_with_name_origin_fault_and_remedy() {
    let table = [
        (
            env(&[("PORT", "80x")]),
            "server.port (environment PORT): \"80x\" is not a port; give a number from 1 to 65535",
        ),
        (Given::default().dotenv("\n\nPORT=80x"), "server.port (.env:3): \"80x\" is not a port; "),
        (Given::default().dotenv("A='b"), ".env (.env:1): a quote is not closed in this line; "),
        (file("[server]\n\nport = 80000\n"), "server.port (trunkline.toml:3): \"80000\" is not a port; "),
        (file("[server]\nport = [1]\n"), "server.port (trunkline.toml:2): it is a list; give a single value"),
        (
            Given::default().flags(Flags { host: Some("here".to_owned()), ..Flags::default() }),
            "server.host (--host): \"here\" is not an IP address; ",
        ),
        (file("[server\n"), "trunkline.toml (trunkline.toml:1): "),
        (
            file("port = 1\n"),
            "port (trunkline.toml:1): it stands outside of any section; did you mean server.port, in the section [server]?",
        ),
        (
            file("[server]\nprot = 1\n"),
            "server.prot (trunkline.toml:2): no such setting; did you mean server.port?",
        ),
        (
            file("[server]\nsettle_secs = 1\n"),
            "server.settle_secs (trunkline.toml:2): no such setting; did you mean limits.settle_secs, in the section [limits]?",
        ),
        (
            file("[log]\nlevel = 1\n"),
            "log.level (trunkline.toml:2): no such setting; [log] knows filter, format",
        ),
        (
            file("[sever]\nx = 1\n"),
            "sever.x (trunkline.toml:2): there is no section \"sever\"; did you mean [server]?",
        ),
        (file("[limits]\ncps = 0\n"), "limits.cps (trunkline.toml:2): \"0\"; give a number above 0"),
        (
            file("[limits]\nring_timeout_secs = 700\n"),
            "limits.ring_timeout_secs (trunkline.toml:2): \"700\"; give whole seconds from 5 to 600",
        ),
        (
            file("[queue]\nallowed_countries = [\"US\", \"Utopia\"]\n"),
            "queue.allowed_countries (trunkline.toml:2): \"Utopia\" is not a country; give its two letters",
        ),
        (
            file("[queue]\nexpensive_numbers = \"yes\"\n"),
            "queue.expensive_numbers (trunkline.toml:2): \"yes\"; give deny or allow",
        ),
        (
            file("[webhooks]\ninside = [\"10.1.0.0/40\"]\n"),
            "webhooks.inside (trunkline.toml:2): \"10.1.0.0/40\"; give hosts such as crm.internal",
        ),
        (
            file("[recordings]\nstore = \"s3:/calls\"\n"),
            "recordings.store (trunkline.toml:2): it does not begin with s3://; give folder, or a bucket such as",
        ),
        (
            file("[recordings]\nstore = \"s3://calls\"\ns3_key_id = \"AKIA1\"\n"),
            "recordings.s3_secret (not set): the other half of the key is given, and this one is not; ",
        ),
        (
            file("[recordings]\nkeep_days_of = [\"acme\"]\n"),
            "recordings.keep_days_of (trunkline.toml:2): \"acme\"; give tenants with their days, such as acme:7",
        ),
        (file("[transcription]\nby = \"hook\"\n"), "transcription.url (not set): it is needed and missing"),
        (
            file("[transcription]\nby = \"hook\"\nurl = \"http://10.0.0.1/\"\n"),
            "transcription.url (trunkline.toml:3): it is http, or leads into your own network; ",
        ),
        (
            file("[transcription]\nby = \"hook\"\nurl = \"https://example.com/\"\nsecret = \"short\"\n"),
            "transcription.secret (trunkline.toml:4): it is not whsec_ and 24 bytes or more in base64; ",
        ),
        (
            file("[queue]\ndenied_prefixes = [\"1900\"]\n"),
            "queue.denied_prefixes (trunkline.toml:2): \"1900\" begins no number; write it as +1900",
        ),
        (
            file("[log]\nformat = \"xml\"\n"),
            "log.format (trunkline.toml:2): \"xml\" is no format; give text or json",
        ),
        (file("[log]\nfilter = \"a=b=c\"\n"), "log.filter (trunkline.toml:2): \"a=b=c\" is no filter: "),
        (
            env(&[("DATABASE_URL", "postgres://u:pw@h")]),
            "store.database_url (environment DATABASE_URL): it names no database; write postgres://",
        ),
        (
            env(&[("PUBLIC_URL", "calls.example.com")]),
            "server.public_url (environment PUBLIC_URL): it has no scheme; write it like https://",
        ),
        (
            env(&[("PUBLIC_URLS", "https://a.example,https://b_c.example")]),
            "server.public_urls (environment PUBLIC_URLS): the host \"b_c.example\" has an underscore",
        ),
        (
            env(&[("TWILIO_ACCOUNT_SID", SID)]),
            "carrier.auth_token (not set): it is needed and missing; set carrier.auth_token or TWILIO_AUTH_TOKEN",
        ),
        (
            env(&[("TWILIO_AUTH_TOKEN", "x")]),
            "carrier.account_sid (not set): it is needed and missing; set carrier.account_sid or TWILIO_ACCOUNT_SID",
        ),
        (file("[carrier]\nkind = \"twilio\"\n"), "carrier.account_sid (not set): it is needed"),
        (
            file("[carrier]\nkind = \"telnix\"\n"),
            "carrier.kind (trunkline.toml:2): \"telnix\" is no carrier we know; ",
        ),
        (
            env(&[("TWILIO_ACCOUNT_SID", "SK01")]),
            "carrier.account_sid (environment TWILIO_ACCOUNT_SID): it is the SID of an API key; ",
        ),
        (
            env(&[("TWILIO_PHONE_NUMBER", "415")]),
            "carrier.from (environment TWILIO_PHONE_NUMBER): \"415\" is not a phone number in international form; ",
        ),
        (
            env(&[("TRUNKLINE_SECRET_KEYS", "short")]),
            "access.secret_keys (environment TRUNKLINE_SECRET_KEYS): key 1 is not 32 bytes in hex or base64; ",
        ),
        (
            env(&[("TRUNKLINE_API_KEY", "a b")]),
            "access.api_key (environment TRUNKLINE_API_KEY): it holds a blank",
        ),
        (
            file("[scripts]\nnumbers = [{ number = \"+14155550100\" }]\n"),
            "scripts.numbers (trunkline.toml:2): script is missing; ",
        ),
        (
            file("[tenants]\neach = [{ tenant = \"acme\", wieght = 2 }]\n"),
            "tenants.each (trunkline.toml:2): \"wieght\" is unknown in it; did you mean weight?",
        ),
        (
            file("[tenants]\neach = [{ tenant = \"acme\" }, { tenant = \"acme\" }]\n"),
            "tenants.each (trunkline.toml:2): the tenant acme stands in it twice; give each tenant one row",
        ),
        (
            file("[scripts]\nnumbers = [{ nubmer = \"+1\" }]\n"),
            "scripts.numbers (trunkline.toml:2): \"nubmer\" is unknown in it; did you mean number?",
        ),
        (
            env(&[("TRUNKLINE_SCRIPTS_NUMBERS", "+14155550100=a,+14155550100=b")]),
            "scripts.numbers (environment TRUNKLINE_SCRIPTS_NUMBERS): the number +14155550100 stands in it twice; ",
        ),
    ];
    for (given, expected) in table {
        let line = given.refused();
        assert!(line.starts_with(expected), "\n  said     {line}\n  expected {expected}");
    }
}

#[test]
fn a_bucket_is_given_by_the_names_people_have_and_neighbours_variables_alone_are_none() {
    let neighbour = env(&[("AWS_ACCESS_KEY_ID", "AKIA1"), ("AWS_ENDPOINT_URL", "nonsense")]).load();
    assert!(neighbour.recordings.bucket.is_none());
    let given = env(&[
        ("TRUNKLINE_RECORDINGS_STORE", "s3://calls/a"),
        ("AWS_ACCESS_KEY_ID", "AKIA1"),
        ("AWS_SECRET_ACCESS_KEY", "x"),
        ("AWS_REGION", "eu-central-1"),
    ]);
    let bucket = given.load().recordings.bucket.unwrap();
    assert_eq!(bucket.to_string(), "s3://calls/a in eu-central-1");
    assert_eq!(bucket.addressing, Addressing::Host);
    let own =
        given.env(&[("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:9000/")]).load().recordings.bucket.unwrap();
    assert_eq!(
        (own.to_string(), own.addressing),
        ("s3://calls/a at http://127.0.0.1:9000".to_owned(), Addressing::Path)
    );
}

#[test]
fn recordings_are_kept_for_ever_unless_it_is_said_for_some_tenants_or_all() {
    assert!(Given::default().load().recordings.keep.is_for_ever());
    let keep = file("[recordings]\nkeep_days = 30\nkeep_days_of = [\"acme:7\"]\n").load().recordings.keep;
    let days = |days: i64| jiff::SignedDuration::from_hours(24 * days);
    assert_eq!((keep.usually, keep.each[&TenantId::new("acme")]), (Some(days(30)), days(7)));
}

#[test]
fn calls_are_kept_for_ever_unless_it_is_said_for_some_tenants_or_all() {
    assert!(Given::default().load().keep_calls.is_for_ever());
    let keep = file("[retention]\ncalls_days = 400\ncalls_days_of = [\"acme:90\"]\n").load().keep_calls;
    let days = |days: i64| jiff::SignedDuration::from_hours(24 * days);
    assert_eq!((keep.usually, keep.each[&TenantId::new("acme")]), (Some(days(400)), days(90)));
}

#[test]
fn inbound_numbers_are_routed_from_a_list_in_the_file_and_from_the_environment() {
    let expected =
        [NumberRoute { number: "+14155550100".to_owned(), script: "survey".to_owned(), tenant: None }];
    let tables = file("[[scripts.numbers]]\nnumber = \"+14155550100\"\nscript = \"survey\"\n").load();
    assert_eq!(tables.scripts.numbers, expected);
    let words = env(&[("TRUNKLINE_SCRIPTS_NUMBERS", "+14155550100=survey")]).load();
    assert_eq!(words.scripts.numbers, expected);
    let expected = expected.map(|route| NumberRoute { tenant: Some(TenantId::new("acme")), ..route });
    let row = "[[scripts.numbers]]\nnumber = \"+14155550100\"\nscript = \"survey\"\ntenant = \"acme\"\n";
    assert_eq!(file(row).load().scripts.numbers, expected);
    let words = env(&[("TRUNKLINE_SCRIPTS_NUMBERS", "+14155550100=survey@acme")]).load();
    assert_eq!(words.scripts.numbers, expected);
}

#[test]
fn the_first_public_address_mints_and_none_stands_twice() {
    let urls =
        |given: Given| given.load().server.public_urls.iter().map(ToString::to_string).collect::<Vec<_>>();
    let given =
        env(&[("PUBLIC_URL", "https://b.example"), ("PUBLIC_URLS", "https://a.example,https://b.example/")]);
    assert_eq!(urls(given), ["https://b.example", "https://a.example"]);
}

#[test]
fn twilio_is_chosen_by_its_credentials_and_can_be_held_back() {
    let Account::Twilio { account_sid, api_base, .. } = twilio(&[]).carrier.first.account else {
        panic!("credentials choose twilio");
    };
    assert_eq!((account_sid.as_str(), api_base.as_str()), (SID, "https://api.twilio.com/"));
    let held_back = twilio(&[("TRUNKLINE_CARRIER_KIND", "simulator")]).carrier.first.account;
    assert!(matches!(held_back, Account::Simulator { speaks: Dialect::Twilio }));
    let held_back = twilio(&[("TRUNKLINE_CARRIER_KIND", "simulator-telnyx")]).carrier.first.account;
    assert!(matches!(held_back, Account::Simulator { speaks: Dialect::Telnyx }));
    let held_back =
        twilio(&[("TRUNKLINE_CARRIER_KIND", "simulator-telnyx-call-control")]).carrier.first.account;
    assert!(matches!(held_back, Account::Simulator { speaks: Dialect::TelnyxCallControl }));
}

/// A telnyx account with everything that it needs, and these instead.
fn telnyx(variables: &[(&str, &str)]) -> Given {
    env(&[
        ("TELNYX_ACCOUNT_SID", "f5586561-8ff0-4291-a51b-c7dfe4139ff9"),
        ("TELNYX_API_KEY", "KEY01"),
        ("TELNYX_PUBLIC_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ("TELNYX_CONNECTION_ID", "1293384261075731499"),
    ])
    .env(variables)
}

#[test]
fn telnyx_is_chosen_by_its_credentials_and_needs_all_of_them() {
    let Account::Telnyx { account, connection, api_base, .. } = telnyx(&[]).load().carrier.first.account
    else {
        panic!("credentials choose telnyx");
    };
    assert_eq!(account, "f5586561-8ff0-4291-a51b-c7dfe4139ff9");
    assert_eq!((connection.as_str(), api_base.as_str()), ("1293384261075731499", "https://api.telnyx.com/"));
    for (word, meant) in [("texml", Application::Texml), ("call_control", Application::CallControl)] {
        let account = telnyx(&[("TELNYX_APPLICATION", word)]).load().carrier.first.account;
        assert!(matches!(account, Account::Telnyx { application, .. } if application == meant));
    }
    let from = telnyx(&[("TELNYX_PHONE_NUMBER", "+14155550100")]).load().carrier.first.from;
    assert_eq!(from.as_deref(), Some("+14155550100"));
    for (given, refused) in [
        (env(&[("TELNYX_API_KEY", "k")]), "carrier.telnyx_account (not set): it is needed and missing"),
        (telnyx(&[("TELNYX_PUBLIC_KEY", "AAAA")]), "it is not base64 of 32 bytes"),
        (telnyx(&[("TELNYX_CONNECTION_ID", "12/34")]), "is no application of Telnyx"),
        (telnyx(&[("TELNYX_ACCOUNT_SID", "AC1")]), "is no account id of Telnyx"),
        (telnyx(&[("TELNYX_APPLICATION", "sip")]), "give texml or call_control"),
    ] {
        let said = given.refused();
        assert!(said.contains(refused), "{said}");
    }
    let printed = format!("{:?}", telnyx(&[("TELNYX_API_KEY", "s3cret")]).load());
    assert!(!printed.contains("s3cret"), "{printed}");
}

#[test]
fn two_carriers_are_there_where_both_accounts_are_and_each_is_told_what_is_its_own() {
    use trunkline_core::dial::choice::Policy;
    let both = |variables: &[(&str, &str)]| {
        let numbers = [("TWILIO_PHONE_NUMBER", "+14155550100"), ("TELNYX_PHONE_NUMBER", "+14155550101")];
        let twilios = [("TWILIO_ACCOUNT_SID", SID), ("TWILIO_AUTH_TOKEN", "t0ken")];
        telnyx(&numbers).env(&twilios).env(variables)
    };
    let settings = both(&[]).load().carrier;
    let (first, second) = (&settings.first, &settings.others[0]);
    assert!(matches!(first.account, Account::Twilio { .. }), "it was the only one before");
    assert!(matches!(second.account, Account::Telnyx { .. }));
    let froms = [first.from.as_deref(), second.from.as_deref()];
    assert_eq!((froms, settings.choice), ([Some("+14155550100"), Some("+14155550101")], Policy::First));

    let chosen = both(&[
        ("TRUNKLINE_CARRIER_KIND", "telnyx,twilio"),
        ("TRUNKLINE_CARRIER_CHOICE", "weighted"),
        ("TRUNKLINE_CARRIER_WEIGHTS", "twilio:3"),
        ("TRUNKLINE_CARRIER_COUNTRIES", "telnyx:IL,telnyx:cy"),
        ("TRUNKLINE_CARRIER_NUMBERS", "twilio:+14155550102,telnyx:+97235550100"),
    ]);
    let settings = chosen.load().carrier;
    let (first, second) = (&settings.first, &settings.others[0]);
    assert!(matches!(first.account, Account::Telnyx { .. }), "the order is the operator's");
    assert_eq!((first.weight, second.weight, settings.choice), (1, 3, Policy::Weighted));
    assert_eq!((first.countries.len(), second.countries.len()), (2, 0));
    assert_eq!(
        (&first.numbers[..], &second.numbers[..]),
        (&["+97235550100".into()][..], &["+14155550102".into()][..])
    );

    let alone = both(&[("TRUNKLINE_CARRIER_KIND", "twilio")]).load().carrier;
    assert!(alone.others.is_empty(), "the control: one can be held back");
    let stray_key = env(&[("TWILIO_ACCOUNT_SID", SID), ("TWILIO_AUTH_TOKEN", "t"), ("TELNYX_API_KEY", "k")]);
    assert!(stray_key.load().carrier.others.is_empty(), "half an account is no carrier");
    for (name, value, refused) in [
        ("TRUNKLINE_CARRIER_KIND", "twilio,twilio", "these can't be carriers together"),
        ("TRUNKLINE_CARRIER_KIND", "twilio,simulator", "these can't be carriers together"),
        ("TRUNKLINE_CARRIER_CHOICE", "best", "give first, weighted or by_country"),
        ("TRUNKLINE_CARRIER_WEIGHTS", "3", "give carriers with their shares"),
        ("TRUNKLINE_CARRIER_COUNTRIES", "telnyx:Israel", "give carriers with their countries"),
        (
            "TRUNKLINE_CARRIER_NUMBERS",
            "twilio:+14155550102,telnyx:+14155550102",
            "a number is at one carrier",
        ),
    ] {
        let said = both(&[(name, value)]).refused();
        assert!(said.contains(refused), "{said}");
    }
}

/// Two accounts at Twilio and one at Telnyx, in a settings file; their secrets are in the environment and in a file.
fn table(secret: &std::path::Path, more: &str) -> Given {
    let key = secret.to_str().unwrap();
    file(&format!(
        r#"[carrier]
choice = "by_country"
numbers = ["israel:+97235550101"]

[[carrier.accounts]]
name = "us"
kind = "twilio"
account_sid = "{SID}"
auth_token_env = "US_TOKEN"
from = "+14155550100"
weight = 3

[[carrier.accounts]]
name = "israel"
kind = "twilio"
account_sid = "AC11111111111111111111111111111111"
auth_token_env = "ISRAEL_TOKEN"
from = "+97235550100"
numbers = ["+97235550102", "+97235550103"]
countries = ["IL", "cy"]

[[carrier.accounts]]
name = "spare"
kind = "telnyx"
account = "f5586561-8ff0-4291-a51b-c7dfe4139ff9"
api_key_file = "{key}"
public_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
connection = "1293384261075731499"
{more}
"#
    ))
    .env(&[("US_TOKEN", "us-t0ken"), ("ISRAEL_TOKEN", "israel-t0ken")])
}

#[test]
fn several_accounts_of_one_kind_stand_in_a_table_each_with_its_name() {
    use secrecy::ExposeSecret;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "KEY01\n").unwrap();
    let carrier = table(&path, "").load().carrier;
    let names: Vec<_> = carrier.lines().map(|line| (line.name.as_str(), line.weight)).collect();
    assert_eq!(names, [("us", 3), ("israel", 1), ("spare", 1)]);
    let secrets = carrier.lines().map(|line| match &line.account {
        Account::Twilio { auth_token, .. } => auth_token.expose_secret().to_owned(),
        Account::Telnyx { api_key, .. } => api_key.expose_secret().to_owned(),
        Account::Simulator { .. } => "none".to_owned(),
    });
    assert_eq!(secrets.collect::<Vec<_>>(), ["us-t0ken", "israel-t0ken", "KEY01"]);
    let israel = &carrier.others[0];
    assert_eq!(israel.numbers, ["+97235550102", "+97235550103", "+97235550101"]);
    assert_eq!((israel.countries.len(), israel.from.as_deref()), (2, Some("+97235550100")));
    assert_eq!(carrier.owner("+97235550103").name, "israel");
    assert_eq!(carrier.owner("+15550100000").name, "us", "nobody named it");
    let printed = format!("{:?}", table(&path, "").load());
    assert!(!printed.contains("t0ken"), "{printed}");

    // Beside the settings for one account of a kind, which come first; and all of them can be held back.
    let beside = table(&path, "")
        .env(&[("TWILIO_ACCOUNT_SID", "AC22222222222222222222222222222222"), ("TWILIO_AUTH_TOKEN", "t0ken")]);
    let names = |given: Given| {
        given.load().carrier.lines().map(|line| line.name.clone()).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names(beside), "twilio us israel spare");
    assert_eq!(names(table(&path, "").env(&[("TRUNKLINE_CARRIER_KIND", "simulator")])), "simulator");
}

#[test]
fn the_table_of_accounts_is_given_in_the_environment_too_and_what_is_wrong_in_it_is_said() {
    let us = r#"{ name = "us", kind = "twilio", account_sid = "AC1", auth_token_env = "US_TOKEN" }"#;
    let given = |rows: &str| {
        let variables = [("TRUNKLINE_CARRIER_ACCOUNTS", rows), ("US_TOKEN", "t0ken"), ("EMPTY_TOKEN", "")];
        env(&variables)
    };
    let carrier = given(&format!("[{us}]")).load().carrier;
    assert_eq!((carrier.first.name.as_str(), carrier.first.said), ("us", Said::InTheTable));
    let other = |from: &str, to: &str| format!("[{}]", us.replace(from, to));
    for (rows, refused) in [
        ("us".to_owned(), "it is no list of accounts"),
        (format!("[{us}, {us}]"), "two accounts are called \"us\""),
        (format!("[{us}, {}]", us.replace("\"us\"", "\"b\"")), "\"b\" is an account that is already there"),
        (other("\"us\"", "\"US\""), "\"US\" can't be an account's name"),
        (other("\"us\"", "\"app\""), "\"app\" can't be an account's name"),
        (other("\"us\"", "\"telnyx\""), "an account of the kind twilio can't be called so"),
        (other("\"twilio\"", "\"vonage\""), "us: kind: \"vonage\"; give twilio or telnyx"),
        (other("US_TOKEN", "OTHER"), "us: the variable \"OTHER\" is not set"),
        (other("US_TOKEN", "EMPTY_TOKEN"), "the variable \"EMPTY_TOKEN\" is not set"),
        (other("auth_token_env", "auth_token"), "name the variable that holds it: auth_token_env"),
        (other("account_sid", "account"), "us: \"account\" is unknown in it; it may have name, kind"),
        (other(", account_sid = \"AC1\"", ""), "us: account_sid is missing"),
        (other(", auth_token_env = \"US_TOKEN\"", ""), "give auth_token_env, the variable that holds it"),
        (other("}", ", from = \"415\" }"), "us: from: \"415\" is not a phone number"),
        (
            other("}", ", countries = [\"Israel\"] }"),
            "us: countries: \"Israel\"; give countries by their two letters",
        ),
    ] {
        let said = given(&rows).refused();
        assert!(said.starts_with("carrier.accounts (environment TRUNKLINE_CARRIER_ACCOUNTS): "), "{said}");
        assert!(said.contains(refused), "{said}");
    }
    let said = given(&format!("[{us}]")).env(&[("TRUNKLINE_CARRIER_WEIGHTS", "uk:3")]).refused();
    assert!(said.contains("no account is called \"uk\"; the accounts are twilio, telnyx, us"), "{said}");
}

#[test]
fn a_number_that_no_account_was_named_for_is_told_of_where_there_are_several() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("key");
    std::fs::write(&path, "KEY01").unwrap();
    let found = |numbers: &str| {
        let given = table(&path, "").env(&[("TRUNKLINE_SCRIPTS_NUMBERS", numbers)]);
        let findings = given.load().check();
        findings
            .into_iter()
            .filter(|found| found.setting == "carrier.numbers")
            .map(|found| found.text)
            .collect::<Vec<_>>()
    };
    let told = found("+14155550199=survey,+97235550103=survey");
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("taken for us's") && !told[0].contains("14155550199"), "{told:?}");
    assert!(found("+97235550103=survey").is_empty(), "the control");
}

#[test]
fn what_a_real_carrier_needs_is_checked_of_telnyx_too() {
    let said = |variables: &[(&str, &str)]| {
        let found = telnyx(variables).load().check();
        found.into_iter().map(|finding| finding.text).collect::<Vec<_>>().join("\n")
    };
    assert!(said(&[]).contains("Telnyx does not know where to fetch what it shall say"));
    assert!(said(&[("PUBLIC_URL", "https://localhost:8080")]).contains("Telnyx can't reach"));
    let fine = [("PUBLIC_URL", "https://calls.example.com"), ("TELNYX_PHONE_NUMBER", "+14155550100")];
    assert_eq!(telnyx(&fine).load().check().len(), 1, "the control: a note");
}

#[test]
fn a_secret_may_be_given_as_a_file_but_not_twice() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "t0ken\n").unwrap();
    let path = path.to_str().unwrap();
    let given = env(&[("TWILIO_ACCOUNT_SID", SID), ("TWILIO_AUTH_TOKEN_FILE", path)]);
    let Account::Twilio { auth_token, .. } = given.load().carrier.first.account else { panic!("twilio") };
    assert_eq!(secrecy::ExposeSecret::expose_secret(&auth_token), "t0ken");

    let twice = given.env(&[("TWILIO_AUTH_TOKEN", "other")]).refused();
    assert!(twice.contains("both TWILIO_AUTH_TOKEN and TWILIO_AUTH_TOKEN_FILE are set; keep one"), "{twice}");
    let missing = env(&[("TRUNKLINE_API_KEY_FILE", "/nowhere/at/all")]).refused();
    assert!(
        missing.starts_with(
            "access.api_key (environment TRUNKLINE_API_KEY_FILE): /nowhere/at/all can't be read"
        )
    );
}

#[test]
fn no_secret_ever_prints() {
    let secrets = "s3cret-0123456789-0123456789-0123456789";
    let sealing = "5eC3e7".repeat(10) + "0123";
    let settings = twilio(&[
        ("TWILIO_AUTH_TOKEN", secrets),
        ("TRUNKLINE_API_KEY", secrets),
        ("TRUNKLINE_SECRET_KEYS", &sealing),
        ("REDIS_URL", &format!("redis://me:{secrets}@h/0")),
        ("REDIS_PASSWORD", secrets),
        ("DATABASE_URL", &format!("postgres://me:{secrets}@h/d")),
        ("TRUNKLINE_RECORDINGS_STORE", "s3://calls"),
        ("AWS_ACCESS_KEY_ID", "AKIA1"),
        ("AWS_SECRET_ACCESS_KEY", secrets),
        ("TRUNKLINE_JWT_SECRET", secrets),
        ("TRUNKLINE_APP_CALLS_USER_KEYS", &format!("2:alg=HS256:key={secrets}")),
        ("TRUNKLINE_APP_CALLS_TURN", "turn:turn.example.com"),
        ("TRUNKLINE_APP_CALLS_TURN_SECRET", secrets),
        ("TRUNKLINE_TRANSCRIPTION_BY", "hook"),
        ("TRUNKLINE_TRANSCRIPTION_URL", "https://example.com/"),
        ("TRUNKLINE_TRANSCRIPTION_SECRET", &format!("whsec_{}", "5eC3e7Pt".repeat(5))),
    ]);
    let printed = format!("{settings:?} {:?}", settings.check());
    assert!(!printed.contains("s3cret") && !printed.contains("5eC3e7"), "{printed}");
    for name in
        ["TRUNKLINE_API_KEY", "TWILIO_AUTH_TOKEN", "TRUNKLINE_SECRET_KEYS", "DATABASE_URL", "REDIS_URL"]
    {
        let line = env(&[(name, "s3cret s3cret")]).refused();
        assert!(!line.contains("s3cret"), "{line}");
    }
}

#[test]
fn names_that_do_nothing_are_noticed_and_do_not_stop_the_start() {
    let settings = env(&[("TRUNKLINE_SERVER_PROT", "1"), ("PATH", "/bin"), ("OPENAI_ORGANIZATION", "x")])
        .env(&[("TRUNKLINE_CONFIG", "x"), ("TRUNKLINE_API_KEY_FILE", "")])
        .dotenv("TRUNKLINE_LGO=x\n")
        .load();
    let said: Vec<_> = settings.check().iter().map(ToString::to_string).collect();
    let starts = [
        "warning: TRUNKLINE_SERVER_PROT (environment TRUNKLINE_SERVER_PROT): no setting has this name; did you mean TRUNKLINE_SERVER_PORT?",
        "warning: TRUNKLINE_LGO (.env:1): no setting has this name; did you mean TRUNKLINE_LOG?",
    ];
    assert_eq!(said.len(), starts.len(), "{said:#?}");
    for (line, start) in said.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}");
    }
}

#[test]
fn a_database_file_beside_a_database_url_is_noticed() {
    let settings = env(&[("DATABASE_URL", "sqlite://a.db"), ("DB_FILE", "b.db")]).load();
    assert_eq!(settings.store.database_file(), "a.db");
    assert_eq!(levels(&settings, "store.db_file"), [Level::Note]);
}

#[test]
fn a_cache_is_named_by_its_url_or_in_parts_and_is_off_without_either() {
    let parts = [("REDIS_HOST", "h"), ("REDIS_PORT", "6380"), ("REDIS_DB", "2"), ("REDIS_PASSWORD", "p w")];
    let settings = env(&parts).load();
    assert_eq!((settings.cache_address().as_str(), settings.check()), ("redis://h:6380/2", vec![]));

    let both = env(&parts).env(&[("REDIS_URL", "unix:///run/redis.sock")]).load();
    assert_eq!(both.cache_address(), "unix:///run/redis.sock?db=0");
    assert_eq!(levels(&both, "cache.host"), [Level::Note]);

    let neither = env(&[("REDIS_PORT", "6380")]).load();
    assert_eq!(
        (neither.cache_address().as_str(), levels(&neither, "cache.port")),
        ("none", vec![Level::Note])
    );
    assert_eq!(Given::default().load().cache_address(), "none");
}

#[test]
fn check_explains_what_is_right_alone_and_wrong_together() {
    use Level::{Error, Note, Warning};
    let fine = [("PUBLIC_URL", "https://calls.example.com"), ("TWILIO_PHONE_NUMBER", "+14155550100")];
    assert_eq!(
        twilio(&fine).check().iter().map(|f| f.level).collect::<Vec<_>>(),
        [Note],
        "the control: all is well"
    );

    let table: [(&str, &str, &str, &[Level]); 10] = [
        ("PUBLIC_URL", "", "server.public_url", &[Error]),
        ("PUBLIC_URL", "https://localhost:8080", "server.public_url", &[Warning]),
        ("PUBLIC_URL", "https://192.168.1.5", "server.public_url", &[Warning]),
        ("PUBLIC_URL", "http://calls.example.com", "server.public_url", &[Warning]),
        ("FALLBACK_URL", "https://calls.example.com/b", "server.fallback_url", &[Warning]),
        ("TWILIO_PHONE_NUMBER", "", "carrier.from", &[Warning]),
        ("TWILIO_ACCOUNT_SID", "ACtest", "carrier.account_sid", &[Warning]),
        ("TRUNKLINE_LIMITS_SETTLE_SECS", "20", "limits.settle_secs", &[Warning]),
        ("TRUNKLINE_API_KEY", "short", "access.api_key", &[Warning]),
        ("HOST", "0.0.0.0", "server.host", &[Note]),
    ];
    for (name, value, setting, expected) in table {
        let settings = twilio(&[&fine[..], &[(name, value)]].concat());
        assert_eq!(levels(&settings, setting), expected, "{name}={value}");
    }
}

#[test]
fn check_finds_limits_that_can_never_be_reached_and_a_backlog_that_is_too_small() {
    let settings = file("[limits]\ntenant_calls = 50\n[journal]\nbacklog_bytes = \"128MiB\"\n").load();
    assert_eq!(levels(&settings, "limits.tenant_calls"), [Level::Warning]);
    assert_eq!(levels(&settings, "journal.backlog_bytes"), [Level::Warning]);
}

#[test]
fn the_settings_file_is_found_by_flag_variable_or_name() {
    let folder = tempfile::tempdir().unwrap();
    let gather = |flags: Flags, name: &str| {
        let environment = BTreeMap::from([("TRUNKLINE_CONFIG".to_owned(), name.to_owned())]);
        Sources::gather(flags, environment, folder.path())
    };
    let port =
        |sources: Result<Sources, SettingError>| Settings::load(&sources.unwrap()).unwrap().server.port;
    assert_eq!(port(gather(Flags::default(), "")), 8080, "no file is no error");

    for (name, port) in [("trunkline.toml", 1), ("a.toml", 2), ("b.toml", 3)] {
        std::fs::write(folder.path().join(name), format!("[server]\nport = {port}\n")).unwrap();
    }
    assert_eq!(port(gather(Flags::default(), "")), 1);
    assert_eq!(port(gather(Flags::default(), "a.toml")), 2);
    let flags = Flags { config: Some("b.toml".into()), ..Flags::default() };
    assert_eq!(port(gather(flags, "a.toml")), 3);
    let missing = gather(Flags::default(), "c.toml").unwrap_err().to_string();
    assert!(missing.starts_with("config (environment TRUNKLINE_CONFIG): "), "{missing}");

    std::fs::write(folder.path().join(".env"), "PORT=9\n").unwrap();
    assert_eq!(port(gather(Flags::default(), "")), 9);
}

#[test]
fn every_flag_of_a_setting_is_one_of_the_command_line() {
    #[derive(clap::Parser)]
    struct Serve {
        #[command(flatten)]
        flags: Flags,
    }
    let mut declared: Vec<_> =
        SECTIONS.iter().flat_map(|section| section.keys).filter_map(|facts| facts.flag).collect();
    declared.sort_unstable();
    let line = std::iter::once("serve").chain(declared.iter().flat_map(|flag| [flag, "x"]));
    let serve: Serve = clap::Parser::try_parse_from(line).unwrap();
    assert_eq!(serve.flags.given().into_keys().collect::<Vec<_>>(), declared);
}

#[test]
fn the_example_says_what_is_built_in() {
    let example = file(&Settings::example()).load();
    assert_eq!(format!("{example:?}"), format!("{:?}", Given::default().load()));
    let changed = file(&Settings::example().replace("port = 8080", "port = 8081")).load();
    assert_ne!(format!("{changed:?}"), format!("{example:?}"), "the control: a changed example is seen");
}

#[test]
fn what_is_commented_out_in_the_example_can_be_used() {
    let uncommented: Vec<_> = Settings::example()
        .lines()
        .map(|line| line.strip_prefix('#').filter(|rest| !rest.starts_with(' ')).unwrap_or(line).to_owned())
        // Three that are words to people, not values.
        .map(|line| {
            line.replace("(the output of: openssl rand -hex 32)", "k")
                .replace("(the output of: openssl rand -base64 32)", &"A".repeat(44))
                .replace("(from the carrier's console)", "t")
        })
        .collect();
    let settings = file(&uncommented.join("\n")).env(&[("ISRAEL_TOKEN", "t")]).load();
    assert!(matches!(settings.carrier.first.account, Account::Twilio { .. }));
    assert_eq!(settings.limits.default_country.as_deref(), Some("US"));
}

#[test]
fn the_checked_in_example_is_fresh() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/trunkline.example.toml");
    let checked_in = std::fs::read_to_string(path).unwrap();
    assert!(
        checked_in == Settings::example(),
        "docs/trunkline.example.toml is stale: run `cargo xtask generate`"
    );
}

//! The program as its operator meets it: what it prints, and its exit codes. Each test runs the program itself.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a story fails by panicking")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;
use trunkline_testkit::postgres::{PASSWORD, Server as Postgres};

#[test]
fn a_wrong_setting_is_one_line_and_exit_code_2() {
    let folder = TempDir::new().unwrap();
    let output = run(folder.path(), &["serve"], &[("PORT", "eighty")]);
    assert_eq!(code(&output), 2);
    let line = stderr(&output);
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(line.contains("server.port (environment PORT)") && line.contains("give a number"), "{line}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing was made");
}

#[test]
fn calls_that_could_not_work_are_refused_before_the_server_starts() {
    let folder = TempDir::new().unwrap();
    let twilio =
        [("TWILIO_ACCOUNT_SID", "AC0123456789abcdef0123456789abcdef"), ("TWILIO_AUTH_TOKEN", "s3cret-t0ken")];
    for command in ["serve", "config"] {
        let arguments: &[&str] = if command == "config" { &["config", "check"] } else { &["serve"] };
        let output = run(folder.path(), arguments, &twilio);
        assert_eq!(code(&output), 2);
        let text = stdout(&output) + &stderr(&output);
        assert!(text.contains("server.public_url") && text.contains("set PUBLIC_URL"), "{text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
}

#[test]
fn config_check_shows_the_addresses_that_the_carrier_is_told() {
    let folder = TempDir::new().unwrap();
    let output = run(
        folder.path(),
        &["config", "check"],
        &[
            ("TWILIO_ACCOUNT_SID", "AC0123456789abcdef0123456789abcdef"),
            ("TWILIO_AUTH_TOKEN", "s3cret-t0ken"),
            ("PUBLIC_URL", "https://calls.example.com/prefix/"),
        ],
    );
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("https://calls.example.com/prefix/voice?q=0"), "{}", stdout(&output));
}

#[test]
fn the_example_of_settings_changes_nothing_when_it_is_used() {
    let folder = TempDir::new().unwrap();
    let example = run(folder.path(), &["config", "example"], &[]);
    fs::write(folder.path().join("trunkline.toml"), stdout(&example)).unwrap();
    let output = run(folder.path(), &["config", "check"], &[]);
    assert_eq!(code(&output), 0, "{}{}", stdout(&output), stderr(&output));
}

#[test]
fn without_any_setting_it_serves_on_this_machine_and_shows_its_key_once() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path());
    let key = server.said("API key, shown only now: ").expect("a key is made at the first start");
    assert!(server.url.starts_with("http://127.0.0.1:"), "{}", server.url);
    let status = run(folder.path(), &["status", "--json"], &[]);
    let status: Value = serde_json::from_str(&stdout(&status)).unwrap();
    assert_eq!(status["health"]["status"], "ok");
    let (output, _) = server.terminate();
    assert_eq!(code(&output), 0);

    let again = Server::start(folder.path());
    assert!(again.said("API key").is_none());
    let (_, log) = again.terminate();
    assert!(!log.contains(&key));
    every_file(folder.path(), &mut |path, bytes| {
        let found = bytes.windows(key.len()).any(|window| window == key.as_bytes());
        assert!(!found, "the key stands in {}", path.display());
    });
}

#[test]
fn the_log_of_a_start_has_three_lines_that_say_how_it_went() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path());
    server.until_status(|status| status["ready"]["parts"]["database"]["state"] == "ok");
    let (_, log) = server.terminate();
    for line in ["recovered live calls calls=0", "database.available", "server.ready: serving"] {
        assert_eq!(log.matches(line).count(), 1, "{line} in {log}");
    }
}

#[test]
fn a_second_server_on_a_folder_is_refused_and_disturbs_nothing() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path());
    // Nobody answers there for a second: the call is live while the second one tries.
    assert_eq!(code(&run(folder.path(), &["call", "+15550109002"], &[])), 0);
    let before = fs::read_to_string(folder.path().join("trunkline-data/server.json")).unwrap();
    let second = run(folder.path(), &["serve", "--port", "0"], &[]);
    assert_eq!(code(&second), 1);
    assert!(stderr(&second).contains("another process uses"), "{}", stderr(&second));
    let after = fs::read_to_string(folder.path().join("trunkline-data/server.json")).unwrap();
    assert_eq!(before, after, "the first one can still be found");
    let status = run(folder.path(), &["status", "--json"], &[]);
    assert!(stdout(&status).contains("\"health\""), "{}", stderr(&status));
    let carrier = fs::read_to_string(folder.path().join("trunkline-data/simulator.jsonl")).unwrap();
    assert!(!carrier.contains("failed"), "the carrier's memory is the first one's: {carrier}");
    server.terminate();
}

#[test]
fn a_damaged_journal_names_file_and_offset_and_the_way_out() {
    let folder = TempDir::new().unwrap();
    let server = Server::start(folder.path());
    for number in ["+15550100001", "+15550100002", "+15550100003"] {
        assert_eq!(code(&run(folder.path(), &["call", number], &[])), 0);
    }
    server.terminate();
    let journal = folder.path().join("trunkline-data/journal");
    let segment = fs::read_dir(&journal).unwrap().map(|entry| entry.unwrap().path());
    let segment = segment.filter(|path| path.to_string_lossy().contains("segment-")).min().unwrap();
    let mut bytes = fs::read(&segment).unwrap();
    bytes[200] ^= 0xff;
    fs::write(&segment, bytes).unwrap();

    let refused = run(folder.path(), &["serve", "--port", "0"], &[]);
    let line = stderr(&refused);
    let line = line.lines().last().unwrap();
    assert_eq!(code(&refused), 3, "{line}");
    let name = segment.file_name().unwrap().to_string_lossy().into_owned();
    assert!(line.contains(&name) && line.contains("byte ") && line.contains("journal repair"), "{line}");

    assert_eq!(code(&run(folder.path(), &["journal", "verify"], &[])), 3);
    assert_eq!(code(&run(folder.path(), &["journal", "repair"], &[])), 3, "nothing is done without --yes");
    assert_eq!(code(&run(folder.path(), &["serve", "--port", "0"], &[])), 3);
    let repaired = run(folder.path(), &["journal", "repair", "--yes"], &[]);
    assert_eq!(code(&repaired), 0, "{}", stderr(&repaired));
    assert!(stdout(&repaired).contains("Set aside: "), "{}", stdout(&repaired));
    Server::start(folder.path()).terminate();
}

#[test]
fn a_call_is_placed_followed_and_shown_from_the_command_line() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("questions.json"), r#"["What is your name?", "מתי נוח לך?"]"#).unwrap();
    let server = Server::start(folder.path());
    let placed = run(folder.path(), &["call", "+15550109000", "--name", "Ann", "--wait", "--json"], &[]);
    assert_eq!(code(&placed), 0, "{}", stderr(&placed));
    let call: Value = serde_json::from_str(&stdout(&placed)).unwrap();
    assert_eq!((&call["disposition"], &call["answer_count"]), (&"completed".into(), &2.into()));

    let id = call["id"].as_str().unwrap();
    let shown = stdout(&run(folder.path(), &["show", id], &[]));
    for part in
        ["What is your name?", "מתי נוח לך?", "disposition     completed", "asks question 2", "says goodbye"]
    {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let listed = stdout(&run(folder.path(), &["calls", "--search", "Ann"], &[]));
    assert!(listed.contains(id), "{listed}");
    let ended = run(folder.path(), &["end", id], &[]);
    assert_eq!(code(&ended), 1);
    assert!(stderr(&ended).contains("already over"), "{}", stderr(&ended));
    for arguments in [&["hold", id][..], &["resume", id], &["transfer", id, "+15550109001"]] {
        let late = run(folder.path(), arguments, &[]);
        assert_eq!(code(&late), 1);
        assert!(stderr(&late).contains("already over"), "{}", stderr(&late));
    }
    let wrong = run(folder.path(), &["call", "12"], &[]);
    assert_eq!(code(&wrong), 1);
    assert_eq!(stderr(&wrong).lines().count(), 1);

    let sealed = stdout(&run(folder.path(), &["journal", "cat", "--sealed"], &[]));
    let opened = stdout(&run(folder.path(), &["journal", "cat"], &[]));
    assert!(!sealed.contains("+15550109000"), "personal fields are sealed on the disk");
    assert!(opened.contains("+15550109000"), "and open to who holds the keys");
    server.terminate();
}

#[test]
fn without_a_server_the_client_commands_say_so_with_exit_code_4() {
    let folder = TempDir::new().unwrap();
    let none = run(folder.path(), &["status"], &[]);
    assert_eq!((code(&none), stderr(&none).lines().count()), (4, 1), "{}", stderr(&none));
    let server = Server::start(folder.path());
    server.kill();
    let gone = run(folder.path(), &["calls"], &[]);
    assert_eq!((code(&gone), stderr(&gone).lines().count()), (4, 1), "{}", stderr(&gone));
}

#[test]
fn the_database_is_made_checked_and_left_alone_the_second_time() {
    let folder = TempDir::new().unwrap();
    let first = run(folder.path(), &["migrate", "--json"], &[]);
    let second = run(folder.path(), &["migrate", "--json"], &[]);
    assert_eq!((code(&first), code(&second)), (0, 0));
    let [first, second] =
        [first, second].map(|output| serde_json::from_str::<Value>(&stdout(&output)).unwrap());
    assert_eq!(first["ok"], true);
    assert_eq!(first["migrations"], second["migrations"]);
}

#[test]
fn a_postgresql_is_made_checked_served_from_and_never_shown_with_its_password() {
    let folder = TempDir::new().unwrap();
    let database = Postgres::shared().database().unwrap();
    let url = database.url();
    let environment = [("DATABASE_URL", url.as_str())];
    let ask = |arguments: &[&str]| run(folder.path(), arguments, &environment);
    let shown = url.replace(&format!(":{PASSWORD}"), "");
    for _ in 0..2 {
        let listed: Value = serde_json::from_str(&stdout(&ask(&["migrate", "--list", "--json"]))).unwrap();
        assert_eq!(
            (&listed["schema"], &listed["migrations"]),
            (&json!(0), &json!([])),
            "a list makes nothing"
        );
    }
    let mut told = Vec::new();
    for _ in 0..2 {
        let migrated = ask(&["migrate", "--json"]);
        assert_eq!(code(&migrated), 0, "{}", stderr(&migrated));
        told.push(serde_json::from_str::<Value>(&stdout(&migrated)).unwrap());
    }
    assert_eq!((&told[0]["ok"], &told[0]["database"]), (&Value::Bool(true), &Value::String(shown.clone())));
    assert_eq!(told[0]["migrations"], told[1]["migrations"]);
    assert!(stdout(&ask(&["config", "check"])).contains(&shown));

    let server = Server::start_with(folder.path(), &environment);
    let status = server.until_status(|status| status["ready"]["parts"]["database"]["state"] == "ok");
    assert_eq!(status["ready"]["parts"]["database"]["detail"], shown);
    let (_, log) = server.terminate();
    assert!(!log.contains(PASSWORD) && log.contains("database.available"), "{log}");

    database.sql("INSERT INTO migrations VALUES (900, 'later', 0)").unwrap();
    let newer = ask(&["migrate"]);
    assert_eq!(code(&newer), 1);
    assert!(stderr(&newer).contains("schema 900"), "{}", stderr(&newer));
    let wrong = url.replace(PASSWORD, "another");
    let wrong = run(folder.path(), &["migrate"], &[("DATABASE_URL", wrong.as_str())]);
    assert!(stderr(&wrong).contains("refusing our user or password"), "{}", stderr(&wrong));
}

#[test]
fn our_numbers_are_pointed_here_and_the_credentials_are_asked_about() {
    let folder = TempDir::new().unwrap();
    let carrier = Carrier::start(folder.path());
    fs::write(
        folder.path().join("trunkline.toml"),
        "[scripts]\nnumbers = [{ number = \"+15005550006\", script = \"survey\" }]\n",
    )
    .unwrap();
    let account = [
        ("TWILIO_API_BASE", carrier.url.as_str()),
        ("TWILIO_ACCOUNT_SID", "AC00000000000000000000000000000001"),
        ("TWILIO_AUTH_TOKEN", "simulator-auth-token"),
        ("TWILIO_PHONE_NUMBER", "+15005550006"),
        ("PUBLIC_URL", "https://calls.example.com"),
    ];
    let ask = |arguments: &[&str]| stdout(&run(folder.path(), arguments, &account));
    assert!(
        ask(&["numbers", "list"]).contains("+15005550006  survey  nowhere"),
        "{}",
        ask(&["numbers", "list"])
    );
    let shown = ask(&["numbers", "sync"]);
    assert!(shown.contains("would lead here") && shown.contains("--apply"), "{shown}");
    assert!(ask(&["numbers", "list"]).contains("survey  nowhere"), "nothing was changed");
    assert!(ask(&["numbers", "sync", "--apply"]).contains("leads here now"));
    assert!(ask(&["numbers", "sync", "--apply"]).contains("was right already"), "it is safe to repeat");
    let listed = ask(&["numbers", "list", "--json"]);
    let listed: Value = serde_json::from_str(listed.trim()).unwrap();
    assert_eq!(listed["voice_url"], "https://calls.example.com/answer");

    let right = run(folder.path(), &["config", "check", "--online"], &account);
    assert_eq!(code(&right), 0, "{}", stdout(&right));
    assert!(stdout(&right).contains("the account is active"), "{}", stdout(&right));
    let mut wrong = account;
    wrong[2].1 = "another-token";
    let wrong = run(folder.path(), &["config", "check", "--online"], &wrong);
    assert_eq!(code(&wrong), 2);
    assert!(stdout(&wrong).contains("error: carrier.auth_token"), "{}", stdout(&wrong));
}

#[test]
fn the_simulated_carrier_says_which_application_its_numbers_lead_to() {
    let folder = TempDir::new().unwrap();
    let settings = |speaks| Carrier::speaking(folder.path(), speaks).1;
    let (texml, commands) = (settings("telnyx"), settings("telnyx-call-control"));
    let connection = |settings: &str| {
        let line = settings.lines().find(|line| line.contains("TELNYX_CONNECTION_ID=")).unwrap();
        line.to_owned()
    };
    assert_ne!(connection(&texml), connection(&commands));
    assert!(commands.contains("TELNYX_APPLICATION=call_control"), "{commands}");
    assert!(!texml.contains("TELNYX_APPLICATION"), "{texml}");
    let wrong = run(folder.path(), &["sim", "--speaks", "morse"], &[]);
    assert!(stderr(&wrong).contains("telnyx-call-control"), "{}", stderr(&wrong));
}

#[test]
fn the_self_test_passes() {
    let folder = TempDir::new().unwrap();
    let output = run(folder.path(), &["selftest"], &[]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    assert!(stdout(&output).ends_with("7/7 passed\n"), "{}", stdout(&output));
}

/// S-18: each secret, rightly and wrongly given, in every way in which people give them. What is wrong is said by name and
/// place; the secret is said nowhere.
#[test]
fn s_18_no_secret_is_ever_said_however_wrongly_it_is_given() {
    const WORD: &str = "s3crEt0Word";
    let secret = format!("{WORD}-{}", "x".repeat(24));
    let given = |template: &str| template.replace("<it>", &secret).replace("<cut>", WORD);
    let environment: [(&str, &str); 26] = [
        ("TRUNKLINE_API_KEY", "<it>"),
        ("TRUNKLINE_ACCESS_API_KEY", "<it>"),
        ("TRUNKLINE_API_KEY", "<cut>"),
        ("TRUNKLINE_API_KEY", "<it> <it>"),
        ("TRUNKLINE_API_KEY", "<it>\n<it>"),
        ("TRUNKLINE_SECRET_KEYS", "<it>"),
        ("TRUNKLINE_SECRET_KEYS", "5a17c0de5a17c0de5a17c0de5a17c0de5a17c0de5a17c0de5a17c0de5a17c0de,<it>"),
        ("TRUNKLINE_ACCESS_SECRET_KEYS", "[<it>]"),
        ("TRUNKLINE_SECRETKEYS", "<it>"),
        ("TWILIO_AUTH_TOKEN", "<it>"),
        ("TWILIO_AUTH_TOKEN", "<it> "),
        ("TWILIO_AUTH_TOKEN", "\"<it>\""),
        ("TRUNKLINE_CARRIER_AUTH_TOKEN", "<it>"),
        ("TRUNKLINE_CARRIER_AUTHTOKEN", "<it>"),
        ("TWILIO_API_BASE", "https://user:<it>@twilio.example"),
        ("PUBLIC_URL", "https://user:<it>@calls.example.com"),
        ("PUBLIC_URL", "https://<it>@calls.example.com"),
        ("PUBLIC_URL", "user:<it>@calls.example.com"),
        ("FALLBACK_URL", "https://user:<it>@calls.example.com/"),
        ("NODE_URL", "http://user:<it>@10.0.0.1:8080"),
        ("DATABASE_URL", "postgres://user:<it>@db.example/trunkline"),
        ("DATABASE_URL", "user:<it>@db.example"),
        ("REDIS_URL", "redis://:<it>@cache.example"),
        ("OPENAI_API_KEY", "<it>"),
        ("TELNYX_API_KEY", "<it>"),
        ("TRUNKLINE_JWT_SECRET", "<it>"),
    ];
    let files: [(&str, &str); 12] = [
        (".env", "TRUNKLINE_API_KEY=<it>\n"),
        (".env", "TRUNKLINE_API_KEY=\"<it>\n"),
        (".env", "TRUNKLINE_API_KEY <it>\n"),
        (".env", "<it>\n"),
        (".env", "TRUNKLINE_SECRET_KEYS=<it>\n<it>+/==\n"),
        (".env", "TRUNKLINE_SECRET_KEYS='<it>' <it>\n"),
        ("trunkline.toml", "[access]\napi_key = \"<it>\"\n"),
        ("trunkline.toml", "[access]\napi_key = <it>\n"),
        ("trunkline.toml", "[access]\napi_key = \"<it>\n"),
        ("trunkline.toml", "[access]\napi_key = [\"<it>\"]\n"),
        ("trunkline.toml", "[access]\napikey = \"<it>\"\n"),
        ("trunkline.toml", "[access]\nsecret_keys = [\"<it>\", { a = \"<it>\" }]\n"),
    ];
    let mut said = Vec::new();
    let mut look = |what: String, folder: &Path, environment: &[(&str, &str)]| {
        for arguments in [&["config", "check"][..], &["status"], &["migrate"]] {
            let output = run(folder, arguments, environment);
            let text = stdout(&output) + &stderr(&output);
            assert!(!text.is_empty(), "{what}: {arguments:?} says nothing");
            if text.contains(WORD) {
                said.push(format!("{what}, {arguments:?}: {text}"));
            }
        }
    };
    for (name, template) in environment {
        let folder = TempDir::new().unwrap();
        let value = given(template);
        look(format!("{name}={value}"), folder.path(), &[(name, &value)]);
    }
    for (name, template) in files {
        let folder = TempDir::new().unwrap();
        let content = given(template);
        fs::write(folder.path().join(name), &content).unwrap();
        look(format!("{name}: {content:?}"), folder.path(), &[]);
    }
    assert!(said.is_empty(), "{}:\n{}", said.len(), said.join("\n"));
    let folder = TempDir::new().unwrap();
    let told = stderr(&run(folder.path(), &["config", "check"], &[("PORT", WORD)]));
    assert!(told.contains(WORD), "the control: what is no secret is said: {told}");
}

/// Runs the program in a folder, with nothing but this environment.
fn run(folder: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    command(folder).args(arguments).envs(environment.iter().copied()).output().unwrap()
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
    command.current_dir(folder).env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// A server that runs in a folder, at 30 times the speed.
struct Server {
    child: Child,
    folder: std::path::PathBuf,
    url: String,
    said: Vec<String>,
}

impl Server {
    fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    fn start_with(folder: &Path, environment: &[(&str, &str)]) -> Self {
        let log = fs::File::create(folder.join("log")).unwrap();
        let mut command = command(folder);
        command.envs(environment.iter().copied());
        command.args(["serve", "--port", "0", "--speed", "30"]).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().unwrap();
        let mut said = Vec::new();
        for line in BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok) {
            let url = line.strip_prefix("Dashboard: ").map(|url| url.trim_end_matches('/').to_owned());
            said.push(line);
            if let Some(url) = url {
                return Self { child, folder: folder.to_owned(), url, said };
            }
        }
        let ended = child.wait().unwrap();
        panic!("it did not start ({ended}): {}", fs::read_to_string(folder.join("log")).unwrap());
    }

    /// The rest of a line that it printed.
    fn said(&self, beginning: &str) -> Option<String> {
        self.said.iter().find_map(|line| Some(line.strip_prefix(beginning)?.to_owned()))
    }

    fn until_status(&self, holds: impl Fn(&Value) -> bool) -> Value {
        for _ in 0..500 {
            let status = run(&self.folder, &["status", "--json"], &[]);
            let status = serde_json::from_str(&stdout(&status));
            if let Some(status) = status.ok().filter(|status| holds(status)) {
                return status;
            }
        }
        panic!("it never came to be so");
    }

    /// Asks it to stop; returns how it ended, and its log.
    fn terminate(mut self) -> (Output, String) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        let status = self.child.wait().unwrap();
        let log = fs::read_to_string(self.folder.join("log")).unwrap();
        (Output { status, stdout: Vec::new(), stderr: Vec::new() }, log)
    }

    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The simulated carrier, in a process of its own.
struct Carrier {
    child: Child,
    url: String,
}

impl Carrier {
    fn start(folder: &Path) -> Self {
        Self::speaking(folder, "twilio").0
    }

    /// The carrier, and the settings that it prints.
    fn speaking(folder: &Path, speaks: &str) -> (Self, String) {
        let arguments = ["sim", "--port", "0", "--speaks", speaks];
        let mut child = command(folder).args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut said = BufReader::new(child.stdout.as_mut().unwrap());
        said.read_line(&mut line).unwrap();
        let mut settings = String::new();
        while !settings.contains("PUBLIC_URL=") {
            assert_ne!(said.read_line(&mut settings).unwrap(), 0, "{settings}");
        }
        drop(said);
        let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
        (Self { child, url: url.trim_end_matches([';', '.']).to_owned() }, settings)
    }
}

impl Drop for Carrier {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn every_file(folder: &Path, look: &mut impl FnMut(&Path, &[u8])) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => every_file(&path, look),
            false => look(&path, &fs::read(&path).unwrap()),
        }
    }
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it was not killed")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

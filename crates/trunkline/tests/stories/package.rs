//! What is shipped beside the program: the Debian package, the alert rules, the dashboard, what is said of attacks.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::day::Day;

const RULES: &str = include_str!("../../../../deploy/prometheus/trunkline.rules.yaml");
const DASHBOARD: &str = include_str!("../../../../deploy/grafana/trunkline.json");
const METRICS: &str = include_str!("../../../../docs/metrics.md");
const SECURITY: &str = include_str!("../../../../docs/security.md");
const ALERTS: &str = include_str!("../../../../docs/operating/alerts.md");

/// The names of metrics in a text.
fn names(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| word.starts_with("trunkline_")).collect()
}

#[test]
fn every_metric_that_rules_dashboard_and_page_name_is_told_by_the_server() {
    let day = Day::begin();
    let told = day.until("it has found its database", |day| {
        Some(day.get("/metrics").text()).filter(|told| told.contains("trunkline_queue_jobs"))
    });
    let told = names(&told);
    for (what, text) in [("the rules", RULES), ("the dashboard", DASHBOARD), ("the page", METRICS)] {
        let unknown: Vec<_> = names(text).difference(&told).copied().collect();
        assert!(unknown.is_empty(), "{what} names {unknown:?}, which /metrics lacks: {told:?}");
    }
    // The page shortens names that differ in their ends: `trunkline_journal_position`, `_bytes`.
    let is_told = |name: &str| {
        let family = name.trim_end_matches("_bucket").trim_end_matches("_sum").trim_end_matches("_count");
        let end = family.rsplit_once("trunkline_journal").map_or(family, |(_, end)| end);
        METRICS.contains(&format!("`{family}`"))
            || METRICS.contains(&format!("`{family}{{"))
            || METRICS.contains(&format!("`{end}`"))
    };
    let unsaid: Vec<_> = told.iter().filter(|name| !is_told(name)).collect();
    assert!(unsaid.is_empty(), "docs/metrics.md lacks {unsaid:?}");
}

#[test]
fn every_alert_has_its_chapter_and_every_chapter_its_alert() {
    let alerts: BTreeSet<&str> =
        RULES.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")).collect();
    let chapters: BTreeSet<&str> = ALERTS.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert!(alerts.len() > 5);
    assert_eq!(alerts, chapters);
    for alert in alerts {
        let link = format!("docs/operating/alerts.md#{}", alert.to_lowercase());
        assert!(RULES.contains(&link), "{alert} leads nowhere");
    }
}

/// Every Rust source below a folder, as one text.
fn sources(folder: &Path) -> String {
    let mut all = String::new();
    for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
        match entry.path() {
            path if path.is_dir() => all += &sources(&path),
            path if path.extension().is_some_and(|end| end == "rs") => {
                all += &fs::read_to_string(path).unwrap();
            }
            _ => {}
        }
    }
    all
}

#[test]
fn every_test_that_the_page_of_attacks_names_is_there() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join(".."));
    let is_test = |name: &str| sources.contains(&format!("fn {name}("));
    let mut rows = 0;
    for row in SECURITY.lines().filter(|line| line.starts_with("| S-")) {
        let shown_by = row.trim_end_matches('|').rsplit('|').next().unwrap();
        let named: Vec<&str> = shown_by.split('`').skip(1).step_by(2).collect();
        assert!(!named.is_empty(), "nothing shows {row}");
        let gone: Vec<_> = named.iter().filter(|name| name.contains('_') && !is_test(name)).collect();
        assert!(gone.is_empty(), "{gone:?} of {row}");
        rows += 1;
    }
    assert!(rows > 20 && !is_test("a_test_that_was_never_written"), "the control");
}

#[test]
fn each_panel_of_the_dashboard_asks_something() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    for panel in dashboard["panels"].as_array().unwrap() {
        let asks = panel["targets"].as_array().unwrap().iter().filter_map(|target| target["expr"].as_str());
        assert!(asks.clone().count() > 0 && asks.clone().all(|ask| !names(ask).is_empty()), "{panel}");
    }
}

fn said(command: &mut Command) -> String {
    let ran = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(ran.status.success(), "{command:?}: {}", String::from_utf8_lossy(&ran.stdout));
    String::from_utf8(ran.stdout).unwrap()
}

#[test]
#[ignore = "takes a while; cargo xtask test runs it"]
fn the_debian_package_holds_a_program_that_runs_with_its_own_settings() {
    if Command::new("dpkg-deb").arg("--version").stdout(Stdio::null()).status().is_err() {
        eprintln!("not told: this is no Debian");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/debian/build.sh");
    let mut build = Command::new(script);
    build.arg(env!("CARGO_BIN_EXE_trunkline")).arg(folder.path()).env("DEB_COMPRESSION", "gzip");
    let package = said(&mut build);
    let package = package.trim();
    let field =
        |name: &str| said(Command::new("dpkg-deb").args(["--field", package, name])).trim().to_owned();
    assert_eq!(
        (field("Package"), field("Version")),
        ("trunkline".to_owned(), env!("CARGO_PKG_VERSION").to_owned())
    );

    let unpacked = folder.path().join("unpacked");
    said(Command::new("dpkg-deb").arg("--raw-extract").arg(package).arg(&unpacked));
    let at = |path: &str| unpacked.join(path);
    let version = said(Command::new(at("usr/bin/trunkline")).arg("--version"));
    assert_eq!(version.trim(), format!("trunkline {}", env!("CARGO_PKG_VERSION")));
    let mut check = Command::new(at("usr/bin/trunkline"));
    check.args(["config", "check", "--config"]).arg(at("etc/trunkline/trunkline.toml"));
    let check = said(check.env("DATA_DIR", folder.path().join("data")).current_dir(at("etc/trunkline")));
    assert!(check.contains("The settings can be used."), "{check}");

    let unit = fs::read_to_string(at("usr/lib/systemd/system/trunkline.service")).unwrap();
    assert!(unit.contains("\nExecStart=/usr/bin/trunkline serve --config /etc/trunkline/trunkline.toml\n"));
    let kept = fs::read_to_string(at("DEBIAN/conffiles")).unwrap();
    for file in kept.lines() {
        assert!(at(file.trim_start_matches('/')).is_file(), "{file}");
    }
    for script in ["postinst", "prerm", "postrm"] {
        said(Command::new("sh").arg("-n").arg(at("DEBIAN").join(script)));
    }
}

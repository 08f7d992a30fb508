//! The files of bots: read when they change, kept by content hash, so that a live call goes on with the text it began with. A
//! file that breaks changes nothing: its last good version is used, and the operator is told.

use crate::engine::{Engine, Inner};
use crate::intake::IntakeError;
use crate::record;
use jiff::Timestamp;
use parking_lot::RwLock;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use trunkline_core::bot::{Bot, BotName, BotVersion};
use trunkline_core::id::TenantId;
use trunkline_journal::Class;

/// What people see of a bot.
#[derive(Clone, Debug)]
pub struct BotInfo {
    /// Its name.
    pub name: String,
    /// What is wrong with its file, and where.
    pub problem: Option<String>,
    /// What is used; `None`: it could never be read.
    pub bot: Option<Arc<Bot>>,
}

/// All bots this process knows.
pub(crate) struct BotFiles {
    source: Option<PathBuf>,
    state: RwLock<State>,
}

#[derive(Default)]
struct State {
    files: BTreeMap<String, File>,
    versions: BTreeMap<BotVersion, Arc<Bot>>,
    used: BTreeSet<BotVersion>,
    missing: Option<String>,
    problem_since: Option<Timestamp>,
}

struct File {
    stamp: Option<(SystemTime, u64)>,
    bot: Option<Arc<Bot>>,
    problem: Option<String>,
}

impl BotFiles {
    pub fn new(source: Option<PathBuf>) -> Self {
        Self { source, state: RwLock::default() }
    }

    /// Reads again what has changed on disk since the last look. Blocking, and cheap when nothing changed.
    pub fn look(&self, now: Timestamp) {
        let Some(source) = &self.source else { return };
        let found = find(source);
        let mut state = self.state.write();
        match found {
            Ok(paths) => {
                state.missing = None;
                state.files.retain(|name, _| paths.contains_key(name));
                for (name, path) in paths {
                    state.read(name, &path);
                }
            }
            Err(problem) => {
                if state.missing.as_ref() != Some(&problem) {
                    tracing::warn!(%problem, "bot.missing: bots are as they were last read");
                }
                state.missing = Some(problem);
            }
        }
        let is_well = state.problem().is_none();
        state.problem_since = if is_well { None } else { state.problem_since.or(Some(now)) };
    }

    /// The bot of this name that a tenant may use, as it is now.
    pub fn current(&self, tenant: &TenantId, name: &str) -> Option<Arc<Bot>> {
        let state = self.state.read();
        let bot = state.files.get(name)?.bot.clone();
        bot.filter(|bot| bot.is_for(tenant))
    }

    /// The bot with this content hash, if this process has ever seen it.
    pub fn version(&self, version: BotVersion) -> Option<Arc<Bot>> {
        self.state.read().versions.get(&version).cloned()
    }

    /// Those that a tenant may use. A file that nobody could read yet is shown to the tenant that is always there.
    pub fn of(&self, tenant: &TenantId) -> Vec<BotInfo> {
        let state = self.state.read();
        let is_for = |file: &File| file.bot.as_ref().map_or(tenant.is_default(), |bot| bot.is_for(tenant));
        let info = |(name, file): (&String, &File)| BotInfo {
            name: name.clone(),
            problem: file.problem.clone(),
            bot: file.bot.clone(),
        };
        state.files.iter().filter(|(_, file)| is_for(file)).map(info).collect()
    }

    /// Notes that a call runs this version; `true` the first time, when the journal must be told its content.
    pub fn use_version(&self, version: BotVersion) -> bool {
        self.state.write().used.insert(version)
    }

    /// The journal was told and did not take it: the next call that runs this version tells it again.
    pub fn not_journaled(&self, version: BotVersion) {
        self.state.write().used.remove(&version);
    }

    /// The versions that calls have run.
    pub fn used(&self) -> Vec<Bot> {
        let state = self.state.read();
        state
            .used
            .iter()
            .filter_map(|version| state.versions.get(version))
            .map(|bot| Bot::clone(bot))
            .collect()
    }

    /// Takes in a version that an earlier life of this server used.
    pub fn remember(&self, bot: Bot) {
        let mut state = self.state.write();
        state.used.insert(bot.version);
        state.versions.entry(bot.version).or_insert_with(|| Arc::new(bot));
    }

    /// What is wrong, and since when.
    pub fn problem(&self) -> Option<(String, Timestamp)> {
        let state = self.state.read();
        state.problem().zip(state.problem_since)
    }
}

impl Engine {
    /// The bots that a tenant may use, in the order of their names.
    pub fn bots(&self, tenant: &TenantId) -> Vec<BotInfo> {
        self.inner.bot_files.of(tenant)
    }
}

impl Inner {
    /// Journals a bot's content the first time a call runs it, so that a call in mid-sentence survives an edit and a restart.
    pub(crate) async fn use_bot(self: &Arc<Self>, bot: &Arc<Bot>) -> Result<(), IntakeError> {
        if self.bot_files.use_version(bot.version) {
            let payload = serde_json::to_vec(bot.as_ref()).map_err(|e| IntakeError::Failed(e.to_string()))?;
            let journaled = match self.journal.append(record::kind::BOT, payload, Class::Event) {
                Ok(pending) => pending.await,
                Err(refused) => Err(refused),
            };
            journaled.inspect_err(|_| self.bot_files.not_journaled(bot.version))?;
        }
        Ok(())
    }
}

impl State {
    fn problem(&self) -> Option<String> {
        self.missing.clone().or_else(|| self.files.values().find_map(|file| file.problem.clone()))
    }

    fn read(&mut self, name: String, path: &Path) {
        let stamp = fs::metadata(path).ok().and_then(|meta| Some((meta.modified().ok()?, meta.len())));
        let known = self.files.get(&name);
        if known.is_some_and(|file| file.stamp == stamp && stamp.is_some()) {
            return;
        }
        let was = known.and_then(|file| file.bot.clone());
        let (bot, problem) = match load(&name, path) {
            Ok(bot) => {
                self.versions.insert(bot.version, bot.clone());
                (Some(bot), None)
            }
            Err(problem) => {
                tracing::warn!(%problem, bot = name, "bot.broken: its last good version is used, if there was one");
                (was, Some(problem))
            }
        };
        self.files.insert(name, File { stamp, bot, problem });
    }
}

fn load(name: &str, path: &Path) -> Result<Arc<Bot>, String> {
    let name = name.parse::<BotName>().map_err(|e| format!("{}: {e}", path.display()))?;
    let bytes = fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let bot = Bot::parse(&bytes, name).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(Arc::new(bot))
}

fn find(source: &Path) -> Result<BTreeMap<String, PathBuf>, String> {
    let cannot = |e: std::io::Error| format!("cannot read {}: {e}", source.display());
    if !fs::metadata(source).map_err(cannot)?.is_dir() {
        return Ok(BTreeMap::from([(stem(source), source.to_owned())]));
    }
    let entries = fs::read_dir(source).map_err(cannot)?;
    let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
    let files = paths.filter(|path| path.extension().is_some_and(|ext| ext == "json"));
    Ok(files.map(|path| (stem(&path), path)).collect())
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"instructions": "Be kind.", "greeting": "Hello."}"#;

    fn look(bots: &BotFiles) {
        bots.look(Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn a_file_that_breaks_leaves_its_last_good_version_and_says_where() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("clinic.json");
        let bots = BotFiles::new(Some(dir.path().to_owned()));
        fs::write(&file, GOOD).unwrap();
        look(&bots);
        let tenant = TenantId::default_tenant();
        let version = bots.current(&tenant, "clinic").unwrap().version;
        assert_eq!(bots.problem(), None);
        fs::write(&file, "{\n \"greeting\": 2}").unwrap();
        look(&bots);
        assert_eq!(bots.current(&tenant, "clinic").unwrap().version, version);
        let (problem, _) = bots.problem().unwrap();
        assert!(problem.contains("clinic.json: line 1"), "{problem}");
        assert!(bots.of(&tenant)[0].problem.is_some());
        fs::write(&file, GOOD.replace("kind", "brief")).unwrap();
        look(&bots);
        assert_eq!(bots.problem(), None);
        assert!(bots.version(version).is_some(), "a live call keeps its own text");
    }

    #[test]
    fn a_bot_of_a_tenant_is_nobody_elses() {
        let dir = tempfile::tempdir().unwrap();
        let own = GOOD.replacen('{', r#"{"tenant": "acme", "#, 1);
        fs::write(dir.path().join("own.json"), own).unwrap();
        fs::write(dir.path().join("all.json"), GOOD).unwrap();
        fs::write(dir.path().join("odd.json"), "[]").unwrap();
        let bots = BotFiles::new(Some(dir.path().to_owned()));
        look(&bots);
        let names = |tenant: &str| {
            bots.of(&TenantId::new(tenant)).into_iter().map(|bot| bot.name).collect::<Vec<_>>()
        };
        assert_eq!(
            (names("acme"), names("beta")),
            (vec!["all".into(), "own".into()], vec!["all".to_owned()])
        );
        assert_eq!(names("default"), ["all", "odd"], "who runs the server sees what nobody could read");
        assert!(bots.current(&TenantId::new("beta"), "own").is_none());
        assert!(bots.current(&TenantId::new("acme"), "own").is_some());
    }

    #[test]
    fn without_the_setting_there_are_none_and_nothing_is_wrong() {
        let bots = BotFiles::new(None);
        look(&bots);
        assert!(bots.problem().is_none() && bots.of(&TenantId::default_tenant()).is_empty());
        let gone = BotFiles::new(Some("/nowhere/bots".into()));
        look(&gone);
        assert!(gone.problem().unwrap().0.contains("/nowhere/bots"));
    }
}

//! The script files: read when they change, kept by content hash, so that a live call goes on with the text it began
//! with. A missing or broken file never stops a call: the built-in questions are asked, and the operator is told.

use crate::reading::Part;
use jiff::Timestamp;
use parking_lot::RwLock;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;
use trunkline_core::script::{Language, Script, ScriptName, ScriptVersion};

/// What people see of a script.
#[derive(Clone, Debug, Serialize)]
pub struct ScriptInfo {
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: String,
    /// What it is spoken in.
    pub language: String,
    /// How many questions it has.
    pub questions: usize,
    /// What is wrong with its file, and where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// Whether people are asked before their answers are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AskConsent {
    /// Where a script has a question for it.
    #[default]
    AsScriptsSay,
    /// Always: a script that records and does not ask is asked for it.
    Always,
}

impl AskConsent {
    fn of(self, script: Script) -> Script {
        match self {
            Self::AsScriptsSay => script,
            Self::Always => script.with_consent(),
        }
    }
}

/// All scripts this process knows.
pub(crate) struct Scripts {
    source: PathBuf,
    default: Option<String>,
    consent: AskConsent,
    state: RwLock<State>,
}

struct State {
    builtin: Arc<Script>,
    files: BTreeMap<String, File>,
    versions: HashMap<ScriptVersion, Arc<Script>>,
    used: BTreeSet<ScriptVersion>,
    problem_since: Option<Timestamp>,
    missing: Option<String>,
}

struct File {
    path: PathBuf,
    stamp: Option<(SystemTime, u64)>,
    script: Option<Arc<Script>>,
    problem: Option<String>,
}

impl Scripts {
    pub fn new(source: PathBuf, default: Option<String>, consent: AskConsent) -> Self {
        let builtin = Arc::new(consent.of(Script::builtin()));
        let state = State {
            versions: HashMap::from([(builtin.version, builtin.clone())]),
            builtin,
            files: BTreeMap::new(),
            used: BTreeSet::new(),
            problem_since: None,
            missing: None,
        };
        Self { source, default, consent, state: RwLock::new(state) }
    }

    /// Reads again what has changed on disk since the last look. Blocking, and cheap when nothing changed.
    pub fn look(&self, now: Timestamp) {
        let found = self.find();
        let mut state = self.state.write();
        match found {
            Ok(paths) => {
                state.missing = None;
                state.files.retain(|name, _| paths.contains_key(name));
                for (name, path) in paths {
                    state.read(name, path, self.consent);
                }
            }
            Err(problem) => {
                if state.missing.as_ref() != Some(&problem) {
                    tracing::warn!(%problem, "script.missing: the built-in questions are asked");
                }
                state.files.clear();
                state.missing = Some(problem);
            }
        }
        let problem = state.problem().is_some();
        state.problem_since = if problem { state.problem_since.or(Some(now)) } else { None };
    }

    fn find(&self) -> Result<BTreeMap<String, PathBuf>, String> {
        let meta =
            fs::metadata(&self.source).map_err(|e| format!("cannot read {}: {e}", self.source.display()))?;
        if !meta.is_dir() {
            return Ok(BTreeMap::from([(stem(&self.source), self.source.clone())]));
        }
        let entries =
            fs::read_dir(&self.source).map_err(|e| format!("cannot read {}: {e}", self.source.display()))?;
        let paths = entries.filter_map(Result::ok).map(|entry| entry.path());
        let files: BTreeMap<_, _> = paths
            .filter(|path| path.extension().is_some_and(|ext| ext == "json"))
            .map(|path| (stem(&path), path))
            .collect();
        if files.is_empty() {
            return Err(format!("no .json file in {}", self.source.display()));
        }
        Ok(files)
    }

    /// The script with this name as it is now, or the default one, or the built-in one if its file is broken.
    /// `None` if there is no file of that name.
    pub fn current(&self, name: Option<&str>) -> Option<Arc<Script>> {
        let state = self.state.read();
        let file = match name.or(self.default.as_deref()) {
            Some(name) => match state.files.get(name) {
                Some(file) => Some(file),
                None if name == ScriptName::builtin().as_str() => None,
                None if state.missing.is_some() => None,
                None => return None,
            },
            None => state.files.values().next(),
        };
        Some(file.and_then(|file| file.script.clone()).unwrap_or_else(|| state.builtin()))
    }

    /// The script with this content hash, if this process has ever seen it.
    pub fn version(&self, version: ScriptVersion) -> Option<Arc<Script>> {
        self.state.read().versions.get(&version).cloned()
    }

    /// A script that asks for one thing and records it, with the question for consent where every script has it.
    pub fn taking_message(&self, language: Language) -> Arc<Script> {
        self.take_in(self.consent.of(Script::taking_message(language)))
    }

    /// Takes in a script that is in no file.
    pub fn take_in(&self, script: Script) -> Arc<Script> {
        self.state.write().versions.entry(script.version).or_insert_with(|| Arc::new(script)).clone()
    }

    /// Notes that a call runs this version; `true` the first time, when the journal must be told its content.
    pub fn use_version(&self, version: ScriptVersion) -> bool {
        self.state.write().used.insert(version)
    }

    /// The journal was told and did not take it: the next call that runs this version tells it again.
    pub fn not_journaled(&self, version: ScriptVersion) {
        self.state.write().used.remove(&version);
    }

    /// The versions that calls have run.
    pub fn used(&self) -> Vec<Script> {
        let state = self.state.read();
        state
            .used
            .iter()
            .filter_map(|version| state.versions.get(version))
            .map(|script| Script::clone(script))
            .collect()
    }

    /// Takes in a version that an earlier life of this server used.
    pub fn remember(&self, script: Script) {
        let mut state = self.state.write();
        state.used.insert(script.version);
        state.versions.entry(script.version).or_insert_with(|| Arc::new(script));
    }

    pub fn list(&self) -> Vec<ScriptInfo> {
        let state = self.state.read();
        let info = |name: &str, script: &Script, problem: Option<String>| ScriptInfo {
            name: name.to_owned(),
            title: script.title.clone(),
            language: script.language.as_str().to_owned(),
            questions: script.questions.len(),
            problem,
        };
        if state.files.is_empty() {
            let builtin = state.builtin();
            return vec![info(builtin.name.as_str(), &builtin, state.missing.clone())];
        }
        state
            .files
            .iter()
            .map(|(name, file)| {
                let script = file.script.clone().unwrap_or_else(|| state.builtin());
                info(name, &script, file.problem.clone())
            })
            .collect()
    }

    pub fn health(&self) -> Part {
        let state = self.state.read();
        match (state.problem(), state.problem_since) {
            (Some(reason), Some(since)) => Part::Degraded { reason, since },
            _ => Part::Ok { detail: format!("{} in {}", state.files.len(), self.source.display()) },
        }
    }
}

impl State {
    fn builtin(&self) -> Arc<Script> {
        self.builtin.clone()
    }

    fn problem(&self) -> Option<String> {
        self.missing.clone().or_else(|| self.files.values().find_map(|file| file.problem.clone()))
    }

    fn read(&mut self, name: String, path: PathBuf, consent: AskConsent) {
        let stamp = fs::metadata(&path).ok().and_then(|meta| Some((meta.modified().ok()?, meta.len())));
        if self
            .files
            .get(&name)
            .is_some_and(|file| file.path == path && file.stamp == stamp && stamp.is_some())
        {
            return;
        }
        let read = load(&name, &path, consent);
        if let Err(problem) = &read {
            tracing::warn!(%problem, script = name, "script.broken: the built-in questions are asked");
        }
        if let Ok(script) = &read {
            self.versions.insert(script.version, script.clone());
        }
        let problem = read.as_ref().err().cloned();
        self.files.insert(name, File { path, stamp, script: read.ok(), problem });
    }
}

fn load(name: &str, path: &Path, consent: AskConsent) -> Result<Arc<Script>, String> {
    let name = name.parse::<ScriptName>().map_err(|e| format!("{}: {e}", path.display()))?;
    let bytes = fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
    let script = Script::parse(&bytes, name).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(Arc::new(consent.of(script)))
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scripts(dir: &Path) -> Scripts {
        Scripts::new(dir.join("questions.json"), None, AskConsent::AsScriptsSay)
    }

    fn asked(scripts: &Scripts) -> usize {
        scripts.look(Timestamp::UNIX_EPOCH);
        scripts.current(None).unwrap().questions.len()
    }

    #[test]
    fn an_edited_file_is_what_the_next_call_asks() {
        let dir = tempfile::tempdir().unwrap();
        let scripts = scripts(dir.path());
        fs::write(dir.path().join("questions.json"), r#"["One?"]"#).unwrap();
        assert_eq!(asked(&scripts), 1);
        let version = scripts.current(None).unwrap().version;
        fs::write(dir.path().join("questions.json"), r#"["One?", "Two?"]"#).unwrap();
        assert_eq!(asked(&scripts), 2);
        assert_eq!(scripts.version(version).unwrap().questions.len(), 1, "a live call keeps its own text");
    }

    #[test]
    fn a_missing_file_asks_the_built_in_questions_and_says_so() {
        let dir = tempfile::tempdir().unwrap();
        let scripts = scripts(dir.path());
        assert_eq!(asked(&scripts), Script::builtin().questions.len());
        let Part::Degraded { reason, .. } = scripts.health() else { panic!("nobody is told") };
        assert!(reason.contains("questions.json"), "{reason}");
    }

    #[test]
    fn a_broken_file_names_the_place() {
        let dir = tempfile::tempdir().unwrap();
        let scripts = scripts(dir.path());
        fs::write(dir.path().join("questions.json"), "[\"One?\",\n 2]").unwrap();
        assert_eq!(asked(&scripts), Script::builtin().questions.len());
        let Part::Degraded { reason, .. } = scripts.health() else { panic!("nobody is told") };
        assert!(reason.contains("questions.json: line 2"), "{reason}");
    }

    #[test]
    fn a_name_nobody_has_is_no_script() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("questions.json"), r#"["One?"]"#).unwrap();
        let scripts = scripts(dir.path());
        scripts.look(Timestamp::UNIX_EPOCH);
        assert!(scripts.current(Some("other")).is_none());
        assert!(scripts.current(Some("questions")).is_some());
    }
}

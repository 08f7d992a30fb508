//! Where a demo keeps everything, so that one that was killed goes on: its people, its seed, its key and its clock.
//!
//! The clock runs on while nobody watches: time since the epoch counts, whatever process reads it.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;
use trunkline_engine::{Clock, Pace};
use trunkline_sim::Dialect;

use crate::cli::Demo;
use crate::exit::{Exit, Failure};
use crate::wiring::{api_key, make_folder, read_private, replace_private};

const FILE: &str = "demo.json";
const SURVEY: &str = "survey.json";
/// The name of the script, as the server tells it from its file.
pub(super) const SURVEY_NAME: &str = "survey";

/// What a demo is, over all its lives.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Course {
    /// Since when time runs faster.
    pub epoch: Timestamp,
    /// How many times.
    pub speed: f64,
    /// How many people are called.
    pub people: u16,
    /// What all chance comes from.
    pub seed: u64,
    /// Opens the dashboard. Nobody real is behind it, so it may stand here.
    pub key: String,
    /// Whose API the simulated carrier has.
    #[serde(default)]
    pub speaks: Dialect,
    /// What is asked: the text of a questions file.
    #[serde(default = "survey")]
    pub survey: String,
}

fn survey() -> String {
    super::SURVEY.to_owned()
}

impl Course {
    pub fn pace(&self) -> Pace {
        Pace { epoch: self.epoch, speed: self.speed }
    }
}

/// The folder of one demo.
pub(super) struct Folder {
    path: PathBuf,
    /// Takes the folder away in the end.
    temporary: Option<TempDir>,
    pub course: Course,
    /// Whether an earlier life was here.
    pub goes_on: bool,
}

impl Folder {
    /// Takes up the demo of a folder, or begins one there, or in a temporary folder.
    pub fn open(args: &Demo) -> Result<Self, Failure> {
        let (path, temporary) = match &args.folder {
            Some(path) => (path.clone(), None),
            None => {
                let made = tempfile::Builder::new().prefix("trunkline-demo-").tempdir();
                let made =
                    made.map_err(|error| Failure::while_doing("cannot make a temporary folder", &error))?;
                (made.path().to_owned(), Some(made))
            }
        };
        let kept = read_private(&path.join(FILE)).map_err(|error| failed(&error))?;
        let (course, goes_on) = match kept {
            Some(text) => (taken_up(&path, &text, args)?, true),
            None => (begun(&path, args)?, false),
        };
        // Written again each time: a demo may have been killed before it was.
        replace_private(&path.join(SURVEY), &course.survey).map_err(|error| failed(&error))?;
        Ok(Self { path, temporary, course, goes_on })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The questions file.
    pub fn survey(&self) -> PathBuf {
        self.path.join(SURVEY)
    }

    pub fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }
}

fn begun(path: &Path, args: &Demo) -> Result<Course, Failure> {
    let is_used = std::fs::read_dir(path).is_ok_and(|mut files| files.next().is_some());
    if is_used {
        let message = format_args!("{} is not empty and holds no demo; name an empty folder", path.display());
        return Err(Failure::new(Exit::Usage, message));
    }
    let key = api_key().map_err(|error| Failure::while_doing("cannot make a key", &error))?;
    let survey = asked(args)?.unwrap_or_else(survey);
    let course = Course {
        epoch: Clock::real().now(),
        speed: args.speed.unwrap_or(20.0),
        people: args.people.unwrap_or(12),
        seed: args.seed.unwrap_or(1),
        key,
        speaks: args.speaks.unwrap_or_default(),
        survey,
    };
    let text = serde_json::to_string(&course).unwrap_or_default();
    make_folder(path)
        .and_then(|()| replace_private(&path.join(FILE), &text))
        .map_err(|error| failed(&error))?;
    Ok(course)
}

/// The questions that somebody wants to be asked.
fn asked(args: &Demo) -> Result<Option<String>, Failure> {
    let Some(file) = &args.questions else { return Ok(None) };
    let text = std::fs::read_to_string(file);
    text.map(Some).map_err(|error| {
        Failure::new(Exit::Usage, format_args!("cannot read the questions in {}: {error}", file.display()))
    })
}

fn taken_up(path: &Path, text: &str, args: &Demo) -> Result<Course, Failure> {
    let course: Course = serde_json::from_str(text).map_err(|_| {
        Failure::new(
            Exit::Damaged,
            format_args!("{} is damaged; name an empty folder", path.join(FILE).display()),
        )
    })?;
    let differs = args.speed.is_some_and(|speed| speed != course.speed)
        || args.people.is_some_and(|people| people != course.people)
        || args.seed.is_some_and(|seed| seed != course.seed)
        || args.speaks.is_some_and(|speaks| speaks != course.speaks)
        || asked(args)?.is_some_and(|survey| survey != course.survey);
    if differs {
        let Course { people, speed, seed, speaks, .. } = &course;
        return Err(Failure::new(
            Exit::Usage,
            format_args!(
                "{} holds a demo with --people {people} --speed {speed} --seed {seed} --speaks {speaks}, which goes on as it began; \
                 take these flags out, or name an empty folder",
                path.display()
            ),
        ));
    }
    Ok(course)
}

fn failed(error: &crate::wiring::FolderError) -> Failure {
    Failure::new(Exit::Failed, crate::exit::chain(error))
}

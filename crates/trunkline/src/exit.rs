//! How a command ends: its exit code, and the one line that says why.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use crate::settings::SettingError;
use trunkline_engine::StartError;
use trunkline_journal::OpenError;

/// What the exit code says. Scripts may rely on the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// 0: done; what was checked is well.
    Fine,
    /// 1: it failed, or what was checked is not well.
    Failed,
    /// 2: a setting or the command line is wrong.
    Usage,
    /// 3: the data folder is damaged; a person must decide.
    Damaged,
    /// 4: no server answers.
    Unreachable,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Fine => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Damaged => 3,
            Exit::Unreachable => 4,
        })
    }
}

/// Why a command did not do what it was asked: printed as one line.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The exit code.
    pub exit: Exit,
    message: String,
}

impl Failure {
    pub fn new(exit: Exit, message: impl fmt::Display) -> Self {
        Self { exit, message: message.to_string() }
    }

    /// Something that went wrong while doing something.
    pub fn while_doing(doing: impl fmt::Display, error: &dyn Error) -> Self {
        Self::new(Exit::Failed, format_args!("{doing}: {}", chain(error)))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<SettingError> for Failure {
    fn from(error: SettingError) -> Self {
        Self::new(Exit::Usage, error)
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let exit = match &error {
            StartError::Journal(OpenError::Damaged { .. } | OpenError::NoCheckpoint { .. })
            | StartError::Recover(_)
            | StartError::Keys(_) => Exit::Damaged,
            _ => Exit::Failed,
        };
        Self::new(exit, chain(&error))
    }
}

/// An error with its causes, each said once.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        // Some say their cause themselves.
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("could not read x")]
    struct Outer(#[source] std::io::Error);

    #[derive(Debug, thiserror::Error)]
    #[error("could not read x: {0}; do this")]
    struct Telling(#[source] std::io::Error);

    #[test]
    fn a_failure_names_its_causes_once_also_one_that_it_names_itself() {
        let inner = std::io::Error::other("no such file");
        assert_eq!(chain(&Outer(inner)), "could not read x: no such file");
        let inner = std::io::Error::other("no such file");
        assert_eq!(chain(&Telling(inner)), "could not read x: no such file; do this");
    }
}

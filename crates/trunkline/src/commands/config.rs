//! `trunkline config`: what the settings say, and what is wrong with them.

use crate::exit::Exit;
use crate::settings::Settings;
use crate::terminal::say;

/// Prints a settings file that changes nothing.
pub(super) fn example() -> Exit {
    say(Settings::example().trim_end());
    Exit::Fine
}

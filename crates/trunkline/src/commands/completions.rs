//! `trunkline completions SHELL`, `trunkline man`: the command line in the words of shells and of `man`.

use clap::CommandFactory;

use crate::cli::Cli;
use crate::exit::Exit;
use crate::terminal::say;

/// Prints completions for a shell.
pub(super) fn shell(shell: clap_complete::Shell) -> Exit {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "trunkline", &mut text);
    say(String::from_utf8_lossy(&text).trim_end());
    Exit::Fine
}

/// Prints the manual page.
pub(super) fn man() -> Exit {
    let mut text = Vec::new();
    // Writing to memory does not fail.
    let _ = clap_mangen::Man::new(Cli::command()).render(&mut text);
    say(String::from_utf8_lossy(&text).trim_end());
    Exit::Fine
}

//! The example file: every setting with its comment and its built-in value, made from the declarations.

use std::fmt::Write;

use super::key::{Absent, Facts, Section};

const WIDTH: usize = 110;

/// A `trunkline.toml` that changes nothing: settings that have a built-in value show it, the others are commented out
/// with an example.
pub fn example(sections: &[Section]) -> String {
    let mut text = String::from(
        "# Settings of Trunkline, each with its built-in value. Generated: `trunkline config example` prints it.\n\
         # Stronger than this file: flags, then the environment, then .env in the working directory. Every setting\n\
         # is also TRUNKLINE_SECTION_NAME in the environment (TRUNKLINE_LIMITS_CPS=1), lists parted by commas.\n",
    );
    for section in sections {
        let _ = write!(text, "\n# {}\n[{}]\n", section.about, section.name);
        for facts in section.keys {
            setting(&mut text, facts);
        }
    }
    text
}

fn setting(text: &mut String, facts: &Facts) {
    text.push('\n');
    for line in wrapped(&comment(facts)) {
        let _ = writeln!(text, "# {line}");
    }
    let _ = match facts.absent {
        Absent::Default(value) => writeln!(text, "{} = {value}", facts.name),
        Absent::Unset(value) => writeln!(text, "#{} = {value}", facts.name),
    };
}

fn comment(facts: &Facts) -> String {
    let also: Vec<_> = facts.flag.into_iter().chain(facts.env.iter().copied()).collect();
    if also.is_empty() {
        facts.about.to_owned()
    } else {
        format!("{} Also: {}.", facts.about, also.join(", "))
    }
}

fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

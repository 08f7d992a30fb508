//! The `trunkline` binary: a doorway. Commands live in `commands/`, settings in `settings/`.

#[expect(dead_code, unused_imports, reason = "commands arrive next")]
mod settings;

fn main() {}

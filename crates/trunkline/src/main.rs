//! The `trunkline` binary: a doorway. Commands live in `commands/`, settings in `settings/`.

fn main() {}

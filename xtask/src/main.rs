//! The project's own commands: `cargo xtask test | check | bench | torture | generate`.

fn main() {}

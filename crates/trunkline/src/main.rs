//! The `trunkline` program: a doorway. What it does is in the library beside it, so that whole-server tests reach the
//! same parts.

fn main() -> std::process::ExitCode {
    trunkline::run()
}

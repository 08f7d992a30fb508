//! The `trunkline` program: a doorway. What it does is in the library beside it, so that whole-server tests reach the
//! same parts.

/// A webhook is a hundred small texts: the system's allocator takes a fifth of its time, this one a twentieth.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    trunkline::run()
}

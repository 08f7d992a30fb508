//! Panics as the log may have them: where, and words that were written into the program. Words that were put together
//! while it ran may be a caller's name or number, and are told to nobody.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::panic::{self, PanicHookInfo};

/// From here on a panic is an error in the log, in the place of lines on standard error.
pub fn start() {
    panic::set_hook(Box::new(tell));
}

fn tell(info: &PanicHookInfo<'_>) {
    let place = info.location().map(ToString::to_string).unwrap_or_default();
    let words = info.payload().downcast_ref::<&'static str>();
    let words = words.copied().unwrap_or("in words that may be personal");
    // Names of functions and lines of code; nothing that they worked on.
    let backtrace = Backtrace::capture();
    match backtrace.status() {
        BacktraceStatus::Captured => tracing::error!(place, words, %backtrace, "process.panic"),
        _ => tracing::error!(place, words, "process.panic"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::{Format, Log};
    use std::process::Command;

    const NUMBER: &str = "+15550187643";
    const INSIDE: &str = "PANICS_INSIDE";

    /// What a process of its own writes that panics twice. The hook is the whole process's affair.
    fn written(hook: &str) -> String {
        let myself = std::env::current_exe().unwrap();
        let output = Command::new(myself)
            .args(["--exact", "wiring::panics::tests::a_panic_is_told_without_whom_it_hit", "--nocapture"])
            .env(INSIDE, hook)
            .env_remove("RUST_BACKTRACE")
            .output()
            .unwrap();
        String::from_utf8_lossy(&output.stderr).into_owned()
    }

    fn panic_twice() {
        let _ = panic::catch_unwind(|| panic!("words of the program"));
        let _ = panic::catch_unwind(|| assert_eq!(NUMBER, "none"));
    }

    #[test]
    fn a_panic_is_told_without_whom_it_hit() {
        if let Ok(hook) = std::env::var(INSIDE) {
            crate::wiring::log::start(&Log { filter: "info".to_owned(), format: Format::Text });
            if hook == "on" {
                start();
            }
            return panic_twice();
        }
        let told = written("on");
        assert_eq!(told.matches("process.panic").count(), 2, "{told}");
        assert_eq!(told.matches("wiring/panics.rs:").count(), 2, "where: {told}");
        assert!(told.contains("words of the program"), "{told}");
        assert!(!told.contains("5550187643"), "{told}");
        assert!(written("off").contains(NUMBER), "the control: otherwise it is told");
    }
}

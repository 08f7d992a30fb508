//! A log that remembers its lines, and panics at the line it was told to: code that is faulty in a place of our choice,
//! without a fault in the code. Writing a line is the one thing that every part of the server does and that a test can
//! replace.

use std::fmt::{self, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock, Mutex, Once, PoisonError};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// What every panic of ours says: words of a caller, as a failed `assert_eq!` would say them.
pub const SAID: &str = "Xanthippe Quillfeather +15550187643";

static LOG: LazyLock<Mutex<Log>> = LazyLock::new(Mutex::default);

#[derive(Default)]
struct Log {
    lines: Vec<String>,
    bombs: Vec<Bomb>,
}

/// A line that panics, once.
#[derive(Clone)]
pub struct Bomb {
    words: Vec<String>,
    exploded: Arc<AtomicBool>,
}

impl Bomb {
    /// Whether the line was written.
    pub fn has_exploded(&self) -> bool {
        self.exploded.load(Ordering::Acquire)
    }
}

fn log() -> std::sync::MutexGuard<'static, Log> {
    LOG.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From here on lines are remembered.
pub fn begin() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::subscriber::set_global_default(Faulty).unwrap();
        let before = std::panic::take_hook();
        // A hundred panics on purpose need no hundred reports.
        std::panic::set_hook(Box::new(move |info| {
            let is_ours = info.payload().downcast_ref::<String>().is_some_and(|said| said.contains(SAID));
            if !is_ours {
                before(info);
            }
        }));
    });
}

/// The next line with all these words panics.
pub fn blow_up_at(words: &[&str]) -> Bomb {
    let words = words.iter().map(|word| (*word).to_owned()).collect();
    let bomb = Bomb { words, exploded: Arc::default() };
    log().bombs.push(bomb.clone());
    bomb
}

/// All lines so far.
pub fn lines() -> Vec<String> {
    log().lines.clone()
}

struct Faulty;

impl Subscriber for Faulty {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::DEBUG && metadata.target().starts_with("trunkline")
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        let bomb = {
            let mut log = log();
            let bomb = log.bombs.iter().position(|bomb| bomb.words.iter().all(|word| line.0.contains(word)));
            log.lines.push(line.0);
            bomb.map(|bomb| log.bombs.swap_remove(bomb))
        };
        if let Some(bomb) = bomb {
            bomb.exploded.store(true, Ordering::Release);
            panic!("a bug, and whom it hit: {SAID}");
        }
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

/// A line as it is written: level, then each field.
struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {}={value:?}", field.name());
    }
}

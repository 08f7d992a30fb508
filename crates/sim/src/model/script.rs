//! What a stand-in says, and what it does wrong.

use serde_json::Value;

/// One answer of the model.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ModelTurn {
    /// What it says; it may be nothing.
    pub says: String,
    /// What it asks for: names and arguments, as it writes them.
    pub tools: Vec<(String, String)>,
}

impl ModelTurn {
    /// It says this.
    pub fn says(text: &str) -> Self {
        Self { says: text.to_owned(), tools: Vec::new() }
    }

    /// It asks for this, and says nothing.
    pub fn asks(tool: &str, arguments: &Value) -> Self {
        Self { says: String::new(), tools: vec![(tool.to_owned(), arguments.to_string())] }
    }

    /// It also asks for this.
    pub fn and_asks(mut self, tool: &str, arguments: &Value) -> Self {
        self.tools.push((tool.to_owned(), arguments.to_string()));
        self
    }
}

/// What a session does wrong. Turns are counted from 0, through the whole conversation.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Misbehaves {
    /// The connection is refused with this status.
    Refuses(u16),
    /// It never takes the session's settings.
    NeverReady,
    /// The session has reached its greatest length once this turn has been said.
    ExpiresAfter(usize),
    /// The connection breaks off in the middle of this turn.
    CutsIn(usize),
    /// The connection breaks off in the middle of whatever it says.
    CutsAlways,
    /// It says nothing where this turn should be.
    StallsAt(usize),
    /// It sends something that is no event where this turn should be.
    GarbageAt(usize),
    /// This turn fails.
    FailsAt(usize),
    /// Texts of what the caller says come so late, in simulated milliseconds.
    LateTexts(u32),
    /// There are no texts of what the caller says.
    NoTexts,
    /// It asks for each tool twice, in the very same words.
    AsksTwice,
    /// Sound of an answer goes on after that was cancelled.
    LateSound,
}

/// How a stand-in is.
#[derive(Clone, Debug)]
pub struct ModelOptions {
    /// What it says, answer by answer. After the last one it says nothing.
    pub turns: Vec<ModelTurn>,
    /// What it says instead where its instructions have this word, such as the name of somebody: the first that fits.
    pub to: Vec<(String, Vec<ModelTurn>)>,
    /// What it does wrong, in which session, counted from 0; in every one without a number.
    pub misbehaves: Vec<(Option<usize>, Misbehaves)>,
    /// Whether it uses the names of the beta.
    pub is_beta: bool,
    /// How many times as fast as real the simulated world is.
    pub speed: f64,
}

impl Default for ModelOptions {
    fn default() -> Self {
        Self { turns: Vec::new(), to: Vec::new(), misbehaves: Vec::new(), is_beta: false, speed: 1.0 }
    }
}

impl ModelOptions {
    pub(super) fn wrongs(&self, session: usize) -> Vec<Misbehaves> {
        let of = self.misbehaves.iter().filter(|(of, _)| of.is_none_or(|of| of == session));
        of.map(|(_, wrong)| wrong.clone()).collect()
    }
}

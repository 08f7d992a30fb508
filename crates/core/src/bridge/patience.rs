//! How long each thing may take while a bot talks.

/// Spans in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// From connecting to the model until it is ready to talk, at the beginning and each time again.
    pub ready_ms: u32,
    /// How long the model may be without a word where the caller hears nothing and waits for it.
    pub stall_ms: u32,
    /// However often the model is lost, a caller who waits for its words hears something else after so long. The model takes half a
    /// second of silence for the end of a caller's words, and the next page its time: it is three seconds for the caller.
    pub words_ms: u32,
    /// How long a tool may take.
    pub tool_ms: u32,
    /// After so much silence the bot asks whether anybody is there.
    pub silence_ms: u32,
    /// After so much more silence it is over.
    pub silence_again_ms: u32,
    /// Somebody who has talked for so long without a pause is spoken to.
    pub endless_ms: u32,
    /// And given up after so much more.
    pub endless_again_ms: u32,
    /// The bot's share of a call may be so long.
    pub longest_ms: u32,
    /// So long before that it is asked to come to an end.
    pub warning_ms: u32,
    /// A good-bye may take so long from when it was decided on.
    pub goodbye_ms: u32,
    /// After the end, texts of what was said are waited for so long.
    pub tail_ms: u32,
    /// A text may come so late after the words.
    pub text_ms: u32,
    /// Keys that are pressed within so long of each other belong together.
    pub keys_ms: u32,
    /// So many tools may be asked for.
    pub tools: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            ready_ms: 1_200,
            stall_ms: 1_500,
            words_ms: 2_000,
            tool_ms: 5_000,
            silence_ms: 20_000,
            silence_again_ms: 10_000,
            endless_ms: 60_000,
            endless_again_ms: 30_000,
            longest_ms: 600_000,
            warning_ms: 20_000,
            goodbye_ms: 12_000,
            tail_ms: 1_500,
            text_ms: 10_000,
            keys_ms: 2_000,
            tools: 20,
        }
    }
}

//! Questions files, in the three forms that teams write: a plain list of strings; `title` and `questions` with `body`
//! and `type`, as survey apps ship them; and the full form with everything a [`Script`] has.
//!
//! Tolerant of names for the same thing and of fields that mean nothing here (`id`, `required`: nobody can be made to
//! answer); strict where a slip would be heard by people. Each error names its line, column and question.

mod question;

use self::question::{Common, questions};
use super::json::{Fields, Node, ScriptError};
use super::template::unclosed;
use super::{Key, Language, Limits, OptOut, Prompt, Question, Script, ScriptName, ScriptVersion};

/// Carriers refuse longer texts in one verb.
const MAX_TEXT_CHARS: usize = 4_000;
/// Far above any script within the limits.
const MAX_FILE_BYTES: usize = 8 << 20;

impl Script {
    /// Reads a questions file.
    ///
    /// # Errors
    /// [`ScriptError`] says what is wrong and at which line, column and question.
    pub fn parse(bytes: &[u8], name: ScriptName) -> Result<Self, ScriptError> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(ScriptError { line: 1, column: 1, what: "the file is larger than 8 MiB".to_owned() });
        }
        let root = Node::root(bytes)?;
        let version = ScriptVersion::of(bytes);
        if root.is_list() {
            return Ok(assemble(name, version, questions(&root, &Common::default())?));
        }
        if !root.is_object() {
            return Err(
                root.error("a questions file is a list of strings, or an object with a list “questions”")
            );
        }
        let fields = root.fields("a questions file")?;
        let list = fields
            .get(&["questions", "items"])
            .ok_or_else(|| fields.error("there is no list “questions”"))?;
        let limits = fields.get(&["limits"]).map_or_else(|| Ok(Limits::default()), |node| limits(&node))?;
        let finish_on_key = limits.finish_on_key;
        let opt_out = fields.get(&["opt_out", "opt-out", "optOut"]);
        let opt_out = opt_out.map(|node| self::opt_out(&node, finish_on_key)).transpose()?;
        let common = Common { finish_on_key, opt_out: opt_out.as_ref().map(|it| it.key) };
        let mut script = assemble(name, version, questions(&list, &common)?);
        if let Some(title) = fields.get(&["title", "name"]) {
            script.title = short(&title, "the title", 200)?;
        }
        if let Some(language) = fields.get(&["language", "lang", "locale"]) {
            let tag = language.text("the language")?;
            script.language =
                tag.parse().map_err(|bad: super::BadLanguage| language.error(bad.to_string()))?;
        }
        script.voice = fields.get(&["voice"]).map(|voice| short(&voice, "the voice", 100)).transpose()?;
        let own = |names: &[&str], what| fields.get(names).map(|node| prompt(&node, what)).transpose();
        script.greeting = own(&["greeting", "intro", "welcome"], "the greeting")?;
        script.goodbye = own(&["goodbye", "closing", "thanks"], "the goodbye")?;
        script.apology = own(&["apology"], "the apology")?;
        script.limits = limits;
        script.opt_out = opt_out;
        Ok(script)
    }
}

fn assemble(name: ScriptName, version: ScriptVersion, questions: Vec<Question>) -> Script {
    let language = Language::guess(questions.iter().map(|question| question.prompt.text.as_str()));
    let title = name.as_str().to_owned();
    let limits = Limits::default();
    Script {
        name,
        version,
        title,
        language,
        voice: None,
        greeting: None,
        questions,
        goodbye: None,
        apology: None,
        opt_out: None,
        limits,
    }
}

fn opt_out(node: &Node<'_>, finish_on_key: Option<Key>) -> Result<OptOut, ScriptError> {
    let opt_out = if node.is_object() {
        let fields = node.fields("“opt_out”")?;
        let key_node =
            fields.get(&["key", "digit"]).ok_or_else(|| fields.error("“opt_out” needs a “key”"))?;
        let say = fields.get(&["say", "text"]).map(|node| text(&node, "the opt-out text")).transpose()?;
        OptOut { key: key(&key_node, "the opt-out key")?, say }
    } else {
        OptOut { key: key(node, "the opt-out key")?, say: None }
    };
    if finish_on_key == Some(opt_out.key) {
        return Err(node.error("the opt-out key is also the key that ends an answer"));
    }
    Ok(opt_out)
}

fn limits(node: &Node<'_>) -> Result<Limits, ScriptError> {
    let fields = node.fields("“limits”")?;
    let mut limits = Limits::default();
    if let Some(node) = fields.get(&["answer_max_secs", "answer_max_seconds", "max_seconds", "max_length"]) {
        limits.answer_max_secs = node.number("the longest answer (seconds)", 1, 600)?;
    }
    if let Some(node) = fields.get(&["silence_secs", "silence_timeout", "silence_seconds", "timeout"]) {
        limits.silence_secs = node.number("the silence timeout (seconds)", 1, 60)?;
    }
    if let Some(node) = fields.get(&["asks", "asks_per_question", "attempts"]) {
        limits.asks = node.number("asks per question", 1, 5)?;
    }
    let flag =
        |names: &[&str], default| fields.get(names).map_or(Ok(default), |node| node.flag("this limit"));
    limits.trim = flag(&["trim"], limits.trim)?;
    limits.beep = flag(&["beep"], limits.beep)?;
    limits.transcribe = flag(&["transcribe"], limits.transcribe)?;
    limits.speech = flag(&["speech"], limits.speech)?;
    if let Some(node) = fields.get(&["finish_on_key", "finishOnKey"]) {
        let none = node.word("the finishing key")?.is_empty();
        limits.finish_on_key = if none { None } else { Some(key(&node, "the finishing key")?) };
    }
    Ok(limits)
}

fn key(node: &Node<'_>, what: &str) -> Result<Key, ScriptError> {
    let word = node.word(what)?;
    word.trim().parse().map_err(|_| node.error(format!("{what} is one of 0 to 9, * and #")))
}

/// A prompt by itself: text in quotes, or an object with `text` or `audio`.
fn prompt(node: &Node<'_>, what: &str) -> Result<Prompt, ScriptError> {
    if node.is_object() { prompt_of(&node.fields(what)?, what) } else { Ok(Prompt::say(text(node, what)?)) }
}

/// A prompt among the fields of an object: audio wins, its text is kept for pages.
fn prompt_of(fields: &Fields<'_>, what: &str) -> Result<Prompt, ScriptError> {
    let words = fields
        .get(&["body", "text", "prompt", "question", "say"])
        .map(|node| text(&node, what))
        .transpose()?;
    let Some(node) = fields.get(&["audio", "audio_url", "play"]) else {
        return words
            .map(Prompt::say)
            .ok_or_else(|| fields.error(format!("{what} has neither “body” nor “audio”")));
    };
    let url = node.text("the audio")?;
    let audio = url.trim().parse().map_err(|bad: super::BadAudioUrl| node.error(bad.to_string()))?;
    Ok(Prompt { text: words.unwrap_or_default(), audio: Some(audio) })
}

/// A text to be spoken.
fn text(node: &Node<'_>, what: &str) -> Result<String, ScriptError> {
    let text = short(node, what, MAX_TEXT_CHARS)?;
    match unclosed(&text) {
        Some(_) => Err(node.error(format!("{what} opens “{{{{” without “}}}}”"))),
        None => Ok(text),
    }
}

fn short(node: &Node<'_>, what: &str, most: usize) -> Result<String, ScriptError> {
    let text = node.text(what)?.trim().to_owned();
    let length = text.chars().count();
    if super::clean(&text, 1).is_empty() {
        return Err(node.error(format!("{what} is empty")));
    }
    if length > most {
        return Err(node.error(format!("{what} has {length} characters, at most {most} are allowed")));
    }
    Ok(text)
}

//! What is listened for while a question is asked: who recognizes it, in which language, and the words that are likely.
//!
//! Telnyx lets others recognize speech too, and each knows languages of its own, under names of its own. Google, its default, is
//! taken wherever it knows the language, since it tells what is heard while somebody still speaks; else Telnyx's own, which
//! does not. Whoever speaks a language that neither knows is asked by keys.

use crate::voice::{Gather, Input};
use serde_json::{Value, json};

/// Languages that Google knows, in Telnyx's words.
const GOOGLE: [&str; 80] = [
    "af", "am", "ar", "az", "bg", "bn", "bs", "ca", "cs", "da", "de", "el", "en", "es", "et", "eu", "fa",
    "fi", "fil", "fr", "gl", "gu", "hi", "hr", "hu", "hy", "id", "is", "it", "iw", "ja", "jv", "ka", "kk",
    "km", "kn", "ko", "lo", "lt", "lv", "mk", "ml", "mn", "mr", "ms", "my", "ne", "nl", "no", "pa", "pl",
    "pt", "ro", "ru", "rw", "si", "sk", "sl", "sq", "sr", "ss", "st", "su", "sv", "sw", "ta", "te", "th",
    "tn", "tr", "ts", "uk", "ur", "uz", "ve", "vi", "xh", "yue", "zh", "zu",
];
/// Languages that Telnyx's own knows and Google's does not.
const TELNYX: [&str; 28] = [
    "as", "ba", "be", "bo", "br", "cy", "fo", "ha", "haw", "ht", "la", "lb", "ln", "mg", "mi", "mt", "oc",
    "ps", "sa", "sd", "sn", "so", "tg", "tk", "tl", "tt", "yi", "yo",
];

/// What is listened for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    recognizer: Recognizer,
    language: &'static str,
    hints: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Recognizer {
    Google,
    Telnyx,
}

impl Listening {
    /// What this question listens for; `None` if it takes no speech, or nobody knows its language.
    pub(super) fn to(gather: &Gather) -> Option<Self> {
        match gather.input {
            Input::Keys => return None,
            Input::Speech | Input::Both => {}
        }
        let (recognizer, language) = recognizer_of(gather.language.as_deref().unwrap_or("en"))?;
        let words = |hint: &String| hint.split_whitespace().collect::<Vec<_>>().join(" ");
        let hints = gather.hints.iter().map(words).filter(|hint| !hint.is_empty()).collect();
        Some(Self { recognizer, language, hints })
    }

    /// As Telnyx takes it.
    pub(super) fn body(&self) -> Value {
        let Self { recognizer, language, hints } = self;
        let (name, mut config) = match recognizer {
            Recognizer::Google => {
                // Who begins to speak is noticed by it.
                ("Google", json!({ "language": language, "interim_results": true }))
            }
            Recognizer::Telnyx => ("Telnyx", json!({ "language": language })),
        };
        config["transcription_engine"] = json!(name);
        if *recognizer == Recognizer::Google && !hints.is_empty() {
            config["hints"] = json!(hints);
        }
        // The leg that asks for it: what is played to it is not heard.
        json!({
            "transcription_engine": name,
            "transcription_engine_config": config,
            "transcription_tracks": "inbound",
        })
    }
}

/// Who knows the language of a BCP 47 tag, and under which name.
fn recognizer_of(tag: &str) -> Option<(Recognizer, &'static str)> {
    let primary = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
    let word = match primary.as_str() {
        "he" => "iw",
        "arb" => "ar",
        "cmn" => "zh",
        "nb" | "nn" => "no",
        other => other,
    };
    let find = |known: &[&'static str]| known.iter().copied().find(|known| *known == word);
    match find(&GOOGLE) {
        Some(language) => Some((Recognizer::Google, language)),
        None => find(&TELNYX).map(|language| (Recognizer::Telnyx, language)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_is_heard_by_who_knows_it_under_the_name_that_it_has_there() {
        for (tag, expected) in [
            ("en-US", Some((Recognizer::Google, "en"))),
            ("he-IL", Some((Recognizer::Google, "iw"))),
            ("cmn-CN", Some((Recognizer::Google, "zh"))),
            ("arb", Some((Recognizer::Google, "ar"))),
            ("nb-NO", Some((Recognizer::Google, "no"))),
            ("CY-gb", Some((Recognizer::Telnyx, "cy"))),
            ("tlh", None),
            ("", None),
        ] {
            assert_eq!(recognizer_of(tag), expected, "{tag}");
        }
    }
}

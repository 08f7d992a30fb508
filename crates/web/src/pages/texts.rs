//! What pages say, in the reader's language. Texts are in `locales/`, one file per language, checked by a test that
//! every language has every text.
//!
//! To add a language: a file in `locales/`, a variant of [`Language`], its arms below.

use super::session::cookie;
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use http::HeaderMap;
use http::header::ACCEPT_LANGUAGE;
use std::sync::LazyLock;
use unic_langid::LanguageIdentifier;

type Bundle = FluentBundle<FluentResource>;

/// A language that pages speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Language {
    English,
    Hebrew,
}

impl Language {
    pub(crate) const ALL: [Self; 2] = [Self::English, Self::Hebrew];

    /// The language's tag.
    pub(crate) fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Hebrew => "he",
        }
    }

    /// Its name in itself.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::Hebrew => "עברית",
        }
    }

    /// Which way it is written.
    pub(crate) fn direction(self) -> &'static str {
        match self {
            Self::English => "ltr",
            Self::Hebrew => "rtl",
        }
    }

    /// The language of a tag such as `he-IL`, or of the older `iw`.
    pub(crate) fn of_tag(tag: &str) -> Option<Self> {
        match tag.split(['-', '_']).next()?.to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "he" | "iw" => Some(Self::Hebrew),
            _ => None,
        }
    }

    /// The language the reader chose, else the one the browser prefers, else English.
    pub(crate) fn of_reader(headers: &HeaderMap) -> Self {
        let chosen = cookie(headers, "lang").and_then(Self::of_tag);
        let preferred = || headers.get(ACCEPT_LANGUAGE).and_then(|list| preferred(list.to_str().ok()?));
        chosen.or_else(preferred).unwrap_or(Self::English)
    }

    /// For the forms of numbers.
    fn identifier(self) -> LanguageIdentifier {
        self.tag().parse().unwrap_or_default()
    }

    fn source(self) -> &'static str {
        match self {
            Self::English => include_str!("../../locales/en.ftl"),
            Self::Hebrew => include_str!("../../locales/he.ftl"),
        }
    }

    fn bundle(self) -> &'static Bundle {
        static ENGLISH: LazyLock<Bundle> = LazyLock::new(|| Language::English.load());
        static HEBREW: LazyLock<Bundle> = LazyLock::new(|| Language::Hebrew.load());
        match self {
            Self::English => &ENGLISH,
            Self::Hebrew => &HEBREW,
        }
    }

    /// Texts that do not parse are left out, and so show as their keys; a test keeps it from happening.
    fn load(self) -> Bundle {
        let mut bundle = FluentBundle::new_concurrent(vec![self.identifier()]);
        let texts = FluentResource::try_new(self.source().to_owned()).unwrap_or_else(|(texts, _)| texts);
        bundle.add_resource_overriding(texts);
        bundle
    }
}

/// The language that a browser weighs highest among ours.
fn preferred(list: &str) -> Option<Language> {
    let mut best: Option<(f32, Language)> = None;
    for entry in list.split(',') {
        let mut parts = entry.split(';');
        let Some(language) = parts.next().and_then(|tag| Language::of_tag(tag.trim())) else { continue };
        let weight = parts.find_map(|part| part.trim().strip_prefix("q=")?.parse().ok()).unwrap_or(1.0);
        if weight > 0.0 && best.is_none_or(|(standing, _)| weight > standing) {
            best = Some((weight, language));
        }
    }
    best.map(|(_, language)| language)
}

/// The texts of one language.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Texts {
    pub(crate) language: Language,
}

impl Texts {
    /// In the reader's language.
    pub(crate) fn of_reader(headers: &HeaderMap) -> Self {
        Self { language: Language::of_reader(headers) }
    }

    /// A text; an unknown key shows itself.
    pub(crate) fn get(&self, key: &str) -> String {
        self.find(key, None).unwrap_or_else(|| key.to_owned())
    }

    /// A text with a word in it.
    pub(crate) fn with(&self, key: &str, name: &str, value: &str) -> String {
        self.fill(key, name, FluentValue::from(value))
    }

    /// A text with several words in it.
    pub(crate) fn with_all(&self, key: &str, words: &[(&str, &str)]) -> String {
        let mut args = FluentArgs::new();
        for (name, word) in words {
            args.set(*name, FluentValue::from(*word));
        }
        self.find(key, Some(&args)).unwrap_or_else(|| key.to_owned())
    }

    /// A text with a number in it.
    pub(crate) fn count(&self, key: &str, count: &u64) -> String {
        self.fill(key, "count", FluentValue::from(*count))
    }

    /// A text, or the given word where there is none: for words that come from elsewhere.
    pub(crate) fn or(&self, key: &str, word: &str) -> String {
        self.find(key, None).unwrap_or_else(|| word.to_owned())
    }

    fn fill(&self, key: &str, name: &str, value: FluentValue<'_>) -> String {
        let mut args = FluentArgs::new();
        args.set(name, value);
        self.find(key, Some(&args)).unwrap_or_else(|| key.to_owned())
    }

    fn find(&self, key: &str, args: Option<&FluentArgs<'_>>) -> Option<String> {
        let bundle = self.language.bundle();
        let pattern = bundle.get_message(key)?.value()?;
        Some(bundle.format_pattern(pattern, args, &mut Vec::new()).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use http::header::COOKIE;
    use std::collections::BTreeSet;

    fn keys(language: Language) -> BTreeSet<String> {
        let entry = |line: &str| {
            let (key, _) = line.split_once(" =")?;
            let is_key = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
            is_key.then(|| key.to_owned())
        };
        language.source().lines().filter_map(entry).collect()
    }

    /// Keys that templates and pages name in full.
    fn used() -> BTreeSet<String> {
        let mut used = BTreeSet::new();
        for folder in ["templates", "src/pages"] {
            let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
            for text in texts_in(&folder) {
                for door in ["t.get(\"", "t.with(\"", "t.count(\""] {
                    let calls = text
                        .match_indices(door)
                        .filter(|(at, _)| !text[..*at].ends_with(char::is_alphanumeric));
                    used.extend(
                        calls
                            .filter_map(|(at, _)| text[at + door.len()..].split('"').next())
                            .map(str::to_owned),
                    );
                }
            }
        }
        used
    }

    fn texts_in(folder: &std::path::Path) -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries
            .flat_map(|path| match path.is_dir() {
                true => texts_in(&path),
                false => vec![std::fs::read_to_string(path).unwrap()],
            })
            .collect()
    }

    #[test]
    fn every_file_parses_whole() {
        for language in Language::ALL {
            let parsed = FluentResource::try_new(language.source().to_owned());
            assert!(parsed.is_ok(), "{language:?}: {:?}", parsed.err().map(|(_, errors)| errors));
        }
    }

    #[test]
    fn every_language_has_every_text() {
        assert_eq!(keys(Language::English), keys(Language::Hebrew));
    }

    #[test]
    fn every_text_that_pages_use_is_there() {
        let missing: Vec<String> = used().difference(&keys(Language::English)).cloned().collect();
        assert!(missing.is_empty(), "{missing:?}");
        assert!(used().len() > 30, "the search for used texts found nothing");
    }

    #[test]
    fn the_reader_chooses_then_the_browser_then_english() {
        let reader = |accept: &'static str, cookie: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_LANGUAGE, HeaderValue::from_static(accept));
            headers.insert(COOKIE, HeaderValue::from_static(cookie));
            Language::of_reader(&headers)
        };
        assert_eq!(reader("fr, he-IL;q=0.8, en;q=0.5", ""), Language::Hebrew);
        assert_eq!(reader("en;q=0.4, iw;q=0.9", ""), Language::Hebrew);
        assert_eq!(reader("he", "lang=en"), Language::English);
        assert_eq!(reader("fr", ""), Language::English);
        assert_eq!(reader("he;q=0", ""), Language::English);
    }

    #[test]
    fn a_number_takes_its_form() {
        let texts = Texts { language: Language::English };
        assert_ne!(
            texts.count("live-count", &1).replace('1', ""),
            texts.count("live-count", &2).replace('2', "")
        );
    }
}

//! Text that may stand in an XML 1.0 document.
//!
//! Escaping is the writer's work. What no escape can save is taken out here: XML 1.0 has no way to write most control
//! characters, U+FFFE and U+FFFF, and one of them makes the carrier refuse the whole document.

use std::borrow::Cow;

/// The text of an element. Line ends are made plain, since a parser would read them so anyway.
pub(super) fn content(text: &str) -> Cow<'_, str> {
    if text.chars().all(|char| is_legal(char) && char != '\r') {
        return Cow::Borrowed(text);
    }
    let lines = text.replace("\r\n", "\n").replace('\r', "\n");
    Cow::Owned(lines.chars().filter(|char| is_legal(*char)).collect())
}

/// The value of an attribute: a parser reads every line end and tab in it as a blank, so we write the blank.
pub(super) fn attribute(text: &str) -> Cow<'_, str> {
    if text.chars().all(|char| is_legal(char) && !is_broken_blank(char)) {
        return Cow::Borrowed(text);
    }
    let blank = |char| if is_broken_blank(char) { ' ' } else { char };
    Cow::Owned(text.chars().map(blank).filter(|char| is_legal(*char)).collect())
}

fn is_broken_blank(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r')
}

/// The production `Char` of XML 1.0 (fifth edition); surrogates can't be in a `str`.
fn is_legal(char: char) -> bool {
    matches!(char, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_xml_cannot_say_is_left_out_and_the_rest_is_kept() {
        assert_eq!(
            content("a\0b\u{8}c\u{FFFE}d\u{FFFF}e\u{1F600}\u{202E}f\tg"),
            "abcde\u{1F600}\u{202E}f\tg"
        );
    }

    #[test]
    fn line_ends_become_what_a_parser_reads() {
        assert_eq!(content("a\r\nb\rc\n"), "a\nb\nc\n");
        assert_eq!(attribute("a\r\nb\tc"), "a  b c");
    }
}

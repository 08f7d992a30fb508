//! How people spell a number: reduces it to an optional `+` and ASCII digits, or says what does not belong there.

use super::BadNumber;

/// No number has so many digits, whatever its prefixes; beyond it the tables need not be asked.
const MAX_TYPED_DIGITS: usize = 30;

/// Where each script's ten digits begin: Arabic, Persian, Devanagari, Bengali, Thai, full-width.
const ZEROS: [char; 6] = ['\u{660}', '\u{6F0}', '\u{966}', '\u{9E6}', '\u{E50}', '\u{FF10}'];

/// The number as `+` and ASCII digits. The `+` stays only where it was: in front.
pub(super) fn plain(raw: &str) -> Result<String, BadNumber> {
    if raw.contains('@') || is_sip(raw) {
        return Err(BadNumber::SipAddress);
    }
    let mut plain = String::new();
    for char in raw.chars().filter(|char| !is_separator(*char)) {
        match char {
            '+' | '\u{FF0B}' if plain.is_empty() => plain.push('+'),
            ',' | ';' | '*' | '#' | '،' | '؛' => return Err(BadNumber::KeysToPress(char)),
            _ => plain.push(digit(char).ok_or_else(|| unexpected(char))?),
        }
        if plain.len() > MAX_TYPED_DIGITS {
            return Err(BadNumber::TooLong(None));
        }
    }
    match plain.as_str() {
        "" => Err(BadNumber::Empty),
        "+" => Err(BadNumber::TooShort(None)),
        _ => Ok(plain),
    }
}

fn is_sip(raw: &str) -> bool {
    let scheme = raw.trim_start().split(':').next().unwrap_or_default();
    raw.contains(':') && (scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips"))
}

/// Spaces, dashes, dots, brackets, slashes, and the marks that copying right-to-left text drags along.
fn is_separator(char: char) -> bool {
    char.is_whitespace()
        || matches!(
            char,
            '-' | '.' | '(' | ')' | '[' | ']' | '/' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{5BE}'
        )
        || matches!(char, '\u{61C}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}')
        || matches!(char, '\u{2060}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}')
}

/// The character as an ASCII digit, if it is a digit in a script that people write numbers in.
fn digit(char: char) -> Option<char> {
    if char.is_ascii_digit() {
        return Some(char);
    }
    ZEROS.iter().find_map(|zero| {
        let value = u32::from(char).checked_sub(u32::from(*zero))?;
        char::from_digit(value, 10)
    })
}

fn unexpected(char: char) -> BadNumber {
    if char.is_alphabetic() { BadNumber::Letters } else { BadNumber::UnexpectedCharacter(char) }
}

//! The text of a file of which nobody says in what encoding it was saved. First its own mark, then UTF-8, which no other text is by
//! chance; then what its sender says. What is left is guessed only where a wrong guess can be told from a right one:
//! Hebrew, whose words are made of its letters alone.

use super::BadList;
use encoding_rs::{WINDOWS_1252, WINDOWS_1255};
use schemars::JsonSchema;
use serde::Serialize;
use std::str::FromStr;

/// How a file's text was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub enum Encoding {
    /// UTF-8, with or without its mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16 with its mark, as "Unicode text" is saved.
    #[serde(rename = "utf-16")]
    Utf16,
    /// Hebrew, as spreadsheets on Windows save plain CSV there.
    #[serde(rename = "windows-1255")]
    Windows1255,
    /// Western European, as spreadsheets on Windows save plain CSV there.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

impl Encoding {
    /// Those that can be asked for.
    pub const WORDS: [&str; 3] = ["utf-8", "windows-1255", "windows-1252"];
}

/// No encoding that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one of {}", Encoding::WORDS.join(", "))]
pub struct UnknownEncoding;

impl FromStr for Encoding {
    type Err = UnknownEncoding;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        match word.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" => Ok(Self::Utf8),
            "windows-1255" | "cp1255" | "1255" => Ok(Self::Windows1255),
            "windows-1252" | "cp1252" | "1252" => Ok(Self::Windows1252),
            _ => Err(UnknownEncoding),
        }
    }
}

/// The text of these bytes, and how it was written.
pub(super) fn text(bytes: &[u8], said: Option<Encoding>) -> Result<(String, Encoding), BadList> {
    let wide = |unit: fn([u8; 2]) -> u16, rest: &[u8]| {
        let units: Vec<u16> = rest.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        let text = String::from_utf16(&units);
        text.map(|text| (text, Encoding::Utf16)).map_err(|_| BadList::Encoding)
    };
    let plain = match bytes {
        [0xFF, 0xFE, rest @ ..] => return wide(u16::from_le_bytes, rest),
        [0xFE, 0xFF, rest @ ..] => return wide(u16::from_be_bytes, rest),
        [0xEF, 0xBB, 0xBF, rest @ ..] => rest,
        plain => plain,
    };
    if let Ok(text) = str::from_utf8(plain) {
        return Ok((text.to_owned(), Encoding::Utf8));
    }
    let guessed = || is_hebrew(plain).then_some(Encoding::Windows1255);
    let encoding = said.or_else(guessed).ok_or(BadList::Encoding)?;
    let table = match encoding {
        Encoding::Windows1255 => WINDOWS_1255,
        Encoding::Windows1252 => WINDOWS_1252,
        Encoding::Utf8 | Encoding::Utf16 => return Err(BadList::NotSo(encoding)),
    };
    let text = table.decode_without_bom_handling_and_without_replacement(plain);
    text.map(|text| (text.into_owned(), encoding)).ok_or(BadList::NotSo(encoding))
}

/// Whether these bytes are plainly Hebrew in Windows-1255: whole words of its letters, and nothing else that other encodings
/// have there. In theirs the same bytes are accents, which stand between Latin letters.
fn is_hebrew(bytes: &[u8]) -> bool {
    let is_letter = |byte: u8| matches!(byte, 0xE0..=0xFA);
    // Quotes, dashes, a hard space, the shekel, geresh and gershayim, marks of direction.
    let is_mark = |byte: u8| matches!(byte, 0x91..=0x97 | 0xA0 | 0xA4 | 0xD7 | 0xD8 | 0xFD | 0xFE);
    let is_odd = |pair: &[u8]| {
        (is_letter(pair[0]) && pair[1].is_ascii_alphabetic())
            || (pair[0].is_ascii_alphabetic() && is_letter(pair[1]))
    };
    bytes.iter().all(|byte| byte.is_ascii() || is_letter(*byte) || is_mark(*byte))
        && !bytes.windows(2).any(is_odd)
        && bytes.windows(2).any(|pair| is_letter(pair[0]) && is_letter(pair[1]))
}

//! How raw values are understood: one small reader for each kind of value, each saying what would be right.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::error::{Wrong, quoted};
use super::key::Raw;

/// The one word of a value.
pub fn one(raw: &Raw) -> Result<&str, Wrong> {
    match raw {
        Raw::One(text) => Ok(text.trim()),
        Raw::Many(_) | Raw::Rows(_) => Err(Wrong::new("it is a list", "give a single value")),
    }
}

/// The words of a list; a single word is a list parted by commas, as the environment writes it.
pub fn many(raw: &Raw) -> Result<Vec<&str>, Wrong> {
    match raw {
        Raw::One(text) => Ok(text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect()),
        Raw::Many(words) => Ok(words.iter().map(|word| word.trim()).collect()),
        Raw::Rows(_) => Err(Wrong::new("it is a list of tables", "give a list of words")),
    }
}

/// Text that isn't empty.
pub fn text(raw: &Raw) -> Result<String, Wrong> {
    match one(raw)? {
        "" => Err(Wrong::new("it is empty", "give a value, or take the line out")),
        text => Ok(text.to_owned()),
    }
}

/// A path; a relative one starts at the working directory.
pub fn path(raw: &Raw) -> Result<PathBuf, Wrong> {
    text(raw).map(PathBuf::from)
}

/// A secret that could be sent in a header: printable ASCII without blanks.
pub fn secret(raw: &Raw) -> Result<SecretString, Wrong> {
    let secret = text(raw)?;
    if secret.chars().all(|c| c.is_ascii_graphic()) {
        return Ok(secret.into());
    }
    Err(Wrong::new(
        "it holds a blank, a control character or a letter outside ASCII",
        "copy it again as it was issued",
    ))
}

/// A whole number within bounds.
pub fn whole<const MIN: u64, const MAX: u64>(raw: &Raw) -> Result<u64, Wrong> {
    let text = one(raw)?;
    let number = text.replace('_', "").parse().ok().filter(|number| (MIN..=MAX).contains(number));
    number.ok_or_else(|| Wrong::new(quoted(text), format_args!("give a whole number from {MIN} to {MAX}")))
}

/// Whole seconds within bounds.
pub fn seconds<const MIN: u64, const MAX: u64>(raw: &Raw) -> Result<Duration, Wrong> {
    let text = one(raw)?;
    whole::<MIN, MAX>(raw).map(Duration::from_secs).map_err(|_| {
        Wrong::new(quoted(text), format_args!("give whole seconds from {MIN} to {MAX}, without a unit"))
    })
}

/// A rate above 0 and at most 10,000, such as new calls per second.
pub fn rate(raw: &Raw) -> Result<f64, Wrong> {
    let text = one(raw)?;
    let rate = text.parse().ok().filter(|rate: &f64| *rate > 0.0 && *rate <= 10_000.0);
    rate.ok_or_else(|| Wrong::new(quoted(text), "give a number above 0 and up to 10000, such as 1 or 0.5"))
}

/// An amount of bytes within bounds: `1048576`, `64KiB`, `64MiB` or `8GiB`.
pub fn bytes<const MIN: u64, const MAX: u64>(raw: &Raw) -> Result<u64, Wrong> {
    let text = one(raw)?;
    let (digits, unit) = [("KiB", 10), ("MiB", 20), ("GiB", 30)]
        .into_iter()
        .find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, 1_u64 << shift)))
        .unwrap_or((text, 1));
    let number: Option<u64> = digits.trim().replace('_', "").parse().ok();
    number.and_then(|number| number.checked_mul(unit)).filter(|size| (MIN..=MAX).contains(size)).ok_or_else(
        || {
            let (min, max) = (size_in_words(MIN), size_in_words(MAX));
            Wrong::new(quoted(text), format_args!("give bytes or a size such as 64MiB, from {min} to {max}"))
        },
    )
}

fn size_in_words(size: u64) -> String {
    match [(30, "GiB"), (20, "MiB"), (10, "KiB")].into_iter().find(|(shift, _)| size >> shift > 0) {
        Some((shift, unit)) => format!("{}{unit}", size >> shift),
        None => size.to_string(),
    }
}

/// An address to listen on; `localhost` is 127.0.0.1.
pub fn ip_address(raw: &Raw) -> Result<IpAddr, Wrong> {
    let text = one(raw)?;
    if text.eq_ignore_ascii_case("localhost") {
        return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    text.parse().map_err(|_| {
        Wrong::new(
            format_args!("{} is not an IP address", quoted(text)),
            "give 127.0.0.1 for this machine only, 0.0.0.0 for all its networks",
        )
    })
}

/// A port; 0 takes any free one.
pub fn port(raw: &Raw) -> Result<u16, Wrong> {
    let text = one(raw)?;
    text.parse().map_err(|_| {
        Wrong::new(
            format_args!("{} is not a port", quoted(text)),
            "give a number from 1 to 65535, or 0 for any free one",
        )
    })
}

/// A phone number in E.164, by shape only: whether it exists is for whoever dials it.
pub fn e164(raw: &Raw) -> Result<String, Wrong> {
    let text = one(raw)?;
    let number: String = text.chars().filter(|c| !matches!(c, ' ' | '-' | '(' | ')' | '.')).collect();
    let digits = number.strip_prefix('+').unwrap_or_default();
    let digits_only = digits.bytes().all(|digit| digit.is_ascii_digit());
    if digits_only && (7..=15).contains(&digits.len()) && !digits.starts_with('0') {
        return Ok(number);
    }
    Err(Wrong::new(
        format_args!("{} is not a phone number in international form", quoted(text)),
        "write it as +14155550100: a plus, the country code, the number",
    ))
}

/// A country by its two letters, in capitals.
pub fn country(raw: &Raw) -> Result<String, Wrong> {
    let text = one(raw)?;
    if text.len() == 2 && text.bytes().all(|letter| letter.is_ascii_alphabetic()) {
        return Ok(text.to_ascii_uppercase());
    }
    Err(Wrong::new(
        format_args!("{} is not a country", quoted(text)),
        "give its two letters, such as US, IL or GB",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Raw {
        Raw::One(text.to_owned())
    }

    #[test]
    fn sizes_are_read_with_their_unit_and_held_within_bounds() {
        let read = |text: &str| bytes::<1024, { 8 << 30 }>(&raw(text)).ok();
        assert_eq!(read("1024"), Some(1024));
        assert_eq!(read("64MiB"), Some(64 << 20));
        assert_eq!(read("8 GiB"), Some(8 << 30));
        for wrong in ["1023", "9GiB", "64MB", "-1", "99999999999GiB", ""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        let said = bytes::<1024, { 8 << 30 }>(&raw("64MB")).unwrap_err();
        assert_eq!(said.right, "give bytes or a size such as 64MiB, from 1KiB to 8GiB");
    }

    #[test]
    fn numbers_are_held_within_bounds() {
        assert_eq!(whole::<1, 10>(&raw("10")).ok(), Some(10));
        for wrong in ["0", "11", "1.5", "ten", "-1"] {
            assert!(whole::<1, 10>(&raw(wrong)).is_err(), "{wrong}");
        }
        assert_eq!(rate(&raw("0.5")).ok(), Some(0.5));
        for wrong in ["0", "-1", "nan", "inf", "10001"] {
            assert!(rate(&raw(wrong)).is_err(), "{wrong}");
        }
        assert!(seconds::<5, 600>(&raw("30s")).unwrap_err().right.contains("without a unit"));
    }

    #[test]
    fn a_phone_number_is_international_or_refused() {
        assert_eq!(e164(&raw("+1 (415) 555-0100")).unwrap(), "+14155550100");
        for wrong in ["4155550100", "+0155550100", "+1415", "+1415555010012345", "+1415555O100", ""] {
            assert!(e164(&raw(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_never_quoted_in_its_refusal() {
        let said = secret(&raw("s3cret with blanks")).unwrap_err();
        assert!(!format!("{said:?}").contains("s3cret"));
    }

    #[test]
    fn a_single_word_is_a_list_parted_by_commas() {
        assert_eq!(many(&raw("a, b,,c")).unwrap(), ["a", "b", "c"]);
        assert!(one(&Raw::Many(vec![])).is_err());
    }
}

//! Which bytes of a file a client wants (RFC 9110, section 14). One range is served; several at once would let a small
//! request ask for a large answer many times over, so they get the whole file, as the standard allows.

use std::ops::RangeInclusive;

/// What part of a file is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// All of it: no range, or none that we read.
    Whole,
    /// These bytes, all within the file.
    Part(RangeInclusive<u64>),
    /// Bytes that it does not have.
    Beyond,
}

/// Reads a `Range` header for a file of this length.
pub(crate) fn wanted(header: &str, length: u64) -> Wanted {
    let Some((first, last)) = header.trim().strip_prefix("bytes=").and_then(|range| range.split_once('-'))
    else {
        return Wanted::Whole;
    };
    match (position(first), position(last)) {
        (Position::Byte(first), Position::Byte(last)) if first <= last => within(first, last, length),
        (Position::Byte(first), Position::Open) => within(first, u64::MAX, length),
        (Position::Open, Position::Byte(0)) => Wanted::Beyond,
        (Position::Open, Position::Byte(tail)) => within(length.saturating_sub(tail), u64::MAX, length),
        _ => Wanted::Whole,
    }
}

enum Position {
    Open,
    Byte(u64),
    Nonsense,
}

fn position(text: &str) -> Position {
    let text = text.trim();
    if text.is_empty() {
        Position::Open
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a file can have bytes: beyond any file.
        Position::Byte(text.parse().unwrap_or(u64::MAX))
    } else {
        Position::Nonsense
    }
}

fn within(first: u64, last: u64, length: u64) -> Wanted {
    if first < length { Wanted::Part(first..=last.min(length - 1)) } else { Wanted::Beyond }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_cut_to_the_file() {
        for (header, part) in [
            ("bytes=0-0", 0..=0),
            ("bytes=2-5", 2..=5),
            ("bytes=2-", 2..=9),
            ("bytes=-3", 7..=9),
            ("bytes=-99", 0..=9),
            ("bytes=5-99999999999999999999999", 5..=9),
        ] {
            assert_eq!(wanted(header, 10), Wanted::Part(part), "{header}");
        }
    }

    #[test]
    fn bytes_beyond_the_end_are_refused() {
        for header in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(wanted(header, 10), Wanted::Beyond, "{header}");
        }
        assert_eq!(wanted("bytes=0-", 0), Wanted::Beyond);
    }

    #[test]
    fn what_is_no_single_range_gets_the_whole_file() {
        for header in [
            "",
            "bytes",
            "bytes=",
            "bytes=-",
            "bytes=5-2",
            "bytes=0-1,3-4",
            "lines=1-2",
            "bytes=a-b",
            "bytes=+1-2",
        ] {
            assert_eq!(wanted(header, 10), Wanted::Whole, "{header}");
        }
    }
}

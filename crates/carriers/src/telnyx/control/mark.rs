//! What goes along with every command and comes back with every event (`client_state`): which verb of which performance it
//! belongs to, and the sealed state of the page.
//!
//! An event of an earlier verb, of an earlier performance or of another process is told by it, and moves nothing.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// Which part of which verb of which performance.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Mark {
    /// The performance; 0 for a leg as it was dialed.
    pub turn: u64,
    /// The verb.
    pub verb: u16,
    /// The part of the verb: a prompt of several.
    pub part: u16,
    /// The sealed state: of the page, or of what is asked with what the verb brings.
    pub token: Option<String>,
}

impl Mark {
    /// The mark of a leg that is dialed: its sealed state.
    pub fn of_leg(token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..Self::default() }
    }

    /// Whether both are of the same part of the same verb.
    pub fn is_at(&self, other: &Self) -> bool {
        (self.turn, self.verb, self.part) == (other.turn, other.verb, other.part)
    }

    /// Whether both are of the same verb, whichever part of it.
    pub fn is_of_verb(&self, other: &Self) -> bool {
        (self.turn, self.verb) == (other.turn, other.verb)
    }

    /// As Telnyx takes it: base64.
    pub fn to_client_state(&self) -> String {
        let Self { turn, verb, part, token } = self;
        STANDARD.encode(format!("1.{turn}.{verb}.{part}.{}", token.as_deref().unwrap_or_default()))
    }

    /// What came back; `None` if it is none of ours.
    pub fn of_client_state(text: &str) -> Option<Self> {
        let text = String::from_utf8(STANDARD.decode(text).ok()?).ok()?;
        let mut parts = text.splitn(5, '.');
        if parts.next()? != "1" {
            return None;
        }
        let (turn, verb, part) =
            (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let token = parts.next().filter(|token| !token.is_empty()).map(str::to_owned);
        Some(Self { turn, verb, part, token })
    }
}

impl fmt::Debug for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mark({}.{}.{})", self.turn, self.verb, self.part)
    }
}

/// The sealed state in an address of ours.
pub(super) fn token_in(url: &str) -> Option<String> {
    let (_, query) = url.split('#').next()?.split_once('?')?;
    let found = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "s");
    found.map(|(_, token)| token.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_comes_back_as_it_went() {
        for mark in [
            Mark::of_leg("AbC-_9"),
            Mark { turn: u64::MAX, verb: 3, part: 2, token: None },
            Mark { turn: 1, verb: 0, part: 0, token: Some("x.y".to_owned()) },
        ] {
            assert_eq!(Mark::of_client_state(&mark.to_client_state()), Some(mark));
        }
    }

    #[test]
    fn what_others_hand_over_is_no_mark() {
        for text in
            ["", "aGVsbG8=", "not base64", &STANDARD.encode("2.1.1.1.x"), &STANDARD.encode("1.x.1.1.")]
        {
            assert_eq!(Mark::of_client_state(text), None, "{text}");
        }
    }

    #[test]
    fn the_state_is_found_in_an_address() {
        assert_eq!(token_in("https://a.example/p/voice?q=2&s=abc#rc=5").as_deref(), Some("abc"));
        assert_eq!(token_in("https://a.example/voice?q=0"), None);
    }
}

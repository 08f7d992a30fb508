//! A form as Twilio posts it, read strictly: `application/x-www-form-urlencoded`, UTF-8, bounded.
//!
//! Strictly, because a signature covers what the form says: a reader that mends broken text would take two different
//! bodies for one.

use thiserror::Error;

/// Twilio's own forms have under a hundred fields and a few kilobytes.
const MAX_BYTES: usize = 64 * 1_024;
const MAX_FIELDS: usize = 500;

/// Names and values, decoded, in the order they came.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Form(Vec<(String, String)>);

/// Why bytes are not a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum NotAForm {
    /// Longer, or of more fields, than any carrier's.
    #[error("the form is too large")]
    TooLarge,
    /// A percent sign without two hex digits, or text that is not UTF-8.
    #[error("the form is not percent-encoded UTF-8")]
    Encoding,
}

impl Form {
    /// Reads a request's body, or the query of a request by GET (without its question mark).
    ///
    /// # Errors
    /// [`NotAForm`]: nothing is mended.
    pub fn parse(bytes: &[u8]) -> Result<Self, NotAForm> {
        if bytes.len() > MAX_BYTES {
            return Err(NotAForm::TooLarge);
        }
        let pairs = bytes.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        let mut form = Vec::new();
        for pair in pairs {
            if form.len() == MAX_FIELDS {
                return Err(NotAForm::TooLarge);
            }
            let mut halves = pair.splitn(2, |byte| *byte == b'=');
            let name = decoded(halves.next().unwrap_or_default())?;
            form.push((name, decoded(halves.next().unwrap_or_default())?));
        }
        Ok(Self(form))
    }

    /// The first value of this name, if it is there and not empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty())
    }

    /// All names and values, in the order they came.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl std::fmt::Debug for Form {
    /// Names only: the values are people's numbers and words.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

fn decoded(text: &[u8]) -> Result<String, NotAForm> {
    let mut plain = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'%', [high, low, after @ ..]) => {
                plain.push(digit(*high)? << 4 | digit(*low)?);
                rest = after;
            }
            (b'%', _) => return Err(NotAForm::Encoding),
            (b'+', _) => plain.push(b' '),
            (byte, _) => plain.push(*byte),
        }
    }
    String::from_utf8(plain).map_err(|_| NotAForm::Encoding)
}

fn digit(char: u8) -> Result<u8, NotAForm> {
    char::from(char).to_digit(16).and_then(|value| u8::try_from(value).ok()).ok_or(NotAForm::Encoding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_form_is_decoded_and_keeps_its_order() {
        let form = Form::parse("To=%2B1555&Name=Ann+L%C3%A9e&Empty=&Bare&&To=2".as_bytes()).unwrap();
        let pairs: Vec<_> = form.pairs().collect();
        assert_eq!(pairs, [("To", "+1555"), ("Name", "Ann Lée"), ("Empty", ""), ("Bare", ""), ("To", "2")]);
        assert_eq!((form.get("To"), form.get("Empty"), form.get("No")), (Some("+1555"), None, None));
    }

    #[test]
    fn what_is_broken_is_refused_not_mended() {
        for body in ["a=%", "a=%4", "a=%zz", "a=%ff", "a=%C3", "%e9=1"] {
            assert_eq!(Form::parse(body.as_bytes()), Err(NotAForm::Encoding), "{body}");
        }
        assert_eq!(Form::parse(b"a=\xff"), Err(NotAForm::Encoding));
        assert_eq!(Form::parse(&vec![b'a'; MAX_BYTES + 1]), Err(NotAForm::TooLarge));
        assert_eq!(Form::parse("a&".repeat(MAX_FIELDS + 1).as_bytes()), Err(NotAForm::TooLarge));
    }

    #[test]
    fn a_form_prints_no_values() {
        assert_eq!(format!("{:?}", Form::parse(b"To=5550100").unwrap()), r#"{"To"}"#);
    }

    proptest! {
        #[test]
        fn whatever_is_encoded_reads_back(pairs in proptest::collection::vec((".{1,8}", ".{0,20}"), 1..20)) {
            let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(&pairs).finish();
            let form = Form::parse(body.as_bytes()).unwrap();
            let read: Vec<_> = form.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
            prop_assert_eq!(read, pairs);
        }
    }
}

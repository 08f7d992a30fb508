//! Where a webhook goes: a URL, a method and the connection overrides in the URL's fragment.
//!
//! Twilio reads `#rc=2&rp=all` from a URL as settings for that one webhook and never sends the fragment.

use std::time::Duration;

use url::Url;

/// How a webhook is requested.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) enum Method {
    #[default]
    Post,
    Get,
}

impl Method {
    /// Reads `GET` or `POST` in any case.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("POST") {
            Some(Self::Post)
        } else if text.eq_ignore_ascii_case("GET") {
            Some(Self::Get)
        } else {
            None
        }
    }
}

/// A failure's kind, as far as retries care.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum FailureKind {
    /// No connection was made (`ct`).
    Connect,
    /// The connection was made, and no whole answer came (`rt`).
    Read,
    /// An answer with a status from 400 to 499.
    Status4xx,
    /// An answer with a status from 500.
    Status5xx,
}

/// Connection overrides with Twilio's defaults and ranges.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Overrides {
    /// `ct`: time to connect.
    pub(crate) connect: Duration,
    /// `rt`: time to wait for the answer.
    pub(crate) read: Duration,
    /// `tt`: time in all, retries included.
    pub(crate) total: Duration,
    /// `rc`: how many retries.
    pub(crate) retries: u32,
    policy: Vec<FailureKind>,
}

impl Default for Overrides {
    fn default() -> Self {
        Self {
            connect: Duration::from_millis(5_000),
            read: Duration::from_millis(15_000),
            total: Duration::from_millis(15_000),
            retries: 1,
            policy: vec![FailureKind::Connect],
        }
    }
}

impl Overrides {
    /// Reads a fragment. Unknown keys and values out of range leave the defaults, as a bad fragment does at Twilio.
    fn parse(fragment: &str) -> Self {
        let mut all = Self::default();
        for (key, value) in fragment.split('&').filter_map(|pair| pair.split_once('=')) {
            match key {
                "ct" => set_millis(&mut all.connect, value, 100..=10_000),
                "rt" => set_millis(&mut all.read, value, 100..=15_000),
                "tt" => set_millis(&mut all.total, value, 100..=15_000),
                "rc" => all.retries = value.parse().ok().filter(|count| *count <= 5).unwrap_or(all.retries),
                "rp" => all.policy = policy(value),
                _ => {}
            }
        }
        all
    }

    /// True when a failure of this kind is tried again.
    pub(crate) fn retries_after(&self, failure: FailureKind) -> bool {
        self.policy.contains(&failure)
    }
}

fn set_millis(setting: &mut Duration, value: &str, range: std::ops::RangeInclusive<u64>) {
    if let Some(millis) = value.parse().ok().filter(|millis| range.contains(millis)) {
        *setting = Duration::from_millis(millis);
    }
}

fn policy(value: &str) -> Vec<FailureKind> {
    let mut kinds = Vec::new();
    for word in value.replace("%2C", ",").split(',') {
        match word {
            "4xx" => kinds.push(FailureKind::Status4xx),
            "5xx" => kinds.push(FailureKind::Status5xx),
            "ct" => kinds.push(FailureKind::Connect),
            "rt" => kinds.push(FailureKind::Read),
            "all" => kinds.extend([
                FailureKind::Connect,
                FailureKind::Read,
                FailureKind::Status4xx,
                FailureKind::Status5xx,
            ]),
            _ => {}
        }
    }
    kinds
}

/// A webhook's address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Target {
    /// Without its fragment: what is requested and signed.
    pub(crate) url: Url,
    pub(crate) method: Method,
    pub(crate) overrides: Overrides,
}

impl Target {
    /// Reads an absolute http or https URL; `None` for anything that Twilio would refuse.
    pub(crate) fn parse(text: &str, method: Method) -> Option<Self> {
        let url = Url::parse(text).ok()?;
        let host = url.host_str()?;
        let fine = matches!(url.scheme(), "http" | "https") && !host.contains('_');
        fine.then(|| Self::new(url, method))
    }

    /// A URL inside a document may be relative to the document.
    pub(crate) fn relative(&self, text: &str, method: Method) -> Option<Self> {
        let url = self.url.join(text).ok()?;
        matches!(url.scheme(), "http" | "https").then(|| Self::new(url, method))
    }

    fn new(mut url: Url, method: Method) -> Self {
        let overrides = url.fragment().map_or_else(Overrides::default, Overrides::parse);
        url.set_fragment(None);
        Self { url, method, overrides }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fragment_is_read_and_never_kept() {
        let target = Target::parse("http://host/voice?a=1#rc=5&rp=5xx,rt&tt=900&ct=1", Method::Post).unwrap();
        assert_eq!(target.url.as_str(), "http://host/voice?a=1");
        assert_eq!(target.overrides.retries, 5);
        assert_eq!(target.overrides.total, Duration::from_millis(900));
        assert_eq!(target.overrides.connect, Duration::from_millis(5_000), "out of range keeps the default");
        assert!(target.overrides.retries_after(FailureKind::Status5xx));
        assert!(target.overrides.retries_after(FailureKind::Read));
        assert!(!target.overrides.retries_after(FailureKind::Connect));
    }

    #[test]
    fn without_a_fragment_only_a_failed_connection_is_tried_once_more() {
        let target = Target::parse("http://host/voice", Method::Post).unwrap();
        assert_eq!(target.overrides.retries, 1);
        assert!(target.overrides.retries_after(FailureKind::Connect));
        assert!(!target.overrides.retries_after(FailureKind::Status5xx));
    }

    #[test]
    fn urls_that_twilio_refuses_are_refused() {
        for bad in ["", "voice", "ftp://host/", "http://a_b.example/"] {
            assert_eq!(Target::parse(bad, Method::Post), None, "{bad}");
        }
    }
}

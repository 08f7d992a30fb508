//! To which addresses anything is sent: https to public hosts, and what the operator allows beside them.
//!
//! A name says nothing about where it leads, and may lead elsewhere a moment later: what is looked at is the address that a
//! connection is made to, as the resolver gives it to the client.

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use thiserror::Error;
use trunkline_core::outgoing::{Network, is_public};
use url::{Host, Url};

/// The longest address that is kept.
const MAX_URL: usize = 2_000;
/// Ports of well-known services that are no web: a request sent there may be understood as something else.
const NOT_WEB: [u16; 9] = [1_433, 1_521, 2_375, 3_306, 5_432, 6_379, 9_200, 11_211, 27_017];

/// Whether http will do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Plain {
    /// Only https.
    #[default]
    Refused,
    /// http too.
    Allowed,
}

/// What is sent to.
#[derive(Clone, Debug, Default)]
pub struct Reach {
    /// Whether http will do.
    pub plain: Plain,
    /// Names that may lead inside.
    pub hosts: Vec<String>,
    /// Addresses that are allowed although they are inside.
    pub networks: Vec<Network>,
}

/// Why nothing is sent to an address. Nothing in it tells what there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadUrl {
    /// No address at all.
    #[error("is no address such as https://example.com/hooks")]
    Form,
    /// Neither http nor https.
    #[error("must begin with https://")]
    Scheme,
    /// http, where only https will do.
    #[error("must begin with https:// (the setting webhooks.http can allow http)")]
    Plain,
    /// A name and a password in the address.
    #[error("must not hold a user or a password")]
    User,
    /// A port of something else.
    #[error("names a port that is none of the web")]
    Port,
    /// An address inside.
    #[error("leads to an address that webhooks are not sent to (the setting webhooks.inside can allow it)")]
    Inside,
}

/// What the client says when nothing public is behind a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("no address that is sent to")]
pub(super) struct NotAllowed;

impl Reach {
    /// Reads an address, as far as the text itself can tell whether anything is sent there.
    ///
    /// # Errors
    /// [`BadUrl`].
    pub fn check(&self, text: &str) -> Result<Url, BadUrl> {
        if text.len() > MAX_URL {
            return Err(BadUrl::Form);
        }
        let mut url = Url::parse(text).map_err(|_| BadUrl::Form)?;
        match (url.scheme(), self.plain) {
            ("https", _) | ("http", Plain::Allowed) => {}
            ("http", Plain::Refused) => return Err(BadUrl::Plain),
            _ => return Err(BadUrl::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(BadUrl::User);
        }
        let is_named = match url.host() {
            None => return Err(BadUrl::Form),
            Some(Host::Domain(name)) => self.is_named(name),
            Some(Host::Ipv4(v4)) => self.literal(v4.into())?,
            Some(Host::Ipv6(v6)) => self.literal(v6.into())?,
        };
        let is_web = |port| matches!(port, 80 | 443) || (port >= 1_024 && !NOT_WEB.contains(&port));
        if !is_named && !url.port_or_known_default().is_some_and(is_web) {
            return Err(BadUrl::Port);
        }
        url.set_fragment(None);
        Ok(url)
    }

    /// Whether an address is one that the operator named; refused if it is neither that nor public.
    fn literal(&self, address: IpAddr) -> Result<bool, BadUrl> {
        let is_named = self.networks.iter().any(|network| network.contains(address));
        if is_named || is_public(address) { Ok(is_named) } else { Err(BadUrl::Inside) }
    }

    fn is_named(&self, host: &str) -> bool {
        self.hosts.iter().any(|name| name.eq_ignore_ascii_case(host.trim_end_matches('.')))
    }

    /// Of the addresses behind a name those that may be connected to.
    fn allowed(&self, name: &str, found: impl Iterator<Item = SocketAddr>) -> Vec<SocketAddr> {
        let is_named = self.is_named(name);
        found.filter(|found| is_named || self.literal(found.ip()).is_ok()).collect()
    }
}

/// Resolves names for the client, and keeps to itself what is not to be connected to.
pub(super) struct Resolver(pub(super) Arc<Reach>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = Arc::clone(&self.0);
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed = reach.allowed(name.as_str(), found);
            if allowed.is_empty() {
                Err(NotAllowed.into())
            } else {
                Ok(Box::new(allowed.into_iter()) as Addrs)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> Result<String, BadUrl> {
        Reach::default().check(text).map(String::from)
    }

    #[test]
    fn https_to_public_hosts_is_sent_to() {
        for good in [
            "https://example.com/hooks?a=1",
            "https://example.com:8443/",
            "https://8.8.8.8/x",
            "https://[2606:4700::1111]/",
        ] {
            assert_eq!(check(good).as_deref(), Ok(good));
        }
        assert_eq!(check("https://example.com/x#part").as_deref(), Ok("https://example.com/x"));
    }

    #[test]
    fn no_address_inside_is_sent_to_however_it_is_written() {
        for inside in [
            "https://127.0.0.1/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f000001/",
            "https://0177.0.0.1/",
            "https://0x7f.1/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://100.64.0.1/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:a9fe:a9fe]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
            "https://[fe80::1]/",
            "https://[fd00::1]/",
            "https://0/",
            "https://192.168.1.1:8443/",
            "https://１２７.0.0.1/",
        ] {
            assert_eq!(check(inside), Err(BadUrl::Inside), "{inside}");
        }
    }

    #[test]
    fn what_is_no_web_address_is_refused_and_told_why() {
        for (bad, why) in [
            ("", BadUrl::Form),
            ("example.com", BadUrl::Form),
            ("https://", BadUrl::Form),
            ("file:///etc/passwd", BadUrl::Scheme),
            ("gopher://example.com/", BadUrl::Scheme),
            ("ftp://example.com/", BadUrl::Scheme),
            ("http://example.com/", BadUrl::Plain),
            ("https://user@example.com/", BadUrl::User),
            ("https://a:b@example.com/", BadUrl::User),
            ("https://example.com:22/", BadUrl::Port),
            ("https://example.com:5432/", BadUrl::Port),
            ("https://example.com:6379/", BadUrl::Port),
        ] {
            assert_eq!(check(bad), Err(why), "{bad}");
        }
        assert_eq!(check(&format!("https://example.com/{}", "x".repeat(MAX_URL))), Err(BadUrl::Form));
    }

    #[test]
    fn a_name_is_judged_by_where_it_leads_and_an_operator_may_name_what_is_inside() {
        let found = || ["127.0.0.1:0", "8.8.8.8:0", "[::1]:0"].map(|at| at.parse().unwrap()).into_iter();
        let allowed = |reach: &Reach, name: &str| reach.allowed(name, found()).len();
        let nothing = Reach::default();
        assert_eq!(allowed(&nothing, "example.com"), 1, "of three the public one is left");
        let networks = vec!["127.0.0.0/8".parse().unwrap()];
        assert_eq!(allowed(&Reach { networks, ..Reach::default() }, "example.com"), 2);
        let named = Reach { hosts: vec!["crm.inside".to_owned()], plain: Plain::Allowed, ..Reach::default() };
        assert_eq!((allowed(&named, "CRM.inside"), allowed(&named, "other.inside")), (3, 1));
        assert!(named.check("http://crm.inside:22/").is_ok(), "who names a host means it");
        assert_eq!(named.check("http://127.0.0.1/"), Err(BadUrl::Inside));
    }
}

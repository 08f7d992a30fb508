//! Whose request it is where proxies stand in front: the address of the connection, unless that is a proxy which was named
//! as trusted. Then what it says of whom it serves is believed, and nothing further to the left.

use http::HeaderMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;
use thiserror::Error;

const FORWARDED_FOR: &str = "x-forwarded-for";

/// Addresses with the same first bits, such as `10.0.0.0/8`; one address if nothing is said of bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

/// What names no network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("give an address or a network, such as 127.0.0.1 or 10.0.0.0/8")]
pub struct BadNetwork;

impl FromStr for Network {
    type Err = BadNetwork;

    fn from_str(text: &str) -> Result<Self, BadNetwork> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address, Some(bits.parse().map_err(|_| BadNetwork)?)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| BadNetwork)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = bits.unwrap_or(most);
        if bits > most { Err(BadNetwork) } else { Ok(Self { address, bits }) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.bits)
    }
}

impl Network {
    fn holds(self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(ours), IpAddr::V4(theirs)) => {
                same(ours.to_bits().into(), theirs.to_bits().into(), 32, self.bits)
            }
            (IpAddr::V6(ours), IpAddr::V6(theirs)) => same(ours.to_bits(), theirs.to_bits(), 128, self.bits),
            _ => false,
        }
    }
}

fn same(ours: u128, theirs: u128, length: u32, bits: u8) -> bool {
    let rest = length.saturating_sub(bits.into());
    ours.checked_shr(rest).unwrap_or(0) == theirs.checked_shr(rest).unwrap_or(0)
}

/// The client of a request: who is at the other end, or whom the outermost trusted proxy says it serves. What a stranger
/// writes into the header is not believed.
pub(crate) fn client(trusted: &[Network], peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.holds(address));
    let mut client = peer;
    if !is_trusted(peer) {
        return client;
    }
    let lines = headers.get_all(FORWARDED_FOR).iter().rev().map(|line| line.to_str().unwrap_or_default());
    for word in lines.flat_map(|line| line.rsplit(',')) {
        // What is no address ends the chain: nobody before it is known.
        let Ok(address) = word.trim().parse::<IpAddr>() else { break };
        client = address;
        if !is_trusted(address) {
            break;
        }
    }
    client
}

/// What counts as one place: an address, or of the newer kind the network that one customer gets.
pub(crate) fn place(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(six) => Ipv6Addr::from_bits(six.to_bits() & !u128::from(u64::MAX)).into(),
        four => four,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn client_of(trusted: &[&str], peer: &str, lines: &[&'static str]) -> IpAddr {
        let trusted: Vec<Network> = trusted.iter().map(|network| network.parse().unwrap()).collect();
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_static(line));
        }
        client(&trusted, ip(peer), &headers)
    }

    #[test]
    fn s_04_what_a_stranger_says_of_itself_is_not_believed() {
        for trusted in [&[][..], &["10.0.0.0/8"]] {
            assert_eq!(client_of(trusted, "203.0.113.7", &["198.51.100.1"]), ip("203.0.113.7"));
        }
    }

    #[test]
    fn s_04_a_trusted_proxy_is_believed_and_what_its_client_made_up_is_not() {
        let trusted = ["10.0.0.0/8", "::1"];
        let of = |lines| client_of(&trusted, "10.0.0.9", lines);
        assert_eq!(of(&["198.51.100.1"]), ip("198.51.100.1"), "the control");
        assert_eq!(
            of(&["1.1.1.1, 198.51.100.1"]),
            ip("198.51.100.1"),
            "the right one was seen, the left one told"
        );
        assert_eq!(of(&["1.1.1.1", "198.51.100.1, 10.1.2.3"]), ip("198.51.100.1"));
        assert_eq!(of(&["1.1.1.1, nonsense, 10.1.2.3"]), ip("10.1.2.3"));
        assert_eq!(of(&[]), ip("10.0.0.9"));
        assert_eq!(client_of(&trusted, "::ffff:10.0.0.9", &["198.51.100.1"]), ip("198.51.100.1"));
        assert_eq!(client_of(&trusted, "::1", &["2001:db8::1"]), ip("2001:db8::1"));
    }

    #[test]
    fn a_network_is_an_address_and_how_much_of_it_counts() {
        for bad in ["", "10.0.0", "10.0.0.0/33", "::/129", "localhost", "10.0.0.0/x"] {
            assert_eq!(bad.parse::<Network>(), Err(BadNetwork), "{bad}");
        }
        let all: Network = "0.0.0.0/0".parse().unwrap();
        assert!(all.holds(ip("203.0.113.7")) && !all.holds(ip("2001:db8::1")));
        assert_eq!(all.to_string(), "0.0.0.0/0");
    }

    #[test]
    fn who_has_a_network_of_the_newer_kind_is_one_place() {
        assert_eq!(place(ip("2001:db8::1")), place(ip("2001:db8::ffff:1")));
        assert_ne!(place(ip("2001:db8::1")), place(ip("2001:db8:0:1::1")));
        assert_eq!(place(ip("::ffff:10.0.0.1")), ip("10.0.0.1"));
    }
}

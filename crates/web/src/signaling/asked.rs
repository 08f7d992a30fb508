//! What stands in the address of a socket.

use crate::problem::Problem;
use trunkline_core::id::DeviceId;

/// What opens a socket, and for which device.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Asked {
    /// A ticket, or a token that lives for a minute.
    pub(super) token: Option<String>,
    pub(super) device: Option<DeviceId>,
}

impl Asked {
    /// Reads the part of an address after `?`. What apps add for themselves is left alone.
    pub(super) fn parse(query: &str) -> Result<Self, Problem> {
        let mut asked = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match &*name {
                _ if value.is_empty() => {}
                "token" => asked.token = Some(value.into_owned()),
                "device" | "device_id" => {
                    let device = DeviceId::parse(&value).ok_or_else(wrong_device)?;
                    asked.device = Some(device);
                }
                _ => {}
            }
        }
        Ok(asked)
    }
}

fn wrong_device() -> Problem {
    Problem::query("device_id", "give 1 to 64 visible ASCII characters")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_says_who_it_is_and_which_device() {
        let asked = Asked::parse("token=a.b.c&device_id=phone-1&v=2").unwrap();
        assert_eq!((asked.token.as_deref(), asked.device), (Some("a.b.c"), Some(DeviceId::new("phone-1"))));
        assert_eq!(Asked::parse("token=&device=").unwrap(), Asked::default());
        assert!(Asked::parse(&format!("device={}", "x".repeat(65))).is_err());
    }
}

//! Calls in which software of the client's talks: the carrier is told to open a media stream to it, and the sound never comes by us.
//!
//! What a carrier sends there is the carrier's own wire, with the call's id and the client's metadata beside it. When the stream
//! is over, however that came, the carrier asks us what comes next: the call's script, if the order named one, or its end.

use crate::answering::is_stray;
use crate::engine::Inner;
use crate::intake::IntakeError;
use crate::live::Handle;
use crate::order::{Order, PlaceError};
use crate::webhook::VoiceFetch;
use std::net::IpAddr;
use std::sync::Arc;
use trunkline_carriers::callback::{CallbackState, Place};
use trunkline_carriers::voice::{Document, stream};
use trunkline_core::call::{AfterStream, Call, ClientStream, Says};
use trunkline_core::script::{Caller, Script};
use url::{Host, Url};

/// Longer addresses are taken by no carrier.
const MAX_CHARS: usize = 2_000;
/// A call has no more than one stream at once, and so they need no numbers.
const ONLY: u16 = 1;

/// The stream that an order asks for.
pub(crate) fn client_stream(order: &Order) -> Result<Option<Box<ClientStream>>, PlaceError> {
    let Some(url) = &order.stream_url else { return Ok(None) };
    let invalid = |why: &str| PlaceError::Invalid { field: "stream_url", why: why.to_owned() };
    if order.bot.is_some() {
        return Err(invalid("a call talks with a bot of this server or with your software, not with both"));
    }
    let is_short = url.reveal().chars().count() <= MAX_CHARS;
    let read = Url::parse(url.reveal()).ok().filter(|read| is_short && may_be_opened(read));
    // Carriers refuse what stands in the query, or leave it out.
    if read
        .is_none_or(|read| read.query().is_some() || read.fragment().is_some() || !read.username().is_empty())
    {
        return Err(invalid(
            "give the address of a WebSocket, such as wss://example.com/media, without a name, a query or a fragment; what your \
             software is to know of the call goes into metadata",
        ));
    }
    let then = if order.script.is_some() { AfterStream::Script } else { AfterStream::HangUp };
    Ok(Some(Box::new(ClientStream { url: url.clone(), then })))
}

/// Without TLS only a carrier on this very machine, such as the simulator, is sent.
fn may_be_opened(url: &Url) -> bool {
    let is_here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => IpAddr::from(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::from(address).is_loopback(),
        None => false,
    };
    url.scheme() == "wss" || (url.scheme() == "ws" && is_here)
}

impl Inner {
    /// The page of a call in which a client's software talks; `None` if it asks what any call does.
    pub(crate) async fn speak_client(
        self: &Arc<Self>,
        handle: &Handle,
        token: &CallbackState,
        fetch: &VoiceFetch,
        asks: (&Script, &Caller),
    ) -> Result<Option<Document>, IntakeError> {
        let call = handle.lock().call.clone();
        let Some(to) = call.party.stream.as_deref() else { return Ok(None) };
        let says = match (token.place, to.then) {
            (Place::AfterStream(_), AfterStream::Script) => {
                return self.speak_on(handle, token, fetch, asks).await.map(Some);
            }
            (Place::AfterStream(_), AfterStream::HangUp) => Says::Nothing,
            (place, _) if place == Place::START && is_before_script(&call) => Says::Client,
            _ => return Ok(None),
        };
        let is_over = says == Says::Nothing;
        let which = if is_over { "over" } else { "client" };
        self.observe_on(handle, self.spoke_besides(call.id, token, fetch, which, says)).await?;
        let call = handle.lock().call.clone();
        if is_over || is_stray(&call, token, &fetch.carrier_call_id) {
            return Ok(Some(Document::hang_up()));
        }
        let parameters = vec![("call_id".to_owned(), call.id.to_string())];
        Ok(Some(stream::elsewhere(to.url.reveal(), parameters, ONLY, &self.mint(&call, token.on()))))
    }
}

/// Whether a call that goes on, as after a hold, goes on with the client's software: its script has asked nothing yet.
pub(crate) fn talks_to_client(call: &Call) -> bool {
    call.party.stream.is_some() && is_before_script(call)
}

fn is_before_script(call: &Call) -> bool {
    call.turns.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use trunkline_core::private::Private;

    fn asked(url: &str) -> Result<Option<Box<ClientStream>>, PlaceError> {
        client_stream(&Order { stream_url: Some(Private::new(url.to_owned())), ..Order::default() })
    }

    #[test]
    fn a_stream_goes_over_tls_or_stays_on_this_machine() {
        for url in [
            "wss://media.example.com/in",
            "wss://media.example.com:8443",
            "ws://127.0.0.1:9/x",
            "ws://localhost/",
            "ws://[::1]:9/",
        ] {
            assert!(matches!(asked(url), Ok(Some(to)) if to.url.reveal() == url), "{url}");
        }
        let long = format!("wss://example.com/{}", "x".repeat(MAX_CHARS));
        for url in [
            "",
            "media.example.com",
            "https://media.example.com",
            "ws://media.example.com",
            "ws://127.0.0.1.example.com",
            "wss://ann:secret@example.com",
            "wss://example.com/?token=x",
            "wss://example.com/#x",
            &long,
        ] {
            assert!(matches!(asked(url), Err(PlaceError::Invalid { field: "stream_url", .. })), "{url}");
        }
    }

    #[test]
    fn the_script_goes_on_after_it_if_the_order_names_one() {
        let url = Some(Private::new("wss://example.com/in".to_owned()));
        let alone = Order { stream_url: url.clone(), ..Order::default() };
        let with_script = Order { script: Some("after".to_owned()), ..alone.clone() };
        let with_bot = Order { bot: Some("clinic".to_owned()), ..alone.clone() };
        assert_eq!(client_stream(&alone).unwrap().unwrap().then, AfterStream::HangUp);
        assert_eq!(client_stream(&with_script).unwrap().unwrap().then, AfterStream::Script);
        assert!(client_stream(&with_bot).is_err());
        assert!(client_stream(&Order::default()).unwrap().is_none());
    }
}

//! The documents of calls whose sound goes somewhere: to a bot of ours, or to software of a client's.

use super::{Document, Method, Redirect, Stream, Verb};
use crate::callback::{Mint, Place};

/// The name under which a stream's token is handed over.
pub const TOKEN: &str = "token";

/// The carrier opens this media stream. When it is over, however that came, the carrier asks what comes next: a socket that
/// breaks hangs up on nobody.
pub fn stream(no: u16, mint: &Mint<'_>) -> Document {
    elsewhere(mint.media(), vec![(TOKEN.to_owned(), mint.stream_token(no))], no, mint)
}

/// The same, to any address and with anything handed over.
pub fn elsewhere(
    url: impl Into<String>,
    parameters: Vec<(String, String)>,
    no: u16,
    mint: &Mint<'_>,
) -> Document {
    let stream = Stream { url: url.into(), parameters };
    let next = Redirect { url: mint.voice(Place::AfterStream(no)), method: Method::Post };
    Document::new(vec![Verb::Connect(stream), Verb::Redirect(next)])
}

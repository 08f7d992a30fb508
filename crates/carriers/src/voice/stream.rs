//! The document of a call in which a bot talks.

use super::{Document, Method, Redirect, Stream, Verb};
use crate::callback::{Mint, Place};

/// The name under which a stream's token is handed over.
pub const TOKEN: &str = "token";

/// The carrier opens this media stream. When it is over, however that came, the carrier asks what comes next: a socket that
/// breaks hangs up on nobody.
pub fn stream(no: u16, mint: &Mint<'_>) -> Document {
    let stream = Stream { url: mint.media(), parameters: vec![(TOKEN.to_owned(), mint.stream_token(no))] };
    let next = Redirect { url: mint.voice(Place::AfterStream(no)), method: Method::Post };
    Document::new(vec![Verb::Connect(stream), Verb::Redirect(next)])
}

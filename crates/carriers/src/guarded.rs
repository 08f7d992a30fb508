//! A request's body that leaves only if it still may, asked in the moment in which it is written.
//!
//! In: the bytes, and what must be asked. Out: a body for the HTTP client, and its [`Seal`], which tells afterwards what
//! became of it. The question is asked when the connection stands and its writer takes the body, in one step with the
//! writing: a process that was stopped on the way there (while a name was resolved, a connection opened) asks when it goes
//! on, and not before. A head without its body is no request.
//!
//! What the question is belongs to whoever asks it.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use parking_lot::Mutex;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use thiserror::Error;

/// Asked once, in the moment in which a request is written: why not, if it must not be written any more.
pub struct LastLook(Box<dyn FnOnce() -> Result<(), String> + Send>);

impl LastLook {
    /// What is asked. It is asked within the writer's step: it must not wait for anything.
    pub fn new(look: impl FnOnce() -> Result<(), String> + Send + 'static) -> Self {
        Self(Box::new(look))
    }

    /// Asks.
    ///
    /// # Errors
    /// Why it must not be written any more.
    pub fn ask(self) -> Result<(), String> {
        (self.0)()
    }
}

impl fmt::Debug for LastLook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LastLook")
    }
}

/// What became of the body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Nobody came for it, and nobody will get it.
    Kept,
    /// It was handed to the connection: some of it, or all, may have gone out.
    Out,
    /// It was not handed over, because of this.
    Withheld(String),
}

struct Sealed {
    look: Option<LastLook>,
    fate: Fate,
}

/// The other end of a [`GuardedBody`]. When it is dropped the body can't go out any more.
pub(crate) struct Seal(Arc<Mutex<Sealed>>);

impl Seal {
    /// What became of the body; from now on it goes nowhere.
    pub(crate) fn fate(&self) -> Fate {
        let mut sealed = self.0.lock();
        sealed.look = None;
        sealed.fate.clone()
    }
}

impl Drop for Seal {
    fn drop(&mut self) {
        self.fate();
    }
}

/// A body in one piece, behind a [`LastLook`].
pub(crate) struct GuardedBody {
    bytes: Option<Bytes>,
    sealed: Arc<Mutex<Sealed>>,
}

/// The body was not let out. Ends the connection.
#[derive(Debug, Error)]
#[error("the request was withheld")]
pub(crate) struct NotLetOut;

/// The body, and how to learn what became of it.
pub(crate) fn guarded(bytes: Bytes, look: LastLook) -> (GuardedBody, Seal) {
    let sealed = Arc::new(Mutex::new(Sealed { look: Some(look), fate: Fate::Kept }));
    (GuardedBody { bytes: Some(bytes), sealed: sealed.clone() }, Seal(sealed))
}

impl GuardedBody {
    /// Asks, once: who asks again is refused.
    fn is_let_out(&self) -> bool {
        let mut sealed = self.sealed.lock();
        let Some(look) = sealed.look.take() else { return false };
        sealed.fate = look.ask().map_or_else(Fate::Withheld, |()| Fate::Out);
        sealed.fate == Fate::Out
    }
}

impl Body for GuardedBody {
    type Data = Bytes;
    type Error = NotLetOut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, NotLetOut>>> {
        let Some(bytes) = self.bytes.take() else { return Poll::Ready(None) };
        Poll::Ready(Some(if self.is_let_out() { Ok(Frame::data(bytes)) } else { Err(NotLetOut) }))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    /// Exact, so that the request names its length: what breaks off is told from what is whole.
    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}

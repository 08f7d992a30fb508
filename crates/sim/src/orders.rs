//! Orders to a live call: end it, or follow another document. One comes from outside: its person hangs up.

use tokio::sync::oneshot;

use crate::led::Message;
use crate::target::Target;

/// Where a document comes from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Source {
    Fetch(Target),
    Twiml(String),
}

/// What the product wants of a live call.
#[derive(Debug)]
pub(crate) enum Wish {
    /// Hang up, or take back a call that still rings.
    End,
    /// Not the product's: the person on this line hangs up, or declines while it rings.
    PersonHangsUp,
    /// Follow another document from now on.
    Follow(Source),
    /// To a call that commands lead.
    Led(Box<Message>),
}

/// A wish, and somebody who waits to hear that it was obeyed.
#[derive(Debug)]
pub(crate) struct Order {
    pub(crate) wish: Wish,
    pub(crate) obeyed: oneshot::Sender<()>,
}

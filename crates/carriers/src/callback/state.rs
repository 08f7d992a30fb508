//! What a callback URL knows: compact, binary, versioned.

use trunkline_core::call::OnLeg;
use trunkline_core::id::{AccountId, ActionNo, CallId, Fence, LegNo};
use trunkline_core::script::{Cursor, Next, ScriptVersion};

/// What a page's URL is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// It opens this page; nothing was heard before it.
    Open(Next),
    /// It brings what was heard at this cursor; the script says where that leads.
    Hear(Cursor),
    /// The person waits.
    Hold(ActionNo),
    /// The script goes on after a hold.
    Resume(ActionNo),
    /// Somebody else is dialed; a status told here is that of their leg.
    Transfer(ActionNo),
    /// It brings how that went.
    Transferred(ActionNo),
    /// Whoever was dialed is asked whether they take the call: a page of their leg.
    Consult(ActionNo),
    /// It brings what they said.
    Consulted(ActionNo),
    /// What comes once this media stream of a bot is over.
    AfterStream(u16),
    /// No page: the token with which the carrier opens this media stream.
    Stream(u16),
}

impl Place {
    /// Where a call begins.
    pub const START: Self = Self::Open(Next::Ask(Cursor::START));

    /// The question that what comes with the request is the answer to, if it is one.
    pub fn answers(self) -> Option<Cursor> {
        match self {
            Self::Hear(at) => Some(at),
            Self::Open(_)
            | Self::Hold(_)
            | Self::Resume(_)
            | Self::Transfer(_)
            | Self::Transferred(_)
            | Self::Consult(_)
            | Self::Consulted(_)
            | Self::AfterStream(_)
            | Self::Stream(_) => None,
        }
    }
}

/// Everything that a callback URL carries, sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallbackState {
    /// The carrier account.
    pub account: AccountId,
    /// Our call.
    pub call: CallId,
    /// The attempt.
    pub leg: LegNo,
    /// Whose attempt: an earlier owner's URLs have a lower fence.
    pub fence: Fence,
    /// The version of the script the call runs, if it runs one.
    pub script: Option<ScriptVersion>,
    /// Where in the script this URL belongs.
    pub place: Place,
}

const VERSION: u8 = 1;

impl CallbackState {
    /// The leg this URL was minted for.
    pub fn on(&self) -> OnLeg {
        OnLeg { leg: self.leg, fence: self.fence }
    }

    /// The state as bytes. The account comes last, since it alone has no fixed length.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96);
        bytes.push(VERSION);
        bytes.extend(self.call.as_bytes());
        bytes.extend(self.leg.0.to_be_bytes());
        bytes.extend(self.fence.0.to_be_bytes());
        match self.script {
            Some(version) => {
                bytes.push(1);
                bytes.extend(version.to_bytes());
            }
            None => bytes.push(0),
        }
        match self.place {
            Place::Open(Next::Ask(at)) => put(&mut bytes, 0, at),
            Place::Open(Next::GoodBye) => bytes.push(1),
            Place::Open(Next::OptedOut) => bytes.push(2),
            Place::Hear(at) => put(&mut bytes, 3, at),
            Place::Hold(no) => put_action(&mut bytes, 4, no),
            Place::Resume(no) => put_action(&mut bytes, 5, no),
            Place::Transfer(no) => put_action(&mut bytes, 6, no),
            Place::Transferred(no) => put_action(&mut bytes, 7, no),
            Place::AfterStream(no) => put_action(&mut bytes, 8, ActionNo(no)),
            Place::Stream(no) => put_action(&mut bytes, 9, ActionNo(no)),
            Place::Consult(no) => put_action(&mut bytes, 10, no),
            Place::Consulted(no) => put_action(&mut bytes, 11, no),
        }
        bytes.extend(self.account.as_str().as_bytes());
        bytes
    }

    /// The state with these bytes; `None` if a later version wrote them, or nobody.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes);
        if bytes.take()? != [VERSION] {
            return None;
        }
        let call = CallId::from_bytes(bytes.take()?);
        let leg = LegNo(u16::from_be_bytes(bytes.take()?));
        let fence = Fence(u32::from_be_bytes(bytes.take()?));
        let script = match bytes.take()? {
            [0] => None,
            [1] => Some(ScriptVersion::from_bytes(bytes.take()?)),
            _ => return None,
        };
        let place = match bytes.take()? {
            [0] => Place::Open(Next::Ask(bytes.cursor()?)),
            [1] => Place::Open(Next::GoodBye),
            [2] => Place::Open(Next::OptedOut),
            [3] => Place::Hear(bytes.cursor()?),
            [4] => Place::Hold(bytes.action()?),
            [5] => Place::Resume(bytes.action()?),
            [6] => Place::Transfer(bytes.action()?),
            [7] => Place::Transferred(bytes.action()?),
            [8] => Place::AfterStream(bytes.action()?.0),
            [9] => Place::Stream(bytes.action()?.0),
            [10] => Place::Consult(bytes.action()?),
            [11] => Place::Consulted(bytes.action()?),
            _ => return None,
        };
        let account = AccountId::new(std::str::from_utf8(bytes.0).ok()?);
        Some(Self { account, call, leg, fence, script, place })
    }
}

fn put(bytes: &mut Vec<u8>, kind: u8, at: Cursor) {
    bytes.push(kind);
    bytes.extend(at.step.to_be_bytes());
    bytes.extend([at.ask, at.repeat]);
}

fn put_action(bytes: &mut Vec<u8>, kind: u8, no: ActionNo) {
    bytes.push(kind);
    bytes.extend(no.0.to_be_bytes());
}

struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn cursor(&mut self) -> Option<Cursor> {
        let step = u16::from_be_bytes(self.take()?);
        let [ask, repeat] = self.take()?;
        Some(Cursor { step, ask, repeat })
    }

    fn action(&mut self) -> Option<ActionNo> {
        Some(ActionNo(u16::from_be_bytes(self.take()?)))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cursor() -> impl Strategy<Value = Cursor> {
        (any::<u16>(), any::<u8>(), any::<u8>()).prop_map(|(step, ask, repeat)| Cursor { step, ask, repeat })
    }

    fn place() -> impl Strategy<Value = Place> {
        prop_oneof![
            cursor().prop_map(|at| Place::Open(Next::Ask(at))),
            cursor().prop_map(Place::Hear),
            Just(Place::Open(Next::GoodBye)),
            Just(Place::Open(Next::OptedOut)),
            any::<u16>().prop_map(|no| Place::Hold(ActionNo(no))),
            any::<u16>().prop_map(|no| Place::Resume(ActionNo(no))),
            any::<u16>().prop_map(|no| Place::Transfer(ActionNo(no))),
            any::<u16>().prop_map(|no| Place::Transferred(ActionNo(no))),
            any::<u16>().prop_map(|no| Place::Consult(ActionNo(no))),
            any::<u16>().prop_map(|no| Place::Consulted(ActionNo(no))),
            any::<u16>().prop_map(Place::AfterStream),
            any::<u16>().prop_map(Place::Stream),
        ]
    }

    prop_compose! {
        pub(in crate::callback) fn any_state()(
            account in "[a-z]{1,8}:[A-Za-z0-9]{0,64}",
            call in any::<[u8; 16]>(),
            leg in any::<u16>(),
            fence in any::<u32>(),
            script in any::<Option<[u8; 8]>>(),
            place in place(),
        ) -> CallbackState {
            CallbackState {
                account: AccountId::new(account),
                call: CallId::from_bytes(call),
                leg: LegNo(leg),
                fence: Fence(fence),
                script: script.map(ScriptVersion::from_bytes),
                place,
            }
        }
    }

    proptest! {
        #[test]
        fn every_state_reads_back(state in any_state()) {
            prop_assert_eq!(CallbackState::from_bytes(&state.to_bytes()), Some(state));
        }

        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = CallbackState::from_bytes(&bytes);
        }
    }
}

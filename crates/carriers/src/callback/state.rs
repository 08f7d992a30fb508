//! What a callback URL knows: compact, binary, versioned.

use trunkline_core::id::{AccountId, CallId, Fence, LegNo};

/// One asking of one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Asked {
    /// The question's index, from 0.
    pub step: u16,
    /// How often it was asked before.
    pub ask: u8,
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
    pub script: Option<[u8; 8]>,
    /// What is asked when this URL is fetched, as long as the answer it brings leads nowhere else.
    pub next: Asked,
    /// To which question the keys, speech or recording that come with the request are the answer.
    pub answers: Option<Asked>,
}

const VERSION: u8 = 1;
const HAS_SCRIPT: u8 = 1;
const HAS_ANSWER: u8 = 2;

impl CallbackState {
    /// The state as bytes. The account comes last, since it alone has no fixed length.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(96);
        let mut flags = 0;
        flags |= if self.script.is_some() { HAS_SCRIPT } else { 0 };
        flags |= if self.answers.is_some() { HAS_ANSWER } else { 0 };
        bytes.extend([VERSION, flags]);
        bytes.extend(self.call.as_bytes());
        bytes.extend(self.leg.0.to_be_bytes());
        bytes.extend(self.fence.0.to_be_bytes());
        put(&mut bytes, self.next);
        bytes.extend(self.script.into_iter().flatten());
        if let Some(asked) = self.answers {
            put(&mut bytes, asked);
        }
        bytes.extend(self.account.as_str().as_bytes());
        bytes
    }

    /// The state with these bytes; `None` if a later version wrote them, or nobody.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut bytes = Bytes(bytes);
        let [version, flags] = bytes.take()?;
        if version != VERSION || flags & !(HAS_SCRIPT | HAS_ANSWER) != 0 {
            return None;
        }
        let call = CallId::from_bytes(bytes.take()?);
        let leg = LegNo(u16::from_be_bytes(bytes.take()?));
        let fence = Fence(u32::from_be_bytes(bytes.take()?));
        let next = bytes.asked()?;
        let script = if flags & HAS_SCRIPT != 0 { Some(bytes.take()?) } else { None };
        let answers = if flags & HAS_ANSWER != 0 { Some(bytes.asked()?) } else { None };
        let account = AccountId::new(std::str::from_utf8(bytes.0).ok()?);
        Some(Self { account, call, leg, fence, script, next, answers })
    }
}

fn put(bytes: &mut Vec<u8>, asked: Asked) {
    bytes.extend(asked.step.to_be_bytes());
    bytes.push(asked.ask);
}

struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn asked(&mut self) -> Option<Asked> {
        let step = u16::from_be_bytes(self.take()?);
        let [ask] = self.take()?;
        Some(Asked { step, ask })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn asked() -> impl Strategy<Value = Asked> {
        (any::<u16>(), any::<u8>()).prop_map(|(step, ask)| Asked { step, ask })
    }

    prop_compose! {
        pub(in crate::callback) fn any_state()(
            account in "[a-z]{1,8}:[A-Za-z0-9]{0,64}",
            call in any::<[u8; 16]>(),
            leg in any::<u16>(),
            fence in any::<u32>(),
            script in any::<Option<[u8; 8]>>(),
            next in asked(),
            answers in proptest::option::of(asked()),
        ) -> CallbackState {
            CallbackState {
                account: AccountId::new(account),
                call: CallId::from_bytes(call),
                leg: LegNo(leg),
                fence: Fence(fence),
                script,
                next,
                answers,
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

#[cfg(test)]
pub(super) use tests::any_state;

//! The URLs of one leg.
//!
//! `q` is the step in clear, for people who read a carrier's log; `s` is the sealed state, and wins. The fragment holds
//! Twilio's delivery settings and is never sent: without it a callback that meets a restart is lost for good.

use super::keys::SecretKeys;
use super::state::{CallbackState, Place};
use super::urls::{PublicUrl, PublicUrls, Scheme};
use crate::dialect::Dialect;
use trunkline_core::call::OnLeg;
use trunkline_core::id::{AccountId, ActionNo, CallId};
use trunkline_core::script::{Cursor, Next, ScriptVersion};

/// Nobody waits for a callback: five retries, whatever went wrong.
const CALLBACK_DELIVERY: &str = "rc=5&rp=all";
/// A person waits for a page, and the carrier gives up after 15 s in all: three tries of at most 4 s each leave time
/// for the fallback, and outlast a restart.
const VOICE_DELIVERY: &str = "ct=2000&rt=4000&rc=2&rp=all";

/// Makes the URLs of one leg.
#[derive(Clone, Debug)]
pub struct Mint<'a> {
    urls: &'a PublicUrls,
    keys: &'a SecretKeys,
    state: CallbackState,
}

/// What a carrier is told when a call is placed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LegUrls {
    /// The first page, once somebody answers.
    pub voice: String,
    /// Asked when a page can't be had.
    pub fallback: String,
    /// Told of progress.
    pub status: String,
    /// Told who took the call.
    pub amd: String,
    /// Told everything, where calls are led by commands.
    pub events: String,
}

impl<'a> Mint<'a> {
    /// The URLs of this leg, which runs this version of a script.
    pub fn new(
        urls: &'a PublicUrls,
        keys: &'a SecretKeys,
        account: &AccountId,
        call: CallId,
        on: OnLeg,
        script: Option<ScriptVersion>,
    ) -> Self {
        let OnLeg { leg, fence } = on;
        let state = CallbackState { account: account.clone(), call, leg, fence, script, place: Place::START };
        Self { urls, keys, state }
    }

    /// The URLs of the leg that a token was sealed for: whoever can open it can go on with the call.
    pub fn of(urls: &'a PublicUrls, keys: &'a SecretKeys, state: CallbackState) -> Self {
        Self { urls, keys, state }
    }

    /// What the carrier is told when the call is placed, which begins there in the script.
    pub fn leg(&self, first: Place) -> LegUrls {
        LegUrls {
            voice: self.voice(first),
            fallback: self.fallback(),
            status: self.status(),
            amd: self.amd(),
            events: self.events(),
        }
    }

    /// A page of the script.
    pub fn voice(&self, place: Place) -> String {
        let path = format!("/voice?q={}&s={}", step_in_clear(place), self.sealed(place));
        self.with_delivery(self.urls.minting(), &path, VOICE_DELIVERY)
    }

    /// The first fetch of a leg whose page is not chosen yet.
    pub fn answer(&self) -> String {
        let path = format!("/answer?s={}", self.sealed(Place::START));
        self.with_delivery(self.urls.minting(), &path, VOICE_DELIVERY)
    }

    /// Told of progress.
    pub fn status(&self) -> String {
        self.callback("/status", Place::START)
    }

    /// Told everything, where calls are led by commands. Which call it is stands in what comes with each event.
    pub fn events(&self) -> String {
        self.urls.call_control()
    }

    /// Told of progress of the leg that is dialed for a transfer.
    pub fn child_status(&self, no: ActionNo) -> String {
        self.callback("/status", Place::Transfer(no))
    }

    /// Told who took the call.
    pub fn amd(&self) -> String {
        self.callback("/amd", Place::START)
    }

    /// Told when the recording of what was said at `at` can be fetched.
    pub fn recording(&self, at: Cursor) -> String {
        self.callback("/recording", Place::Hear(at))
    }

    /// Told the text of what was said at `at`.
    pub fn transcription(&self, at: Cursor) -> String {
        self.callback("/transcription", Place::Hear(at))
    }

    /// Asked when a page can't be had: on the fallback host, where there is one.
    pub fn fallback(&self) -> String {
        let path = format!("/fallback?s={}", self.sealed(self.state.place));
        self.with_delivery(self.urls.fallback(), &path, VOICE_DELIVERY)
    }

    /// The media socket. It carries no query, since carriers drop it: the single-use token goes in the stream's
    /// parameters.
    pub fn media(&self) -> String {
        self.urls.minting().address(Scheme::WebSocket, "/media")
    }

    /// The token with which the carrier opens this media stream. Its call says whether it is still good.
    pub fn stream_token(&self, stream: u16) -> String {
        self.sealed(Place::Stream(stream))
    }

    fn callback(&self, path: &str, place: Place) -> String {
        let path = format!("{path}?s={}", self.sealed(place));
        self.with_delivery(self.urls.minting(), &path, CALLBACK_DELIVERY)
    }

    fn with_delivery(&self, url: &PublicUrl, path_and_query: &str, delivery: &str) -> String {
        let address = url.address(Scheme::Http, path_and_query);
        if Dialect::of(&self.state.account).reads_fragments() {
            format!("{address}#{delivery}")
        } else {
            address
        }
    }

    fn sealed(&self, place: Place) -> String {
        self.keys.seal(&CallbackState { place, ..self.state.clone() })
    }
}

/// What is asked next, as far as that is known before the answer is.
fn step_in_clear(place: Place) -> String {
    match place {
        Place::Open(Next::Ask(at)) => at.step.to_string(),
        Place::Open(Next::GoodBye | Next::OptedOut) => "end".to_owned(),
        Place::Hear(at) => at.step.saturating_add(1).to_string(),
        Place::Hold(_) => "hold".to_owned(),
        Place::Resume(_) => "resume".to_owned(),
        Place::Transfer(_) => "transfer".to_owned(),
        Place::Transferred(_) => "transferred".to_owned(),
        Place::Consult(_) => "consult".to_owned(),
        Place::Consulted(_) => "consulted".to_owned(),
        Place::AfterStream(no) => format!("bot{no}"),
        Place::Stream(no) => format!("stream{no}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trunkline_core::id::{Fence, LegNo};
    use trunkline_core::script::Script;
    use url::Url;

    const ON: OnLeg = OnLeg { leg: LegNo(2), fence: Fence(3) };

    struct World {
        urls: PublicUrls,
        keys: SecretKeys,
    }

    impl World {
        fn new() -> Self {
            let urls = "https://calls.example.com/t".parse::<PublicUrls>().unwrap();
            let urls = urls.with_fallback(Some("https://other.example.com".parse().unwrap()));
            Self { urls, keys: SecretKeys::from_bytes(&[1; 32]) }
        }

        fn mint(&self) -> Mint<'_> {
            let (account, call) = (AccountId::new("twilio:AC1"), CallId::from_bytes([9; 16]));
            Mint::new(&self.urls, &self.keys, &account, call, ON, Some(Script::builtin().version))
        }

        fn state_in(&self, url: &str) -> CallbackState {
            let url = Url::parse(url).unwrap();
            let token = url.query_pairs().find(|(name, _)| name == "s").unwrap().1.into_owned();
            self.keys.open(&token).unwrap()
        }
    }

    #[test]
    fn a_page_names_its_step_in_clear_and_everything_in_its_token() {
        let world = World::new();
        let heard = Place::Hear(Cursor { step: 1, ask: 1, repeat: 2 });
        let url = world.mint().voice(heard);
        assert!(url.starts_with("https://calls.example.com/t/voice?q=2&s="), "{url}");
        let state = world.state_in(&url);
        assert_eq!((state.on(), state.script), (ON, Some(Script::builtin().version)));
        assert_eq!(state.place, heard);
    }

    #[test]
    fn every_callback_is_retried_and_every_page_fits_the_carriers_patience() {
        let world = World::new();
        let mint = world.mint();
        for callback in
            [mint.status(), mint.amd(), mint.recording(Cursor::START), mint.transcription(Cursor::START)]
        {
            assert!(callback.ends_with("#rc=5&rp=all"), "{callback}");
        }
        for page in [mint.answer(), mint.voice(Place::START), mint.fallback()] {
            assert!(page.ends_with("#ct=2000&rt=4000&rc=2&rp=all"), "{page}");
        }
    }

    #[test]
    fn a_carrier_that_reads_no_fragments_is_given_none() {
        let world = World::new();
        let (account, call) = (AccountId::new("telnyx:1"), CallId::from_bytes([9; 16]));
        let mint = Mint::new(&world.urls, &world.keys, &account, call, ON, None);
        for url in [mint.status(), mint.voice(Place::START), mint.fallback()] {
            assert!(!url.contains('#'), "{url}");
        }
    }

    #[test]
    fn the_fallback_is_on_its_own_host() {
        assert!(World::new().mint().fallback().starts_with("https://other.example.com/fallback?s="));
    }

    #[test]
    fn what_is_asked_again_is_told_by_its_step() {
        let again = Place::Open(Next::Ask(Cursor { ask: 1, ..Cursor::START }));
        let world = World::new();
        let url = world.mint().voice(again);
        assert_eq!(world.state_in(&url).place, again);
        assert!(url.contains("?q=0&"));
    }

    #[test]
    fn no_url_holds_anything_that_a_carrier_would_refuse_or_encode() {
        let url = World::new().mint().amd();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b":/?=&#.-_".contains(&byte);
        assert!(url.bytes().all(plain), "{url}");
    }
}

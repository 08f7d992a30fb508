//! The URLs of one leg.
//!
//! `q` is the step in clear, for people who read a carrier's log; `s` is the sealed state, and wins. The fragment holds
//! the carrier's delivery settings and is never sent: without it a callback that meets a restart is lost for good.

use super::keys::SecretKeys;
use super::state::{Asked, CallbackState};
use super::urls::{PublicUrl, PublicUrls, Scheme};
use trunkline_core::id::{AccountId, CallId, Fence, LegNo};

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
}

/// The URLs inside one page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepUrls {
    /// Asked with the answer.
    pub action: String,
    /// Asked when nothing was heard.
    pub on_silence: String,
    /// Told when the answer's recording can be fetched.
    pub recording: String,
    /// Told the answer's text.
    pub transcription: String,
}

impl<'a> Mint<'a> {
    /// The URLs of this leg, which runs this version of a script.
    pub fn new(
        urls: &'a PublicUrls,
        keys: &'a SecretKeys,
        account: &AccountId,
        call: CallId,
        (leg, fence): (LegNo, Fence),
        script: Option<[u8; 8]>,
    ) -> Self {
        let next = Asked { step: 0, ask: 0 };
        let state = CallbackState { account: account.clone(), call, leg, fence, script, next, answers: None };
        Self { urls, keys, state }
    }

    /// What the carrier is told when the call is placed.
    pub fn leg(&self) -> LegUrls {
        LegUrls { voice: self.voice(self.state.next, None), fallback: self.fallback(), status: self.status(), amd: self.amd() }
    }

    /// The URLs of the page that asks `asked`: its answer leads to `next`, and silence to `on_silence`, unless the
    /// script says otherwise when it is heard.
    pub fn step(&self, asked: Asked, next: Asked, on_silence: Asked) -> StepUrls {
        StepUrls {
            action: self.voice(next, Some(asked)),
            on_silence: self.voice(on_silence, None),
            recording: self.recording(asked),
            transcription: self.callback("/transcription", Some(asked)),
        }
    }

    /// A page: `next` is what it asks, `answers` is what the request brings the answer to.
    pub fn voice(&self, next: Asked, answers: Option<Asked>) -> String {
        let state = CallbackState { next, answers, ..self.state.clone() };
        let path = format!("/voice?q={}&s={}", next.step, self.keys.seal(&state));
        with_delivery(self.urls.minting(), &path, VOICE_DELIVERY)
    }

    /// The first fetch of a leg whose page is not chosen yet.
    pub fn answer(&self) -> String {
        let path = format!("/answer?s={}", self.keys.seal(&self.state));
        with_delivery(self.urls.minting(), &path, VOICE_DELIVERY)
    }

    /// Told of progress.
    pub fn status(&self) -> String {
        self.callback("/status", None)
    }

    /// Told who took the call.
    pub fn amd(&self) -> String {
        self.callback("/amd", None)
    }

    /// Told when the recording of an answer can be fetched.
    pub fn recording(&self, answer: Asked) -> String {
        self.callback("/recording", Some(answer))
    }

    /// Asked when a page can't be had: on the fallback host, where there is one.
    pub fn fallback(&self) -> String {
        let path = format!("/fallback?s={}", self.keys.seal(&self.state));
        with_delivery(self.urls.fallback(), &path, VOICE_DELIVERY)
    }

    /// The media socket. It carries no query, since carriers drop it: the single-use token goes in the stream's
    /// parameters.
    pub fn media(&self) -> String {
        self.urls.minting().address(Scheme::WebSocket, "/media")
    }

    fn callback(&self, path: &str, answers: Option<Asked>) -> String {
        let state = CallbackState { answers, ..self.state.clone() };
        let path = format!("{path}?s={}", self.keys.seal(&state));
        with_delivery(self.urls.minting(), &path, CALLBACK_DELIVERY)
    }
}

fn with_delivery(url: &PublicUrl, path_and_query: &str, delivery: &str) -> String {
    format!("{}#{delivery}", url.address(Scheme::Http, path_and_query))
}

#[cfg(test)]
mod tests {
    use super::*;
    use url::Url;

    fn minted(make: impl FnOnce(&Mint<'_>) -> String) -> (Url, CallbackState) {
        let urls = "https://calls.example.com/t".parse::<PublicUrls>().unwrap();
        let urls = urls.with_fallback(Some("https://other.example.com".parse().unwrap()));
        let keys = SecretKeys::from_bytes(&[1; 32]);
        let call = CallId::from_bytes([9; 16]);
        let mint = Mint::new(&urls, &keys, &AccountId::new("twilio:AC1"), call, (LegNo(2), Fence(3)), Some([4; 8]));
        let url = Url::parse(&make(&mint)).unwrap();
        let token = url.query_pairs().find(|(name, _)| name == "s").unwrap().1.into_owned();
        (url, keys.open(&token).unwrap())
    }

    #[test]
    fn a_page_names_its_step_in_clear_and_everything_in_its_token() {
        let (asked, next) = (Asked { step: 1, ask: 0 }, Asked { step: 2, ask: 0 });
        let (url, state) = minted(|mint| mint.voice(next, Some(asked)));
        assert!(url.as_str().starts_with("https://calls.example.com/t/voice?q=2&s="), "{url}");
        assert_eq!((state.leg, state.fence, state.script), (LegNo(2), Fence(3), Some([4; 8])));
        assert_eq!((state.next, state.answers), (next, Some(asked)));
    }

    #[test]
    fn every_callback_is_retried_and_every_page_fits_the_carriers_patience() {
        assert_eq!(minted(Mint::status).0.fragment(), Some("rc=5&rp=all"));
        assert_eq!(minted(|mint| mint.recording(Asked { step: 0, ask: 0 })).0.fragment(), Some("rc=5&rp=all"));
        assert_eq!(minted(Mint::answer).0.fragment(), Some("ct=2000&rt=4000&rc=2&rp=all"));
    }

    #[test]
    fn the_fallback_is_on_its_own_host() {
        assert_eq!(minted(Mint::fallback).0.host_str(), Some("other.example.com"));
    }

    #[test]
    fn silence_brings_no_answer() {
        let (again, next) = (Asked { step: 0, ask: 1 }, Asked { step: 1, ask: 0 });
        let (_, state) = minted(|mint| mint.step(Asked { step: 0, ask: 0 }, next, again).on_silence);
        assert_eq!((state.next, state.answers), (again, None));
    }

    #[test]
    fn no_url_holds_anything_that_a_carrier_would_refuse_or_encode() {
        let (url, _) = minted(Mint::amd);
        assert!(url.as_str().bytes().all(|byte| byte.is_ascii_alphanumeric() || b":/?=&#.-_".contains(&byte)), "{url}");
    }
}

//! The account's own numbers and where their calls go.

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};

/// A number of the account.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct OwnNumber {
    /// The carrier's id of the number; derived from the number when empty.
    pub sid: String,
    /// In E.164.
    pub number: String,
    /// Its name in the console.
    pub friendly_name: String,
    /// Asked when somebody calls.
    pub voice_url: String,
    /// `POST` or `GET`.
    pub voice_method: String,
    /// Asked when `voice_url` fails.
    pub voice_fallback_url: String,
    /// `POST` or `GET`.
    pub voice_fallback_method: String,
    /// Told when a call to the number has ended.
    pub status_callback: String,
    /// `POST` or `GET`.
    pub status_callback_method: String,
}

impl From<&str> for OwnNumber {
    fn from(number: &str) -> Self {
        Self { number: number.to_owned(), ..Self::default() }
    }
}

impl OwnNumber {
    /// The number with the URL that is asked when somebody calls it.
    #[must_use]
    pub fn with_voice_url(self, url: &str) -> Self {
        Self { voice_url: url.to_owned(), ..self }
    }

    fn complete(mut self, sid: impl FnOnce(&str) -> String) -> Self {
        if self.sid.is_empty() {
            self.sid = sid(&self.number);
        }
        if self.friendly_name.is_empty() {
            self.friendly_name = self.number.clone();
        }
        for method in
            [&mut self.voice_method, &mut self.voice_fallback_method, &mut self.status_callback_method]
        {
            if method.is_empty() {
                *method = "POST".into();
            }
        }
        self
    }
}

/// All numbers of the account.
pub(crate) struct Numbers(Mutex<Vec<OwnNumber>>);

impl Numbers {
    pub(crate) fn new(numbers: Vec<OwnNumber>, sid: impl Fn(&str) -> String) -> Self {
        Self(Mutex::new(numbers.into_iter().map(|number| number.complete(&sid)).collect()))
    }

    pub(crate) fn all(&self) -> Vec<OwnNumber> {
        self.0.lock().clone()
    }

    pub(crate) fn by_number(&self, number: &str) -> Option<OwnNumber> {
        self.0.lock().iter().find(|own| own.number == number).cloned()
    }

    pub(crate) fn by_sid(&self, sid: &str) -> Option<OwnNumber> {
        self.0.lock().iter().find(|own| own.sid == sid).cloned()
    }

    pub(crate) fn update(&self, sid: &str, change: impl FnOnce(&mut OwnNumber)) -> Option<OwnNumber> {
        let mut numbers = self.0.lock();
        let own = numbers.iter_mut().find(|own| own.sid == sid)?;
        change(own);
        Some(own.clone())
    }
}

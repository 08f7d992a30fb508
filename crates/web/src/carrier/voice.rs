//! What is said next: a carrier asks, the engine decides, a voice document goes back.

use super::farewell::{apology, goodbye, speak};
use super::signed::{Address, Signed, Step, Token, signed};
use crate::web::Web;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use std::sync::Arc;
use trunkline_carriers::callback::{CallbackState, Mint, Place, Scheme};
use trunkline_carriers::form::Form;
use trunkline_carriers::voice::Document;
use trunkline_carriers::webhook;
use trunkline_core::call::News;
use trunkline_core::id::AccountId;
use trunkline_core::private::Private;
use trunkline_engine::{DialReport, Line, VoiceFetch};

/// `GET,POST /answer`: the first fetch of an answered or inbound call → the first step's own address.
pub(crate) async fn answer(State(web): State<Arc<Web>>, request: Request) -> Response {
    let asked = match signed(&web, request).await {
        Ok(asked) => asked,
        Err(problem) => return problem.into_response(),
    };
    let config = web.engine.config();
    let first = match asked.address.token {
        Token::Bad => return goodbye(&web, &asked.account),
        Token::Sealed(state) => Mint::of(&config.urls, &config.secrets, state).voice(Place::START),
        Token::Absent => {
            config.urls.minting().address(Scheme::Http, &first_step(asked.address.name.as_ref()))
        }
    };
    speak(&asked.account, &Document::redirect(first))
}

/// The first step in clear, for calls that did not begin with us. The name is what others wrote into their address.
fn first_step(name: Option<&Private<String>>) -> String {
    match name {
        None => "/voice?q=0".to_owned(),
        Some(name) => {
            let name: String = form_urlencoded::byte_serialize(name.reveal().as_bytes()).collect();
            format!("/voice?q=0&name={name}")
        }
    }
}

/// `GET,POST /voice`: a step of a script.
pub(crate) async fn voice(State(web): State<Arc<Web>>, request: Request) -> Response {
    match signed(&web, request).await {
        Ok(asked) => step(&web, &asked.account, &asked.form, asked.address).await,
        Err(problem) => problem.into_response(),
    }
}

/// `GET,POST /fallback`: a page could not be had, or not be read. The carrier names its address, and so the step.
pub(crate) async fn fallback(State(web): State<Arc<Web>>, request: Request) -> Response {
    let asked = match signed(&web, request).await {
        Ok(asked) => asked,
        Err(problem) => return problem.into_response(),
    };
    tracing::warn!(
        code = asked.form.get("ErrorCode").unwrap_or("?"),
        "carrier.fallback: a page could not be had"
    );
    match failed_address(&asked, &web) {
        Some(address) => step(&web, &asked.account, &asked.form, address).await,
        None => apology(&web, &asked.account),
    }
}

/// What the address that failed carries, if it is of the same call.
fn failed_address(asked: &Signed, web: &Web) -> Option<Address> {
    let (_, query) = asked.form.get("ErrorUrl")?.split('#').next()?.split_once('?')?;
    let failed = Address::read(query, web, &asked.account);
    let is_same_call = match (&failed.token, &asked.address.token) {
        (Token::Sealed(failed), Token::Sealed(asked)) => failed.call == asked.call,
        (Token::Sealed(_) | Token::Absent, Token::Absent) => true,
        _ => false,
    };
    is_same_call.then_some(failed)
}

async fn step(web: &Web, account: &AccountId, form: &Form, address: Address) -> Response {
    match fetch(web, account, form, address) {
        Some(fetch) => speak(account, &web.engine.voice(fetch).await),
        None => goodbye(web, account),
    }
}

/// The request in the engine's words; `None` if it tells no call or no step.
fn fetch(web: &Web, account: &AccountId, form: &Form, address: Address) -> Option<VoiceFetch> {
    let token: Option<CallbackState> = match address.token {
        Token::Absent => None,
        Token::Sealed(state) => Some(state),
        Token::Bad => return None,
    };
    let q = match address.step {
        _ if token.is_some() => None,
        Step::Absent => None,
        Step::Number(step) => Some(step),
        Step::NoNumber => return None,
    };
    let said = webhook::voice(account, form)
        .inspect_err(|error| tracing::warn!(%error, "carrier.bad_form: signed, and of no use"))
        .ok()?;
    let line = match said.news {
        Some(Ok(News::Ended(_))) => Line::Closed,
        Some(_) | None => Line::Open,
    };
    let key = said.key(token.as_ref(), q, &web.engine.config().secrets).as_str().to_owned();
    Some(VoiceFetch {
        account: said.about.account,
        carrier_call_id: said.about.carrier_call_id,
        token,
        q,
        name: address.name,
        direction: said.about.direction,
        from: said.about.from,
        to: said.about.to,
        attestation: said.about.attestation,
        digits: said.digits,
        speech: said.speech,
        recording: said.recording,
        dial: said.dial.map(|dial| DialReport {
            carrier_call_id: dial.carrier_call_id,
            news: dial.news.map_err(|word| word.as_str().to_owned()),
        }),
        line,
        key,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_others_goes_on_to_the_first_step_as_data() {
        assert_eq!(first_step(None), "/voice?q=0");
        let name = Private::new("Ann & <Co>".to_owned());
        assert_eq!(first_step(Some(&name)), "/voice?q=0&name=Ann+%26+%3CCo%3E");
    }
}

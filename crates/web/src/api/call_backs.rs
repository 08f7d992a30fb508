//! Call-backs that people asked for.

pub(crate) mod spec;

use super::fields::Fields;
use super::{Mine, Named, jobs, read};
use crate::pages::texts::Texts;
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use std::sync::Arc;
use trunkline_core::id::JobId;
use trunkline_engine::{CallBackError, LeftOut};

/// `POST /api/jobs/{id}/call-back` with `at`: the person is called then, whatever the retries say.
pub(crate) async fn promise(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    Named(id): Named<JobId>,
    request: Request,
) -> Result<Response, Problem> {
    let texts = Texts::of_reader(request.headers());
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let wanted = fields.time("at")?;
    let wanted =
        wanted.ok_or_else(|| Problem::field("at", "is missing: a time such as 2026-01-31T12:00:00Z"))?;
    fields.none_left()?;
    Ok(jobs::view(StatusCode::OK, &desk.call_back(id, wanted).await?, None, texts))
}

impl From<CallBackError> for Problem {
    fn from(error: CallBackError) -> Self {
        let words = error.to_string();
        match error {
            CallBackError::Past | CallBackError::TooFar => Self::field("at", &words),
            CallBackError::LeftOut(LeftOut::Suppressed) => Self::new(Code::Suppressed).detail(words),
            CallBackError::Over(state) => Self::new(Code::NotNow).detail(words).with("state", state.as_str()),
            CallBackError::LeftOut(_)
            | CallBackError::ForGood(_)
            | CallBackError::SetAside
            | CallBackError::KeyInUse(_)
            | CallBackError::OthersWait => Self::new(Code::NotNow).detail(words),
            CallBackError::Campaign(error) => error.into(),
        }
    }
}

//! Single jobs: one person into the queue, with a campaign or without one.

pub(crate) mod spec;

use super::fields::Fields;
use super::{Mine, jobs, read};
use crate::pages::texts::Texts;
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::extract::{Request, State};
use axum::response::Response;
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use std::sync::Arc;
use trunkline_core::bot::BotName;
use trunkline_core::phone::PhoneNumber;
use trunkline_core::script::ScriptName;
use trunkline_engine::{Desk, LeftOut, Single, SingleError, SingleOf, Taken};

/// `POST /api/queue/jobs`
pub(crate) async fn add(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    request: Request,
) -> Result<Response, Problem> {
    let texts = Texts::of_reader(request.headers());
    let mut fields = Fields::read(&read(&web, request).await?)?;
    let person = jobs::of_fields(&mut fields)?;
    let of = policy(&web, &desk, &mut fields)?;
    fields.none_left()?;
    let taken = desk.enqueue_single(Single { person, of }).await?;
    let (status, job, is_duplicate) = match &taken {
        Taken::New(job) => (StatusCode::CREATED, job, false),
        Taken::Known(job) => (StatusCode::OK, job, true),
    };
    let mut response = jobs::view(status, job, Some(is_duplicate), texts);
    if let Ok(location) = HeaderValue::from_str(&format!("/api/jobs/{}", job.queued.job.id)) {
        response.headers_mut().insert(LOCATION, location);
    }
    Ok(response)
}

/// A campaign, or a script or bot with the number that people see: the only script there is and the server's own number, if
/// nothing is said.
fn policy(web: &Web, desk: &Desk, fields: &mut Fields) -> Result<SingleOf, Problem> {
    let (script, from) = (fields.text(&["script"])?, fields.text(&["from", "from_number"])?);
    let bot = fields.text(&["bot"])?;
    if let Some(campaign) = fields.text(&["campaign_id", "campaign"])? {
        if script.is_some() || bot.is_some() || from.is_some() {
            return Err(Problem::field(
                "campaign_id",
                "the campaign says which script or bot and which number: give one of both",
            ));
        }
        let id = campaign.parse().map_err(|_| Problem::field("campaign_id", "the id of a campaign"))?;
        return Ok(SingleOf::Campaign(id));
    }
    let names: Vec<String> = web.engine.scripts().into_iter().map(|script| script.name).collect();
    let no_bot = || Problem::field("bot", "there is no bot of that name");
    let instead = match &bot {
        Some(bot) => Some(web.engine.script_instead_of(desk.tenant(), bot).ok_or_else(no_bot)?),
        None => None,
    };
    let is_bots = script.is_none() && instead.is_some();
    let script = script.or(instead.map(|script| script.as_str().to_owned()));
    let script = match (script, names.as_slice()) {
        (Some(script), _) => script,
        (None, [only]) => only.clone(),
        (None, _) => {
            return Err(Problem::field("script", "is missing, and so is campaign_id: give one of both"));
        }
    };
    if !is_bots && !names.contains(&script) {
        let why = format!("there is no script of that name; there are: {}", names.join(", "));
        return Err(Problem::field("script", &why));
    }
    let own = || web.engine.config().from.as_ref().map(|from| from.as_str().to_owned());
    let from = from.or_else(own).ok_or_else(|| Problem::field("from", "is missing: one of your numbers"))?;
    let number = PhoneNumber::parse(&from, web.engine.config().default_country);
    let number = number.map_err(|bad| Problem::field("from", &bad.to_string()))?;
    let script: ScriptName =
        script.parse().map_err(|_| Problem::field("script", "no script has such a name"))?;
    let bot: Option<BotName> = bot.map(|bot| bot.parse().map_err(|_| no_bot())).transpose()?;
    Ok(SingleOf::Script { script, bot, from: number.number })
}

impl From<SingleError> for Problem {
    fn from(error: SingleError) -> Self {
        let words = error.to_string();
        match error {
            SingleError::LeftOut(LeftOut::Suppressed) => Self::new(Code::Suppressed).detail(words),
            SingleError::LeftOut(LeftOut::UnknownZone(_)) => Self::field("zone", &words),
            SingleError::LeftOut(_) => Self::field("to", &words),
            SingleError::Over(state) => Self::new(Code::NotNow).detail(words).with("state", state.as_str()),
            SingleError::Campaign(error) => error.into(),
        }
    }
}

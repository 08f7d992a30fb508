//! Campaigns: whom to reach and how, and how far they are.

pub(crate) mod spec;

use super::{Mine, Named, json, read};
use crate::problem::{Code, Problem};
use crate::web::Web;
use axum::extract::{Request, State};
use axum::response::Response;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json as value};
use std::sync::Arc;
use trunkline_core::campaign::{Campaign, Machine, Move};
use trunkline_core::id::CampaignId;
use trunkline_engine::{Desk, Standing, UnreadableCampaign};

/// What a campaign may say of itself.
const FIELDS: [&str; 15] = [
    "name",
    "script",
    "bot",
    "caller_ids",
    "from",
    "window",
    "retry",
    "priority",
    "pacing",
    "machine",
    "dedup_window_secs",
    "people",
    "give_up_after_secs",
    "zone",
    "state",
];

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Campaigns")]
struct CampaignsJson {
    campaigns: Vec<Standing>,
    /// Those whose rows can't be read, and why.
    set_aside: Vec<UnreadableCampaign>,
}

/// `GET /api/campaigns`
pub(crate) async fn list(Mine(desk): Mine) -> Result<Response, Problem> {
    let (campaigns, set_aside) = (desk.campaigns().await?, desk.campaigns_set_aside().await?);
    Ok(json(StatusCode::OK, &CampaignsJson { campaigns, set_aside }))
}

/// `POST /api/campaigns`
pub(crate) async fn add(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    request: Request,
) -> Result<Response, Problem> {
    let body = read(&web, request).await?;
    let policy = policy(&web, &desk, object(&body)?)?;
    Ok(json(StatusCode::CREATED, &desk.add_campaign(policy).await?))
}

/// `GET /api/campaigns/{id}`
pub(crate) async fn show(Mine(desk): Mine, Named(id): Named<CampaignId>) -> Result<Response, Problem> {
    Ok(json(StatusCode::OK, &desk.campaign(id).await?))
}

/// `PATCH /api/campaigns/{id}`: the fields that are given are changed, whole.
pub(crate) async fn change(
    State(web): State<Arc<Web>>,
    Mine(desk): Mine,
    Named(id): Named<CampaignId>,
    request: Request,
) -> Result<Response, Problem> {
    let patch = object(&read(&web, request).await?)?;
    let known = desk.campaign(id).await?.campaign.policy;
    let Ok(Value::Object(mut fields)) = serde_json::to_value(&known) else {
        return Err(Problem::new(Code::Internal));
    };
    // A script that came with the bot goes with it; one that somebody chose stays.
    let is_another = patch.get("bot").is_some_and(Value::is_string) && !patch.contains_key("script");
    let of_old = known.bot.as_ref().and_then(|bot| web.engine.script_instead_of(desk.tenant(), bot.as_str()));
    if is_another && of_old.as_ref() == Some(&known.script) {
        fields.remove("script");
    }
    fields.extend(patch);
    Ok(json(StatusCode::OK, &desk.change_campaign(id, policy(&web, &desk, fields)?).await?))
}

/// `POST /api/campaigns/{id}/{move}`: start, pause, resume, drain, cancel, force-cancel.
pub(crate) async fn act(
    Mine(desk): Mine,
    Named((id, word)): Named<(CampaignId, String)>,
) -> Result<Response, Problem> {
    let asked = Move::ALL.into_iter().find(|asked| *asked != Move::Finish && asked.as_str() == word);
    let asked = asked.ok_or_else(|| Problem::new(Code::NotFound))?;
    Ok(json(StatusCode::OK, &desk.move_campaign(id, asked).await?))
}

fn object(body: &[u8]) -> Result<Map<String, Value>, Problem> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err(Problem::new(Code::BadRequest).detail("this must be a JSON object")),
        Err(error) => {
            Err(Problem::new(Code::BadRequest).detail(format!("the body is not valid JSON: {error}")))
        }
    }
}

/// Reads a policy. `from` stands for one caller id; without any it is the server's own. Where a bot talks, `script` may be left
/// out: it is what goes on when the bot can't.
fn policy(web: &Web, desk: &Desk, mut fields: Map<String, Value>) -> Result<Campaign, Problem> {
    if let Some(name) = fields.keys().find(|name| !FIELDS.contains(&name.as_str())) {
        return Err(Problem::new(Code::UnknownField)
            .detail(format!("{name}: there are {}", FIELDS.join(", ")))
            .with("field", name.as_str()));
    }
    fields.remove("state");
    let own = web.engine.config().from.as_ref().map(|from| Value::from(from.as_str()));
    if let Some(from) = fields.remove("from").or_else(|| own.filter(|_| !fields.contains_key("caller_ids"))) {
        fields.insert("caller_ids".to_owned(), value!({ "numbers": [from] }));
    }
    let mut is_bots = false;
    if let Some(bot) = fields.get("bot").filter(|bot| !bot.is_null()) {
        let instead = web.engine.script_instead_of(desk.tenant(), bot.as_str().unwrap_or_default());
        let instead = instead.ok_or_else(|| {
            let names: Vec<String> = web.engine.bots(desk.tenant()).into_iter().map(|bot| bot.name).collect();
            let why = format!("there is no bot of that name; there are: {}", names.join(", "));
            Problem::field("bot", &why)
        })?;
        is_bots = true;
        fields.entry("script").or_insert_with(|| instead.as_str().into());
        fields.entry("machine").or_insert_with(|| value!(Machine::usual_for_bots()));
    }
    for (field, right) in [
        ("name", "what people call it"),
        ("script", "the name of a script, as GET /api/scripts lists them, or else a bot's"),
        ("caller_ids", "your numbers, such as {\"numbers\": [\"+15550100100\"]}, or \"from\" for one"),
    ] {
        if !fields.contains_key(field) {
            return Err(Problem::field(field, &format!("is missing: {right}")));
        }
    }
    let script = fields.get("script").and_then(Value::as_str).unwrap_or_default().to_owned();
    let policy: Campaign = serde_json::from_value(Value::Object(fields))
        .map_err(|error| Problem::new(Code::InvalidField).detail(error.to_string()))?;
    let names: Vec<String> = web.engine.scripts().into_iter().map(|script| script.name).collect();
    if !is_bots && !names.contains(&script) {
        let why = format!("there is no script of that name; there are: {}", names.join(", "));
        return Err(Problem::field("script", &why));
    }
    Ok(policy)
}

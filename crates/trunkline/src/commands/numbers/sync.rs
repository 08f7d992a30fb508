//! Points our numbers here: at the carrier, where their calls are sent is changed, or shown as it would be.

use serde_json::json;
use trunkline_carriers::CarrierNumber;

use super::{Leads, at_carriers, known, routed, unasked, wanted};
use crate::cli::Offline;
use crate::exit::{Exit, Failure};
use crate::terminal::{Form, clean, say, say_json};

/// Whether anything is changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Doing {
    /// It is shown what would change.
    Show,
    /// It is changed.
    Apply,
}

/// What came of one number.
enum Came {
    /// The account has it not.
    NotThere,
    Right,
    Changed,
    WouldChange(String),
}

impl Came {
    fn words(&self) -> String {
        match self {
            Self::NotThere => Leads::NotThere.word().to_owned(),
            Self::Right => "was right already".to_owned(),
            Self::Changed => "leads here now".to_owned(),
            Self::WouldChange(now) if now.is_empty() => "would lead here; leads nowhere now".to_owned(),
            Self::WouldChange(now) => format!("would lead here; leads to {} now", clean(now)),
        }
    }
}

/// Shows or changes where the carrier sends the calls of our numbers.
pub(super) async fn run(offline: Offline, doing: Doing) -> Result<Exit, Failure> {
    let form = Form::of(offline.json);
    let (settings, known) = known(offline).await?;
    if settings.carrier.is_simulated() {
        say("The simulator's numbers always lead to the server it runs in: nothing is to be done.");
        return Ok(Exit::Fine);
    }
    if known.is_empty() {
        return Err(Failure::new(
            Exit::Usage,
            "no number has a script: trunkline numbers set +14155550100 --script survey",
        ));
    }
    let urls = wanted(&settings)?;
    let carriers = at_carriers(&settings.carrier).await?;
    let (mut exit, mut would) = (Exit::Fine, false);
    for row in routed(&known, &carriers, Some(&urls)) {
        let came = match (&row.at_carrier, doing) {
            (None, _) => Came::NotThere,
            (Some(_), _) if row.leads == Leads::Here => Came::Right,
            (Some(CarrierNumber { urls: now, .. }), Doing::Show) => Came::WouldChange(now.voice.clone()),
            (Some(at_carrier), Doing::Apply) => {
                let owner = carriers.iter().find(|at| row.account.as_deref() == Some(at.name()));
                if let Some(at) = owner {
                    at.asked.point_number(&at_carrier.id, &urls).await.map_err(|error| unasked(&error))?;
                }
                Came::Changed
            }
        };
        if matches!(came, Came::NotThere) {
            exit = Exit::Failed;
        }
        would |= matches!(came, Came::WouldChange(_));
        match form {
            Form::Json => say_json(
                &json!({ "number": row.number(), "answer": row.answer(), "done": came.words(), "voice_url": urls.voice }),
            ),
            Form::Text => say(&format!("{}  {}: {}", row.number(), clean(row.answer()), came.words())),
        }
    }
    if would && form == Form::Text {
        say("Nothing was changed. To change it: trunkline numbers sync --apply");
    }
    Ok(exit)
}

//! What is said of bots.

use super::{BotJson, BotsJson};
use crate::openapi::{Field, Kind, Spec};
use http::StatusCode;

const BOT: Field =
    Field::new("name", Kind::Text, "The bot's name: that of its file.").needed().such_as("\"clinic\"");

pub(crate) fn list() -> Spec {
    Spec::of("List voice bots")
        .says("Those of everybody, and those of your tenant alone.")
        .answers::<BotsJson<'_>>(StatusCode::OK, "Bots, in the order of their names.")
}

pub(crate) fn show() -> Spec {
    Spec::of("Read a voice bot").path(&[BOT]).answers::<BotJson<'_>>(StatusCode::OK, "The bot.")
}

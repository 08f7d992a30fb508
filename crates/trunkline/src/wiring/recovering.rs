//! A sweep over a folder's live calls while no server runs on it.

use std::sync::Arc;

use trunkline_carriers::callback::PublicUrls;
use trunkline_engine::{Clock, Engine, StartError, Sweeping, Swept};
use trunkline_journal::OpenError;

use super::carrier;
use super::config::config;
use super::keys::Keys;
use crate::exit::{Exit, Failure, chain};
use crate::settings::Settings;

/// Reads the folder's live calls, asks the carrier about them and lets the folder go; and whether the database was told.
/// No call is begun and nothing that is owed is sent.
pub(crate) async fn sweep_alone(settings: &Settings, how: Sweeping) -> Result<(Swept, bool), Failure> {
    let failed = |error: &dyn std::error::Error| Failure::new(Exit::Failed, chain(error));
    if settings.carrier.is_simulated() {
        let why =
            "calls are simulated by the server itself, which does not run: start it, and it recovers them";
        return Err(Failure::new(Exit::Failed, why));
    }
    let folder = &settings.server.data_dir;
    if !folder.join("journal").is_dir() {
        return Err(Failure::new(Exit::Failed, format_args!("there is no journal in {}", folder.display())));
    }
    let keys = Keys::open(&settings.access, &settings.server.data_dir).map_err(|error| failed(&error))?;
    // Nothing is placed, so that nobody calls this address.
    let urls = "http://127.0.0.1".parse::<PublicUrls>().map_err(|error| failed(&error))?;
    let carriers = carrier::clients(&settings.carrier).map_err(|error| failed(&error))?;
    let config = config(settings, urls, Arc::new(keys.sealing), None, Clock::real());
    let engine = Engine::open(config, carriers).await.map_err(|error| match &error {
        StartError::Journal(OpenError::Locked(folder)) => Failure::new(
            Exit::Failed,
            format_args!("a server runs on {} and does not answer; stop it first", folder.display()),
        ),
        StartError::Journal(OpenError::Damaged { .. } | OpenError::NoCheckpoint { .. }) => {
            Failure::new(Exit::Damaged, chain(&error))
        }
        _ => failed(&error),
    })?;
    let swept = engine.sweep(how).await;
    let is_projected = how == Sweeping::Looking || engine.project_once().await;
    engine.stop().await;
    Ok((swept, is_projected))
}

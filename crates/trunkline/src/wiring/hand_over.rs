//! A planned restart, seen by the process that comes: started while the one before still finishes what it is saying, it waits
//! for the folder instead of giving up. Whoever serves and goes on serving is not waited for.

use std::path::Path;
use std::time::{Duration, Instant};

use super::beside::{Beside, Stands};

/// Longer than a server takes to finish what it is saying and to close its journal.
const AT_MOST: Duration = Duration::from_secs(30);
const LOOK: Duration = Duration::from_millis(10);

/// Waits until the server that is leaving this folder has left it. One that does not leave in time is met by the folder's
/// lock, as is any other.
pub(super) async fn wait(folder: &Path) {
    if !is_being_left(folder) {
        return;
    }
    tracing::info!("server.hand_over: another process is leaving this folder; it is waited for");
    let begun = Instant::now();
    while is_being_left(folder) && begun.elapsed() < AT_MOST {
        tokio::time::sleep(LOOK).await;
    }
}

/// The word of one that was killed while it left stays behind; its lock does not.
fn is_being_left(folder: &Path) -> bool {
    let leaves = Beside::find(folder).ok().flatten().is_some_and(|beside| beside.stands == Stands::Leaving);
    let journal = folder.join("journal");
    leaves && matches!(trunkline_journal::hold(&journal), Err(trunkline_journal::OpenError::Locked(_)))
}

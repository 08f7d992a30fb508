//! A planned restart, seen by the process that comes: started while the one before still finishes what it is saying, it waits
//! for the folder instead of giving up. Whoever goes on serving is not waited for.

use std::path::Path;
use std::time::{Duration, Instant};

use super::beside::{Beside, Stands};

/// Longer than a server takes to finish what it is saying and to close its journal.
const AT_MOST: Duration = Duration::from_secs(30);
/// One that was told to stop a moment ago may not have said so yet.
const ITS_WORD: Duration = Duration::from_secs(2);
const LOOK: Duration = Duration::from_millis(10);

/// Waits until the server that is leaving this folder has left it. One that does not leave in time is met by the folder's
/// lock, as is any other.
pub(super) async fn wait(folder: &Path) {
    let begun = Instant::now();
    while let Some(stands) = held(folder) {
        let patience = match stands {
            Stands::Leaving => AT_MOST,
            Stands::Serving => ITS_WORD,
        };
        if begun.elapsed() >= patience {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What whoever holds this folder says of itself; `None` if nobody does. The word of one that was killed stays behind; its lock
/// does not.
fn held(folder: &Path) -> Option<Stands> {
    let journal = folder.join("journal");
    let is_held = journal.exists()
        && matches!(trunkline_journal::hold(&journal), Err(trunkline_journal::OpenError::Locked(_)));
    let beside = || Beside::find(folder).ok().flatten();
    is_held.then(|| beside().map_or(Stands::Serving, |beside| beside.stands))
}

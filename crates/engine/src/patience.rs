//! An operator's command beside a running server waits its turn for the database, for a while.

use std::time::Duration;
use trunkline_store::{Away, StoreError};

const TRIES: u32 = 100;
const WAIT: Duration = Duration::from_millis(200);

/// Tries again while another transaction holds the database, for some twenty seconds.
pub(crate) async fn with_patience<T>(
    mut work: impl AsyncFnMut() -> Result<T, StoreError>,
) -> Result<T, StoreError> {
    for _ in 0..TRIES {
        match work().await {
            Err(StoreError::Unavailable { why: Away::Locked | Away::Busy | Away::GivesWay, .. }) => {
                tokio::time::sleep(WAIT).await;
            }
            done => return done,
        }
    }
    work().await
}

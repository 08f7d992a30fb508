//! The bucket of recordings, with an object that is nobody's.

use trunkline_engine::{Bucket, BucketAddress};

use super::Played;

/// Whether it takes an object, gives it back and lets go of it.
pub(super) async fn serves(address: &BucketAddress) -> Played {
    let told = |why: &dyn std::fmt::Display| format!("{address}: {why}");
    let bucket = Bucket::open(address).map_err(|error| told(&error))?;
    let folder = tempfile::tempdir().map_err(|error| told(&error))?;
    // Of its own, should two look at once.
    let mut run = [0; 8];
    getrandom::fill(&mut run).map_err(|error| told(&error))?;
    let run = format!("{:016x}", u64::from_be_bytes(run));
    bucket.rehearse(&run, folder.path()).await.map_err(|error| told(&error))
}

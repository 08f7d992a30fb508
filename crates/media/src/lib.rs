//! Hears and speaks: the connection to a model that talks ([`realtime`]), and recordings, kept in a folder or in an S3 bucket,
//! whole or not at all.
//!
//! A recording is written to `<name>.part`, synced, renamed, and its folder synced, so that a file without `.part` is
//! complete under any crash. One that we make ourselves ([`Growing`]) is ended by the next process if its own could not. With a bucket the folder is where recordings wait: a file goes when the bucket has all of it.
//! So a recording is always in one of the two, and whoever reads looks into the folder first. What a recording belongs to,
//! and whether it is wanted, is the engine's affair.

mod bucket;
mod growing;
mod moving;
pub mod realtime;
mod recordings;
mod rehearsal;
mod wav;

pub use bucket::{Addressing, BadBucket, Bucket, BucketAddress, BucketError, InBucket};
pub use growing::{Growing, Grown};
pub use moving::{Moved, MovingError};
pub use recordings::{Audio, Incoming, PlaceError, ReadError, RecordingName, Recordings, StoreError, Stored};
pub use rehearsal::NotRehearsed;

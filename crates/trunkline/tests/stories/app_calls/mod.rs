//! People call people: two users of an app, their devices, and a server that alone knows where the call stands.

mod attackers;
mod away;
mod browser;
mod ending;
mod erased;
mod limits;
mod page;
mod parties;
mod permission;
mod policies;
mod relay;
mod restarts;
mod ringing;
mod rosters;
mod shown;
mod signals;

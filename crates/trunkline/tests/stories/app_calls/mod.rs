//! People call people: two users of an app, their devices, and a server that alone knows where the call stands.

mod attackers;
mod away;
mod browser;
mod ending;
mod limits;
mod page;
mod parties;
mod permission;
mod relay;
mod restarts;
mod ringing;
mod signals;

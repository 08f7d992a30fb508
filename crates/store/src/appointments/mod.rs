//! Appointments and those with whom they are made. Rows are decisions of this database, and durable when it says so; that no
//! two appointments of one practitioner share a moment is a key of its table.
//!
//! - `rows`: an appointment as its row has it · `calendar`: made, changed, listed, forgotten
//! - `news`: what calls said of appointments · `practitioners` · `copies`: rows out and in, as they are ·
//!   `keeping`: whether each holds its own time; those that were long ago

mod calendar;
mod copies;
mod keeping;
mod news;
mod practitioners;
mod rows;

pub(crate) use calendar::forget_appointments;
pub use calendar::{AppointmentCursor, AppointmentFilter, Changed, Made};
pub(crate) use copies::put_appointments;
pub use copies::{AppointmentRows, AppointmentsCounted};
pub use keeping::HeldTime;
pub(crate) use news::put_appointment_news;
pub use news::{AppointmentNews, Kept};
pub use practitioners::PractitionerSaved;

const READING: &str = "reading appointments";
const WRITING: &str = "writing appointments";

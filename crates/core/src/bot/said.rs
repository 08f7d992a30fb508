//! What a model is told of what its tool did: JSON, with a sentence of what to do now. It holds the caller's own appointment
//! and free times, and of nobody else anything.

use super::Person;
use super::answer::Refusal;
use crate::appointment::{Appointment, Practitioner};
use jiff::{Timestamp, Zoned};
use serde_json::{Value, json};

pub(super) fn confirmed(own: &Appointment) -> String {
    done(&json!({ "appointment": of(own), "now": "Tell the caller that the appointment is confirmed." }))
}

pub(super) fn cancelled(own: &Appointment) -> String {
    done(&json!({ "appointment": of(own), "now": "Tell the caller that the appointment is cancelled." }))
}

pub(super) fn appointment(own: &Appointment) -> String {
    done(
        &json!({ "appointment": of(own), "now": "Tell the caller with whom, on which day and at what time it is." }),
    )
}

pub(super) fn ends() -> String {
    done(&json!({ "now": "Say goodbye in one sentence. The call ends after it." }))
}

pub(super) fn hands_over(person: &Person) -> String {
    done(&json!({ "to": person.name, "now": "Say that you are putting the caller through." }))
}

pub(super) fn free(free: &[(Timestamp, &Practitioner)]) -> String {
    let now = if free.is_empty() { "There is no free time. Say so." } else { "Offer some of these times." };
    done(&json!({ "free": times(free), "now": now }))
}

pub(super) fn not_free(free: &[(Timestamp, &Practitioner)]) -> String {
    let now = "That time is not free. Nothing was changed. Offer some of the free times, if there are any.";
    not(Refusal::NotFree, &json!({ "free": times(free), "now": now }))
}

pub(super) fn booked_before(own: &Appointment) -> String {
    let now = "There is an appointment from this call already, and one call makes one. Move it, if another time is wanted.";
    not(Refusal::BookedBefore, &json!({ "appointment": of(own), "now": now }))
}

pub(super) fn no_practitioner<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let there = names.collect::<Vec<_>>();
    not(
        Refusal::NoPractitioner,
        &json!({ "there_are": there, "now": "There is nobody of that name. Ask with whom." }),
    )
}

pub(super) fn not_on_the_list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let there = names.collect::<Vec<_>>();
    let now = "The call can be handed to these and to nobody else.";
    not(Refusal::NotOnTheList, &json!({ "there_are": there, "now": now }))
}

pub(super) fn refused(why: Refusal) -> String {
    let now = match why {
        Refusal::UnknownTool => "There is no such tool. Use the ones you were given.",
        Refusal::BadArguments => "The arguments are not as the tool's description says. Mend them.",
        Refusal::NotAllowed => "You may not do this. Say that you can't.",
        Refusal::NoAppointment => "The caller has no appointment that is known. Say so.",
        Refusal::AppointmentOver => "The appointment is cancelled or over, and can't be changed. Say so.",
        Refusal::BookedBefore => "An appointment was made in this call already.",
        Refusal::NoName => "Ask the caller's name, and give it.",
        Refusal::NoPractitioner => "There is nobody of that name.",
        Refusal::NotFree => "That time is not free.",
        Refusal::NotOnTheList => "You may not hand the call there.",
        Refusal::CalendarAway => {
            "The calendar can't be changed just now, and nothing was. Promise nothing: say that it did not work, and that \
             they may call again or be called."
        }
        Refusal::OverLimit => "This call has taken long enough. Say goodbye and end the call.",
        Refusal::Failed => "It did not work. Say so.",
    };
    not(why, &json!({ "now": now }))
}

fn done(more: &Value) -> String {
    with(json!({ "done": true }), more)
}

fn not(why: Refusal, more: &Value) -> String {
    with(json!({ "done": false, "why": why.as_str() }), more)
}

fn with(mut said: Value, more: &Value) -> String {
    if let (Some(said), Some(more)) = (said.as_object_mut(), more.as_object()) {
        said.extend(more.clone());
    }
    said.to_string()
}

/// An appointment, as its own caller may hear it.
pub(super) fn of(own: &Appointment) -> Value {
    let local = own.local();
    json!({
        "with": own.practitioner,
        "start": minute(&local),
        "day": day(&local),
        "minutes": own.minutes,
        "status": own.status.as_str(),
    })
}

pub(super) fn times(free: &[(Timestamp, &Practitioner)]) -> Vec<Value> {
    let one = |(start, who): &(Timestamp, &Practitioner)| {
        let local = start.to_zoned(who.hours.zone.rules());
        json!({ "with": who.name, "start": minute(&local), "day": day(&local) })
    };
    free.iter().map(one).collect()
}

fn minute(local: &Zoned) -> String {
    local.strftime("%Y-%m-%dT%H:%M").to_string()
}

pub(super) fn day(local: &Zoned) -> String {
    local.strftime("%A %-d %B %Y").to_string()
}

//! What is said of appointments.

use super::{AppointmentJson, AppointmentsJson, SlotsJson};
use crate::code::Code;
use crate::openapi::{Body, Field, Kind, QUEUE, Spec};
use http::StatusCode;
use trunkline_core::appointment::AppointmentStatus;
use trunkline_engine::AppointmentsReport;
use trunkline_engine::exchange::people::Encoding;

const SHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const APPOINTMENT: Field = Field::new("id", Kind::Id, "The appointment.")
    .needed()
    .such_as("\"0199b2a4-7c6e-7000-8000-000000000006\"");
const CUSTOMER: Field = Field::new("customer", Kind::Short(100), "Who comes.").such_as("\"Ann Lee\"");
const PHONE: Field = Field::new("phone", Kind::Text, "Their number.").such_as("\"+15550100123\"");
const PRACTITIONER: Field =
    Field::new("practitioner", Kind::Short(100), "To whom, by name.").such_as("\"Dr Levi\"");
const START: Field = Field::new(
    "start",
    Kind::Short(40),
    "When: with an offset, or by the clock of the zone, such as `2026-01-31T09:30`.",
)
.such_as("\"2026-01-31T09:30:00+02:00\"");
const ZONE: Field = Field::new(
    "zone",
    Kind::Text,
    "By whose clock people speak of it: an IANA name; the practitioner's if left out.",
)
.such_as("\"Asia/Jerusalem\"");
const MINUTES: Field =
    Field::new("minutes", Kind::Whole(5, 480), "How long; as the practitioner's are if left out.")
        .such_as("30");
const NOTES: Field = Field::new("notes", Kind::Text, "What else is to be known.").such_as("\"First visit\"");
const NEW: &[Field] = &[
    CUSTOMER.needed(),
    PHONE.needed(),
    PRACTITIONER.needed(),
    START.needed(),
    ZONE,
    MINUTES,
    Field::new("status", Kind::Word(&AppointmentStatus::WORDS), "Where it stands; scheduled if left out."),
    NOTES,
];
const CHANGE: &[Field] = &[
    CUSTOMER,
    PHONE,
    PRACTITIONER,
    START,
    ZONE,
    MINUTES,
    Field::new("status", Kind::Word(&AppointmentStatus::WORDS), "Confirmed, cancelled or completed."),
    NOTES,
];
const FILTERS: &[Field] = &[
    Field::new("phone", Kind::Text, "Only of this number.").or(&["number"]).or_blank(),
    Field::new("practitioner", Kind::Text, "Only with them, by name.").or_blank(),
    Field::new("status", Kind::Word(&AppointmentStatus::WORDS), "Only those that stand so.").or_blank(),
    Field::new("since", Kind::Day, "Only those that begin then or later.").or_blank(),
    Field::new("until", Kind::Day, "Only those that begin before.").or_blank(),
    Field::new("limit", Kind::Whole(1, 500), "How many at most; 50 if left out.").or_blank(),
    Field::new("cursor", Kind::Text, "What came as `next_cursor` with the page before.").or_blank(),
];
const SLOTS: &[Field] = &[
    Field::new("practitioner", Kind::Text, "Only of them, by name.").or_blank(),
    Field::new("since", Kind::Day, "From then on; from now on if left out.").or_blank(),
    Field::new("until", Kind::Day, "Before then; two weeks if left out.").or_blank(),
    Field::new("limit", Kind::Whole(1, 500), "How many of each at most.").or_blank(),
];
const IMPORT: &[Field] = &[
    Field::new("dry_run", Kind::Flag, "`true`: nothing is written."),
    Field::new(
        "zone",
        Kind::Text,
        "By whose clock times are, where neither a row nor its practitioner says.",
    )
    .such_as("\"Europe/London\""),
    Field::new("encoding", Kind::Word(&Encoding::WORDS), "What CSV is written in, where it is not UTF-8."),
];

pub(crate) fn list() -> Spec {
    Spec::of("List appointments")
        .query(FILTERS)
        .answers::<AppointmentsJson<'_>>(StatusCode::OK, "A page of appointments, the earliest first.")
        .fails(QUEUE)
        .fails(&[Code::InvalidField])
}

pub(crate) fn show() -> Spec {
    Spec::of("Read an appointment")
        .path(&[APPOINTMENT])
        .answers::<AppointmentJson<'_>>(StatusCode::OK, "The appointment.")
        .fails(QUEUE)
}

pub(crate) fn make() -> Spec {
    Spec::of("Make an appointment")
        .says("Whether the practitioner is there then is not asked; that nobody else has the time is.")
        .takes(Body::Fields(NEW))
        .answers::<AppointmentJson<'_>>(StatusCode::CREATED, "The appointment.")
        .fails(QUEUE)
        .fails(&[Code::SlotTaken])
}

pub(crate) fn change() -> Spec {
    Spec::of("Change an appointment")
        .says("The fields that are given are changed. One that was moved is rescheduled; one that is cancelled or completed stays where it is.")
        .path(&[APPOINTMENT])
        .takes(Body::Fields(CHANGE))
        .answers::<AppointmentJson<'_>>(StatusCode::OK, "The appointment.")
        .fails(QUEUE)
        .fails(&[Code::SlotTaken, Code::NotNow, Code::Conflict])
}

pub(crate) fn cancel() -> Spec {
    Spec::of("Cancel an appointment")
        .says("Its time is free again. One that is cancelled already is answered as it is.")
        .path(&[APPOINTMENT])
        .answers::<AppointmentJson<'_>>(StatusCode::OK, "The appointment.")
        .fails(QUEUE)
        .fails(&[Code::SlotTaken, Code::NotNow, Code::Conflict, Code::InvalidField])
}

pub(crate) fn import() -> Spec {
    Spec::of("Take in a list of appointments")
        .says("The body is the file; its first row names the columns: customer, phone, practitioner, start (or date and time), zone, minutes, status, notes. Rows that are good go in together; each other one is named with why.")
        .query(IMPORT)
        .takes(Body::File(&["text/csv", "application/json", SHEET]))
        .answers::<AppointmentsReport>(StatusCode::OK, "Nothing was added: a dry run, or all rows were left out.")
        .answers::<AppointmentsReport>(StatusCode::CREATED, "What came of it; the rows that were left out, with why.")
        .fails(QUEUE)
        .fails(&[Code::InvalidField])
}

pub(crate) fn slots() -> Spec {
    Spec::of("List free times")
        .query(SLOTS)
        .answers::<SlotsJson<'_>>(StatusCode::OK, "By practitioner, the earliest first.")
        .fails(QUEUE)
        .fails(&[Code::InvalidField, Code::NotFound])
}

//! Appointments: made once, moved under their version, at a time that is nobody else's; listed, forgotten, copied.

use crate::calls::{Engine, Place, journal, on_each_engine};
use jiff::Timestamp;
use std::collections::BTreeSet;
use trunkline_core::appointment::{Appointment, AppointmentStatus, Change, Practitioner, cells};
use trunkline_core::id::{AppointmentId, CallId, PractitionerId, TenantId};
use trunkline_core::numbers::OpeningHours;
use trunkline_core::private::{Address, Private};
use trunkline_core::window::{Days, Hours, Zone};
use trunkline_store::{
    AppointmentCursor, AppointmentFilter, AppointmentNews, AppointmentRows, Changed, Import, Kept, Made,
    Position, PractitionerSaved, Projection, Store,
};

on_each_engine!(
    an_appointment_is_read_back_as_it_was_made_and_by_its_tenant_alone,
    of_two_calls_that_want_one_time_at_once_one_gets_it,
    appointments_that_share_a_moment_are_not_made_and_those_beside_each_other_are,
    a_call_books_once_and_is_told_what_it_booked,
    a_change_of_an_older_version_changes_nothing,
    what_is_moved_or_cancelled_lets_its_time_go,
    pages_follow_each_other_by_start_and_id,
    a_person_is_forgotten_and_their_time_is_free,
    what_a_call_said_stands_unless_somebody_has_changed_it_since,
    practitioners_are_changed_under_their_version_and_no_two_have_one_name,
    what_is_copied_is_the_same_and_leaves_alone_what_is_there,
);

const HOUR: i64 = 3_600;

/// A moment at which a cell begins, and so many seconds more.
fn at(secs: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_100 + secs).unwrap()
}

fn acme() -> TenantId {
    TenantId::new("acme")
}

fn call(n: u8) -> CallId {
    CallId::new(at(1), [n; 10])
}

fn appointment(n: u8, start: i64) -> Appointment {
    Appointment {
        id: AppointmentId::minted(at(i64::from(n)), [n; 10]),
        tenant: acme(),
        customer: Private::new("Ann לוי".to_owned()),
        phone: Address::new(format!("+1555010{n:04}")),
        practitioner: "Dr Levi".to_owned(),
        start: at(start),
        zone: "Asia/Jerusalem".parse().unwrap(),
        minutes: 30,
        status: AppointmentStatus::Scheduled,
        notes: Some(Private::new("first visit".to_owned())),
        booked_by: None,
        version: 1,
        created_at: at(1),
        updated_at: at(1),
    }
}

fn practitioner(n: u8, name: &str) -> Practitioner {
    Practitioner {
        id: PractitionerId::minted(at(1), [n; 10]),
        tenant: acme(),
        name: name.to_owned(),
        hours: OpeningHours {
            zone: Zone::utc(),
            hours: vec![Hours {
                days: Days::all(),
                from: jiff::civil::time(9, 0, 0, 0),
                to: jiff::civil::time(17, 0, 0, 0),
            }],
            holidays: BTreeSet::new(),
        },
        slot_minutes: 30,
        version: 1,
    }
}

fn moved(was: &Appointment, start: i64) -> Appointment {
    let to = Change::Move { start: at(start), zone: None, practitioner: None, minutes: None };
    was.apply(&to, at(99)).unwrap()
}

async fn taken(store: &Store) -> usize {
    store.taken_cells(&acme(), "Dr Levi", (0, i64::MAX)).await.unwrap().len()
}

async fn an_appointment_is_read_back_as_it_was_made_and_by_its_tenant_alone(engine: Engine) {
    let Place { store, .. } = &Place::on(engine).await;
    let made = Appointment { booked_by: Some(call(1)), ..appointment(1, HOUR) };
    assert_eq!(store.make_appointment(&made).await.unwrap(), Made::Yes);
    assert_eq!(store.appointment(&acme(), made.id).await.unwrap(), Some(made.clone()));
    assert_eq!(store.appointment(&TenantId::new("beta"), made.id).await.unwrap(), None);
    let next = |now: i64| store.next_appointment(&made.tenant, &made.phone, at(now));
    assert_eq!(next(0).await.unwrap(), Some(made.clone()));
    assert_eq!(next(HOUR).await.unwrap(), None, "it has begun");
    assert_eq!(taken(store).await, 6, "six times five minutes");
}

async fn of_two_calls_that_want_one_time_at_once_one_gets_it(engine: Engine) {
    let place = Place::on(engine).await;
    for round in 0..10 {
        let start = HOUR * (round + 1);
        let wanted: Vec<Appointment> = (1..=6)
            .map(|n| {
                let n = n + 10 * u8::try_from(round).unwrap();
                Appointment { booked_by: Some(call(n)), ..appointment(n, start + i64::from(n % 2) * 600) }
            })
            .collect();
        // Who is told that another one goes first asks again.
        let ask = async |n: usize| loop {
            match place.store.make_appointment(&wanted[n]).await {
                Err(error) if error.is_transient() => tokio::task::yield_now().await,
                told => return told.unwrap(),
            }
        };
        let told = tokio::join!(ask(0), ask(1), ask(2), ask(3), ask(4), ask(5));
        let told: [Made; 6] = told.into();
        let made = told.iter().filter(|made| **made == Made::Yes).count();
        let taken = told.iter().filter(|made| **made == Made::Taken).count();
        assert_eq!((made, taken), (1, 5), "round {round}");
    }
    assert_eq!(taken(&place.store).await, 60);
    let all = place.store.appointments(&acme(), &AppointmentFilter::default(), None, 100).await.unwrap();
    assert_eq!(all.len(), 10, "who had no time left nothing behind");
}

async fn appointments_that_share_a_moment_are_not_made_and_those_beside_each_other_are(engine: Engine) {
    let Place { store, .. } = &Place::on(engine).await;
    assert_eq!(store.make_appointment(&appointment(1, 2 * HOUR)).await.unwrap(), Made::Yes);
    let long = |n, start, minutes| Appointment { minutes, ..appointment(n, start) };
    for (n, start, minutes) in
        [(2, 2 * HOUR + 1_500, 30), (3, HOUR, 65), (4, HOUR, 240), (5, 2 * HOUR + 600, 5)]
    {
        assert_eq!(store.make_appointment(&long(n, start, minutes)).await.unwrap(), Made::Taken, "{n}");
    }
    assert_eq!(store.make_appointment(&long(6, HOUR, 60)).await.unwrap(), Made::Yes);
    assert_eq!(store.make_appointment(&appointment(7, 2 * HOUR + 1_800)).await.unwrap(), Made::Yes);
    let other = Appointment { practitioner: "Dr Lee".to_owned(), ..appointment(8, 2 * HOUR) };
    assert_eq!(store.make_appointment(&other).await.unwrap(), Made::Yes, "somebody else's time");
    let beta = Appointment { tenant: TenantId::new("beta"), ..appointment(9, 2 * HOUR) };
    assert_eq!(store.make_appointment(&beta).await.unwrap(), Made::Yes, "somebody else's practitioner");
    let many = [appointment(10, 5 * HOUR), appointment(11, 5 * HOUR), appointment(12, 2 * HOUR)];
    assert_eq!(store.make_appointments(&many).await.unwrap(), [true, false, false]);
}

async fn a_call_books_once_and_is_told_what_it_booked(engine: Engine) {
    let Place { store, .. } = &Place::on(engine).await;
    let first = Appointment { booked_by: Some(call(1)), ..appointment(1, HOUR) };
    assert_eq!(store.make_appointment(&first).await.unwrap(), Made::Yes);
    let second = Appointment { booked_by: Some(call(1)), ..appointment(2, 5 * HOUR) };
    assert_eq!(store.make_appointment(&second).await.unwrap(), Made::Before(Box::new(first.clone())));
    assert_eq!(store.appointment_booked_in(call(1)).await.unwrap(), Some(first));
    assert_eq!(taken(store).await, 6);
}

async fn a_change_of_an_older_version_changes_nothing(engine: Engine) {
    let Place { store, .. } = &Place::on(engine).await;
    let made = appointment(1, HOUR);
    store.make_appointment(&made).await.unwrap();
    let first = moved(&made, 5 * HOUR);
    assert_eq!(store.change_appointment(&first, made.version).await.unwrap(), Changed::Yes);
    let late = made.apply(&Change::Cancel, at(100)).unwrap();
    assert_eq!(store.change_appointment(&late, made.version).await.unwrap(), Changed::Conflict);
    assert_eq!(store.appointment(&acme(), made.id).await.unwrap(), Some(first));
}

async fn what_is_moved_or_cancelled_lets_its_time_go(engine: Engine) {
    let Place { store, .. } = &Place::on(engine).await;
    let (one, two) = (appointment(1, HOUR), appointment(2, 5 * HOUR));
    store.make_appointment(&one).await.unwrap();
    store.make_appointment(&two).await.unwrap();
    let onto = moved(&one, 5 * HOUR);
    assert_eq!(store.change_appointment(&onto, 1).await.unwrap(), Changed::Taken);
    assert_eq!(store.appointment(&acme(), one.id).await.unwrap(), Some(one.clone()), "as it was");
    // Half over its own time.
    let aside = moved(&one, HOUR + 900);
    assert_eq!(store.change_appointment(&aside, 1).await.unwrap(), Changed::Yes);
    assert_eq!(taken(store).await, 12);
    let gone = two.apply(&Change::Cancel, at(99)).unwrap();
    assert_eq!(store.change_appointment(&gone, 1).await.unwrap(), Changed::Yes);
    assert_eq!(taken(store).await, 6);
    assert_eq!(store.change_appointment(&moved(&aside, 5 * HOUR), 2).await.unwrap(), Changed::Yes);
    let now: Vec<i64> =
        store.taken_cells(&acme(), "Dr Levi", (0, i64::MAX)).await.unwrap().into_iter().collect();
    assert_eq!(now, cells(at(5 * HOUR), 30).collect::<Vec<_>>());
}

async fn pages_follow_each_other_by_start_and_id(engine: Engine) {
    let Place { store, .. } = &Place::on(engine).await;
    for n in 1..=7 {
        let whom = if n % 2 == 0 { "Dr Levi" } else { "Dr Lee" };
        let one =
            Appointment { practitioner: whom.to_owned(), ..appointment(n, HOUR * i64::from(n / 2 + 1)) };
        assert_eq!(store.make_appointment(&one).await.unwrap(), Made::Yes);
    }
    let read = async |filter: AppointmentFilter| {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let page = store.appointments(&acme(), &filter, after, 2).await.unwrap();
            let Some(last) = page.last() else { return all };
            after = Some(AppointmentCursor { start: last.start, id: last.id });
            all.extend(page.iter().map(|one| one.id));
        }
    };
    let whole = read(AppointmentFilter::default()).await;
    assert_eq!((whole.len(), whole.iter().collect::<BTreeSet<_>>().len()), (7, 7));
    let lee = read(AppointmentFilter { practitioner: Some("Dr Lee".to_owned()), ..Default::default() }).await;
    assert_eq!(lee.len(), 4);
    let since: Timestamp = at(2 * HOUR);
    let between = AppointmentFilter { since: Some(since), until: Some(at(4 * HOUR)), ..Default::default() };
    assert_eq!(read(between).await.len(), 4);
    let phone = AppointmentFilter { phone: Some(appointment(3, 0).phone), ..Default::default() };
    assert_eq!(read(phone).await, [appointment(3, 0).id]);
    let none = AppointmentFilter { status: Some(AppointmentStatus::Cancelled), ..Default::default() };
    assert!(read(none).await.is_empty());
}

async fn a_person_is_forgotten_and_their_time_is_free(engine: Engine) {
    let Place { store, .. } = &Place::on(engine).await;
    let (past, ahead) =
        (appointment(1, HOUR), Appointment { phone: appointment(1, 0).phone, ..appointment(2, 9 * HOUR) });
    let other = appointment(3, 12 * HOUR);
    for one in [&past, &ahead, &other] {
        store.make_appointment(one).await.unwrap();
    }
    assert_eq!(store.count_lead(&acme(), &past.phone).await.unwrap().appointments, 2);
    let forgotten = store.forget_lead(&acme(), &past.phone, at(5 * HOUR)).await.unwrap();
    assert_eq!(forgotten.appointments, 2);
    let left = store.appointment(&acme(), ahead.id).await.unwrap().unwrap();
    assert_eq!(
        (left.status, left.customer.reveal().as_str(), left.notes),
        (AppointmentStatus::Cancelled, "", None)
    );
    let kept = store.appointment(&acme(), past.id).await.unwrap().unwrap();
    assert_eq!((kept.status, kept.start), (AppointmentStatus::Scheduled, past.start));
    assert!(!kept.phone.as_str().starts_with('+'));
    assert_eq!(store.appointment(&acme(), other.id).await.unwrap(), Some(other));
    assert_eq!(taken(store).await, 12, "what was, was; what was to come is free");
}

async fn what_a_call_said_stands_unless_somebody_has_changed_it_since(engine: Engine) {
    let place = Place::on(engine).await;
    let store = &place.store;
    let (one, two) = (appointment(1, HOUR), appointment(2, 5 * HOUR));
    for made in [&one, &two] {
        store.make_appointment(made).await.unwrap();
    }
    let office = one
        .apply(&Change::Move { start: at(9 * HOUR), zone: None, practitioner: None, minutes: None }, at(50));
    store.change_appointment(&office.unwrap(), 1).await.unwrap();
    let said = |of: &Appointment, kept, secs| AppointmentNews {
        tenant: acme(),
        appointment: of.id,
        kept,
        at: at(secs),
    };
    let status = async |of: &Appointment| store.appointment(&acme(), of.id).await.unwrap().unwrap().status;
    let tell = async |upto: u64, news: Vec<AppointmentNews>| {
        let batch = Projection { appointments: news, ..Projection::empty(journal(), Position(upto)) };
        store.project(&batch).await.unwrap();
    };
    tell(1, vec![said(&one, Kept::No, 40), said(&two, Kept::Yes, 40)]).await;
    assert_eq!(status(&one).await, AppointmentStatus::Rescheduled, "the office was later");
    assert_eq!(status(&two).await, AppointmentStatus::Confirmed);
    tell(2, vec![said(&two, Kept::No, 60), said(&two, Kept::Yes, 70)]).await;
    assert_eq!(status(&two).await, AppointmentStatus::Cancelled, "what is over stays over");
    assert_eq!(taken(store).await, 6);
}

async fn practitioners_are_changed_under_their_version_and_no_two_have_one_name(engine: Engine) {
    let Place { store, .. } = &Place::on(engine).await;
    let levi = practitioner(1, "Dr Levi");
    assert_eq!(store.add_practitioner(&levi).await.unwrap(), PractitionerSaved::Yes);
    assert_eq!(
        store.add_practitioner(&practitioner(2, "Dr Levi")).await.unwrap(),
        PractitionerSaved::Conflict
    );
    let beta = Practitioner { tenant: TenantId::new("beta"), ..practitioner(3, "Dr Levi") };
    assert_eq!(store.add_practitioner(&beta).await.unwrap(), PractitionerSaved::Yes);
    let longer = Practitioner { slot_minutes: 60, ..levi.clone() };
    assert_eq!(store.change_practitioner(&longer).await.unwrap(), PractitionerSaved::Yes);
    assert_eq!(store.change_practitioner(&longer).await.unwrap(), PractitionerSaved::Conflict);
    let read = store.practitioner(&acme(), levi.id).await.unwrap().unwrap();
    assert_eq!((read.slot_minutes, read.version), (60, 2));
    assert_eq!(store.practitioners(&acme()).await.unwrap(), [read]);
    assert!(!store.remove_practitioner(&TenantId::new("beta"), levi.id).await.unwrap());
    assert!(store.remove_practitioner(&acme(), levi.id).await.unwrap());
    assert!(store.practitioners(&acme()).await.unwrap().is_empty());
}

async fn what_is_copied_is_the_same_and_leaves_alone_what_is_there(engine: Engine) {
    let place = Place::on(engine).await;
    let store = &place.store;
    let rows = AppointmentRows {
        practitioners: vec![practitioner(1, "Dr Levi")],
        appointments: vec![
            Appointment { booked_by: Some(call(1)), ..appointment(1, HOUR) },
            Appointment { status: AppointmentStatus::Cancelled, ..appointment(2, HOUR) },
            appointment(3, HOUR),
        ],
    };
    let batch = Import { appointments: rows.clone(), ..Import::default() };
    let new = store.import(&batch).await.unwrap().appointments;
    assert_eq!((new.practitioners, new.appointments), (1, 2), "the third one's time is the first one's");
    let again = store.import(&batch).await.unwrap().appointments;
    assert_eq!((again.practitioners, again.appointments), (0, 0));
    assert_eq!(taken(store).await, 6);
    let copied = store.appointments_after(None, 10).await.unwrap();
    assert_eq!(copied, rows.appointments[..2]);
    assert_eq!(store.practitioners_after(None, 10).await.unwrap(), rows.practitioners);
}

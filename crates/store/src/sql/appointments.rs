//! Statements of appointments, of those with whom they are made, and of whose time is taken. Here is their truth.

use super::{rows, statements};

macro_rules! appointment {
    ($rest:literal) => {
        concat!(
            "SELECT id, tenant, customer, phone, practitioner, start_at, zone, minutes, status, notes, booked_by, version, \
             created_at, updated_at FROM appointments WHERE ",
            $rest
        )
    };
}

statements! { APPOINTMENTS:
    /// `$1` tenant.
    PRACTITIONERS = "SELECT version, fold FROM practitioners WHERE tenant = $1 ORDER BY name, id";

    /// `$1` tenant, `$2` id.
    PRACTITIONER = "SELECT version, fold FROM practitioners WHERE tenant = $1 AND id = $2";

    /// `$1` id, `$2` tenant, `$3` name, `$4` version, `$5` fold. One of that name or id is left as it is.
    ADD_PRACTITIONER =
        "INSERT INTO practitioners (id, tenant, name, version, fold) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT DO NOTHING";

    /// `$1` tenant, `$2` id, `$3` the version that was read, `$4` fold.
    CHANGE_PRACTITIONER =
        "UPDATE practitioners SET version = version + 1, fold = $4 WHERE tenant = $1 AND id = $2 AND version = $3";

    /// `$1` tenant, `$2` id.
    REMOVE_PRACTITIONER = "DELETE FROM practitioners WHERE tenant = $1 AND id = $2";

    /// `$1` after this id, `$2` how many.
    PRACTITIONERS_AFTER = "SELECT version, fold FROM practitioners WHERE id > $1 ORDER BY id LIMIT $2";

    /// `$1` tenant, `$2` id.
    APPOINTMENT = appointment!("tenant = $1 AND id = $2");

    /// `$1` tenant, `$2` from when, `$3` before when, `$4` and `$5` behind this one, `$6` practitioner, `$7` status, `$8` how many.
    LIST_APPOINTMENTS = appointment!(
        "tenant = $1 AND start_at >= $2 AND start_at < $3 AND (start_at, id) > ($4, $5) \
         AND (practitioner = $6 OR $6 IS NULL) AND (status = $7 OR $7 IS NULL) ORDER BY start_at, id LIMIT $8");

    /// The same of one phone: `$9`.
    LIST_APPOINTMENTS_OF_PHONE = appointment!(
        "tenant = $1 AND phone = $9 AND start_at >= $2 AND start_at < $3 AND (start_at, id) > ($4, $5) \
         AND (practitioner = $6 OR $6 IS NULL) AND (status = $7 OR $7 IS NULL) ORDER BY start_at, id LIMIT $8");

    /// `$1` tenant, `$2` phone, `$3` now: what is still to come, the next first.
    NEXT_APPOINTMENT = appointment!(
        "tenant = $1 AND phone = $2 AND start_at > $3 AND status IN ('scheduled', 'confirmed', 'rescheduled') \
         ORDER BY start_at, id LIMIT 1");

    /// `$1` call.
    APPOINTMENT_OF_CALL = appointment!("booked_by = $1");

    /// `$1` after this id, `$2` how many.
    APPOINTMENTS_AFTER = appointment!("id > $1 ORDER BY id LIMIT $2");

    /// One that is there, by its id or by the call that booked it, is left as it is.
    ADD_APPOINTMENT =
        "INSERT INTO appointments (id, tenant, customer, phone, practitioner, start_at, zone, minutes, status, notes, \
         booked_by, version, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) \
         ON CONFLICT DO NOTHING";

    /// `$1` id, `$2` tenant, `$3` customer, `$4` phone, `$5` practitioner, `$6` start, `$7` zone, `$8` minutes, `$9` status,
    /// `$10` notes, `$11` the new version, `$12` when, `$13` the version that was read.
    CHANGE_APPOINTMENT =
        "UPDATE appointments SET customer = $3, phone = $4, practitioner = $5, start_at = $6, zone = $7, minutes = $8, \
         status = $9, notes = $10, version = $11, updated_at = $12 WHERE id = $1 AND tenant = $2 AND version = $13";

    /// `$1` appointment.
    FREE_CELLS = "DELETE FROM appointment_cells WHERE appointment = $1";

    /// `$1`: rows with `tenant`, `practitioner`, `cell` and `appointment`. One that is taken is left to whose it is.
    TAKE_CELLS = concat!(rows!(),
        "INSERT INTO appointment_cells (tenant, practitioner, cell, appointment) SELECT item ->> 'tenant', \
         item ->> 'practitioner', CAST(item ->> 'cell' AS BIGINT), item ->> 'appointment' FROM r WHERE true \
         ORDER BY CAST(item ->> 'cell' AS BIGINT) ON CONFLICT DO NOTHING");

    /// `$1` tenant, `$2` practitioner, `$3` first cell, `$4` last cell.
    TAKEN_CELLS =
        "SELECT cell FROM appointment_cells WHERE tenant = $1 AND practitioner = $2 AND cell >= $3 AND cell <= $4 \
         ORDER BY cell";

    /// `$1`: rows with `id`. The time that these appointments hold.
    CELLS_OF = concat!(rows!(),
        "SELECT appointment, tenant, practitioner, cell FROM appointment_cells \
         WHERE appointment IN (SELECT item ->> 'id' FROM r) ORDER BY appointment, cell");

    /// Time that is held for appointments that are not there.
    CELLS_OF_NOBODY =
        "SELECT COUNT(*) AS n FROM appointment_cells WHERE appointment NOT IN (SELECT id FROM appointments)";

    /// `$1` when: appointments that began before, of every tenant.
    APPOINTMENTS_BEFORE = "SELECT COUNT(*) AS n FROM appointments WHERE start_at < $1";

    /// `$1` when, `$2` how many.
    OLD_APPOINTMENTS = "SELECT id FROM appointments WHERE start_at < $1 ORDER BY id LIMIT $2";

    /// `$1`: rows with `id`.
    PRUNE_CELLS = concat!(rows!(),
        "DELETE FROM appointment_cells WHERE appointment IN (SELECT item ->> 'id' FROM r)");

    /// `$1`: rows with `id`.
    PRUNE_APPOINTMENTS = concat!(rows!(),
        "DELETE FROM appointments WHERE id IN (SELECT item ->> 'id' FROM r)");

    /// `$1` tenant, `$2` id, `$3` when: what a call said of one that may still be changed, and that nobody has changed since.
    CONFIRM_APPOINTMENT =
        "UPDATE appointments SET status = 'confirmed', version = version + 1, updated_at = $3 \
         WHERE tenant = $1 AND id = $2 AND status IN ('scheduled', 'rescheduled') AND updated_at <= $3";

    /// `$1` tenant, `$2` id, `$3` when.
    CANCEL_APPOINTMENT =
        "UPDATE appointments SET status = 'cancelled', version = version + 1, updated_at = $3 \
         WHERE tenant = $1 AND id = $2 AND status IN ('scheduled', 'confirmed', 'rescheduled') AND updated_at <= $3";

    /// `$1` tenant, `$2` phone.
    PERSON_APPOINTMENTS_COUNTED = "SELECT COUNT(*) AS n FROM appointments WHERE tenant = $1 AND phone = $2";

    /// `$1` tenant, `$2` phone, `$3` now: the time of those that are ahead is free again.
    FREE_PERSONS_CELLS =
        "DELETE FROM appointment_cells WHERE appointment IN (SELECT id FROM appointments \
         WHERE tenant = $1 AND phone = $2 AND start_at > $3)";

    /// `$1` tenant, `$2` phone, `$3` now.
    FORGET_APPOINTMENTS =
        "UPDATE appointments SET customer = '', phone = 'erased:' || id, notes = NULL, version = version + 1, \
         updated_at = $3, status = CASE WHEN start_at > $3 AND status <> 'completed' THEN 'cancelled' ELSE status END \
         WHERE tenant = $1 AND phone = $2";
}

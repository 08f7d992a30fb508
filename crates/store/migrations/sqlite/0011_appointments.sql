-- Appointments, with whom, and whose time is taken. Decision data: here is its truth.

-- fold is the practitioner as JSON; version rises with every change, so that two who edit it can't overwrite each other.
CREATE TABLE practitioners (
    id      TEXT    NOT NULL PRIMARY KEY,
    tenant  TEXT    NOT NULL CHECK (tenant <> ''),
    name    TEXT    NOT NULL,
    version INTEGER NOT NULL,
    fold    TEXT    NOT NULL
) STRICT;

CREATE UNIQUE INDEX practitioners_name ON practitioners (tenant, name);

-- phone: in E.164, or a word that is none of somebody who was erased. booked_by: the call in which a bot made it.
CREATE TABLE appointments (
    id           TEXT    NOT NULL PRIMARY KEY,
    tenant       TEXT    NOT NULL CHECK (tenant <> ''),
    customer     TEXT    NOT NULL,
    phone        TEXT    NOT NULL,
    practitioner TEXT    NOT NULL,
    start_at     INTEGER NOT NULL,
    zone         TEXT    NOT NULL,
    minutes      INTEGER NOT NULL,
    status       TEXT    NOT NULL,
    notes        TEXT   ,
    booked_by    TEXT   ,
    version      INTEGER NOT NULL,
    created_at   INTEGER NOT NULL,
    updated_at   INTEGER NOT NULL
) STRICT;

CREATE INDEX appointments_start ON appointments (tenant, start_at, id);
CREATE INDEX appointments_phone ON appointments (tenant, phone, start_at, id);
-- A call books once.
CREATE UNIQUE INDEX appointments_booked_by ON appointments (booked_by) WHERE booked_by IS NOT NULL;

-- Five minutes of somebody's time, by their number since 1970. What is in here is taken: that no two appointments share a
-- moment is this key and no look beforehand.
CREATE TABLE appointment_cells (
    tenant       TEXT    NOT NULL CHECK (tenant <> ''),
    practitioner TEXT    NOT NULL,
    cell         INTEGER NOT NULL,
    appointment  TEXT    NOT NULL,
    PRIMARY KEY (tenant, practitioner, cell)
) STRICT, WITHOUT ROWID;

CREATE INDEX appointment_cells_of ON appointment_cells (appointment);

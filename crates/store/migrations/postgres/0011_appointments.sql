-- Appointments, with whom, and whose time is taken. Decision data: here is its truth.

-- fold is the practitioner as JSON; version rises with every change, so that two who edit it can't overwrite each other.
CREATE TABLE practitioners (
    id      TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant  TEXT COLLATE "C" NOT NULL CHECK (tenant <> ''),
    name    TEXT COLLATE "C" NOT NULL,
    version BIGINT           NOT NULL,
    fold    TEXT COLLATE "C" NOT NULL
);

CREATE UNIQUE INDEX practitioners_name ON practitioners (tenant, name);

-- phone: in E.164, or a word that is none of somebody who was erased. booked_by: the call in which a bot made it.
CREATE TABLE appointments (
    id           TEXT COLLATE "C" NOT NULL PRIMARY KEY,
    tenant       TEXT COLLATE "C" NOT NULL CHECK (tenant <> ''),
    customer     TEXT COLLATE "C" NOT NULL,
    phone        TEXT COLLATE "C" NOT NULL,
    practitioner TEXT COLLATE "C" NOT NULL,
    start_at     BIGINT           NOT NULL,
    zone         TEXT COLLATE "C" NOT NULL,
    minutes      BIGINT           NOT NULL,
    status       TEXT COLLATE "C" NOT NULL,
    notes        TEXT COLLATE "C",
    booked_by    TEXT COLLATE "C",
    version      BIGINT           NOT NULL,
    created_at   BIGINT           NOT NULL,
    updated_at   BIGINT           NOT NULL
);

CREATE INDEX appointments_start ON appointments (tenant, start_at, id);
CREATE INDEX appointments_phone ON appointments (tenant, phone, start_at, id);
-- A call books once.
CREATE UNIQUE INDEX appointments_booked_by ON appointments (booked_by) WHERE booked_by IS NOT NULL;

-- Five minutes of somebody's time, by their number since 1970. What is in here is taken: that no two appointments share a
-- moment is this key and no look beforehand.
CREATE TABLE appointment_cells (
    tenant       TEXT COLLATE "C" NOT NULL CHECK (tenant <> ''),
    practitioner TEXT COLLATE "C" NOT NULL,
    cell         BIGINT           NOT NULL,
    appointment  TEXT COLLATE "C" NOT NULL,
    PRIMARY KEY (tenant, practitioner, cell)
);

CREATE INDEX appointment_cells_of ON appointment_cells (appointment);

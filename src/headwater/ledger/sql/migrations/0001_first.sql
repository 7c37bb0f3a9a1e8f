-- Which migrations made this database; the checksum is BLAKE3 of the file.
CREATE TABLE migrations (
    number     INTEGER PRIMARY KEY,
    file       TEXT NOT NULL,
    checksum   TEXT NOT NULL,
    applied_at REAL NOT NULL
);

-- One row a run. `id` orders runs by when they were started; other tables point to it.
-- What is known of a run's course is worked out from its events in the same transaction.
CREATE TABLE flows (
    name       TEXT PRIMARY KEY,
    last_label INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE runs (
    id           INTEGER PRIMARY KEY,
    run          TEXT NOT NULL UNIQUE,
    flow         TEXT NOT NULL REFERENCES flows (name),
    label        INTEGER NOT NULL CHECK (label > 0),
    status       TEXT NOT NULL CHECK (status IN ('running', 'succeeded', 'failed', 'cancelled')),
    user         TEXT NOT NULL,
    host         TEXT NOT NULL,
    started_at   REAL NOT NULL,
    finished_at  REAL,
    namespace    TEXT,
    note         TEXT NOT NULL,
    origin       TEXT,
    code_tree    TEXT,
    parameters   BLOB NOT NULL,
    metrics      BLOB NOT NULL,
    task_counts  BLOB NOT NULL,
    cause        TEXT,
    message      TEXT NOT NULL,
    failed_key   TEXT,
    end_step     TEXT NOT NULL,
    last_event   INTEGER NOT NULL,
    epoch        INTEGER NOT NULL,
    owner_host   TEXT NOT NULL,
    owner_pid    INTEGER NOT NULL,
    owner_since  REAL NOT NULL,
    UNIQUE (flow, label)
);
CREATE INDEX runs_by_status ON runs (status, id);
CREATE INDEX runs_by_code ON runs (code_tree) WHERE code_tree IS NOT NULL;
CREATE INDEX runs_by_user ON runs (user, id);

CREATE TABLE events (
    run    INTEGER NOT NULL REFERENCES runs (id),
    number INTEGER NOT NULL CHECK (number > 0),
    body   BLOB NOT NULL,
    PRIMARY KEY (run, number)
) WITHOUT ROWID;

CREATE TABLE requests (
    run    INTEGER NOT NULL REFERENCES runs (id),
    number INTEGER NOT NULL CHECK (number > 0),
    body   BLOB NOT NULL,
    PRIMARY KEY (run, number)
) WITHOUT ROWID;

-- A task as its latest attempt left it, in label order.
CREATE TABLE tasks (
    run          INTEGER NOT NULL REFERENCES runs (id),
    label        INTEGER NOT NULL CHECK (label > 0),
    key          TEXT NOT NULL,
    step         TEXT NOT NULL,
    attempt      INTEGER NOT NULL,
    status       TEXT NOT NULL,
    started_at   REAL NOT NULL,
    finished_at  REAL,
    parent       TEXT,
    parents      BLOB,
    parent_count INTEGER NOT NULL,
    origin       TEXT,
    cause        TEXT,
    error        BLOB,
    transition   BLOB,
    usage        BLOB,
    reads        BLOB,
    PRIMARY KEY (run, label)
) WITHOUT ROWID;
CREATE UNIQUE INDEX tasks_by_key ON tasks (run, key);
CREATE INDEX tasks_by_step ON tasks (run, step, label);

-- Attempts before the latest one, which is the task's own row.
CREATE TABLE past_attempts (
    run         INTEGER NOT NULL,
    label       INTEGER NOT NULL,
    attempt     INTEGER NOT NULL,
    status      TEXT NOT NULL,
    started_at  REAL NOT NULL,
    finished_at REAL,
    cause       TEXT,
    error       BLOB,
    usage       BLOB,
    PRIMARY KEY (run, label, attempt),
    FOREIGN KEY (run, label) REFERENCES tasks (run, label)
) WITHOUT ROWID;

-- Artifacts that tasks set themselves. The empty name is a foreach's indexed items, label 0 the run's parameters.
CREATE TABLE artifacts (
    run      INTEGER NOT NULL REFERENCES runs (id),
    label    INTEGER NOT NULL,
    name     TEXT NOT NULL,
    digest   BLOB NOT NULL,
    codec    TEXT NOT NULL,
    type     TEXT NOT NULL,
    size     INTEGER NOT NULL,
    is_small INTEGER NOT NULL,
    items    INTEGER,
    buffers  TEXT,
    PRIMARY KEY (run, label, name)
) WITHOUT ROWID;
CREATE INDEX artifacts_by_digest ON artifacts (digest);

-- Lineage: what tasks read.
CREATE TABLE reads (
    digest BLOB NOT NULL,
    run    INTEGER NOT NULL REFERENCES runs (id),
    label  INTEGER NOT NULL,
    name   TEXT NOT NULL,
    PRIMARY KEY (digest, run, label, name)
) WITHOUT ROWID;

CREATE TABLE tags (
    run       INTEGER NOT NULL REFERENCES runs (id),
    tag       TEXT NOT NULL,
    is_system INTEGER NOT NULL,
    PRIMARY KEY (run, tag)
) WITHOUT ROWID;
CREATE INDEX runs_by_tag ON tags (tag, run);

CREATE TABLE small_objects (
    digest  BLOB NOT NULL PRIMARY KEY,
    payload BLOB NOT NULL
);

CREATE TABLE headers (
    digest BLOB NOT NULL PRIMARY KEY,
    header BLOB NOT NULL
);

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are never changed');
END;

CREATE TRIGGER events_are_never_deleted BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are never deleted');
END;

CREATE TRIGGER finished_runs_take_no_events BEFORE INSERT ON events
WHEN (SELECT status FROM runs WHERE id = NEW.run) <> 'running'
BEGIN
    SELECT RAISE(ABORT, 'a finished run takes no events');
END;

CREATE TRIGGER finished_runs_never_change BEFORE UPDATE OF
    run, flow, label, status, finished_at, parameters, metrics, task_counts, cause, message, failed_key, last_event, epoch ON runs
WHEN OLD.status <> 'running'
BEGIN
    SELECT RAISE(ABORT, 'a finished run never changes');
END;

CREATE TRIGGER finished_tasks_never_change BEFORE UPDATE ON tasks
WHEN OLD.status IN ('succeeded', 'caught')
BEGIN
    SELECT RAISE(ABORT, 'a finished task never changes');
END;

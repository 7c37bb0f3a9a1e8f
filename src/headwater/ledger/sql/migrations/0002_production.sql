-- What a run of a deployment knows of its start. `launch` is the whole of it (JSON); at most one run has a key.
ALTER TABLE runs ADD COLUMN target TEXT;
ALTER TABLE runs ADD COLUMN launch_key TEXT;
ALTER TABLE runs ADD COLUMN launch BLOB;
ALTER TABLE runs ADD COLUMN project TEXT;
ALTER TABLE runs ADD COLUMN branch TEXT;
-- Gates at which tasks wait: key -> step and expiry (JSON). Empty when the run has ended.
ALTER TABLE runs ADD COLUMN gates BLOB NOT NULL DEFAULT x'7b7d';
-- 0: it ended before ends were published.
ALTER TABLE runs ADD COLUMN is_published INTEGER NOT NULL DEFAULT 1;
UPDATE runs SET is_published = 0 WHERE status <> 'running';

CREATE INDEX runs_by_target ON runs (target, id) WHERE target IS NOT NULL;
CREATE UNIQUE INDEX runs_by_launch_key ON runs (launch_key) WHERE launch_key IS NOT NULL;

DROP TRIGGER finished_runs_never_change;
CREATE TRIGGER finished_runs_never_change BEFORE UPDATE OF
    run, flow, label, status, finished_at, parameters, metrics, task_counts, cause, message, failed_key, last_event,
    epoch, target, launch_key, launch, project, branch, gates, is_published ON runs
WHEN OLD.status <> 'running'
BEGIN
    SELECT RAISE(ABORT, 'a finished run never changes');
END;

-- Locks of the environments that a run's steps were started in: objects that the run holds.
CREATE TABLE environments (
    run    INTEGER NOT NULL REFERENCES runs (id),
    step   TEXT NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (run, step)
) WITHOUT ROWID;
CREATE INDEX environments_by_digest ON environments (digest);

-- What was done about each slot, event or request, once a key.
CREATE TABLE firings (
    number   INTEGER PRIMARY KEY,
    key      TEXT NOT NULL UNIQUE,
    target   TEXT NOT NULL,
    source   TEXT NOT NULL,
    at       REAL NOT NULL,
    verdict  TEXT NOT NULL CHECK (verdict IN ('started', 'skipped', 'missed', 'refused')),
    slot     REAL,
    reason   TEXT NOT NULL,
    run      TEXT,
    run_path TEXT,
    CHECK ((run IS NULL) = (verdict <> 'started'))
);
CREATE INDEX firings_by_target ON firings (target, number);
CREATE INDEX firings_by_slot ON firings (target, source, slot);

-- How far readers of the published events have come: the largest value of a name counts.
CREATE TABLE cursors (
    name  TEXT NOT NULL,
    value INTEGER NOT NULL CHECK (value > 0),
    PRIMARY KEY (name, value)
) WITHOUT ROWID;

CREATE TABLE published (
    number  INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    name    TEXT NOT NULL,
    at      REAL NOT NULL,
    payload BLOB NOT NULL,
    source  TEXT NOT NULL,
    run     TEXT,
    scope   TEXT
);
CREATE INDEX published_by_name ON published (name, number);

-- Versions of nouns that are not part of a run; `holds` (JSON) is what the latest version keeps from the sweep.
CREATE TABLE records (
    id      INTEGER PRIMARY KEY,
    kind    TEXT NOT NULL,
    key     TEXT NOT NULL,
    version INTEGER NOT NULL CHECK (version > 0),
    at      REAL NOT NULL,
    body    BLOB NOT NULL,
    holds   BLOB
);
CREATE UNIQUE INDEX records_by_key ON records (kind, key, version);

-- The digests of all `holds`, of every version.
CREATE TABLE held (
    digest BLOB NOT NULL,
    record INTEGER NOT NULL REFERENCES records (id),
    PRIMARY KEY (digest, record)
) WITHOUT ROWID;
CREATE INDEX held_by_record ON held (record);

-- Whoever ends a run publishes its end, an older Headwater that still drives one too.
CREATE TRIGGER ended_runs_are_published AFTER UPDATE OF status ON runs
WHEN OLD.status = 'running' AND NEW.status <> 'running'
BEGIN
    INSERT OR IGNORE INTO published (id, name, at, payload, source, run)
    VALUES (
        'run:' || NEW.run,
        'run.finished',
        NEW.finished_at,
        json_object(
            'flow', NEW.flow, 'label', NEW.label, 'end', NEW.status, 'target', NEW.target, 'project', NEW.project,
            'branch', NEW.branch
        ),
        'run:' || NEW.flow,
        NEW.flow || '/' || NEW.label
    );
END;

CREATE TRIGGER versions_of_records_come_in_order BEFORE INSERT ON records
WHEN NEW.version <> 1 + (SELECT coalesce(max(version), 0) FROM records WHERE kind = NEW.kind AND key = NEW.key)
BEGIN
    SELECT RAISE(ABORT, 'versions of a record come one after the other');
END;

CREATE TRIGGER cursors_never_move_back BEFORE INSERT ON cursors
WHEN NEW.value <= (SELECT coalesce(max(value), 0) FROM cursors WHERE name = NEW.name)
BEGIN
    SELECT RAISE(ABORT, 'a cursor never moves back');
END;

CREATE TRIGGER firings_are_never_changed BEFORE UPDATE ON firings
BEGIN
    SELECT RAISE(ABORT, 'firings are never changed');
END;

CREATE TRIGGER firings_are_never_deleted BEFORE DELETE ON firings
BEGIN
    SELECT RAISE(ABORT, 'firings are never deleted');
END;

CREATE TRIGGER cursors_are_never_changed BEFORE UPDATE ON cursors
BEGIN
    SELECT RAISE(ABORT, 'cursors are never changed');
END;

CREATE TRIGGER cursors_are_never_deleted BEFORE DELETE ON cursors
BEGIN
    SELECT RAISE(ABORT, 'cursors are never deleted');
END;

CREATE TRIGGER published_events_are_never_changed BEFORE UPDATE ON published
BEGIN
    SELECT RAISE(ABORT, 'published events are never changed');
END;

CREATE TRIGGER published_events_are_never_deleted BEFORE DELETE ON published
BEGIN
    SELECT RAISE(ABORT, 'published events are never deleted');
END;

CREATE TRIGGER records_are_never_changed BEFORE UPDATE ON records
BEGIN
    SELECT RAISE(ABORT, 'records are never changed');
END;

CREATE TRIGGER records_are_never_deleted BEFORE DELETE ON records
BEGIN
    SELECT RAISE(ABORT, 'records are never deleted');
END;

CREATE TRIGGER held_digests_are_never_changed BEFORE UPDATE ON held
BEGIN
    SELECT RAISE(ABORT, 'held digests are never changed');
END;

CREATE TRIGGER held_digests_are_never_deleted BEFORE DELETE ON held
BEGIN
    SELECT RAISE(ABORT, 'held digests are never deleted');
END;

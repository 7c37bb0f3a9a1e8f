-- When an attempt became ready to start; 0: not known. An older Headwater that still drives a run does not write it.
ALTER TABLE tasks ADD COLUMN ready_at REAL NOT NULL DEFAULT 0;
ALTER TABLE past_attempts ADD COLUMN ready_at REAL NOT NULL DEFAULT 0;

CREATE TEMP TABLE ready AS
SELECT run, label, attempt, ready_at FROM (
    SELECT
        run,
        json_extract(CAST(body AS TEXT), '$.label') AS label,
        json_extract(CAST(body AS TEXT), '$.attempt') AS attempt,
        coalesce(json_extract(CAST(body AS TEXT), '$.ready_at'), 0) AS ready_at,
        max(number)
    FROM events
    WHERE json_extract(CAST(body AS TEXT), '$.kind') = 'task_started'
    GROUP BY 1, 2, 3
)
WHERE ready_at <> 0;
CREATE INDEX temp.ready_by_attempt ON ready (run, label, attempt);

-- What is finished was never to change: now it learns one thing more.
DROP TRIGGER finished_tasks_never_change;
UPDATE tasks SET ready_at = ready.ready_at
FROM ready WHERE ready.run = tasks.run AND ready.label = tasks.label AND ready.attempt = tasks.attempt;
UPDATE past_attempts SET ready_at = ready.ready_at
FROM ready
WHERE ready.run = past_attempts.run AND ready.label = past_attempts.label AND ready.attempt = past_attempts.attempt;
CREATE TRIGGER finished_tasks_never_change BEFORE UPDATE ON tasks
WHEN OLD.status IN ('succeeded', 'caught')
BEGIN
    SELECT RAISE(ABORT, 'a finished task never changes');
END;
DROP TABLE temp.ready;
CREATE TRIGGER restarted_tasks_are_ready_anew AFTER UPDATE OF attempt ON tasks
WHEN NEW.attempt <> OLD.attempt AND NEW.ready_at = OLD.ready_at AND NEW.ready_at <> 0
BEGIN
    UPDATE tasks SET ready_at = 0 WHERE run = NEW.run AND label = NEW.label;
END;

CREATE INDEX runs_by_flow ON runs (flow, id);
CREATE INDEX artifacts_by_name ON artifacts (name, type, run, label);

-- One order of all that is written: the latest place of each run, and the place of whatever is written once.
-- `subject` is the number of its row. A number is never handed out twice: the largest one goes only for a larger one.
CREATE TABLE changes (
    number  INTEGER PRIMARY KEY,
    kind    TEXT NOT NULL CHECK (kind IN ('run', 'record', 'published', 'firing')),
    subject INTEGER NOT NULL,
    UNIQUE (kind, subject)
);
INSERT INTO changes (kind, subject)
SELECT kind, subject FROM (
    SELECT 'run' AS kind, id AS subject, coalesce(finished_at, owner_since) AS at FROM runs
    UNION ALL
    SELECT 'record', id, at FROM records
    UNION ALL
    SELECT 'published', number, at FROM published
    UNION ALL
    SELECT 'firing', number, at FROM firings
)
ORDER BY at, kind, subject;

CREATE TRIGGER started_runs_are_changes AFTER INSERT ON runs
BEGIN
    INSERT OR REPLACE INTO changes (kind, subject) VALUES ('run', NEW.id);
END;

-- `last_event` moves once a commit, `epoch` with every driver.
CREATE TRIGGER written_runs_are_changes AFTER UPDATE OF last_event, epoch, note ON runs
BEGIN
    INSERT OR REPLACE INTO changes (kind, subject) VALUES ('run', NEW.id);
END;

CREATE TRIGGER added_tags_are_changes AFTER INSERT ON tags WHEN NOT NEW.is_system
BEGIN
    INSERT OR REPLACE INTO changes (kind, subject) VALUES ('run', NEW.run);
END;

CREATE TRIGGER removed_tags_are_changes AFTER DELETE ON tags
BEGIN
    INSERT OR REPLACE INTO changes (kind, subject) VALUES ('run', OLD.run);
END;

CREATE TRIGGER requests_are_changes AFTER INSERT ON requests
BEGIN
    INSERT OR REPLACE INTO changes (kind, subject) VALUES ('run', NEW.run);
END;

CREATE TRIGGER records_are_changes AFTER INSERT ON records
BEGIN
    INSERT INTO changes (kind, subject) VALUES ('record', NEW.id);
END;

CREATE TRIGGER published_events_are_changes AFTER INSERT ON published
BEGIN
    INSERT INTO changes (kind, subject) VALUES ('published', NEW.number);
END;

CREATE TRIGGER firings_are_changes AFTER INSERT ON firings
BEGIN
    INSERT INTO changes (kind, subject) VALUES ('firing', NEW.number);
END;

-- name: next_label
INSERT INTO flows (name, last_label) VALUES (?, 1)
ON CONFLICT (name) DO UPDATE SET last_label = last_label + 1
RETURNING last_label;

-- name: insert_run
INSERT INTO runs (
    run, flow, label, status, user, host, started_at, namespace, note, origin, code_tree, parameters, metrics,
    task_counts, message, end_step, last_event, owner_host, owner_since, epoch, owner_pid, target, launch_key, launch,
    project, branch
) VALUES (?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, '{}', '{}', '', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
RETURNING id;

-- name: insert_environment
INSERT INTO environments (run, step, digest) VALUES (?, ?, ?);

-- name: claim_numbers
UPDATE runs SET last_event = last_event + ?
WHERE id = ? AND epoch = ? AND status = 'running'
RETURNING last_event;

-- name: take_over
UPDATE runs SET epoch = epoch + 1, owner_host = ?, owner_pid = ?, owner_since = ?
WHERE id = ? AND status = 'running'
RETURNING epoch;

-- name: insert_event
INSERT INTO events (run, number, body) VALUES (?, ?, ?);

-- name: insert_request
INSERT INTO requests (run, number, body)
SELECT ?1, coalesce(max(number), 0) + 1, ?2 FROM requests WHERE run = ?1;

-- name: insert_task
INSERT INTO tasks (
    run, label, key, step, attempt, status, started_at, finished_at, parent, parents, parent_count, origin, cause,
    error, transition, usage, reads, ready_at
) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: keep_attempt
INSERT OR REPLACE INTO past_attempts (
    run, label, attempt, status, started_at, finished_at, cause, error, usage, ready_at
)
SELECT run, label, attempt, status, started_at, finished_at, cause, error, usage, ready_at
FROM tasks WHERE run = ? AND label = ?;

-- name: restart_task
UPDATE tasks
SET attempt = ?, started_at = ?, ready_at = ?, status = 'running', finished_at = NULL, cause = NULL, error = NULL, usage = NULL
WHERE run = ? AND label = ?;

-- name: end_task
UPDATE tasks SET status = ?, finished_at = ?, cause = ?, error = ?, transition = ?, usage = ?, reads = ?
WHERE run = ? AND label = ?;

-- name: set_task_status
UPDATE tasks SET status = ? WHERE run = ? AND label = ?;

-- name: insert_artifact
INSERT INTO artifacts (run, label, name, digest, codec, type, size, is_small, items, buffers)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: insert_read
INSERT OR IGNORE INTO reads (digest, run, label, name) VALUES (?, ?, ?, ?);

-- name: insert_tag
INSERT INTO tags (run, tag, is_system) VALUES (?, ?, ?) ON CONFLICT (run, tag) DO NOTHING;

-- name: delete_tag
DELETE FROM tags WHERE run = ? AND tag = ? AND NOT is_system;

-- name: set_note
UPDATE runs SET note = ? WHERE id = ?;

-- name: update_run
UPDATE runs SET task_counts = ?, metrics = ?, gates = ? WHERE id = ?;

-- name: finish_run
UPDATE runs
SET status = ?, finished_at = ?, failed_key = ?, cause = ?, message = ?, task_counts = ?, metrics = ?, gates = ?
WHERE id = ?;

-- name: insert_small
INSERT INTO small_objects (digest, payload) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING;

-- name: insert_header
INSERT INTO headers (digest, header) VALUES (?, ?) ON CONFLICT (digest) DO NOTHING;

-- name: delete_small
DELETE FROM small_objects
WHERE digest = ?1
    AND NOT EXISTS (SELECT 1 FROM artifacts WHERE artifacts.digest = ?1)
    AND NOT EXISTS (SELECT 1 FROM runs WHERE code_tree = lower(hex(?1)))
    AND NOT EXISTS (SELECT 1 FROM environments WHERE environments.digest = ?1)
    AND NOT EXISTS (
        SELECT 1 FROM held JOIN records ON records.id = held.record
        WHERE held.digest = ?1 AND NOT EXISTS (
            SELECT 1 FROM records AS later
            WHERE later.kind = records.kind AND later.key = records.key AND later.version > records.version
        )
    )
RETURNING digest;

-- name: delete_header
DELETE FROM headers
WHERE digest = ?1
    AND NOT EXISTS (SELECT 1 FROM artifacts WHERE artifacts.digest = ?1)
    AND NOT EXISTS (SELECT 1 FROM small_objects WHERE small_objects.digest = ?1);

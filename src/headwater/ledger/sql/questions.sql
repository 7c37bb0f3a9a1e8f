-- name: run_position
SELECT id, run, flow, label, status, epoch, owner_host, owner_pid, owner_since FROM runs WHERE run = ?;

-- name: open_state
SELECT last_event, task_counts, metrics, gates FROM runs WHERE id = ?;

-- name: open_tasks
SELECT key, label, attempt, status FROM tasks WHERE run = ? AND status IN ('running', 'retrying', 'lost');

-- name: events
SELECT number, body FROM events WHERE run = (SELECT id FROM runs WHERE run = ?) AND number > ? ORDER BY number LIMIT ?;

-- name: requests
SELECT number, body FROM requests WHERE run = (SELECT id FROM runs WHERE run = ?) AND number > ? ORDER BY number;

-- name: run_row
SELECT
    id, run, flow, label, status, user, host, started_at, finished_at,
    (SELECT json_group_array(tag) FROM tags WHERE tags.run = runs.id AND NOT is_system),
    (SELECT json_group_array(tag) FROM tags WHERE tags.run = runs.id AND is_system),
    namespace, note, origin, parameters, metrics, task_counts, cause, message, failed_key, end_step, epoch, launch,
    gates, project
FROM runs;

-- name: near_labels
SELECT label FROM runs WHERE flow = ? ORDER BY abs(label - ?), label DESC LIMIT 5;

-- name: flows
SELECT name FROM flows ORDER BY name;

-- name: task_row
SELECT
    label, key, step, attempt, status, started_at, finished_at, parent, parents, origin, cause, error, transition,
    usage, reads, ready_at
FROM tasks;

-- name: past_attempts
SELECT attempt, status, started_at, finished_at, cause, error, usage
FROM past_attempts WHERE run = ? AND label = ? AND attempt < ? ORDER BY attempt;

-- name: artifacts
SELECT tasks.key, name, artifacts.digest, codec, type, size, is_small, items, buffers, header
FROM tasks
CROSS JOIN artifacts ON artifacts.run = tasks.run AND artifacts.label = tasks.label
LEFT JOIN headers ON headers.digest = artifacts.digest
WHERE tasks.run = ? AND tasks.key IN (SELECT value FROM json_each(?)) AND name > ''
ORDER BY tasks.label, name;

-- name: artifacts_of_name
SELECT tasks.key, name, artifacts.digest, codec, type, size, is_small, items, buffers, header
FROM tasks
CROSS JOIN artifacts ON artifacts.run = tasks.run AND artifacts.label = tasks.label AND name = ?
LEFT JOIN headers ON headers.digest = artifacts.digest
WHERE tasks.run = ? AND tasks.key IN (SELECT value FROM json_each(?))
ORDER BY tasks.label;

-- name: visible
WITH RECURSIVE line (key, label, parent, distance) AS (
    SELECT key, label, parent, 0 FROM tasks WHERE run = ?1 AND key = ?2
    UNION ALL
    SELECT tasks.key, tasks.label, tasks.parent, distance + 1
    FROM line CROSS JOIN tasks ON tasks.run = ?1 AND tasks.key = line.parent
)
SELECT line.key, name, artifacts.digest, codec, type, size, is_small, items, buffers, header
FROM line
CROSS JOIN artifacts ON artifacts.run = ?1 AND artifacts.label = line.label AND name > ''
LEFT JOIN headers ON headers.digest = artifacts.digest
ORDER BY distance DESC;

-- name: users_of
SELECT runs.run, tasks.key, use.name, use.was_set
FROM (
    SELECT run, label, name, 1 AS was_set FROM artifacts WHERE digest = ?1 AND name > '' AND label > 0
    UNION ALL
    SELECT run, label, name, 0 FROM reads WHERE digest = ?1
) AS use
JOIN runs ON runs.id = use.run
JOIN tasks ON tasks.run = use.run AND tasks.label = use.label
WHERE ?3 IS NULL OR coalesce(runs.project, '') IN (SELECT value FROM json_each(?3))
ORDER BY use.run DESC, use.label, use.was_set DESC, use.name
LIMIT ?2;

-- name: small
SELECT digest, payload FROM small_objects WHERE digest IN (SELECT unhex(value) FROM json_each(?));

-- name: user_tags
SELECT tag, is_system FROM tags WHERE run = ? ORDER BY tag;

-- name: task_links
SELECT label, step, parent, parents, parent_count, transition FROM tasks WHERE run = ? AND key = ?;

-- name: candidates_after
SELECT label, parent, parents, parent_count FROM tasks
WHERE run = ?1 AND step IN (SELECT value FROM json_each(?2)) AND label > ?3
ORDER BY label;

-- name: candidates_before
SELECT key, transition FROM tasks
WHERE run = ?1 AND label < ?2 AND status IN ('succeeded', 'caught') AND instr(transition, ?3)
ORDER BY label;

-- name: oldest_live_run
SELECT min(started_at) FROM runs WHERE status = 'running';

-- name: small_sizes
SELECT digest, length(payload) FROM small_objects WHERE digest > ? ORDER BY digest LIMIT ?;

-- name: code_trees
SELECT run, flow || '/' || label, code_tree FROM runs WHERE code_tree IS NOT NULL;

-- name: environments
SELECT runs.run, flow || '/' || label, step, environments.digest
FROM environments CROSS JOIN runs ON runs.id = environments.run;

-- name: references
SELECT
    artifacts.run, artifacts.label, name, runs.run, runs.flow || '/' || runs.label, step, digest, codec, type, size,
    is_small, items, buffers
FROM artifacts
CROSS JOIN runs ON runs.id = artifacts.run
LEFT JOIN tasks ON tasks.run = artifacts.run AND tasks.label = artifacts.label
WHERE (artifacts.run, artifacts.label, name) > (?, ?, ?)
ORDER BY artifacts.run, artifacts.label, name
LIMIT ?;

-- name: holders_of
SELECT coalesce(runs.project, ''), '', '' FROM artifacts JOIN runs ON runs.id = artifacts.run WHERE digest = ?1
UNION
SELECT coalesce(project, ''), '', '' FROM runs WHERE code_tree = ?2
UNION
SELECT coalesce(runs.project, ''), '', '' FROM environments JOIN runs ON runs.id = environments.run WHERE digest = ?1
UNION
SELECT NULL, kind, key FROM held JOIN records ON records.id = held.record WHERE held.digest = ?1;

-- name: buffer_holders_of
SELECT DISTINCT coalesce(runs.project, '') FROM artifacts JOIN runs ON runs.id = artifacts.run
WHERE buffers IS NOT NULL AND instr(buffers, ?) > 0;

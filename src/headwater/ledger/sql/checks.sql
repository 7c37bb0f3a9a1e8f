-- name: damage
PRAGMA integrity_check(20);

-- name: dangling_rows
PRAGMA foreign_key_check;

-- name: migrations
SELECT number, file, checksum FROM migrations ORDER BY number;

-- name: gaps
SELECT runs.run, flow || '/' || label, last_event, count(number), coalesce(max(number), 0)
FROM runs LEFT JOIN events ON events.run = runs.id
GROUP BY runs.id
HAVING count(number) <> last_event OR coalesce(max(number), 0) <> last_event;

-- name: running
SELECT runs.run, flow || '/' || label, owner_host, owner_pid,
    (SELECT count(*) FROM tasks WHERE tasks.run = runs.id AND tasks.status = 'running'),
    (SELECT step || '/' || tasks.label FROM tasks WHERE tasks.run = runs.id AND tasks.status = 'running' LIMIT 1),
    epoch, task_counts, gates
FROM runs WHERE status = 'running';

-- name: missing_small
SELECT runs.flow || '/' || runs.label, tasks.step, artifacts.label, name, artifacts.digest, size
FROM artifacts
JOIN runs ON runs.id = artifacts.run
LEFT JOIN tasks ON tasks.run = artifacts.run AND tasks.label = artifacts.label
WHERE is_small AND artifacts.digest NOT IN (SELECT digest FROM small_objects)
ORDER BY artifacts.run, artifacts.label, name;

-- name: all_runs
SELECT id, run, flow || '/' || label, last_event FROM runs ORDER BY id;

-- name: events_of
SELECT number, body FROM events WHERE run = ? AND number > ? AND number <= ? ORDER BY number LIMIT ?;

-- name: stored_run
SELECT flow, label, status, user, host, started_at, finished_at, namespace, origin, code_tree, parameters, metrics,
    task_counts, cause, message, failed_key, end_step, target, launch_key, launch, project, branch, gates
FROM runs WHERE run = ?;

-- name: stored_tasks
SELECT label, key, step, attempt, status, started_at, finished_at, parent, parents, parent_count, origin, cause, error,
    transition, usage, reads, ready_at
FROM tasks WHERE run = (SELECT id FROM runs WHERE run = ?) AND label > ? AND label <= ? ORDER BY label;

-- name: stored_attempts
SELECT label, attempt, status, started_at, finished_at, cause, error, usage, ready_at
FROM past_attempts WHERE run = (SELECT id FROM runs WHERE run = ?) ORDER BY label, attempt;

-- name: stored_artifacts
SELECT label, name, digest, codec, type, size, is_small, items, buffers
FROM artifacts WHERE run = (SELECT id FROM runs WHERE run = ?) AND label > ? AND label <= ? ORDER BY label, name;

-- name: reads_differ
WITH
of_tasks AS (
    SELECT tasks.run, label, read.key AS name, unhex(read.value) AS digest
    FROM tasks, json_each(CAST(tasks.reads AS TEXT)) AS read
    WHERE tasks.reads IS NOT NULL
),
one_sided AS (
    SELECT * FROM (SELECT run, label, name, digest FROM of_tasks EXCEPT SELECT run, label, name, digest FROM reads)
    UNION
    SELECT * FROM (SELECT run, label, name, digest FROM reads EXCEPT SELECT run, label, name, digest FROM of_tasks)
)
SELECT DISTINCT runs.flow || '/' || runs.label, tasks.step, one_sided.label, name
FROM one_sided
JOIN runs ON runs.id = one_sided.run
LEFT JOIN tasks ON tasks.run = one_sided.run AND tasks.label = one_sided.label
LIMIT 100;

-- name: last_label
SELECT coalesce(max(label), 0)
FROM (
    SELECT label FROM tasks WHERE run = (SELECT id FROM runs WHERE run = ?1)
    UNION ALL
    SELECT label FROM artifacts WHERE run = (SELECT id FROM runs WHERE run = ?1)
);

-- name: stored_environments
SELECT step, digest FROM environments WHERE run = (SELECT id FROM runs WHERE run = ?) ORDER BY step;

-- name: stored_end
SELECT name, at, payload, source, published.run, scope
FROM runs JOIN published ON published.id = 'run:' || runs.run
WHERE runs.run = ?;

-- name: ended_before_publishing
SELECT 1 FROM runs WHERE run = ? AND NOT is_published;

-- name: record_gaps
SELECT kind, key, count(*), max(version) FROM records GROUP BY kind, key HAVING count(*) <> max(version);

-- name: published_gaps
SELECT count(*), max(number) FROM published HAVING count(*) <> max(number);

-- name: firings_without_run
SELECT firings.key, firings.run, run_path, runs.flow || '/' || runs.label, launch_key
FROM firings LEFT JOIN runs ON runs.run = firings.run
WHERE firings.run IS NOT NULL
    AND (launch_key IS NULL OR launch_key <> firings.key OR runs.flow || '/' || runs.label <> run_path)
ORDER BY number;

-- name: runs_without_firing
SELECT flow || '/' || label, launch_key FROM runs
WHERE launch_key IS NOT NULL AND launch_key NOT IN (SELECT key FROM firings)
ORDER BY id;

-- name: cursors_beyond
SELECT name, max(value), (SELECT coalesce(max(number), 0) FROM published) AS last
FROM cursors WHERE name NOT LIKE '%.%' GROUP BY name HAVING max(value) > last;

-- name: all_holds
SELECT id, kind, key, version, holds FROM records WHERE id > ? ORDER BY id LIMIT ?;

-- name: held_by
SELECT digest FROM held WHERE record = ?;

-- name: missing_changes
SELECT flow || '/' || label FROM runs WHERE id NOT IN (SELECT subject FROM changes WHERE kind = 'run')
UNION ALL
SELECT kind || ' ' || key || ', version ' || version FROM records
WHERE id NOT IN (SELECT subject FROM changes WHERE kind = 'record')
UNION ALL
SELECT 'published event ' || id FROM published
WHERE number NOT IN (SELECT subject FROM changes WHERE kind = 'published')
UNION ALL
SELECT 'firing ' || key FROM firings WHERE number NOT IN (SELECT subject FROM changes WHERE kind = 'firing')
LIMIT 100;

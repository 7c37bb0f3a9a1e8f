-- name: changes
SELECT
    changes.number, changes.kind, runs.run, runs.flow, runs.label, runs.project, runs.id IS NOT NULL, last_event,
    runs.status, records.kind, records.key, version, published.number, published.name, scope, firings.key,
    firings.target
FROM (SELECT number, kind, subject FROM changes WHERE number > ? ORDER BY number LIMIT ?) AS changes
LEFT JOIN records ON changes.kind = 'record' AND records.id = changes.subject
LEFT JOIN published ON changes.kind = 'published' AND published.number = changes.subject
LEFT JOIN firings ON changes.kind = 'firing' AND firings.number = changes.subject
LEFT JOIN runs ON runs.id = CASE changes.kind
    WHEN 'run' THEN changes.subject
    WHEN 'firing' THEN (SELECT started.id FROM runs AS started WHERE started.run = firings.run)
    WHEN 'published' THEN (
        SELECT teller.id FROM runs AS teller
        WHERE teller.flow = substr(published.run, 1, instr(published.run, '/') - 1)
            AND teller.label = CAST(substr(published.run, instr(published.run, '/') + 1) AS INTEGER)
    )
END
ORDER BY changes.number;

-- name: last_change
SELECT coalesce(max(number), 0) FROM changes;

-- name: step_tasks
SELECT step, status, started_at, finished_at, origin IS NOT NULL, usage FROM tasks WHERE run = ? ORDER BY label;

-- name: step_statuses
SELECT runs.run, step, tasks.status, count(*)
FROM json_each(?) AS wanted
CROSS JOIN runs ON runs.run = wanted.value
CROSS JOIN tasks ON tasks.run = runs.id
GROUP BY runs.id, step, tasks.status
ORDER BY runs.id, min(tasks.label);

-- name: task_spans
SELECT label, step, key, status, attempt, ready_at, started_at, finished_at, usage, parent, origin IS NOT NULL
FROM tasks WHERE run = ? AND label > ? ORDER BY label LIMIT ?;

-- name: task_usages
SELECT label, step, origin IS NOT NULL, usage FROM tasks WHERE run = ? ORDER BY label LIMIT ?;

-- name: past_spans
SELECT label, status, attempt, ready_at, started_at, finished_at, usage
FROM past_attempts WHERE run = ? AND label > ? AND label <= ? ORDER BY label, attempt;

-- name: unfinished_runs
SELECT id, run, epoch, task_counts, gates FROM runs WHERE status = 'running';

-- name: run_statuses
SELECT run, status, epoch, task_counts, gates FROM runs WHERE run IN (SELECT value FROM json_each(?));

-- name: run_failures
SELECT
    runs.run, step, tasks.label, CAST(tasks.error AS TEXT) ->> '$.type',
    substr(CAST(tasks.error AS TEXT) ->> '$.message', 1, 2000)
FROM json_each(?) AS wanted
CROSS JOIN runs ON runs.run = wanted.value AND failed_key IS NOT NULL
CROSS JOIN tasks ON tasks.run = runs.id AND tasks.key = failed_key AND tasks.error IS NOT NULL;

-- name: firing_targets
WITH RECURSIVE targets (target) AS (
    SELECT min(target) FROM firings
    UNION ALL
    SELECT (SELECT min(target) FROM firings WHERE firings.target > targets.target) FROM targets
    WHERE targets.target IS NOT NULL
)
SELECT target FROM targets WHERE target IS NOT NULL;

-- name: next_artifact_name
SELECT * FROM (SELECT name, type FROM artifacts WHERE name = ?1 AND type > ?2 ORDER BY type LIMIT 1)
UNION ALL
SELECT * FROM (SELECT name, type FROM artifacts WHERE name > ?1 ORDER BY name, type LIMIT 1)
LIMIT 1;

-- name: named_artifact
SELECT
    runs.run, flow, runs.label, coalesce(project, ''), step, tasks.label, tasks.key, name,
    coalesce(tasks.finished_at, tasks.started_at), artifacts.digest, codec, type, size, is_small, items, buffers, header
FROM artifacts
CROSS JOIN runs ON runs.id = artifacts.run
CROSS JOIN tasks ON tasks.run = artifacts.run AND tasks.label = artifacts.label
LEFT JOIN headers ON headers.digest = artifacts.digest
WHERE artifacts.run = ? AND artifacts.label = ? AND name = ?;

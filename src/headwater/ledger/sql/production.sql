-- name: insert_firing
INSERT INTO firings (key, target, source, at, verdict, slot, reason, run, run_path)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?);

-- name: firing
SELECT key, target, source, at, verdict, slot, reason, run, run_path FROM firings WHERE key = ?;

-- name: firing_number
SELECT number FROM firings WHERE key = ?;

-- name: last_slot
SELECT max(slot) FROM firings WHERE target = ? AND source = ?;

-- name: cursor
SELECT coalesce(max(value), 0) FROM cursors WHERE name = ?;

-- name: move_cursor
INSERT INTO cursors (name, value)
SELECT ?1, ?2 WHERE ?2 > (SELECT coalesce(max(value), 0) FROM cursors WHERE name = ?1);

-- name: insert_published
INSERT INTO published (id, name, at, payload, source, run, scope) VALUES (?, ?, ?, ?, ?, ?, ?)
RETURNING number;

-- name: published_by_id
SELECT number, id, name, at, payload, source, run, scope FROM published WHERE id = ?;

-- name: published
SELECT number, id, name, at, payload, source, run, scope FROM published
WHERE number > ? ORDER BY number LIMIT ?;

-- name: published_of_name
SELECT number, id, name, at, payload, source, run, scope FROM published
WHERE number > ? AND name = ? ORDER BY number LIMIT ?;

-- name: last_version
SELECT coalesce(max(version), 0) FROM records WHERE kind = ? AND key = ?;

-- name: insert_record
INSERT INTO records (kind, key, version, at, body, holds) VALUES (?, ?, ?, ?, ?, ?) RETURNING id;

-- name: insert_held
INSERT OR IGNORE INTO held (digest, record) VALUES (?, ?);

-- name: record
SELECT kind, key, version, at, body, holds FROM records WHERE kind = ? AND key = ? ORDER BY version DESC LIMIT 1;

-- name: record_history
SELECT kind, key, version, at, body, holds FROM records WHERE kind = ? AND key = ? ORDER BY version;

-- name: records
SELECT records.kind, records.key, version, at, body, holds
FROM (
    SELECT key, max(version) AS last FROM records
    WHERE kind = ?1 AND key >= ?2 AND key < ?2 || char(0x10ffff) AND key > ?3
    GROUP BY key ORDER BY key LIMIT ?4
) AS latest
CROSS JOIN records ON records.kind = ?1 AND records.key = latest.key AND version = last
ORDER BY records.key;

-- name: records_backwards
SELECT records.kind, records.key, version, at, body, holds
FROM (
    SELECT key, max(version) AS last FROM records
    WHERE kind = ?1 AND key < ?2
    GROUP BY key ORDER BY key DESC LIMIT ?3
) AS latest
CROSS JOIN records ON records.kind = ?1 AND records.key = latest.key AND version = last
ORDER BY records.key DESC;

-- name: latest_holds
SELECT latest.kind, latest.key, holds
FROM (
    SELECT kind, key, max(version) AS last FROM records WHERE (kind, key) > (?, ?)
    GROUP BY kind, key ORDER BY kind, key LIMIT ?
) AS latest
CROSS JOIN records ON records.kind = latest.kind AND records.key = latest.key AND version = last
ORDER BY latest.kind, latest.key;

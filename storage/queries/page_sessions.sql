-- One page of sessions in order of the first span that names them, the newest session first.
SELECT
    session_id,
    epoch_ns(min(start_time)) AS created_ns,
    arg_min(environment, start_time) AS environment,
    count(*) OVER () AS total
FROM span
WHERE project = $project
    AND session_id IS NOT NULL
    AND ($id IS NULL OR session_id = $id)
    AND ($environments IS NULL OR coalesce(environment, 'default') IN (SELECT unnest($environments::VARCHAR[])))
GROUP BY session_id
HAVING ($from_ns IS NULL OR min(start_time) >= make_timestamp_ns($from_ns))
    AND ($to_ns IS NULL OR min(start_time) < make_timestamp_ns($to_ns))
ORDER BY created_ns DESC, session_id DESC
LIMIT $limit
OFFSET coalesce($skip, 0)

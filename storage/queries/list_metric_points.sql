-- One page of metric points, newest first.
WITH page AS MATERIALIZED (
    SELECT rowid AS row_id
    FROM metric_point
    WHERE project = $project
        AND ($from_ns IS NULL OR time >= make_timestamp_ns($from_ns))
        AND ($to_ns IS NULL OR time < make_timestamp_ns($to_ns))
        AND ($after_ns IS NULL OR time <= make_timestamp_ns($after_ns))
        AND ($after_ns IS NULL OR time < make_timestamp_ns($after_ns) OR (name, digest) < ($after_name, $after_digest))
        AND true /* conditions: metric */
    ORDER BY time DESC, name DESC, digest DESC
    LIMIT $limit
)
SELECT
    project, name, description, unit, type, temporality, monotonic,
    epoch_ns(start_time) AS start_time, epoch_ns(time) AS time,
    value, value_int, count, sum, min, max, service_name, scope_name, digest,
    raw_attributes, raw_data, raw_resource, raw_scope,
    epoch_ns(received_time) AS received_time
FROM metric_point
WHERE rowid IN (SELECT row_id FROM page)
ORDER BY metric_point.time DESC, name DESC, digest DESC

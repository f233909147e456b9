-- One page of scores, newest first. Conditions on attributes are asked of the metadata.
WITH listed AS (
    SELECT
        score_id AS id, project, name, value, string_value, data_type, source, comment, trace_id, span_id, session_id,
        time AS timestamp, environment, metadata, metadata AS raw_attributes
    FROM score
    WHERE project = $project
)
SELECT
    id, project, name, value, string_value, data_type, source, comment, trace_id, span_id, session_id,
    epoch_ns(timestamp) AS timestamp, environment, metadata
FROM listed
WHERE ($from_ns IS NULL OR timestamp >= make_timestamp_ns($from_ns))
    AND ($to_ns IS NULL OR timestamp < make_timestamp_ns($to_ns))
    AND ($after_ns IS NULL OR timestamp <= make_timestamp_ns($after_ns))
    AND ($after_ns IS NULL OR timestamp < make_timestamp_ns($after_ns) OR id < $after_id)
    AND true /* conditions: score */
ORDER BY listed.timestamp DESC, id DESC
LIMIT $limit

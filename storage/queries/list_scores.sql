-- One page of scores, newest first. Conditions on attributes are asked of the metadata.
WITH listed AS (
    SELECT
        score_id AS id, project, name, value, string_value, data_type, source, comment, trace_id, span_id, session_id,
        time AS timestamp, environment, config_id, queue_id, author_user_id, dataset_run_id, metadata,
        metadata AS raw_attributes
    FROM score
    WHERE project = $project
        AND ($from_ns IS NULL OR timestamp >= make_timestamp_ns($from_ns))
        AND ($to_ns IS NULL OR timestamp < make_timestamp_ns($to_ns))
        AND true /* conditions: score */
)
SELECT
    id, project, name, value, string_value, data_type, source, comment, trace_id, span_id, session_id,
    epoch_ns(timestamp) AS timestamp, environment, metadata
FROM listed
WHERE $after_ns IS NULL OR timestamp < make_timestamp_ns($after_ns)
    OR (timestamp = make_timestamp_ns($after_ns) AND id < $after_id)
ORDER BY listed.timestamp DESC, id DESC
LIMIT $limit

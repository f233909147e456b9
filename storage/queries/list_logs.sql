-- One page of log records, newest first. Long attributes are left out of a preview.
WITH page AS MATERIALIZED (
    SELECT rowid AS row_id
    FROM log_record
    WHERE project = $project
        AND ($from_ns IS NULL OR time >= make_timestamp_ns($from_ns))
        AND ($to_ns IS NULL OR time < make_timestamp_ns($to_ns))
        AND ($after_ns IS NULL OR time <= make_timestamp_ns($after_ns))
        AND ($after_ns IS NULL OR time < make_timestamp_ns($after_ns) OR digest < $after_digest)
        AND true /* conditions: log */
    ORDER BY time DESC, digest DESC
    LIMIT $limit
)
SELECT
    project, trace_id, span_id, epoch_ns(time) AS time, epoch_ns(observed_time) AS observed_time,
    severity_number, severity_text, event_name, service_name, scope_name, session_id, user_id, digest,
    CASE WHEN $io = 'full' THEN raw_body
        WHEN $io = 'preview' AND length(raw_body) <= 300 THEN raw_body END AS raw_body,
    CASE WHEN $io = 'preview' AND length(raw_body) > 300
        THEN left(json_extract_string(raw_body, '$'), 300) END AS body_preview,
    coalesce(length(raw_attributes) > 2000 OR contains(apart, '"raw_attributes"'), false) AS attributes_long,
    CASE WHEN $io = 'full' OR ($io = 'preview' AND NOT attributes_long) THEN raw_attributes END AS raw_attributes,
    $io = 'preview' AND attributes_long AS attributes_cut,
    CASE WHEN $io = 'full' THEN raw_resource END AS raw_resource,
    CASE WHEN $io = 'full' THEN raw_scope END AS raw_scope,
    CASE WHEN $io = 'full' THEN apart END AS apart,
    raw_rest,
    epoch_ns(received_time) AS received_time
FROM log_record
WHERE rowid IN (SELECT row_id FROM page)
ORDER BY log_record.time DESC, digest DESC

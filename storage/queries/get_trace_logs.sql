-- The log records that describe spans of one trace, or one span of it, in time order; of each span
-- the first $of_each.
SELECT
    project, trace_id, span_id, epoch_ns(time) AS time, epoch_ns(observed_time) AS observed_time,
    severity_number, severity_text, event_name, service_name, scope_name, session_id, user_id, describes_span,
    raw_body, raw_attributes, raw_resource, raw_scope, raw_rest, digest, apart,
    epoch_ns(received_time) AS received_time
FROM log_record
WHERE project = $project
    AND trace_id = $trace_id
    AND describes_span
    AND ($span_id IS NULL OR span_id = $span_id OR span_id IN (
        SELECT span_id FROM span WHERE project = $project AND trace_id = $trace_id AND duplicate_of = $span_id AND duplicate_of_trace IS NULL
    ))
QUALIFY row_number() OVER (PARTITION BY span_id ORDER BY log_record.time, observed_time, digest) <= $of_each
ORDER BY log_record.time, observed_time, digest
LIMIT $limit

-- Of each row of some traces what their records are made of (contract/trace_of_spans.py).
-- By ids alone first: the other columns are read for the rows that are found, not for all that were looked at.
SELECT
    rowid AS row_id, trace_id, span_id, parent_span_id, name, kind, duplicate_of,
    coalesce(synthetic, false) AS synthetic,
    epoch_ns(start_time) AS start_time, epoch_ns(end_time) AS end_time,
    coalesce(contains(raw_rest, '"start_ns":0'), false) AS start_unknown,
    coalesce(contains(raw_rest, '"public":true'), false) AS public,
    status, model, input_tokens, output_tokens, total_tokens, cache_read_tokens, total_cost,
    service_name, session_id, user_id, environment, release, version, tags, metadata, trace_name
FROM span
WHERE rowid IN (
    SELECT rowid
    FROM span
    WHERE project = $project
        AND trace_id IN (SELECT unnest($trace_ids::VARCHAR[]))
        AND true /* rows of the traces */
)
LIMIT $limit

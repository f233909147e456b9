-- Of each row of some traces what their records are made of (contract/trace_of_spans.py).
-- By ids alone first: the other columns are read for the rows that are found, not for all that were looked at.
-- Of a row with long texts only their length is told: DuckDB keeps the whole answer in memory.
WITH found AS (
    SELECT
        *,
        rowid AS row_id,
        coalesce(strlen(name), 0) + coalesce(strlen(model), 0) + coalesce(strlen(service_name), 0)
            + coalesce(strlen(session_id), 0) + coalesce(strlen(user_id), 0) + coalesce(strlen(environment), 0)
            + coalesce(strlen(release), 0) + coalesce(strlen(version), 0) + coalesce(strlen(tags), 0)
            + coalesce(strlen(metadata), 0) + coalesce(strlen(trace_name), 0) AS text_bytes
    FROM span
    WHERE rowid IN (
        SELECT rowid
        FROM span
        WHERE project = $project
            AND trace_id IN (SELECT unnest($trace_ids::VARCHAR[]))
            AND true /* rows of the traces */
    )
    LIMIT $limit
)
SELECT
    row_id, trace_id, span_id, parent_span_id, kind, duplicate_of, text_bytes,
    coalesce(synthetic, false) AS synthetic,
    epoch_ns(start_time) AS start_time, epoch_ns(end_time) AS end_time,
    coalesce(contains(raw_rest, '"start_ns":0'), false) AS start_unknown,
    coalesce(contains(raw_rest, '"public":true'), false) AS public,
    status, input_tokens, output_tokens, total_tokens, cache_read_tokens, total_cost,
    CASE WHEN text_bytes <= $long_bytes THEN name END AS name,
    CASE WHEN text_bytes <= $long_bytes THEN model END AS model,
    CASE WHEN text_bytes <= $long_bytes THEN service_name END AS service_name,
    CASE WHEN text_bytes <= $long_bytes THEN session_id END AS session_id,
    CASE WHEN text_bytes <= $long_bytes THEN user_id END AS user_id,
    CASE WHEN text_bytes <= $long_bytes THEN environment END AS environment,
    CASE WHEN text_bytes <= $long_bytes THEN release END AS release,
    CASE WHEN text_bytes <= $long_bytes THEN version END AS version,
    CASE WHEN text_bytes <= $long_bytes THEN tags END AS tags,
    CASE WHEN text_bytes <= $long_bytes THEN metadata END AS metadata,
    CASE WHEN text_bytes <= $long_bytes THEN trace_name END AS trace_name
FROM found

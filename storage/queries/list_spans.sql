-- One page of spans, newest first. Only the rows of the page are read beyond the columns that order and select them.
-- A search in texts has unpacked them already (2,048 rows at a time): it hands them on instead of unpacking them again.
WITH page AS MATERIALIZED (
    SELECT
        rowid AS row_id,
        NULL AS found_input /* list: found */
    FROM span
    WHERE project = $project
        AND kind <> 'trace'
        AND ($generations IS NOT TRUE OR (kind = 'generation' AND duplicate_of IS NULL))
        AND ($from_ns IS NULL OR start_time >= make_timestamp_ns($from_ns))
        AND ($to_ns IS NULL OR start_time < make_timestamp_ns($to_ns))
        AND ($after_ns IS NULL OR start_time <= make_timestamp_ns($after_ns))
        AND ($after_ns IS NULL OR start_time < make_timestamp_ns($after_ns)
            OR (trace_id, span_id) < ($after_trace_id, $after_span_id))
        AND true /* conditions: span */
    ORDER BY start_time DESC, trace_id DESC, span_id DESC
    LIMIT $limit
)
SELECT
    project, trace_id, span_id, parent_span_id, name, span_name, kind, otlp_kind, duplicate_of, duplicate_of_trace,
    coalesce(synthetic, false) AS synthetic,
    epoch_ns(start_time) AS start_time, epoch_ns(end_time) AS end_time,
    coalesce(contains(raw_rest, '"start_ns":0'), false) AS start_unknown,
    time_to_first_token_ms, status, status_message, error_type, level,
    service_name, scope_name, scope_version, environment, release, version,
    operation, provider, request_model, response_model, model, response_id, finish_reasons, streaming,
    prompt_name, prompt_version,
    CASE $io WHEN 'full' THEN input WHEN 'preview' THEN left(input, 301) END AS input /* list: input */,
    CASE $io WHEN 'full' THEN output WHEN 'preview' THEN left(output, 301) END AS output /* list: output */,
    input_tokens, output_tokens, total_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens,
    input_cost, output_cost, total_cost, cost_source, price_version,
    tool_name, tool_call_id, agent_name, agent_id, session_id, user_id, tags, metadata, trace_name,
    CASE WHEN $io = 'full' THEN apart END AS apart
FROM page
JOIN span ON span.rowid = page.row_id
ORDER BY span.start_time DESC, trace_id DESC, span_id DESC

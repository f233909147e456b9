-- The spans of one trace in start order; with $span_id that span and those that repeat it ($span_id is their duplicate_of).
-- With $with_trace also what was said of the trace itself, which is no span of it.
-- With $io other than 'full' neither raw columns nor more of the content than a preview needs are read.
SELECT
    rowid AS row_id, project, trace_id, span_id, parent_span_id, name, span_name, kind, otlp_kind, duplicate_of, duplicate_of_trace,
    coalesce(synthetic, false) AS synthetic,
    epoch_ns(start_time) AS start_time, epoch_ns(end_time) AS end_time,
    coalesce(contains(raw_rest, '"start_ns":0'), false) AS start_unknown,
    coalesce(contains(raw_rest, '"public":true'), false) AS public,
    time_to_first_token_ms, status, status_message, error_type, level,
    service_name, scope_name, scope_version, environment, release, version,
    operation, provider, request_model, response_model, model, response_id, finish_reasons, streaming,
    prompt_name, prompt_version,
    CASE $io WHEN 'full' THEN input WHEN 'preview' THEN left(input, 301) END AS input,
    CASE $io WHEN 'full' THEN output WHEN 'preview' THEN left(output, 301) END AS output,
    input_tokens, output_tokens, total_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens,
    input_cost, output_cost, total_cost, cost_source, price_version,
    tool_name, tool_call_id, agent_name, agent_id, session_id, user_id, tags, metadata, trace_name, conventions,
    CASE WHEN $io = 'full' THEN raw_attributes END AS raw_attributes,
    CASE WHEN $io = 'full' THEN raw_events END AS raw_events,
    CASE WHEN $io = 'full' THEN raw_links END AS raw_links,
    CASE WHEN $io = 'full' THEN raw_resource END AS raw_resource,
    CASE WHEN $io = 'full' THEN raw_scope END AS raw_scope,
    CASE WHEN $io = 'full' THEN raw_rest END AS raw_rest,
    CASE WHEN $io = 'full' THEN own END AS own,
    CASE WHEN $io = 'full' THEN settled_from END AS settled_from,
    CASE WHEN $io = 'full' THEN apart END AS apart,
    epoch_ns(received_time) AS received_time
FROM span
WHERE project = $project
    AND trace_id = $trace_id
    AND true /* rows of the traces */
    AND ($with_trace IS TRUE OR kind <> 'trace')
    AND ($span_id IS NULL OR span_id = $span_id OR (duplicate_of = $span_id AND duplicate_of_trace IS NULL))
    AND ($after_ns IS NULL OR start_time >= make_timestamp_ns($after_ns))
    AND ($after_ns IS NULL OR start_time > make_timestamp_ns($after_ns) OR span_id > $after_span_id)
ORDER BY span.start_time, span_id
LIMIT $limit

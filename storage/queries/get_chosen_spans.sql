-- Spans by their ids, whole; $trace_ids null: of whatever trace.
SELECT
    project, trace_id, span_id, parent_span_id, name, span_name, kind, otlp_kind, duplicate_of, duplicate_of_trace,
    coalesce(synthetic, false) AS synthetic,
    epoch_ns(start_time) AS start_time, epoch_ns(end_time) AS end_time,
    coalesce(contains(raw_rest, '"start_ns":0'), false) AS start_unknown,
    time_to_first_token_ms, status, status_message, error_type, level,
    service_name, scope_name, scope_version, environment, release, version,
    operation, provider, request_model, response_model, model, response_id, finish_reasons, streaming,
    prompt_name, prompt_version,
    input, output,
    input_tokens, output_tokens, total_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens,
    input_cost, output_cost, total_cost, cost_source, price_version,
    tool_name, tool_call_id, agent_name, agent_id, session_id, user_id, tags, metadata, trace_name, conventions,
    raw_attributes, raw_events, raw_links, raw_resource, raw_scope, raw_rest, own, settled_from, apart,
    epoch_ns(received_time) AS received_time
FROM span
WHERE project = $project
    AND kind <> 'trace'
    AND span_id IN (SELECT unnest($span_ids::VARCHAR[]))
    AND ($trace_ids IS NULL OR trace_id IN (SELECT unnest($trace_ids::VARCHAR[])))
ORDER BY span.start_time DESC, trace_id DESC, span_id DESC
LIMIT $limit

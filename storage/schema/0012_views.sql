-- Schema version 12: the views say what the API says. Applied once, never edited.

-- JSON that DuckDB cannot read (half of a surrogate pair) is null; it made the whole question fail.
CREATE OR REPLACE VIEW spans AS
SELECT
    project,
    trace_id,
    span_id,
    parent_span_id,
    name,
    span_name,
    kind,
    otlp_kind,
    duplicate_of,
    duplicate_of_trace,
    coalesce(synthetic, false) AS synthetic,
    start_time,
    end_time,
    (epoch_ns(end_time) - epoch_ns(start_time)) / 1e6 AS duration_ms,
    time_to_first_token_ms,
    status,
    status_message,
    error_type,
    level,
    service_name,
    scope_name,
    scope_version,
    environment,
    release,
    version,
    operation,
    provider,
    request_model,
    response_model,
    model,
    response_id,
    TRY_CAST(TRY_CAST(finish_reasons AS JSON) AS VARCHAR[]) AS finish_reasons,
    streaming,
    prompt_name,
    prompt_version,
    input,
    output,
    input_tokens,
    output_tokens,
    total_tokens,
    cache_read_tokens,
    cache_write_tokens,
    reasoning_tokens,
    input_cost,
    output_cost,
    total_cost,
    cost_source,
    price_version,
    tool_name,
    tool_call_id,
    agent_name,
    agent_id,
    session_id,
    user_id,
    TRY_CAST(TRY_CAST(tags AS JSON) AS VARCHAR[]) AS tags,
    TRY_CAST(metadata AS JSON) AS metadata,
    trace_name,
    conventions,
    TRY_CAST(raw_attributes AS JSON) AS attributes,
    received_time,
    commit_seq,
    raw_resource AS resource,
    raw_scope AS scope,
    raw_events AS events,
    raw_links AS links
FROM span
WHERE kind <> 'trace';

CREATE OR REPLACE VIEW logs AS
SELECT
    project, trace_id, span_id, time, observed_time, severity_number, severity_text, event_name,
    service_name, scope_name, session_id, user_id, TRY_CAST(raw_attributes AS JSON) AS attributes,
    raw_body AS body, raw_resource AS resource, raw_scope AS scope, received_time, commit_seq
FROM log_record;

CREATE OR REPLACE VIEW metric_points AS
SELECT
    project, name, description, unit, type, temporality, monotonic, start_time, time,
    value, value_int, count, sum, min, max, service_name, scope_name, TRY_CAST(raw_attributes AS JSON) AS attributes,
    raw_data AS data, raw_resource AS resource, raw_scope AS scope, received_time, commit_seq
FROM metric_point;

CREATE OR REPLACE VIEW scores AS
SELECT
    project, score_id AS id, name, value, string_value, data_type, source, comment, trace_id, span_id, session_id,
    time AS timestamp, environment, TRY_CAST(metadata AS JSON) AS metadata, received_time, commit_seq
FROM score;

CREATE OR REPLACE VIEW traces AS
WITH placed AS (
    SELECT
        *,
        parent_span_id IS NULL AS is_root,
        kind IN ('generation', 'embedding') AND duplicate_of IS NULL AS counted,
        kind = 'generation' AND duplicate_of IS NULL AS is_generation,
        duplicate_of IS NULL OR synthetic IS NOT TRUE AS shown,
        coalesce(contains(raw_rest, '"start_ns":0'), false) AS start_unknown,
        -- What was said of the trace itself speaks for it, then roots, then the earliest.
        (kind <> 'trace', parent_span_id IS NOT NULL, start_time, span_id) AS place
    FROM span
),
record AS (
    SELECT
        project,
        trace_id,
        coalesce(arg_min(trace_name, place), arg_min(name, place)) AS name,
        CASE WHEN NOT bool_and(start_unknown) THEN min(start_time) END AS start_time,
        max(end_time) AS end_time,
        coalesce(
            arg_min(status, place) FILTER (is_root AND status <> 'unset'),
            CASE WHEN bool_or(status = 'error') THEN 'error' ELSE 'unset' END
        ) AS status,
        count(*) FILTER (status = 'error' AND shown) AS error_count,
        count(*) FILTER (shown) AS span_count,
        count(*) FILTER (is_generation) AS generation_count,
        coalesce(
            arg_min_null(input, place) FILTER (kind = 'trace'),
            arg_min_null(input, place) FILTER (is_root AND kind <> 'trace'),
            arg_min_null(input, place) FILTER (is_generation)
        ) AS input,
        coalesce(
            arg_min_null(output, place) FILTER (kind = 'trace'),
            arg_min_null(output, place) FILTER (is_root AND kind <> 'trace'),
            arg_min_null(output, place) FILTER (is_generation)
        ) AS output,
        coalesce(list_sort(list_distinct(list(model) FILTER (counted AND model IS NOT NULL))), []) AS models,
        TRY_CAST(sum(input_tokens) FILTER (counted) AS BIGINT) AS input_tokens,
        TRY_CAST(sum(output_tokens) FILTER (counted) AS BIGINT) AS output_tokens,
        TRY_CAST(sum(total_tokens) FILTER (counted) AS BIGINT) AS total_tokens,
        TRY_CAST(sum(cache_read_tokens) FILTER (counted) AS BIGINT) AS cache_read_tokens,
        sum(total_cost) FILTER (counted) AS total_cost,
        arg_min(service_name, place) AS service_name,
        arg_min(session_id, place) AS session_id,
        arg_min(user_id, place) AS user_id,
        nullif(list_sort(list_distinct(flatten(list(TRY_CAST(TRY_CAST(tags AS JSON) AS VARCHAR[]))
            FILTER (tags IS NOT NULL)))), []) AS tags,
        list(TRY_CAST(metadata AS JSON) ORDER BY place) FILTER (metadata IS NOT NULL) AS maps,
        arg_min(environment, place) AS environment,
        arg_min(release, place) AS release,
        arg_min(version, place) AS version,
        bool_or(is_root) AS complete
    FROM placed
    GROUP BY project, trace_id
)
SELECT
    project, trace_id, name, start_time, end_time,
    (epoch_ns(end_time) - epoch_ns(start_time)) / 1e6 AS duration_ms,
    status, error_count, span_count, generation_count, input, output, models,
    input_tokens, output_tokens, total_tokens, cache_read_tokens, total_cost,
    service_name, session_id, user_id, tags,
    -- Of a key said twice the first value stands.
    TRY_CAST(nullif('{' || array_to_string(list_transform(
        list_distinct(flatten(list_transform(maps, lambda map: json_keys(map)))),
        lambda name: to_json(name) || ':' || list_filter(
            list_transform(maps, lambda map: map -> ('/' || replace(replace(name, '~', '~0'), '/', '~1'))),
            lambda value: value IS NOT NULL
        )[1]
    ), ',') || '}', '{}') AS JSON) AS metadata,
    environment, release, version, complete
FROM record;

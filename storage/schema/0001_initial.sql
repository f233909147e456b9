-- Schema version 1. Applied once, never edited. Column for column contract/columns.py (tests/storage/test_database.py).
-- zstd where texts are long: a third of the time and half of the space of what DuckDB picks (docs/adr/0009).
-- No primary key and no index: they cost 40 times the insert (identity is kept by the writer's look back).

CREATE TABLE span (
    project VARCHAR,
    trace_id VARCHAR,
    span_id VARCHAR,
    parent_span_id VARCHAR,
    name VARCHAR,
    span_name VARCHAR,
    kind VARCHAR,
    otlp_kind VARCHAR,
    duplicate_of VARCHAR,
    synthetic BOOLEAN,
    start_time TIMESTAMP_NS,
    end_time TIMESTAMP_NS,
    time_to_first_token_ms DOUBLE,
    status VARCHAR,
    status_message VARCHAR,
    error_type VARCHAR,
    level VARCHAR,
    service_name VARCHAR,
    scope_name VARCHAR,
    scope_version VARCHAR,
    environment VARCHAR,
    release VARCHAR,
    version VARCHAR,
    operation VARCHAR,
    provider VARCHAR,
    request_model VARCHAR,
    response_model VARCHAR,
    model VARCHAR,
    response_id VARCHAR,
    finish_reasons VARCHAR,
    streaming BOOLEAN,
    prompt_name VARCHAR,
    prompt_version VARCHAR,
    input VARCHAR USING COMPRESSION zstd,
    output VARCHAR USING COMPRESSION zstd,
    input_tokens BIGINT,
    output_tokens BIGINT,
    total_tokens BIGINT,
    cache_read_tokens BIGINT,
    cache_write_tokens BIGINT,
    reasoning_tokens BIGINT,
    input_cost DOUBLE,
    output_cost DOUBLE,
    total_cost DOUBLE,
    cost_source VARCHAR,
    price_version VARCHAR,
    tool_name VARCHAR,
    tool_call_id VARCHAR,
    agent_name VARCHAR,
    agent_id VARCHAR,
    session_id VARCHAR,
    user_id VARCHAR,
    tags VARCHAR,
    metadata VARCHAR USING COMPRESSION zstd,
    trace_name VARCHAR,
    conventions VARCHAR,
    raw_attributes VARCHAR USING COMPRESSION zstd,
    raw_events VARCHAR USING COMPRESSION zstd,
    raw_links VARCHAR USING COMPRESSION zstd,
    raw_resource VARCHAR,
    raw_scope VARCHAR,
    raw_rest VARCHAR USING COMPRESSION zstd,
    own VARCHAR USING COMPRESSION zstd,
    settled_from VARCHAR,
    copies VARCHAR USING COMPRESSION zstd,
    received_time TIMESTAMP_NS,
    commit_seq BIGINT
);

CREATE TABLE log_record (
    project VARCHAR,
    trace_id VARCHAR,
    span_id VARCHAR,
    time TIMESTAMP_NS,
    observed_time TIMESTAMP_NS,
    severity_number BIGINT,
    severity_text VARCHAR,
    event_name VARCHAR,
    service_name VARCHAR,
    scope_name VARCHAR,
    session_id VARCHAR,
    user_id VARCHAR,
    describes_span BOOLEAN,
    raw_body VARCHAR USING COMPRESSION zstd,
    raw_attributes VARCHAR USING COMPRESSION zstd,
    raw_resource VARCHAR,
    raw_scope VARCHAR,
    raw_rest VARCHAR USING COMPRESSION zstd,
    digest VARCHAR,
    received_time TIMESTAMP_NS,
    commit_seq BIGINT
);

CREATE TABLE metric_point (
    project VARCHAR,
    name VARCHAR,
    description VARCHAR,
    unit VARCHAR,
    type VARCHAR,
    temporality VARCHAR,
    monotonic BOOLEAN,
    start_time TIMESTAMP_NS,
    time TIMESTAMP_NS,
    value DOUBLE,
    value_int BIGINT,
    count BIGINT,
    sum DOUBLE,
    min DOUBLE,
    max DOUBLE,
    service_name VARCHAR,
    scope_name VARCHAR,
    raw_attributes VARCHAR USING COMPRESSION zstd,
    raw_data VARCHAR USING COMPRESSION zstd,
    raw_resource VARCHAR,
    raw_scope VARCHAR,
    digest VARCHAR,
    received_time TIMESTAMP_NS,
    commit_seq BIGINT
);

-- One row: what tells this database from others, and how much of the journal is in the tables (docs/adr/0008).
CREATE TABLE store (id VARCHAR, flushed_seq BIGINT);
INSERT INTO store VALUES (uuid()::VARCHAR, 0);

-- Acknowledged requests that the tables could not take (a fault of the program): tried again at every start.
CREATE TABLE unstorable (seq BIGINT, set_aside_time TIMESTAMP, reason VARCHAR, payload VARCHAR);

-- What is promised to SQL users: the views, never the tables.
CREATE VIEW spans AS
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
    CAST(CAST(finish_reasons AS JSON) AS VARCHAR[]) AS finish_reasons,
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
    CAST(CAST(tags AS JSON) AS VARCHAR[]) AS tags,
    CAST(metadata AS JSON) AS metadata,
    trace_name,
    conventions,
    CAST(raw_attributes AS JSON) AS attributes,
    received_time,
    commit_seq,
    raw_resource AS resource,
    raw_scope AS scope,
    raw_events AS events,
    raw_links AS links
FROM span;

-- The one place that says what is counted (promise 6).
CREATE VIEW generations AS
SELECT * FROM spans WHERE kind = 'generation' AND duplicate_of IS NULL;

CREATE VIEW traces AS
SELECT
    project,
    trace_id,
    coalesce(
        arg_min(trace_name, (start_time, span_id)) FILTER (trace_name IS NOT NULL),
        arg_min(name, (start_time, span_id)) FILTER (parent_span_id IS NULL),
        arg_min(name, (start_time, span_id))
    ) AS name,
    min(start_time) AS start_time,
    max(end_time) AS end_time,
    (epoch_ns(max(end_time)) - epoch_ns(min(start_time))) / 1e6 AS duration_ms,
    coalesce(
        arg_min(status, (start_time, span_id)) FILTER (parent_span_id IS NULL AND status <> 'unset'),
        CASE WHEN bool_or(status = 'error') THEN 'error' ELSE 'unset' END
    ) AS status,
    count(*) FILTER (status = 'error' AND (duplicate_of IS NULL OR synthetic IS NOT TRUE)) AS error_count,
    count(*) FILTER (duplicate_of IS NULL OR synthetic IS NOT TRUE) AS span_count,
    count(*) FILTER (kind = 'generation' AND duplicate_of IS NULL) AS generation_count,
    list_sort(list_distinct(list(model) FILTER (kind IN ('generation', 'embedding') AND duplicate_of IS NULL AND model IS NOT NULL))) AS models,
    TRY_CAST(sum(input_tokens) FILTER (kind IN ('generation', 'embedding') AND duplicate_of IS NULL) AS BIGINT) AS input_tokens,
    TRY_CAST(sum(output_tokens) FILTER (kind IN ('generation', 'embedding') AND duplicate_of IS NULL) AS BIGINT) AS output_tokens,
    TRY_CAST(sum(total_tokens) FILTER (kind IN ('generation', 'embedding') AND duplicate_of IS NULL) AS BIGINT) AS total_tokens,
    TRY_CAST(sum(cache_read_tokens) FILTER (kind IN ('generation', 'embedding') AND duplicate_of IS NULL) AS BIGINT) AS cache_read_tokens,
    sum(total_cost) FILTER (kind IN ('generation', 'embedding') AND duplicate_of IS NULL) AS total_cost,
    coalesce(
        arg_min(service_name, (start_time, span_id)) FILTER (parent_span_id IS NULL),
        arg_min(service_name, (start_time, span_id))
    ) AS service_name,
    coalesce(
        arg_min(session_id, (start_time, span_id)) FILTER (parent_span_id IS NULL),
        arg_min(session_id, (start_time, span_id))
    ) AS session_id,
    coalesce(
        arg_min(user_id, (start_time, span_id)) FILTER (parent_span_id IS NULL),
        arg_min(user_id, (start_time, span_id))
    ) AS user_id,
    coalesce(
        arg_min(environment, (start_time, span_id)) FILTER (parent_span_id IS NULL),
        arg_min(environment, (start_time, span_id))
    ) AS environment,
    bool_or(parent_span_id IS NULL) AS complete
FROM span
GROUP BY project, trace_id;

CREATE VIEW logs AS
SELECT
    project, trace_id, span_id, time, observed_time, severity_number, severity_text, event_name,
    service_name, scope_name, session_id, user_id, CAST(raw_attributes AS JSON) AS attributes,
    raw_body AS body, raw_resource AS resource, raw_scope AS scope, received_time, commit_seq
FROM log_record;

CREATE VIEW metric_points AS
SELECT
    project, name, description, unit, type, temporality, monotonic, start_time, time,
    value, value_int, count, sum, min, max, service_name, scope_name, CAST(raw_attributes AS JSON) AS attributes,
    raw_data AS data, raw_resource AS resource, raw_scope AS scope, received_time, commit_seq
FROM metric_point;

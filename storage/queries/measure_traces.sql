-- Traces with one value each, counted and added up by group and piece of time; a trace counts where it began.
-- What was said of the trace itself (kind 'trace', no span) comes first, then roots, then the earliest: the lowest place
-- that says something speaks for the trace.
-- A place is a row of values and no number: counting rows of each trace takes eight times as long.
WITH began AS MATERIALIZED (
    SELECT trace_id
    FROM span
    WHERE project = $project
        AND true /* conditions: candidate */
    GROUP BY trace_id
    HAVING ($from_ns IS NULL OR min(start_time) >= make_timestamp_ns($from_ns))
        AND ($to_ns IS NULL OR min(start_time) < make_timestamp_ns($to_ns))
),
placed AS (
    SELECT
        *,
        (kind <> 'trace' AND (duplicate_of IS NULL OR synthetic IS NOT TRUE)) AS shown,
        (kind IN ('generation', 'embedding') AND duplicate_of IS NULL) AS is_call,
        (kind <> 'trace', parent_span_id IS NOT NULL, start_time, span_id) AS place
    FROM span
    WHERE project = $project
        AND trace_id IN (SELECT trace_id FROM began)
),
trace AS (
    SELECT
        trace_id,
        coalesce(arg_min(trace_name, place) FILTER (trace_name IS NOT NULL), arg_min(name, place)) AS name,
        min(start_time) AS start_time,
        CASE WHEN bool_and(coalesce(contains(raw_rest, '"start_ns":0'), false)) THEN NULL
            ELSE (epoch_ns(max(end_time)) - epoch_ns(min(start_time))) / 1e6 END AS duration_ms,
        max(received_time) AS received_time,
        coalesce(
            arg_min(status, place) FILTER (parent_span_id IS NULL AND status <> 'unset'),
            CASE WHEN bool_or(status = 'error') THEN 'error' ELSE 'unset' END
        ) AS status,
        arg_max(level, CASE level WHEN 'ERROR' THEN 3 WHEN 'WARNING' THEN 2 WHEN 'DEFAULT' THEN 1 ELSE 0 END) AS level,
        count(*) FILTER (shown) AS span_count,
        count(*) FILTER (is_call AND kind = 'generation') AS generation_count,
        count(*) FILTER (shown AND status = 'error') AS error_count,
        bool_or(is_call) AS is_counted,
        TRY_CAST(sum(input_tokens) FILTER (is_call) AS BIGINT) AS input_tokens,
        TRY_CAST(sum(output_tokens) FILTER (is_call) AS BIGINT) AS output_tokens,
        TRY_CAST(sum(total_tokens) FILTER (is_call) AS BIGINT) AS total_tokens,
        sum(input_cost) FILTER (is_call) AS input_cost,
        sum(output_cost) FILTER (is_call) AS output_cost,
        sum(total_cost) FILTER (is_call) AS total_cost,
        arg_min(session_id, place) FILTER (session_id IS NOT NULL) AS session_id,
        arg_min(user_id, place) FILTER (user_id IS NOT NULL) AS user_id,
        arg_min(environment, place) FILTER (environment IS NOT NULL) AS environment,
        arg_min(release, place) FILTER (release IS NOT NULL) AS release,
        arg_min(version, place) FILTER (version IS NOT NULL) AS version,
        list_sort(list_distinct(flatten(list(TRY_CAST(TRY_CAST(tags AS JSON) AS VARCHAR[]))
            FILTER (tags IS NOT NULL)))) AS tags,
        list(metadata ORDER BY place) FILTER (metadata IS NOT NULL) AS metadata,
        list(span_id ORDER BY start_time, span_id) FILTER (shown) AS span_ids,
        bool_or(coalesce(contains(raw_rest, '"public":true'), false)) AS public
    FROM placed
    GROUP BY trace_id
),
asked AS (
    SELECT
        *,
        CASE
            WHEN $month THEN epoch_ns(date_trunc('month', start_time))
            WHEN $width_ns IS NOT NULL
                THEN (epoch_ns(start_time) - $offset_ns) // $width_ns * $width_ns + $offset_ns
        END AS bucket_ns,
        NULL AS group_0 /* list: groups */
    FROM trace
    WHERE true /* conditions: entity */
),
measured AS (
    SELECT
        bucket_ns,
        group_0 /* list: names */,
        count(*) AS measure_0 /* list: measures */
    FROM asked
    GROUP BY ALL /* list: grouping */
)
SELECT
    bucket_ns,
    group_0 /* list: names */,
    measure_0 /* list: shown */
FROM measured
ORDER BY
    bucket_ns /* list: order */
LIMIT $limit
OFFSET coalesce($skip, 0)

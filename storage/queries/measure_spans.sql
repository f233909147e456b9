-- Spans with one value each, counted and added up by group and piece of time.
-- What only a whole trace can tell is looked up where it is asked for ($of_traces); its places as in measure_traces.sql.
WITH placed AS (
    SELECT
        *,
        (kind <> 'trace', parent_span_id IS NOT NULL, start_time, span_id) AS place
    FROM span
    WHERE $of_traces
        AND project = $project
        AND trace_id IN (
            SELECT trace_id
            FROM span
            WHERE project = $project
                AND ($from_ns IS NULL OR start_time >= make_timestamp_ns($from_ns))
                AND ($to_ns IS NULL OR start_time < make_timestamp_ns($to_ns))
        )
),
trace AS (
    SELECT
        trace_id,
        coalesce(arg_min(trace_name, place) FILTER (trace_name IS NOT NULL), arg_min(name, place)) AS trace_name,
        arg_min(session_id, place) FILTER (session_id IS NOT NULL) AS trace_session_id,
        arg_min(user_id, place) FILTER (user_id IS NOT NULL) AS trace_user_id,
        arg_min(release, place) FILTER (release IS NOT NULL) AS trace_release,
        arg_min(version, place) FILTER (version IS NOT NULL) AS trace_version,
        list_sort(list_distinct(flatten(list(TRY_CAST(TRY_CAST(tags AS JSON) AS VARCHAR[]))
            FILTER (tags IS NOT NULL)))) AS trace_tags
    FROM placed
    GROUP BY trace_id
),
seen AS (
    SELECT
        span.* EXCLUDE (kind, trace_name),
        trace.* EXCLUDE (trace_id),
        (span.kind IN ('generation', 'embedding') AND duplicate_of IS NULL) AS is_call,
        CASE WHEN duplicate_of IS NOT NULL OR span.kind IN ('reranker', 'prompt', 'memory') THEN 'span'
            ELSE span.kind END AS kind,
        CASE WHEN coalesce(contains(raw_rest, '"start_ns":0'), false) THEN NULL
            ELSE (epoch_ns(end_time) - epoch_ns(start_time)) / 1e6 END AS duration_ms
    FROM span
    LEFT JOIN trace ON trace.trace_id = span.trace_id
    WHERE project = $project
        AND span.kind <> 'trace'
        AND (duplicate_of IS NULL OR synthetic IS NOT TRUE)
        AND ($from_ns IS NULL OR start_time >= make_timestamp_ns($from_ns))
        AND ($to_ns IS NULL OR start_time < make_timestamp_ns($to_ns))
        AND ($after_ns IS NULL OR start_time <= make_timestamp_ns($after_ns))
        AND ($after_ns IS NULL OR start_time < make_timestamp_ns($after_ns)
            OR (span.trace_id, span_id) < ($after_trace_id, $after_span_id))
),
asked AS (
    SELECT
        *,
        is_call AS is_counted,
        CASE
            WHEN $month THEN epoch_ns(date_trunc('month', start_time))
            WHEN $width_ns IS NOT NULL
                THEN (epoch_ns(start_time) - $offset_ns) // $width_ns * $width_ns + $offset_ns
        END AS bucket_ns,
        NULL AS group_0 /* list: groups */
    FROM seen
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

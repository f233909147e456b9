-- Scores, counted and measured by group and piece of time, or (without measures) one row each.
-- What only a whole trace can tell is looked up where it is asked for ($of_traces); its places as in measure_traces.sql.
WITH placed AS (
    SELECT *, (kind <> 'trace', parent_span_id IS NOT NULL, start_time, span_id) AS place
    FROM span
    WHERE $of_traces
        AND project = $project
        AND trace_id IN (SELECT trace_id FROM score WHERE project = $project)
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
scored AS (
    SELECT trace_id, span_id, name AS span_name, model, prompt_name, prompt_version
    FROM placed
    WHERE kind <> 'trace'
),
seen AS (
    SELECT
        score.* EXCLUDE (score_id, time),
        score_id AS id,
        time AS start_time,
        trace.* EXCLUDE (trace_id),
        scored.* EXCLUDE (trace_id, span_id)
    FROM score
    LEFT JOIN trace ON trace.trace_id = score.trace_id
    LEFT JOIN scored ON scored.trace_id = score.trace_id AND scored.span_id = score.span_id
    WHERE project = $project
        AND ($from_ns IS NULL OR time >= make_timestamp_ns($from_ns))
        AND ($to_ns IS NULL OR time < make_timestamp_ns($to_ns))
        AND ($after_ns IS NULL OR time <= make_timestamp_ns($after_ns))
        AND ($after_ns IS NULL OR time < make_timestamp_ns($after_ns) OR score_id < $after_id)
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

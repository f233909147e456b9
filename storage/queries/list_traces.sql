-- One page of traces, newest first, as product.md section 4 records them.
-- Conditions on single spans choose candidates; conditions on the record are asked of the roll-up.
-- Candidates are found by their spans from $from_ns on; those that turn out to have begun before are left out.
-- More candidates than $page_limit are not rolled up (`cut`); it is null where the roll-up has conditions.
-- Content and scores are read for the page that is shown (storage/trace_page.py): *_row say which rows speak for a trace.
WITH candidate AS MATERIALIZED (
    SELECT trace_id, min(start_time) AS first_start
    FROM span
    WHERE project = $project
        AND ($from_ns IS NULL OR start_time >= make_timestamp_ns($from_ns))
        AND ($to_ns IS NULL OR start_time < make_timestamp_ns($to_ns))
        AND ($after_ns IS NULL OR start_time <= make_timestamp_ns($after_ns))
        AND true /* conditions: candidate */
    GROUP BY trace_id
    HAVING $after_ns IS NULL OR (first_start, trace_id) < (make_timestamp_ns($after_ns), $after_trace_id)
    ORDER BY first_start DESC, trace_id DESC
    LIMIT $page_limit
),
-- By ids alone first: the other columns are read for the rows that are found, not for all that were looked at.
member AS MATERIALIZED (
    SELECT rowid AS row_id
    FROM span
    WHERE project = $project
        AND trace_id IN (SELECT trace_id FROM candidate)
        AND true /* rows of the traces */
),
-- What was said of the trace itself comes first, then roots, then the earliest: the lowest place that says something speaks for the trace.
placed AS (
    SELECT
        *,
        rowid AS row_id,
        parent_span_id IS NULL AS is_root,
        kind IN ('generation', 'embedding') AND duplicate_of IS NULL AS counted,
        kind = 'generation' AND duplicate_of IS NULL AS is_generation,
        (kind <> 'trace', parent_span_id IS NOT NULL, start_time, span_id) AS place
    FROM span
    WHERE rowid IN (SELECT row_id FROM member)
),
record AS (
    SELECT
        trace_id,
        coalesce(arg_min(trace_name, place), arg_min(name, place)) AS name,
        min(start_time) AS sort_time,
        CASE WHEN bool_and(coalesce(contains(raw_rest, '"start_ns":0'), false))
            THEN NULL ELSE min(start_time) END AS start_time,
        max(end_time) AS end_time,
        coalesce(
            arg_min(status, place) FILTER (is_root AND status <> 'unset'),
            CASE WHEN bool_or(status = 'error') THEN 'error' ELSE 'unset' END
        ) AS status,
        count(*) FILTER (status = 'error' AND (duplicate_of IS NULL OR synthetic IS NOT TRUE)) AS error_count,
        count(*) FILTER (duplicate_of IS NULL OR synthetic IS NOT TRUE) AS span_count,
        count(*) FILTER (is_generation) AS generation_count,
        list_sort(list_distinct(list(model) FILTER (counted AND model IS NOT NULL))) AS models,
        TRY_CAST(sum(input_tokens) FILTER (counted) AS BIGINT) AS input_tokens,
        TRY_CAST(sum(output_tokens) FILTER (counted) AS BIGINT) AS output_tokens,
        TRY_CAST(sum(total_tokens) FILTER (counted) AS BIGINT) AS total_tokens,
        TRY_CAST(sum(cache_read_tokens) FILTER (counted) AS BIGINT) AS cache_read_tokens,
        sum(total_cost) FILTER (counted) AS total_cost,
        arg_min(service_name, place) AS service_name,
        arg_min(session_id, place) AS session_id,
        arg_min(user_id, place) AS user_id,
        arg_min(environment, place) AS environment,
        arg_min(release, place) AS release,
        arg_min(version, place) AS version,
        list_sort(list_distinct(flatten(list(TRY_CAST(TRY_CAST(tags AS JSON) AS VARCHAR[]))
            FILTER (tags IS NOT NULL)))) AS tags,
        list(metadata ORDER BY place) FILTER (metadata IS NOT NULL) AS metadata,
        CASE WHEN $io = 'full' THEN list(apart ORDER BY place) FILTER (metadata IS NOT NULL) END AS metadata_apart,
        bool_or(is_root) AS complete,
        bool_or(coalesce(contains(raw_rest, '"public":true'), false)) AS public,
        arg_min(row_id, place) FILTER (kind = 'trace') AS trace_row,
        arg_min(row_id, place) FILTER (is_root AND kind <> 'trace') AS root_row,
        arg_min(row_id, place) FILTER (is_generation) AS generation_row
    FROM placed
    GROUP BY trace_id
),
page AS (
    SELECT *, (epoch_ns(end_time) - epoch_ns(start_time)) / 1e6 AS duration_ms
    FROM record
    WHERE ($from_ns IS NULL OR sort_time >= make_timestamp_ns($from_ns))
        AND true /* conditions: record */
    ORDER BY sort_time DESC, trace_id DESC
    LIMIT $limit
)
SELECT
    page.* EXCLUDE (start_time, end_time, sort_time),
    epoch_ns(sort_time) AS sort_ns,
    (SELECT count(*) >= $page_limit FROM candidate) AS cut,
    epoch_ns(start_time) AS start_ns,
    epoch_ns(end_time) AS end_ns
FROM page
ORDER BY sort_time DESC, trace_id DESC

-- One page of users, the latest active first: users that spans name, each with sums over whole traces.
-- A trace whose spans name two users counts for both. $from_ns and $to_ns bound the spans that are looked at.
-- A span is summed for each whom its trace names; a trace that names many is summed once, and that for each of them.
-- $page_limit is null where the roll-up has conditions: then every candidate is rolled up before the page is cut.
WITH named AS MATERIALIZED (
    SELECT user_id, max(start_time) AS last_start
    FROM span
    WHERE project = $project
        AND user_id IS NOT NULL
        AND ($id IS NULL OR user_id = $id)
        AND ($from_ns IS NULL OR start_time >= make_timestamp_ns($from_ns))
        AND ($to_ns IS NULL OR start_time < make_timestamp_ns($to_ns))
        AND ($floor_ns IS NULL OR start_time >= make_timestamp_ns($floor_ns))
        AND true /* conditions: candidate */
    GROUP BY user_id
    HAVING $after_ns IS NULL OR (last_start, user_id) < (make_timestamp_ns($after_ns), $after_user_id)
    ORDER BY last_start DESC, user_id DESC
    LIMIT $page_limit
),
member AS MATERIALIZED (
    SELECT DISTINCT user_id AS named_id, trace_id
    FROM span
    WHERE project = $project
        AND user_id IN (SELECT user_id FROM named)
        AND true /* rows of the traces */
        AND ($from_ns IS NULL OR start_time >= make_timestamp_ns($from_ns))
        AND ($to_ns IS NULL OR start_time < make_timestamp_ns($to_ns))
),
size AS (
    SELECT named_id, count(trace_id) AS trace_count
    FROM member
    GROUP BY named_id
),
crowded AS MATERIALIZED (
    SELECT trace_id
    FROM member
    WHERE trace_id IS NOT NULL
    GROUP BY trace_id
    HAVING count(*) > 64
),
place AS (
    SELECT trace_id, named_id AS part_id, false AS is_crowded
    FROM member
    ANTI JOIN crowded USING (trace_id)
    UNION ALL
    SELECT trace_id, trace_id, true
    FROM crowded
),
seen AS (
    SELECT
        is_crowded,
        part_id,
        span.*,
        (duplicate_of IS NULL OR synthetic IS NOT TRUE) AS shown,
        (kind IN ('generation', 'embedding') AND duplicate_of IS NULL) AS counted
    FROM span
    JOIN place USING (trace_id)
    WHERE project = $project
        AND true /* rows of the traces */
        AND ($from_ns IS NULL OR start_time >= make_timestamp_ns($from_ns))
        AND ($to_ns IS NULL OR start_time < make_timestamp_ns($to_ns))
),
part AS MATERIALIZED (
    SELECT
        is_crowded,
        part_id,
        min(start_time) AS start_time,
        max(end_time) AS end_time,
        count(*) FILTER (shown) AS span_count,
        count(*) FILTER (counted AND kind = 'generation') AS generation_count,
        count(*) FILTER (shown AND status = 'error') AS error_count,
        list(DISTINCT model) FILTER (counted AND model IS NOT NULL) AS models,
        list(DISTINCT environment) FILTER (environment IS NOT NULL) AS environments,
        list(DISTINCT session_id) FILTER (session_id IS NOT NULL) AS others,
        sum(input_tokens) FILTER (counted) AS input_tokens,
        sum(output_tokens) FILTER (counted) AS output_tokens,
        sum(total_tokens) FILTER (counted) AS total_tokens,
        sum(cache_read_tokens) FILTER (counted) AS cache_read_tokens,
        fsum(total_cost) FILTER (counted) AS total_cost
    FROM seen
    GROUP BY is_crowded, part_id
),
owner AS (
    SELECT user_id AS named_id, user_id AS part_id, false AS is_crowded
    FROM named
    UNION ALL
    SELECT named_id, trace_id, true
    FROM member
    JOIN crowded USING (trace_id)
),
record AS (
    SELECT
        named_id AS user_id,
        any_value(last_start) AS last_active_time,
        min(start_time) AS start_time,
        max(end_time) AS end_time,
        (epoch_ns(max(end_time)) - epoch_ns(min(start_time))) / 1e6 AS duration_ms,
        any_value(trace_count) AS trace_count,
        sum(span_count)::BIGINT AS span_count,
        sum(generation_count)::BIGINT AS generation_count,
        sum(error_count)::BIGINT AS error_count,
        list_sort(list_distinct(flatten(list(models)))) AS models,
        list_sort(list_distinct(flatten(list(environments)))) AS environments,
        len(list_distinct(flatten(list(others)))) AS session_count,
        TRY_CAST(sum(input_tokens) AS BIGINT) AS input_tokens,
        TRY_CAST(sum(output_tokens) AS BIGINT) AS output_tokens,
        TRY_CAST(sum(total_tokens) AS BIGINT) AS total_tokens,
        TRY_CAST(sum(cache_read_tokens) AS BIGINT) AS cache_read_tokens,
        fsum(total_cost) AS total_cost
    FROM owner
    JOIN part USING (is_crowded, part_id)
    JOIN size USING (named_id)
    JOIN named ON named.user_id = named_id
    GROUP BY named_id
),
page AS (
    SELECT *
    FROM record
    WHERE true /* conditions: record */
    ORDER BY last_active_time DESC, user_id DESC
    LIMIT $limit
)
SELECT
    * REPLACE (
        epoch_ns(last_active_time) AS last_active_time,
        epoch_ns(start_time) AS start_time,
        epoch_ns(end_time) AS end_time
    )
FROM page
ORDER BY page.last_active_time DESC, user_id DESC

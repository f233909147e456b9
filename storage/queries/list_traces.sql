-- One page of traces, newest first, as product.md section 4 records them.
-- Conditions on single spans choose candidates; conditions on the record are asked of the roll-up.
-- Candidates are found by their spans from $from_ns on; those that turn out to have begun before are left out.
-- More candidates than $page_limit are not rolled up (`cut`); it is null where the roll-up has conditions.
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
page AS MATERIALIZED (
    SELECT *, (epoch_ns(end_time) - epoch_ns(start_time)) / 1e6 AS duration_ms
    FROM record
    WHERE ($from_ns IS NULL OR sort_time >= make_timestamp_ns($from_ns))
        AND true /* conditions: record */
    ORDER BY sort_time DESC, trace_id DESC
    LIMIT $limit
),
-- The beginnings of texts where rows keep them (storage/contents.py): DuckDB unpacks 2,048 texts to show one. Whether a
-- row has one is asked afterwards: of the scan it would cost half as much again.
beginning AS MATERIALIZED (
    SELECT
        rowid AS row_id,
        preview
    FROM span
    WHERE $io = 'preview'
        AND rowid IN (SELECT unnest([trace_row, root_row]) FROM page)
    LIMIT 2 * $limit
),
kept AS MATERIALIZED (
    SELECT
        row_id,
        CASE WHEN lengths[1] <> '' THEN substr(texts, 1, lengths[1]::INT) END AS input,
        CASE WHEN lengths[2] <> '' THEN substr(texts, coalesce(TRY_CAST(lengths[1] AS INT), 0) + 1) END AS output
    FROM (
        SELECT
            row_id,
            string_split(left(preview, 8), ':') AS lengths,
            substr(preview, length(lengths[1]) + length(lengths[2]) + 3) AS texts
        FROM beginning
        WHERE preview IS NOT NULL
    )
),
unkept AS (
    SELECT unnest([
        CASE WHEN said.row_id IS NULL THEN trace_row END,
        CASE WHEN root.row_id IS NULL THEN root_row END,
        CASE WHEN generation_row IS DISTINCT FROM root_row
            AND (coalesce(said.input, root.input) IS NULL OR coalesce(said.output, root.output) IS NULL)
            THEN generation_row END
    ]) AS row_id
    FROM page
    LEFT JOIN kept AS said ON said.row_id = page.trace_row
    LEFT JOIN kept AS root ON root.row_id = page.root_row
),
content AS MATERIALIZED (
    SELECT row_id, input, output, NULL AS apart
    FROM kept
    UNION ALL
    SELECT
        rowid AS row_id,
        CASE $io WHEN 'full' THEN input WHEN 'preview' THEN left(input, 301) END AS input,
        CASE $io WHEN 'full' THEN output WHEN 'preview' THEN left(output, 301) END AS output,
        CASE WHEN $io = 'full' THEN apart END AS apart
    FROM span
    WHERE $io <> 'none'
        AND rowid IN (SELECT row_id FROM unkept)
),
scored AS (
    SELECT
        trace_id,
        to_json(list({
            id: id, project: project, name: name, value: value, string_value: string_value, data_type: data_type,
            source: source, comment: comment, trace_id: trace_id, span_id: span_id, session_id: session_id,
            timestamp: epoch_ns(timestamp), environment: environment, metadata: metadata
        } ORDER BY timestamp, id))::VARCHAR AS scores
    FROM scores
    WHERE project = $project
        AND trace_id IN (SELECT trace_id FROM page)
    GROUP BY trace_id
)
SELECT
    page.* EXCLUDE (start_time, end_time, sort_time, trace_row, root_row, generation_row),
    epoch_ns(page.sort_time) AS sort_ns,
    (SELECT count(*) >= $page_limit FROM candidate) AS cut,
    epoch_ns(page.start_time) AS start_ns,
    epoch_ns(page.end_time) AS end_ns,
    coalesce(said.input, root.input, generation.input) AS input,
    coalesce(said.output, root.output, generation.output) AS output,
    CASE WHEN coalesce(said.apart, root.apart, generation.apart) IS NOT NULL THEN json_object(
        'input', json_extract(CASE WHEN said.input IS NOT NULL THEN said.apart
            WHEN root.input IS NOT NULL THEN root.apart ELSE generation.apart END, '$.input'),
        'output', json_extract(CASE WHEN said.output IS NOT NULL THEN said.apart
            WHEN root.output IS NOT NULL THEN root.apart ELSE generation.apart END, '$.output')
    )::VARCHAR END AS apart,
    scored.scores
FROM page
LEFT JOIN content AS said ON said.row_id = page.trace_row
LEFT JOIN scored ON scored.trace_id = page.trace_id
LEFT JOIN content AS root ON root.row_id = page.root_row
LEFT JOIN content AS generation ON generation.row_id = page.generation_row
ORDER BY page.sort_time DESC, page.trace_id DESC

-- What metrics.sql answers, of hours that have been added up (storage/hour_sums.py) and the rows that are in none of them.
WITH part AS (
    SELECT
        hour, is_call, model, row_count,
        input_tokens /* list: columns */
    FROM hour_sum
    WHERE project = $project
        AND true /* conditions: whole */
    UNION ALL
    SELECT
        hour, is_call, model, row_count,
        input_tokens /* list: columns */
    FROM (
        SELECT
            epoch_ns(start_time) // 3600000000000 AS hour,
            kind = 'generation' AND duplicate_of IS NULL AS is_call,
            model,
            count(*) AS row_count,
            sum(input_tokens) AS input_tokens /* list: added */
        FROM span
        WHERE project = $project
            AND kind <> 'trace'
            AND start_time >= make_timestamp_ns($from_ns)
            AND start_time < make_timestamp_ns($to_ns)
            AND true /* conditions: new */
        GROUP BY ALL
    )
    UNION ALL
    SELECT
        hour, is_call, model, row_count,
        input_tokens /* list: columns */
    FROM (
        SELECT
            epoch_ns(start_time) // 3600000000000 AS hour,
            kind = 'generation' AND duplicate_of IS NULL AS is_call,
            model,
            count(*) AS row_count,
            sum(input_tokens) AS input_tokens /* list: added */
        FROM span
        WHERE project = $project
            AND kind <> 'trace'
            AND start_time >= make_timestamp_ns($from_ns)
            AND start_time < make_timestamp_ns($to_ns)
            AND true /* conditions: rest */
        GROUP BY ALL
    )
),
asked AS (
    SELECT
        *,
        CASE
            WHEN $month THEN epoch_ns(date_trunc('month', make_timestamp_ns(hour * 3600000000000)))
            WHEN $width_ns IS NOT NULL
                THEN (hour * 3600000000000 - $offset_ns) // $width_ns * $width_ns + $offset_ns
        END AS bucket_ns,
        NULL AS group_0 /* list: groups */
    FROM part
),
measured AS (
    SELECT
        bucket_ns,
        sum(row_count) AS weight,
        group_0 /* list: names */,
        count(*) AS measure_0 /* list: measures */
    FROM asked
    GROUP BY ALL
),
totalled AS (
    SELECT *, sum(weight) OVER (
        PARTITION BY
            group_0 /* list: names */
    )::BIGINT AS total
    FROM measured
),
ranked AS (
    SELECT *, dense_rank() OVER (
        ORDER BY
            total DESC,
            group_0 /* list: names */
    ) AS place
    FROM totalled
)
SELECT * EXCLUDE (weight, total)
FROM ranked
WHERE place <= $limit + 1
ORDER BY place, bucket_ns

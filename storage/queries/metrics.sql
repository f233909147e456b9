-- Measures of the spans that began in a range, by group and piece of time (product.md section 5, /metrics/query).
-- Calls are model calls that repeat no other: generations, and embeddings too where $embeddings says so.
-- Of more than $limit groups those with the most spans are answered, each with all its pieces of time.
WITH asked AS (
    SELECT
        *,
        (duplicate_of IS NULL OR synthetic IS NOT TRUE) AS shown,
        kind = 'generation' AND duplicate_of IS NULL AS is_generation,
        (kind = 'generation' OR ($embeddings AND kind = 'embedding')) AND duplicate_of IS NULL AS counted,
        CASE
            WHEN $month THEN epoch_ns(date_trunc('month', start_time))
            WHEN $width_ns IS NOT NULL
                THEN (epoch_ns(start_time) - $offset_ns) // $width_ns * $width_ns + $offset_ns
        END AS bucket_ns,
        NULL AS group_0 /* list: groups */
    FROM span
    WHERE project = $project
        AND kind <> 'trace'
        AND ($from_ns IS NULL OR start_time >= make_timestamp_ns($from_ns))
        AND ($to_ns IS NULL OR start_time < make_timestamp_ns($to_ns))
        AND true /* conditions: span */
),
measured AS (
    SELECT
        bucket_ns,
        count(*) AS weight,
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

-- The values of one field with the number of spans that have them, the most frequent first.
SELECT value, count(*) AS count
FROM (
    SELECT
        name AS value /* list: value */
    FROM span
    WHERE project = $project
        AND kind <> 'trace'
        AND ($from_ns IS NULL OR start_time >= make_timestamp_ns($from_ns))
        AND ($to_ns IS NULL OR start_time < make_timestamp_ns($to_ns))
        AND true /* conditions: span */
)
WHERE value IS NOT NULL
GROUP BY value
ORDER BY count DESC, value
LIMIT $limit

-- Models that calls with known tokens name and that nobody has priced, the most called first.
SELECT provider, model, count(*) AS count
FROM span
WHERE project = $project
    AND kind IN ('generation', 'embedding')
    AND duplicate_of IS NULL
    AND total_cost IS NULL
    AND model IS NOT NULL
    AND input_tokens IS NOT NULL
GROUP BY provider, model
ORDER BY count DESC, provider, model
LIMIT $limit

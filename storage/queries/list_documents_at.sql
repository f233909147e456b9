-- One page of the documents of a collection as they were at a moment, the newest first, all of one parent or one by its id.
-- What a document was is in the collection $history, a row each, from its created_time until its updated_time; its body has
-- the members id, created_ns and body of the document.
WITH valid AS (
    SELECT id, parent, body, epoch_ns(created_time) AS created_ns, epoch_ns(updated_time) AS updated_ns
    FROM document
    WHERE project = $project
        AND collection = $collection
        AND ($parent IS NULL OR parent = $parent)
        AND updated_time <= make_timestamp_ns($at_ns)
    UNION ALL
    SELECT
        json_extract_string(body, '$.id'), parent, json_extract(body, '$.body')::VARCHAR,
        json_extract(body, '$.created_ns')::BIGINT, epoch_ns(created_time)
    FROM document
    WHERE project = $project
        AND collection = $history
        AND ($parent IS NULL OR parent = $parent)
        AND created_time <= make_timestamp_ns($at_ns)
        AND updated_time > make_timestamp_ns($at_ns)
)
SELECT id, parent, body, created_ns, updated_ns, count(*) OVER () AS total
FROM valid
WHERE $id IS NULL OR id = $id
ORDER BY created_ns DESC, id DESC
LIMIT $limit
OFFSET coalesce($skip, 0)

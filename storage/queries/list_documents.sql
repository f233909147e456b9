-- One page of the documents of a collection, the newest first, all of one parent or one by its id; and how many.
-- $without is a JSON merge patch (RFC 7386) that leaves members out.
SELECT
    id, parent, CASE WHEN $without IS NULL THEN body ELSE json_merge_patch(body, $without) END AS body,
    epoch_ns(created_time) AS created_ns, epoch_ns(updated_time) AS updated_ns,
    count(*) OVER () AS total
FROM document
WHERE project = $project
    AND collection = $collection
    AND ($parent IS NULL OR parent = $parent)
    AND ($id IS NULL OR id = $id)
ORDER BY created_time DESC, id DESC
LIMIT $limit
OFFSET coalesce($skip, 0)

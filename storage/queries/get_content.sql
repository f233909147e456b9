-- The parts of one content that lies apart, in order; nothing where no span and no log record refers to it any more.
SELECT media, text
FROM content
WHERE project = $project
    AND content_id = $content_id
    AND (EXISTS (SELECT 1 FROM span WHERE project = $project AND contains(apart, $content_id))
        OR EXISTS (SELECT 1 FROM log_record WHERE project = $project AND contains(apart, $content_id)))
ORDER BY place

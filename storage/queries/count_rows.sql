-- How much of each signal a project has; without a project the engine answers from its own counters.
SELECT
    (SELECT count(*) FROM span WHERE $project IS NULL OR project = $project) AS spans,
    (SELECT count(*) FROM log_record WHERE $project IS NULL OR project = $project) AS logs,
    (SELECT count(*) FROM metric_point WHERE $project IS NULL OR project = $project) AS metric_points

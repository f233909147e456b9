"""Rules that hold for data points of both encodings."""

from contract.span import MetricPoint, Resource, Scope
from receiver.metric_points import Metric, Values, build_point, keep_points
from receiver.rejections import Rejections

METRIC = Metric("tokens", "", "{token}", "sum", 2, True, [{"key": "a", "value": {}}], Resource(), Scope())


def test_a_point_carries_its_metric_and_leaves_out_what_is_empty() -> None:
    point = build_point(METRIC, (1, 2), Values(value=3), {}, {"flags": 0, "exemplars": [], "scale": -1})
    assert (point.name, point.unit, point.temporality, point.monotonic) == ("tokens", "{token}", 2, True)
    assert (point.start_ns, point.time_ns, point.value) == (1, 2, 3)
    assert point.data == {"scale": -1, "metadata": [{"key": "a", "value": {}}]}


def test_points_without_a_time_are_rejected() -> None:
    points = [build_point(METRIC, (0, time_ns), Values(), {}, {}) for time_ns in (5, 0, 7)]
    kept: list[MetricPoint] = []
    rejections = Rejections()
    keep_points(points, kept, rejections)
    assert [point.time_ns for point in kept] == [5, 7]
    assert rejections.labels == {"no_time": 1}

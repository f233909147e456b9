"""The file within its limits: what goes, what stays, and what happens when the store is down."""

import logging
from pathlib import Path
from random import Random
from typing import Any

import pytest

from contract.columns import Row
from contract.errors import Unavailable
from storage import retention as module
from storage.retention import Limits, Policy, sweep_and_tell
from tests.support.living import Living, live, point_row
from tests.support.rows import START_NS, log_row, span_row

HOUR_US = 3_600_000_000
HOUR_NS = HOUR_US * 1000
NOW_NS = START_NS + 100 * HOUR_NS
DAY = Policy(Limits(max_age_s=86_400))
"""With `NOW_NS` the limit is at hour 76."""


def at(hour: float, span_id: str, trace_id: str, **columns: Any) -> Row:
    """A span that begins and ends in that hour, and arrives then."""
    start = int(hour * HOUR_US)
    arrived = START_NS + start * 1000
    return span_row(span_id, trace_id=trace_id, start=start, end=start + 1000, **{"received_time": arrived} | columns)


def log_at(hour: float, digest: str, **columns: Any) -> Row:
    time = START_NS + int(hour * HOUR_NS)
    return log_row("x", digest, **{"time": time, "received_time": time} | columns)


def point_at(hour: float, digest: str, **columns: Any) -> Row:
    time = START_NS + int(hour * HOUR_NS)
    return point_row(digest, time, **{"received_time": time} | columns)


def swept(
    path: Path | str, policy: Policy, *spans: Row, logs: tuple[Row, ...] = (), points: tuple[Row, ...] = ()
) -> Any:
    """Spans, log records and metric points that are left, by their ids."""

    async def work(store: Living) -> Any:
        for span in spans:
            await store.commit(span)
        await store.commit(logs=logs, points=points)
        await store.writer.visible()
        deleted = await store.upkeep.retention.sweep()
        assert await store.upkeep.retention.sweep() == 0
        left = [
            *await store.rows(),
            *await store.rows("digest", "log_record"),
            *await store.rows("digest", "metric_point"),
        ]
        assert deleted == len(spans) + len(logs) + len(points) - len(left)
        return left

    return live(path, work, policy, now_ns=NOW_NS)


def test_without_limits_nothing_goes_and_nobody_looks(tmp_path: Path) -> None:
    assert not Policy()
    assert swept(tmp_path / "x.duckdb", Policy(), at(0, "old", "t")) == ["old"]


def test_a_trace_goes_whole_once_its_newest_span_is_too_old(tmp_path: Path) -> None:
    spans = at(1, "a", "gone"), at(75.9, "b", "gone"), at(1, "c", "lives"), at(76.1, "d", "lives"), at(99, "e", "new")
    assert swept(tmp_path / "x.duckdb", DAY, *spans) == ["c", "d", "e"]


def test_what_was_only_reported_late_is_as_old_as_it_says(tmp_path: Path) -> None:
    late = at(1, "a", "t", received_time=NOW_NS)
    assert swept(tmp_path / "x.duckdb", DAY, late) == []


@pytest.mark.parametrize("absurd_ns", [0, 1_000_000_000, NOW_NS + 48 * HOUR_NS, (1 << 63) - 1, -(1 << 62)])
def test_a_time_that_nobody_can_have_meant_counts_as_that_of_arrival(tmp_path: Path, absurd_ns: int) -> None:
    times = {"start_time": absurd_ns, "end_time": absurd_ns}
    old, new = at(1, "old", "t1", **times), at(99, "new", "t2", **times)
    assert swept(tmp_path / "x.duckdb", DAY, old, new) == ["new"]


def test_a_span_without_an_end_is_as_old_as_its_start(tmp_path: Path) -> None:
    assert swept(tmp_path / "x.duckdb", DAY, at(1, "a", "t", end_time=None, received_time=NOW_NS)) == []


def test_log_records_that_tell_of_a_trace_live_and_die_with_it(tmp_path: Path) -> None:
    logs = (
        log_at(1, "kept by its span", trace_id="lives"),
        log_at(1, "gone with its span", trace_id="gone"),
        log_at(1, "gone without a span", trace_id="never came"),
        log_at(99, "new", trace_id="kept by its log"),
    )
    spans = at(99, "a", "lives"), at(1, "b", "gone"), at(1, "c", "kept by its log")
    left = swept(tmp_path / "x.duckdb", DAY, *spans, logs=logs)
    assert left == ["a", "c", "kept by its span", "new"]


def test_other_log_records_and_metric_points_go_one_by_one(tmp_path: Path) -> None:
    logs = (
        log_at(1, "old", trace_id="lives", describes_span=False),
        log_at(99, "new", trace_id=None, describes_span=False),
        log_at(1, "lone", trace_id=None, describes_span=None),
    )
    points = point_at(1, "old point"), point_at(99, "new point"), point_at(99, "absurd", time=NOW_NS + 99 * HOUR_NS)
    left = swept(tmp_path / "x.duckdb", DAY, at(99, "a", "lives"), logs=logs, points=points)
    assert left == ["a", "new", "absurd", "new point"]


def test_a_project_may_have_an_age_of_its_own(tmp_path: Path) -> None:
    policy = Policy(
        Limits(max_age_s=86_400), None, {"long": Limits(max_age_s=90 * 3600), "short": Limits(max_age_s=60)}
    )
    spans = [at(50, f"{project}-50", "t", project=project) for project in ("long", "short", "default")]
    spans += [at(90, f"{project}-90", "u", project=project) for project in ("long", "short", "default")]
    points = point_at(50, "kept", project="long"), point_at(50, "gone")
    left = swept(tmp_path / "x.duckdb", policy, *spans, points=points)
    assert left == ["default-90", "long-50", "long-90", "kept"]


def test_a_project_with_an_age_of_its_own_needs_none_of_the_file(tmp_path: Path) -> None:
    policy = Policy(projects={"short": Limits(max_age_s=60)})
    assert swept(tmp_path / "x.duckdb", policy, at(1, "a", "t"), at(1, "b", "t", project="short")) == ["a"]


def test_the_oldest_go_while_there_are_too_many_rows_of_any_kind(tmp_path: Path) -> None:
    spans = [at(hour, f"s{hour}", f"t{hour}") for hour in (1, 3, 5, 7)]
    logs = (log_at(2, "l2", trace_id=None), log_at(6, "l6", trace_id=None))
    left = swept(tmp_path / "x.duckdb", Policy(Limits(max_rows=4)), *spans, logs=logs, points=(point_at(4, "p4"),))
    assert left == ["s5", "s7", "l6", "p4"]


def test_the_oldest_are_those_that_arrived_first_and_traces_that_grow_are_spared(tmp_path: Path) -> None:
    spans = at(1, "a", "grows"), at(2, "b", "t2"), at(3, "c", "t3"), at(4, "d", "t4"), at(9, "e", "grows")
    assert swept(tmp_path / "x.duckdb", Policy(Limits(max_rows=3)), *spans) == ["a", "d", "e"]


def test_where_only_one_trace_is_left_and_it_is_too_large_it_goes(tmp_path: Path) -> None:
    spans = [at(hour, f"s{hour}", "t") for hour in range(5)]
    assert swept(tmp_path / "x.duckdb", Policy(Limits(max_rows=3)), *spans) == []


def test_the_rows_of_one_project_are_counted_for_itself(tmp_path: Path) -> None:
    policy = Policy(projects={"small": Limits(max_rows=1)})
    spans = [at(hour, f"{project}{hour}", f"t{hour}", project=project) for hour in (1, 2) for project in ("small", "z")]
    assert swept(tmp_path / "x.duckdb", policy, *spans) == ["small2", "z1", "z2"]


def test_many_windows_and_steps_do_what_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WINDOW_ROWS", 3)
    monkeypatch.setattr(module, "ROWS_A_STEP", 2)
    monkeypatch.setattr(module, "OLDEST_AT_A_TIME", 4)
    spans = [at(hour, f"{hour}-{n}", f"t{hour}-{n}") for hour in (1, 2, 99) for n in range(8)]
    points = tuple(point_at(hour, f"p{hour}-{n}") for hour in (1, 99) for n in range(5))
    left = swept(tmp_path / "x.duckdb", DAY, *spans, points=points)
    assert left == [f"99-{n}" for n in range(8)] + [f"p99-{n}" for n in range(5)]
    left = swept(tmp_path / "y.duckdb", Policy(Limits(max_rows=8)), *spans)
    assert left == [f"99-{n}" for n in range(8)]


ROW_GROUP_BYTES = 8192 * 600
"""Of such rows; what is deleted of one keeps its space until the rest has gone."""


def filled(trace: int, spans: int) -> list[Row]:
    """Spans of one trace, 400 bytes each that cannot be packed."""
    texts = Random(trace)
    columns = ({"parent_span_id": "p", "input": texts.randbytes(400).hex()} for _ in range(spans))
    return [at(trace, f"{trace}-{n}", f"t{trace}", **each) for n, each in enumerate(columns)]


def test_the_oldest_go_until_the_file_is_small_enough_and_its_space_is_used_again(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        sizes = []
        for end in (12, 24, 36, 48, 60):
            for trace in range(end - 12, end):
                await store.commit(*filled(trace, 800))
                await store.writer.visible()
            await store.upkeep.retention.sweep()
            sizes.append(store.database.size_bytes())
            assert await store.upkeep.retention._bytes() <= 3_000_000 + ROW_GROUP_BYTES
            traces = await store.rows("DISTINCT CAST(trace_id[2:] AS INTEGER)")
            assert traces == list(range(traces[0], end))
            assert 0 < len(traces) < 12
        arriving = 12 * 800 * 600
        assert max(sizes) <= 3_000_000 + ROW_GROUP_BYTES + arriving

    live(tmp_path / "x.duckdb", work, Policy(max_size_bytes=3_000_000), now_ns=NOW_NS)


def test_a_limit_below_what_is_freed_at_once_leaves_the_newest_rows(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        for trace in range(8):
            await store.commit(*filled(trace, 800))
        await store.writer.visible()
        await store.writer.checkpoint()
        size = await store.upkeep.retention._bytes()
        assert 1_600_000 < size < ROW_GROUP_BYTES
        for _ in range(2):
            await store.upkeep.retention.sweep()
            left = await store.rows("DISTINCT CAST(trace_id[2:] AS INTEGER)")
            assert left in ([2, 3, 4, 5, 6, 7], [3, 4, 5, 6, 7], [4, 5, 6, 7])

    live(tmp_path / "x.duckdb", work, Policy(max_size_bytes=3_000_000), now_ns=NOW_NS)


def test_a_limit_that_nothing_can_meet_deletes_everything_and_ends(tmp_path: Path) -> None:
    assert swept(tmp_path / "x.duckdb", Policy(max_size_bytes=1), at(1, "a", "t")) == []


def test_requests_that_no_table_took_are_forgotten_too(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        insert = "INSERT INTO unstorable VALUES (1, make_timestamp({us}), 'no', 'payload {us}')"
        for us in (START_NS // 1000, NOW_NS // 1000):
            await store.writer.call(lambda connection, us=us: connection.execute(insert.format(us=us)).fetchall())
        assert await store.upkeep.retention.sweep() == 1
        assert await store.rows("payload", "unstorable") == [f"payload {NOW_NS // 1000}"]

    live(tmp_path / "x.duckdb", work, DAY, now_ns=NOW_NS)


def test_what_was_deleted_is_counted_by_reason(tmp_path: Path) -> None:
    async def work(store: Living) -> None:
        await store.commit(at(1, "a", "t1"), at(98, "b", "t2"), at(99, "c", "t3"), at(99.5, "d", "t4"))
        await store.writer.visible()
        await store.upkeep.retention.sweep()
        await store.upkeep.delete_traces("default", ["t3"], dry_run=True)
        await store.upkeep.delete_traces("default", ["t3"])
        counted = {sample.labels["reason"]: sample.value for sample in store.upkeep.stats()}
        assert counted == {"age": 1, "rows": 1, "size": 0, "request": 1}

    live(tmp_path / "x.duckdb", work, Policy(Limits(86_400, 2)), now_ns=NOW_NS)


@pytest.mark.parametrize(
    ("error", "level"), [(Unavailable("the store is down", reason="x"), "WARNING"), (ValueError("oh"), "ERROR")]
)
def test_a_sweep_that_fails_is_logged_and_the_next_one_does_its_work(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    error: Exception,
    level: str,
) -> None:
    async def work(store: Living) -> None:
        await store.commit(at(1, "a", "t1"))
        await store.writer.visible()
        with monkeypatch.context() as patched:

            async def fail(*_: object, **__: object) -> None:
                raise error

            patched.setattr(store.writer, "call", fail)
            await sweep_and_tell(store.upkeep.retention)
        assert [record.levelname for record in caplog.records] == [level]
        caplog.set_level(logging.INFO)
        await sweep_and_tell(store.upkeep.retention)
        assert "1 rows deleted" in caplog.text
        assert await store.rows() == []

    live(tmp_path / "x.duckdb", work, DAY, now_ns=NOW_NS)

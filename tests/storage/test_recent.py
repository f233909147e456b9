"""What the writer remembers: never a miss, bounded."""

import pytest

from contract.settling import TraceFacts
from storage import recent
from storage.recent import GIANT, RecentTraces, Remembered, SeenTraces, places

MOST_FALSE_HITS = 0.02
"""0.8 % by the formula; twice that would double the look backs."""


def key(number: int) -> tuple[str, str]:
    return "default", f"{number:032x}"


def trace(spans: int) -> Remembered:
    return Remembered(TraceFacts(parents={f"{number:016x}": None for number in range(spans)}))


def test_a_trace_that_was_added_is_never_missed_across_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "FIRST_CAPACITY", 1 << 8)
    seen = SeenTraces()
    for number in range(3000):  # layers of 256, 512, 1024, 2048
        seen.add([key(number)])
    assert len(seen._layers) == 4
    assert all(key(number) in seen for number in range(3000))


def test_few_others_are_taken_for_seen_when_a_layer_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "FIRST_CAPACITY", 1 << 12)
    seen = SeenTraces()
    seen.add(key(number) for number in range(1 << 12))
    assert len(seen._layers) == 1
    false_hits = sum(key(number) in seen for number in range(1 << 20, (1 << 20) + 5000))
    assert 0 < false_hits < MOST_FALSE_HITS * 5000


def test_nothing_is_in_an_empty_filter() -> None:
    assert key(1) not in SeenTraces()


def test_places_differ_by_project_and_take_any_text_id() -> None:
    assert places(("a", "t"), 1 << 20) != places(("b", "t"), 1 << 20)
    assert places(("a", "bt"), 1 << 20) != places(("ab", "t"), 1 << 20)
    odd = places(("a", "\ud800 my trace"), 1 << 20)
    assert len(set(odd)) == recent.PROBES
    assert all(0 <= place < 1 << 20 for place in odd)


def test_a_trace_is_remembered_until_forgotten() -> None:
    traces, one = RecentTraces(100), trace(3)
    traces.put(key(1), one)
    assert traces.get(key(1)) is one
    traces.forget(key(1))
    traces.forget(key(2))
    assert traces.get(key(1)) is None


def test_the_traces_put_last_stay_when_there_is_no_more_room() -> None:
    traces = RecentTraces(100)
    for number in range(50):
        traces.put(key(number), trace(9))  # weighs 10
    assert [number for number in range(50) if traces.get(key(number))] == list(range(40, 50))


def test_a_trace_that_grows_is_counted_once_and_stays_longer() -> None:
    traces, growing = RecentTraces(100), trace(1)
    for number in range(20):
        growing = trace(number)
        traces.put(key(0), growing)
        traces.put(key(number + 1), trace(9))
    kept = [number for number in range(21) if traces.get(key(number))]
    assert traces.get(key(0)) is growing
    assert kept[1:] == list(range(13, 21))  # 20 + 8 * 10 weigh 100


def test_one_giant_trace_pushes_nothing_out_and_is_remembered_until_a_commit_does_not_touch_it() -> None:
    traces, giant = RecentTraces(100), trace(50)
    traces.put(key(1), trace(9))
    traces.put(key(2), giant)
    assert traces.get(key(1)) is not None
    assert traces.get(key(2)) is giant
    traces.drop_giants()
    assert traces.get(key(1)) is not None
    assert traces.get(key(2)) is None


def test_giants_have_a_bound_too() -> None:
    traces = RecentTraces(100)
    for number in range(30):
        traces.put(key(number), trace(99))
    assert sum(traces.get(key(number)) is not None for number in range(30)) == GIANT
    traces.put(key(40), trace(GIANT * 100))
    assert traces.get(key(40)) is None


def test_a_trace_that_became_giant_is_not_remembered_as_it_was() -> None:
    """The small, old facts would be taken for all that is known."""
    traces = RecentTraces(100)
    traces.put(key(1), trace(2))
    traces.put(key(1), trace(50))
    traces.drop_giants()
    assert traces.get(key(1)) is None
    traces.put(key(2), trace(50))
    traces.forget(key(2))
    assert traces.get(key(2)) is None


def test_cleared_memory_has_all_its_room_again() -> None:
    traces = RecentTraces(40)
    for _ in range(2):
        for number in range(4):
            traces.put(key(number), trace(9))
        assert all(traces.get(key(number)) for number in range(4))
        traces.clear()
    assert traces.get(key(1)) is None

"""What the writer remembers of traces in flight: bounded."""

from contract.settling import Facts, OwnValues, TraceFacts
from storage.reached import Whole
from storage.recent import GIANT, RecentTraces, Remembered, weight_of


def key(number: int) -> tuple[str, str]:
    return "default", f"{number:032x}"


def trace(spans: int) -> Remembered:
    return Remembered(TraceFacts(parents={f"{number:016x}": None for number in range(spans)}))


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


def test_one_giant_trace_pushes_nothing_out_and_is_remembered_too() -> None:
    traces, giant = RecentTraces(100), trace(50)
    traces.put(key(1), trace(9))
    traces.put(key(2), giant)
    for number in range(3, 12):
        traces.put(key(number), trace(9))
    assert traces.get(key(1)) is not None
    assert traces.get(key(2)) is giant


def test_giants_have_a_bound_too_and_those_put_last_stay() -> None:
    traces = RecentTraces(100)
    for number in range(30):
        traces.put(key(number), trace(99))
    assert [number for number in range(30) if traces.get(key(number))] == list(range(30 - GIANT, 30))
    traces.put(key(40), trace(GIANT * 100))
    assert traces.get(key(40)) is None
    assert traces.get(key(29)) is not None


def test_a_call_of_an_outlined_trace_weighs_twice() -> None:
    outlined = trace(20)
    outlined.facts.calls = dict.fromkeys(outlined.facts.parents, Facts(OwnValues(()), None, None, {}))
    assert weight_of(outlined) == 21
    outlined.outline = Whole(outlined.facts)
    assert weight_of(outlined) == 41


def test_facts_that_grew_where_they_are_leave_no_weight_behind() -> None:
    traces, growing = RecentTraces(100), trace(1)
    for number in range(50):
        traces.put(key(0), growing)
        growing.facts.parents[f"more{number}"] = None
    traces.forget(key(0))
    for number in range(10):
        traces.put(key(number), trace(9))
    assert all(traces.get(key(number)) for number in range(10))


def test_a_trace_that_became_giant_is_not_remembered_as_it_was() -> None:
    """The small, old facts would be taken for all that is known."""
    traces, grown = RecentTraces(100), trace(50)
    traces.put(key(1), trace(2))
    traces.put(key(1), grown)
    assert traces.get(key(1)) is grown
    traces.put(key(1), trace(GIANT * 100))
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

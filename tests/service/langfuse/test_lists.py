"""Lists are read whole, from the newest record to the oldest, whatever a page does."""

import asyncio
from typing import Any

import pytest

from service.langfuse import lists
from service.langfuse.lists import ByCursor, ByPage, Range, Stream
from service.langfuse.remote import Refusal
from service.langfuse.tally import Tally
from tests.support.langfuse_elsewhere import Elsewhere, moment

EVERYTHING = Range()
NOON_NS = 1_795_176_000_000_000_000  # 2026-11-20T12:00:00Z


def read_all(stream: Stream) -> list[str]:
    async def read() -> list[str]:
        found = []
        while records := await stream.read():
            found += [record["id"] for record in records]
        return found

    return asyncio.run(read())


def stream_of(there: Any, listed: lists.Listed, range_: Range = EVERYTHING, tally: Tally | None = None) -> Stream:
    way = ByCursor if listed.path in ("api/public/v2/observations", "api/public/v3/scores") else ByPage
    return way(there, listed, range_, tally or Tally())


@pytest.mark.parametrize("count", [0, 1, 99, 100, 101, 260])
def test_every_record_is_read_once_also_where_more_than_a_page_share_one_moment(count: int) -> None:
    there = Elsewhere(count)
    assert sorted(read_all(stream_of(there, lists.TRACES))) == sorted(each["id"] for each in there.traces)


def test_a_range_is_half_open() -> None:
    there = Elsewhere(260)
    times = {each["id"]: each["timestamp"] for each in there.traces}
    upper = read_all(stream_of(there, lists.TRACES, Range(from_ns=NOON_NS)))
    lower = read_all(stream_of(there, lists.TRACES, Range(to_ns=NOON_NS)))
    assert {times[each] >= "2026-11-20T12:00:00.000Z" for each in upper} == {True}
    assert {times[each] < "2026-11-20T12:00:00.000Z" for each in lower} == {True}
    assert len(upper) + len(lower) == 260


def test_what_arrives_while_it_is_read_shifts_nothing() -> None:
    there = Elsewhere(260)

    async def read() -> list[str]:
        stream, found = stream_of(there, lists.TRACES), []
        while records := await stream.read():
            found += [record["id"] for record in records]
            there.traces.insert(0, {**there.traces[0], "id": f"new-{len(found)}", "timestamp": moment(0)})
        return found

    found = asyncio.run(read())
    assert len(found) == len(set(found)) == 260


def test_a_page_that_cannot_be_read_is_read_in_smaller_ones_and_one_record_is_named() -> None:
    there, tally = Elsewhere(260), Tally()
    there.unreadable = {"trace-7", "trace-61", "trace-200"}
    found = read_all(stream_of(there, lists.TRACES, tally=tally))
    assert sorted(found) == sorted({each["id"] for each in there.traces} - there.unreadable)
    assert all("traces: number" in fault and "cannot be read" in fault for fault in tally.faults)
    assert {int(asked["limit"]) for _, asked in there.asked} == {100, 25, 5, 1}
    assert len(there.asked) < 80


def test_a_server_that_reads_nothing_is_given_up() -> None:
    there = Elsewhere(50)
    there.unreadable = {each["id"] for each in there.traces}
    with pytest.raises(Refusal, match="cannot be read"):
        read_all(stream_of(there, lists.TRACES))


def test_a_server_that_heeds_no_bounds_is_read_by_its_page_numbers() -> None:
    class Old(Elsewhere):
        def _bounded(self, records: list[Any], time: str, asked: Any) -> list[Any]:
            return super()._bounded(records, time, {})

    there = Old(460)
    found = read_all(stream_of(there, lists.TRACES))
    assert len(found) == len(set(found)) == 460
    assert len(there.asked) < 10


def test_a_list_with_a_cursor_is_read_whole_with_metadata_that_was_cut() -> None:
    there = Elsewhere(130, generation=4)
    stream = stream_of(there, lists.OBSERVATIONS_V2)

    async def read() -> list[Any]:
        found = []
        while records := await stream.read():
            found += records
        return found

    found = asyncio.run(read())
    assert [each["id"] for each in found] == [each["id"] for each in there.observations]
    assert {len(each["metadata"]["long"]) for each in found if each["metadata"]} == {300}
    assert len(there.asked) == 3 + 1


def test_the_server_says_which_lists_it_has() -> None:
    for generation, paths in ((3, ["traces", "observations", "v2/scores"]), (4, ["v2/observations", "v3/scores"])):
        found = asyncio.run(lists.streams(Elsewhere(1, generation), Range(), Tally()))
        assert [each.listed.path for each in found] == [f"api/public/{path}" for path in paths]


def test_a_list_that_is_gone_is_none() -> None:
    class Gone(Elsewhere):
        async def json(self, method: str, path: str, body: Any = None, **asked: Any) -> Any:
            if path == "api/public/traces":
                raise Refusal(410, "gone")
            return await super().json(method, path, body, **asked)

    found = asyncio.run(lists.streams(Gone(1, generation=4), Range(), Tally()))
    assert found[0].listed is lists.OBSERVATIONS_V2


def test_a_record_without_id_or_time_is_named_and_harms_no_neighbour() -> None:
    there, tally = Elsewhere(3), Tally()
    there.traces[1] = {**there.traces[1], "id": None}
    there._bounded = lambda records, *_: records  # type: ignore[method-assign]
    there.traces[2]["timestamp"] = "soon"
    assert read_all(stream_of(there, lists.TRACES, tally=tally)) == ["trace-0"]
    assert tally.fault_count >= 2


def test_position_tells_from_where_on_everything_was_read() -> None:
    there, range_ = Elsewhere(260), EVERYTHING

    async def first() -> tuple[list[str], int | None]:
        stream = stream_of(there, lists.TRACES, range_)
        records = await stream.read()
        return [each["id"] for each in records], stream.before_ns

    found, before_ns = asyncio.run(first())
    rest = read_all(stream_of(there, lists.TRACES, Range(to_ns=before_ns)))
    assert {*found, *rest} == {each["id"] for each in there.traces}

"""Ids of a page and how many there are, by questions that agree."""

from api.langfuse.chosen import Asked, count, ids_of
from api.langfuse.parameters import Page
from contract.reading import Condition
from storage.reader import DuckReader
from tests.support.langfuse_api import Talk, talking
from tests.support.stored import span, trace_id


def test_pages_follow_the_order_and_the_count_is_of_all() -> None:
    async def talk(ask: Talk) -> None:
        reader = DuckReader(ask.store.database)
        wanted = Condition("name", "eq", ("a",))
        asked = Asked("measure_traces", {"project": "default"}, (wanted,), "start_time", False)
        found = [await ids_of(reader, asked, Page(number, 2), ("trace_id",)) for number in (1, 2)]
        assert [each["trace_id"] for page in found for each in page] == [trace_id(number) for number in (3, 1, 2)]
        assert await count(reader, asked) == 3
        reader.close()

    # Equal times: the id decides, so that no page shows what another has shown.
    talking(
        talk,
        span(1, name="a", at_ms=5),
        span(2, trace=2, name="a", at_ms=5),
        span(3, trace=3, name="a"),
        span(4, trace=4),
    )

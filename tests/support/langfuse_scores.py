"""Scores in a store of the test's own, asked for over a socket."""

from typing import Any

from contract.columns import EMPTY_SCORE, C, Row
from contract.translated import Translated
from tests.support.langfuse_api import Talk, talking
from tests.support.stored import START_NS, span, span_id, trace_id

SPANS = (span(1, name="run", user_id="u1", tags=["a"]), span(2, trace=2, at_ms=1000, name="other"))


def score(number: int, **columns: Any) -> Row:
    row = list(EMPTY_SCORE)
    at = START_NS + number * 10**9
    given = {"project": "default", "name": "q", "data_type": "NUMERIC", "source": "API", "trace_id": trace_id(1)}
    for name, value in {**given, "score_id": f"s{number}", "time": at, "received_time": at, **columns}.items():
        row[getattr(C, name)] = value
    return row


SCORES = (
    score(1, value=0.5, comment="so so", metadata='{"k":1}'),
    score(2, value=1.0, string_value="True", data_type="BOOLEAN", name="ok", span_id=span_id(1)),
    score(3, string_value="good", data_type="CATEGORICAL", name="kind", trace_id=trace_id(2), environment="prod"),
    score(4, value=0.9, trace_id=None, session_id="x"),
    score(5, value=0.1, project="other"),
)


def scored(talk: Any) -> None:
    async def work(ask: Talk) -> None:
        await ask.store.writer.commit(Translated(scores=[list(row) for row in SCORES], size_bytes=100))
        await talk(ask)

    talking(work, *SPANS)


async def ids(ask: Talk, path: str, **params: Any) -> list[str]:
    return [each["id"] for each in (await ask.get(path, **params))["data"]]

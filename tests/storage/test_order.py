"""Promise 4 on real captures: however the facts are split over commits and ordered, the stored state is the same.

A subset by default; `make order` puts every capture through it.
"""

import os
import random
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from contract.columns import Row
from contract.span import Batch
from contract.translated import Translated
from storage import reached
from storage.commit import Committer
from storage.database import Database
from tests.support.golden import CAPTURES, batches
from translator.merge import merge_copies
from translator.outline import Outline
from translator.prices.book import PriceBook
from translator.settle import settle
from translator.translate import Translator
from translator.twins import match

PRICE = PriceBook().priced
SETTLE = partial(settle, price=PRICE)
MERGE = partial(merge_copies, price=PRICE)

LATE = [
    "claude-code-logs",
    "claude-code-spans",
    "gemini-cli",
    "anthropic-logfire",
    "anthropic-traceloop",
    "bedrock-botocore",
    "crewai-traceloop",
    "dspy-mlflow",
    "dspy-openinference-litellm",
    "haystack-openinference-openai",
    "langchain-langfuse-openinference",
    "langchain-openlit",
    "litellm-proxy-beside-app",
    "llamaindex-openinference",
    "mistral-traceloop",
    "mlflow-openai-agents",
    "openai-agents-traceloop",
    "openai-genai-event",
    "openai-langfuse-trace-io",
    "openai-logfire",
    "openai-official-v2-events",
    "pydantic-ai-anthropic",
    "pydantic-ai-logfire-openai",
    "pydantic-ai-v1-logs",
]
"""Captures with two layers of spans for one call, in one trace or in two, with content in log records, with calls
told only there, or with spans that speak of their trace."""

CHOSEN = CAPTURES if os.environ.get("ORDER") == "all" else LATE
INCOMPLETE_EVERY = 3
"""Of so many spans one is also sent as it may be when it begins: without its end and half of its attributes."""

STATE_SQL = "SELECT * EXCLUDE (commit_seq, received_time) FROM {} ORDER BY ALL"


def pieces(capture: str) -> list[Translated]:
    """The capture's rows, one request for each span and log record; new lists, since a commit changes its rows."""
    translator = Translator()
    requests = [translator.translate(batch) for sent in batches(capture) for batch in (sent, begun(sent))]
    spans = [Translated(spans=[row]) for request in requests for row in request.spans]
    return spans + [Translated(logs=[row]) for request in requests for row in request.logs]


def begun(batch: Batch) -> Batch:
    """Incomplete copies of some of the batch's spans."""
    some = batch.spans[::INCOMPLETE_EVERY]
    halves = [dict(list(span.attributes.items())[: len(span.attributes) // 2]) for span in some]
    spans = [replace(span, end_ns=0, attributes=half) for span, half in zip(some, halves, strict=True)]
    return replace(batch, spans=spans, logs=[], metric_points=[])


def stored(groups: list[list[Translated]], restart_every: int = 0) -> list[list[Row]]:
    """All rows after committing the groups in order, forgetting everything now and then as a restart does."""
    database = Database(":memory:")
    database.open()
    connection = database.cursor()
    committer = Committer(SETTLE, MERGE, match, outline=Outline)
    for nth, group in enumerate(groups):
        if restart_every and nth % restart_every == 0:
            committer = Committer(SETTLE, MERGE, match, outline=Outline)
            committer.recall(connection)
        committer.commit(connection, group, nth)
    rows: list[Any] = [connection.execute(STATE_SQL.format(table)).fetchall() for table in ("span", "log_record")]
    connection.close()
    database.close()
    return rows


def split(requests: list[Translated], chooser: random.Random) -> list[list[Translated]]:
    """Random groups, some requests sent twice."""
    requests = requests + chooser.sample(requests, len(requests) // 4)
    chooser.shuffle(requests)
    groups: list[list[Translated]] = []
    while requests:
        size = chooser.choice([1, 1, 2, 5, 20, 1 + len(requests) // 10])
        groups.append([copy(request) for request in requests[:size]])
        requests = requests[size:]
    return groups


def copy(request: Translated) -> Translated:
    return Translated([list(row) for row in request.spans], [list(row) for row in request.logs])


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("capture", CHOSEN)
def test_any_split_and_order_with_repeats_and_restarts_ends_in_the_same_rows(capture: str, seed: int) -> None:
    requests = pieces(capture)
    at_once = stored([[copy(request) for request in requests]])
    assert stored(split(requests, random.Random(seed))) == at_once
    assert stored(split(requests, random.Random(seed + 100)), restart_every=3) == at_once


@pytest.mark.parametrize("capture", CHOSEN)
def test_in_a_trace_that_counts_as_long_too(capture: str, monkeypatch: pytest.MonkeyPatch) -> None:
    requests = pieces(capture)
    at_once = stored([[copy(request) for request in requests]])
    monkeypatch.setattr(reached, "LONG", 0)
    assert stored(split(requests, random.Random(5))) == at_once
    assert stored(split(requests, random.Random(6)), restart_every=3) == at_once

"""Promise 4 on real captures: however the facts are split over commits and ordered, the stored state is the same."""

import random
from typing import Any

import pytest

from contract.columns import Row
from contract.translated import Translated
from storage.commit import Committer
from storage.database import Database
from tests.support.golden import batches
from translator.merge import merge_copies
from translator.settle import settle
from translator.translate import Translator

LATE = [
    "anthropic-logfire",
    "anthropic-traceloop",
    "bedrock-botocore",
    "langchain-langfuse-openinference",
    "langchain-openlit",
    "mistral-traceloop",
    "openai-agents-traceloop",
    "openai-genai-event",
    "openai-logfire",
    "openai-official-v2-events",
]
"""Captures with two layers of spans for one call, or with content in log records."""

STATE_SQL = "SELECT * EXCLUDE (commit_seq, received_time) FROM {} ORDER BY ALL"


def pieces(capture: str) -> list[Translated]:
    """The capture's rows, one request for each span and log record; new lists, since a commit changes its rows."""
    translator = Translator()
    requests = [translator.translate(batch) for batch in batches(capture)]
    spans = [Translated(spans=[row]) for request in requests for row in request.spans]
    return spans + [Translated(logs=[row]) for request in requests for row in request.logs]


def stored(groups: list[list[Translated]], restart_every: int = 0) -> list[list[Row]]:
    """All rows after committing the groups in order, forgetting everything now and then as a restart does."""
    database = Database(":memory:")
    database.open()
    connection = database.cursor()
    committer = Committer(settle, merge_copies)
    for nth, group in enumerate(groups):
        if restart_every and nth % restart_every == 0:
            committer = Committer(settle, merge_copies)
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
        size = chooser.choice([1, 1, 2, 5, 20])
        groups.append([copy(request) for request in requests[:size]])
        requests = requests[size:]
    return groups


def copy(request: Translated) -> Translated:
    return Translated([list(row) for row in request.spans], [list(row) for row in request.logs])


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("capture", LATE)
def test_any_split_and_order_with_repeats_and_restarts_ends_in_the_same_rows(capture: str, seed: int) -> None:
    requests = pieces(capture)
    at_once = stored([[copy(request) for request in requests]])
    assert stored(split(requests, random.Random(seed))) == at_once
    assert stored(split(requests, random.Random(seed + 100)), restart_every=3) == at_once

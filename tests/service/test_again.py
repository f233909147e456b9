"""What was acknowledged as it was sent becomes the rows that translating it at once would have made."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from contract.access import Identity
from contract.columns import S
from contract.span import Sent
from contract.translated import Translated
from receiver.clients import Arrival
from receiver.compiled import CHECKS, DECODER, UNSURE
from receiver.counters import Counters
from receiver.intake import Intake
from receiver.limits import Limits
from receiver.signals import SIGNALS
from service.again import make_again
from service.pipeline import Pipeline
from storage import oversized
from storage.database import Database
from storage.payload import recorded, restored
from storage.writer import Writer
from tests.support.golden import CAPTURES, GOLDEN, RECEIVED_NS
from tests.support.otlp import key_value, log_request, trace_request
from translator.merge import merge_copies
from translator.settle import settle
from translator.translate import Translator

needs_compiled = pytest.mark.skipif(CHECKS is UNSURE, reason=DECODER.why or "it was not built")
"""Else everything is made into rows before it is acknowledged."""


def kept_whole(translated: Translated) -> tuple[int, list[str]]:
    """What the store says of a request that weighs more than it seems."""
    translated.size_bytes += 7
    return 0, []


def without_rows(translated: Translated) -> tuple[int, list[str]]:
    """A store that has less memory now than it had then."""
    translated.spans = []
    return 1, ["too large"]


def accepted(signal: str, body: bytes, *, holds: bool) -> Translated | Sent:
    """What is committed of the body, through the receiver and, unless the store holds all of it, the translator."""
    committed: list[Translated | Sent] = []

    async def commit(request: Translated | Sent) -> None:
        committed.append(request)

    pipeline = Pipeline(Translator().translate, commit, kept_whole, lambda extent: holds)
    intake = Intake(pipeline, Counters(), "http", Limits(), clock_ns=lambda: RECEIVED_NS)
    asyncio.run(intake.export(SIGNALS[signal], body, "protobuf", Identity("shop"), Arrival()))
    pipeline.close()
    [request] = committed
    return request


@needs_compiled
@pytest.mark.parametrize("capture", CAPTURES)
def test_the_rows_of_every_recorded_request_are_made_of_what_was_sent(capture: str) -> None:
    for path in sorted((GOLDEN / capture).glob("*.pb")):
        signal = next((name for name in ("traces", "logs") if f"-{name}" in path.name), None)
        if signal is not None:
            sent = accepted(signal, path.read_bytes(), holds=True)
            assert isinstance(sent, Sent)
            kept = restored(recorded(sent))
            assert isinstance(kept, Sent)
            again = make_again(Translator().translate, kept_whole)(kept)
            assert repr(again) == repr(accepted(signal, path.read_bytes(), holds=False))


def test_a_store_that_got_smaller_refuses_nothing_that_it_acknowledged() -> None:
    sent = Sent("traces", "default", RECEIVED_NS, "http", trace_request(2).SerializeToString())
    assert len(make_again(Translator().translate, without_rows)(sent).spans) == 2


def test_what_is_refused_now_is_told() -> None:
    request = trace_request(2)
    request.resource_spans[0].scope_spans[0].spans[0].trace_id = b""
    sent = Sent("traces", "default", RECEIVED_NS, "http", request.SerializeToString())
    with pytest.raises(ValueError, match="1 of its spans are refused now"):
        make_again(Translator().translate, kept_whole)(sent)


def life(path: Path, copied_to: Path | None, *bodies: bytes, again: Any) -> list[tuple[Any, ...]]:
    """Start, take the bodies, note what the disk holds, stop: the span ids that are there."""

    async def live() -> list[tuple[Any, ...]]:
        database = Database(str(path))
        database.open()
        writer = Writer(database, settle, merge_copies, make_again=again)
        writer.start()
        pipeline = Pipeline(Translator().translate, writer.commit)
        intake = Intake(pipeline, Counters(), "http", Limits())
        for body in bodies:
            await intake.export(SIGNALS["traces"], body, "protobuf", Identity(), Arrival())
        if copied_to is not None:
            shutil.copytree(path.parent, copied_to)
        await writer.visible()
        found = database.cursor().execute("SELECT span_name FROM span ORDER BY ALL").fetchall()
        await writer.stop()
        pipeline.close()
        database.close()
        return found

    return asyncio.run(live())


def body_of(name: str) -> bytes:
    request = trace_request(1)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.name, span.span_id = name, name.encode().ljust(8, b"x")
    return request.SerializeToString()


@needs_compiled
def test_what_was_acknowledged_and_is_in_no_table_comes_back_after_a_crash(tmp_path: Path) -> None:
    again = make_again(Translator().translate, kept_whole)
    (tmp_path / "before").mkdir()
    life(tmp_path / "before" / "x.duckdb", tmp_path / "after", body_of("a"), body_of("b"), again=again)
    journal = (tmp_path / "after" / "x.duckdb.journal0").read_bytes()
    assert body_of("a") in journal
    assert body_of("b") in journal
    assert life(tmp_path / "after" / "x.duckdb", None, again=again) == [("a",), ("b",)]


@needs_compiled
def test_a_request_that_cannot_be_made_again_stops_no_other_and_waits_for_a_program_that_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = make_again(Translator().translate, kept_whole)

    def again(sent: Sent) -> Translated:
        if sent.body == body_of("bad"):
            raise ValueError(sent.project)
        return made(sent)

    (tmp_path / "before").mkdir()
    bodies = [body_of(name) for name in ("a", "bad", "c")]
    life(tmp_path / "before" / "x.duckdb", tmp_path / "after", *bodies, again=made)
    for _ in range(2):
        assert life(tmp_path / "after" / "x.duckdb", None, again=again) == [("a",), ("c",)]
    assert "request 2 cannot be made into rows: ValueError" in caplog.text
    assert "ValueError: default" not in caplog.text
    assert life(tmp_path / "after" / "x.duckdb", None, again=made) == [("a",), ("bad",), ("c",)]


@needs_compiled
def test_a_request_that_cannot_be_made_into_rows_while_the_server_runs_stops_no_other(tmp_path: Path) -> None:
    made = make_again(Translator().translate, kept_whole)

    def again(sent: Sent) -> Translated:
        if sent.body == body_of("bad"):
            raise ValueError(sent.project)
        return made(sent)

    path = tmp_path / "x.duckdb"
    assert life(path, None, *map(body_of, ("a", "bad", "c")), again=again) == [("a",), ("c",)]
    assert life(path, None, body_of("d"), again=made) == [("a",), ("bad",), ("c",), ("d",)]


@needs_compiled
def test_a_row_that_no_column_can_hold_is_set_aside_and_its_neighbours_are_stored(tmp_path: Path) -> None:
    made = make_again(Translator().translate, kept_whole)

    def again(sent: Sent) -> Translated:
        translated = made(sent)
        for row in translated.spans:
            row[S.input_tokens] = 1 << 70 if row[S.span_name] == "bad" else None
        return translated

    request = ExportTraceServiceRequest()
    for name in ("a", "bad", "c"):
        request.MergeFromString(body_of(name))
    path = tmp_path / "x.duckdb"
    assert life(path, None, request.SerializeToString(), body_of("d"), again=again) == [("a",), ("c",), ("d",)]
    assert life(path, None, again=made) == [("a",), ("c",), ("d",)], "its row is kept, and no table can hold it still"


def hostile() -> list[tuple[str, bytes]]:
    """Requests whose rows are as large as what was sent can make them."""
    control, mixed = "\x01" * 3000, "x" * 3000 + "模"
    found = [
        ("traces", trace_request(9, **{"gen_ai.request.model": text}).SerializeToString()) for text in (control, mixed)
    ]
    for text in (control, mixed):
        request = trace_request(9)
        attributes = request.resource_spans[0].resource.attributes
        attributes.extend(key_value(key, text) for key in ("service.name", "service.version", "deployment.environment"))
        request.resource_spans[0].scope_spans[0].scope.name = text
        for span in request.resource_spans[0].scope_spans[0].spans:
            span.name = span.status.message = span.trace_state = text
            span.attributes.append(key_value("langfuse.trace.name", text))
            span.attributes.append(key_value("langfuse.trace.input", text))
        found.append(("traces", request.SerializeToString()))
        records = log_request(9)
        for record in records.resource_logs[0].scope_logs[0].log_records:
            record.attributes.extend(
                key_value(key, text) for key in ("gen_ai.request.model", "gen_ai.response.model", "gen_ai.response.id")
            )
            record.event_name = "gen_ai.client.inference.operation.details"
        found.append(("logs", records.SerializeToString()))
    return found


def recorded_bodies() -> list[tuple[str, bytes]]:
    return [(name, path.read_bytes()) for name in ("traces", "logs") for path in sorted(GOLDEN.glob(f"*/*-{name}*.pb"))]


@needs_compiled
def test_nothing_is_taken_out_of_a_request_that_the_smallest_store_holds_which_says_so() -> None:
    bodies = [*hostile(), *recorded_bodies()]
    assert len(bodies) > 200
    for signal, body in bodies:
        extent = SIGNALS[signal].check(body, Limits())
        assert extent is not None
        smallest = oversized.SPREAD * max(
            oversized.ROW_PART * extent.widest_bytes, oversized.SHARED_PART * extent.all_bytes
        )
        assert oversized.holds(extent, smallest)
        assert not oversized.holds(extent, smallest - oversized.ROW_PART)
        made = make_again(Translator().translate, kept_whole)(Sent(signal, "shop", RECEIVED_NS, "http", body))
        assert oversized.take_out(made, smallest) == (0, [])

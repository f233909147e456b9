"""Promise 5: what arrived comes back as OTLP/JSON, equal in every field and value type, whatever was made of it.

The oracle is protobuf's own JSON form of the request (`google.protobuf.json_format`), which shares no code with ours.
"""

import base64
import random
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue, KeyValueList
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from contract.span import Batch
from receiver.otlp_decode import decode_logs, decode_traces
from storage.commit import Committer
from storage.database import Database
from tests.support.asking import Get, asking
from tests.support.golden import CAPTURES, GOLDEN
from translator.merge import merge_copies
from translator.settle import settle
from translator.translate import Translator

IDS = ("traceId", "spanId", "parentSpanId")
Tree = dict[str, Any]


def as_sent(request: ExportTraceServiceRequest) -> dict[tuple[str, str], Tree]:
    """Span ids -> resource, scope and span of the request, defaults left out."""
    return spans_of(with_hex_ids(MessageToDict(request, use_integers_for_enums=True)))


def with_hex_ids(tree: Any) -> Any:
    if isinstance(tree, list):
        return [with_hex_ids(item) for item in tree]
    if isinstance(tree, dict):
        return {
            name: base64.b64decode(value).hex() if name in IDS and isinstance(value, str) else with_hex_ids(value)
            for name, value in tree.items()
        }
    return tree


def spans_of(request: Tree) -> dict[tuple[str, str], Tree]:
    found = {}
    for group in request.get("resourceSpans", []):
        for scope in group.get("scopeSpans", []):
            for span in scope.get("spans", []):
                place = {"resource": group.get("resource", {}), "resourceUrl": group.get("schemaUrl")}
                place |= {"scope": scope.get("scope", {}), "scopeUrl": scope.get("schemaUrl"), "span": span}
                found[span["traceId"], span["spanId"]] = plain(place)
    return found


def plain(tree: Any) -> Any:
    """Without fields that hold their default, which OTLP/JSON may write or not; values of attributes stay whole."""
    if isinstance(tree, list):
        return [plain(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    if tree and tree.keys() <= {"key", "value"}:
        return (tree.get("key", ""), full(tree.get("value", {})))
    pairs = {name: plain(value) for name, value in tree.items()}
    return {name: value for name, value in pairs.items() if value not in ("", 0, "0", [], {}, None, "00" * 8)}


def full(tree: Any) -> Any:
    """An attribute's value, with what a writer may leave out: an empty list, an empty key."""
    if not isinstance(tree, dict):
        return tree
    if "arrayValue" in tree:
        return {"arrayValue": [full(item) for item in tree["arrayValue"].get("values", [])]}
    if "kvlistValue" in tree:
        pairs = tree["kvlistValue"].get("values", [])
        return {"kvlistValue": [(pair.get("key", ""), full(pair.get("value", {}))) for pair in pairs]}
    return tree


async def read_back(get: Get, trace_ids: set[str]) -> dict[tuple[str, str], Tree]:
    found: dict[tuple[str, str], Tree] = {}
    for trace_id in trace_ids:
        found |= spans_of((await get(f"/api/v1/traces/{trace_id}/otlp")).json)
    return found


def check(database: Database, sent: dict[tuple[str, str], Tree]) -> None:
    async def talk(get: Get) -> None:
        found = await read_back(get, {trace_id for trace_id, _ in sent})
        for key, tree in sent.items():
            assert found[key] == tree
        assert found.keys() == sent.keys()

    asking(database, talk)


def stored(batches: list[Batch]) -> Database:
    database = Database(":memory:")
    database.open()
    committer, translator, connection = Committer(settle, merge_copies), Translator(), database.cursor()
    for seq, batch in enumerate(batches):
        committer.commit(connection, [translator.translate(batch)], seq)
    connection.close()
    return database


@pytest.mark.parametrize("capture", CAPTURES)
def test_real_traffic_comes_back_as_sent_also_where_it_was_settled(capture: str) -> None:
    sent: dict[tuple[str, str], Tree] = {}
    batches = []
    for path in sorted((GOLDEN / capture).glob("*.pb")):
        batch = Batch("default", 1, "http")
        if "-traces" in path.name:
            sent |= as_sent(ExportTraceServiceRequest.FromString(path.read_bytes()))
            batch.spans = decode_traces(path.read_bytes(), "protobuf")[0]
            batches += [Batch("default", 1, "http", [span]) for span in batch.spans]
        elif "-logs" in path.name:
            batches.append(Batch("default", 1, "http", logs=decode_logs(path.read_bytes(), "protobuf")[0]))
    random.Random(1).shuffle(batches)
    database = stored(batches)
    check(database, sent)
    database.close()


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=80)
keys = st.one_of(texts, st.sampled_from(["gen_ai.request.model", "input.value", "output.value", "$b", "$c", "", "a.b"]))
ints = st.integers(-(1 << 63), (1 << 63) - 1)
leaves = st.one_of(
    st.builds(AnyValue),
    st.builds(lambda x: AnyValue(string_value=x), st.one_of(texts, texts.map(lambda text: text * 30))),
    st.builds(lambda x: AnyValue(bool_value=x), st.booleans()),
    st.builds(lambda x: AnyValue(int_value=x), ints),
    st.builds(lambda x: AnyValue(double_value=x), st.floats()),
    st.builds(lambda x: AnyValue(bytes_value=x), st.binary(max_size=20)),
)


def array(items: list[AnyValue]) -> AnyValue:
    value = AnyValue()
    value.array_value.SetInParent()
    value.array_value.values.extend(items)
    return value


def pairs_of(values: st.SearchStrategy[AnyValue]) -> st.SearchStrategy[list[KeyValue]]:
    return st.lists(st.builds(lambda key, value: KeyValue(key=key, value=value), keys, values), max_size=5)


def key_values(pairs: list[KeyValue]) -> AnyValue:
    value = AnyValue()
    value.kvlist_value.CopyFrom(KeyValueList(values=pairs))
    return value


values = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4).map(array), pairs_of(inner).map(key_values)),
    max_leaves=8,
)
attributes = pairs_of(values)
times = st.one_of(st.just(0), st.integers(0, (1 << 64) - 1))
counts = st.integers(0, (1 << 32) - 1)
span_ids = st.binary(min_size=8, max_size=8).filter(any)
events = st.builds(Span.Event, time_unix_nano=times, name=texts, attributes=attributes, dropped_attributes_count=counts)
links = st.builds(
    Span.Link, trace_id=st.binary(min_size=16, max_size=16), span_id=st.binary(min_size=8, max_size=8),
    trace_state=texts, attributes=attributes, dropped_attributes_count=counts, flags=counts,
)  # fmt: skip
spans = st.builds(
    Span, trace_id=st.just(b"t" * 16), span_id=span_ids, parent_span_id=st.one_of(st.just(b""), span_ids),
    trace_state=texts, flags=counts, name=texts, kind=st.integers(0, 7), start_time_unix_nano=times,
    end_time_unix_nano=times, attributes=attributes, dropped_attributes_count=counts,
    events=st.lists(events, max_size=2), dropped_events_count=counts, links=st.lists(links, max_size=2),
    dropped_links_count=counts,
)  # fmt: skip


@st.composite
def requests(draw: st.DrawFn) -> ExportTraceServiceRequest:
    request = ExportTraceServiceRequest()
    for _ in range(draw(st.integers(1, 2))):
        group = request.resource_spans.add(schema_url=draw(texts))
        group.resource.CopyFrom(Resource(attributes=draw(attributes), dropped_attributes_count=draw(counts)))
        scope = group.scope_spans.add(schema_url=draw(texts))
        scope.scope.name, scope.scope.version = draw(texts), draw(texts)
        scope.scope.attributes.extend(draw(attributes))
        for span in draw(st.lists(spans, max_size=2)):
            span.status.message, span.status.code = draw(texts), draw(st.integers(0, 4))
            scope.spans.append(span)
    return request


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(requests())
def test_any_span_that_otlp_can_write_comes_back_as_sent(request: ExportTraceServiceRequest) -> None:
    sent = as_sent(request)
    body = request.SerializeToString()
    database = stored([Batch("default", 1_790_000_000_000_000_000, "http", decode_traces(body, "protobuf")[0])])
    ids = [span.span_id for group in request.resource_spans for scope in group.scope_spans for span in scope.spans]
    if len(ids) == len(set(ids)):
        check(database, sent)
    database.close()


def test_the_oracle_sees_a_difference() -> None:
    request = ExportTraceServiceRequest.FromString(
        next(Path(GOLDEN / "openai-logfire").glob("*-traces*.pb")).read_bytes()
    )
    before = as_sent(request)
    span = request.resource_spans[0].scope_spans[0].spans[0]
    span.attributes[0].value.string_value += "x"
    assert as_sent(request) != before

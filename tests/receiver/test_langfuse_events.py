"""Events to parts of spans, parts of traces, and scores."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import Refused
from contract.span import TRACE_SPAN_ID, Revision
from receiver.langfuse_events import OBSERVATION_TYPES, SCOPE, decode_batch, decode_scores
from receiver.limits import Limits
from tests.support.langfuse import CLIENTS, decoded, event, moment, recorded, recorded_events

START_NS = 1_795_237_200_000_000_000


@pytest.mark.parametrize("client", CLIENTS)
def test_every_recorded_event_is_taken(client: str) -> None:
    for request in recorded(client):
        if request.path.endswith("/ingestion"):
            events = decode_batch(request.body)
            assert events.faults == []
            assert len(events.accepted) == len(orjson.loads(request.body)["batch"])
            assert len(events.spans) + len(events.scores) == len(events.accepted)


def test_nothing_that_a_recorded_event_says_is_left_out() -> None:
    """Every text and number of a body stands somewhere in what is made of it."""
    for sent in (each for client in CLIENTS for each in recorded_events(client)):
        told = decoded(sent)
        made = orjson.dumps([(*told.spans, *told.scores)], default=str).decode()
        for key, value in sent["body"].items():
            if isinstance(value, str) and value and "ime" not in key:
                assert orjson.dumps(value).decode()[1:-1] in made, key


def test_an_observation_says_what_an_sdk_says_over_otlp() -> None:
    [span] = decoded(
        event(
            "generation-update", "e1", 1, id="o", traceId="t", parentObservationId="p", name="llm",
            startTime=moment(0), endTime=moment(2), completionStartTime=moment(1), input=[{"role": "user"}],
            output="hi", model="gpt-4o", modelParameters={"temperature": 0.2}, usage={"input": 3, "unit": "TOKENS"},
            usageDetails={"input": 3}, costDetails={"total": 0.1}, promptName="p1", promptVersion=2, level="ERROR",
            statusMessage="boom", version="v", environment="prod", metadata={"k": {"a": 1}, "none": None},
            tags=["seen"], trace={"release": None},
        )
    ).spans  # fmt: skip
    assert (span.trace_id, span.span_id, span.parent_span_id, span.name) == ("t", "o", "p", "llm")
    assert (span.start_ns, span.end_ns) == (START_NS, START_NS + 2_000_000_000)
    assert span.revision == Revision(START_NS + 1_000_000_000, True, "e1")
    assert list(span.attributes) == sorted(span.attributes)
    assert span.attributes == {
        "langfuse.observation.type": "generation",
        "langfuse.observation.input": '[{"role":"user"}]',
        "langfuse.observation.output": "hi",
        "langfuse.observation.model.name": "gpt-4o",
        "langfuse.observation.model.parameters": '{"temperature":0.2}',
        "langfuse.observation.usage": '{"input":3,"unit":"TOKENS"}',
        "langfuse.observation.usage_details": '{"input":3}',
        "langfuse.observation.cost_details": '{"total":0.1}',
        "langfuse.observation.completion_start_time": moment(1),
        "langfuse.observation.prompt.name": "p1",
        "langfuse.observation.prompt.version": 2,
        "langfuse.observation.level": "ERROR",
        "langfuse.observation.status_message": "boom",
        "langfuse.version": "v",
        "langfuse.environment": "prod",
        "langfuse.observation.metadata.k": '{"a":1}',
        "langfuse.observation.metadata.none": None,
        "langfuse.body.tags": '["seen"]',
        "langfuse.body.trace": '{"release":null}',
    }


def test_a_trace_is_told_beside_its_spans() -> None:
    [said] = decoded(
        event(
            "trace-create", "e1", 1, id="t", timestamp=moment(0), name="chat", userId="u", sessionId="s",
            input={"q": 1}, output="o", tags=["b", "a"], public=True, release="r", version="v", metadata="odd",
        )
    ).spans  # fmt: skip
    assert (said.trace_id, said.span_id, said.start_ns, said.end_ns) == ("t", TRACE_SPAN_ID, START_NS, 0)
    assert said.attributes == {
        "langfuse.trace.name": "chat", "langfuse.user.id": "u", "langfuse.session.id": "s",
        "langfuse.trace.input": '{"q":1}', "langfuse.trace.output": "o", "langfuse.trace.tags": ["a", "b"],
        "langfuse.trace.public": True, "langfuse.release": "r", "langfuse.version": "v",
        "langfuse.trace.metadata.metadata": "odd",
    }  # fmt: skip


def test_ids_that_are_missing_come_from_the_event() -> None:
    told = decoded(
        event("trace-create", "e1", id=None),
        event("span-create", "e2", traceId="t"),
        event("span-create", "e3", id="o"),
    )
    assert [(span.trace_id, span.span_id) for span in told.spans] == [
        ("e1", TRACE_SPAN_ID),
        ("t", "e2"),
        ("o", "o"),
    ]


@pytest.mark.parametrize("name", OBSERVATION_TYPES)
@pytest.mark.parametrize("action", ["create", "update"])
def test_every_type_of_observation_is_known(name: str, action: str) -> None:
    [span] = decoded(event(f"{name}-{action}", "e", id="o", traceId="t")).spans
    assert span.attributes["langfuse.observation.type"] == name
    assert span.revision is not None
    assert span.revision.is_update == (action == "update")


def test_the_older_events_say_their_type_in_the_body() -> None:
    told = decoded(*(event("observation-create", "e", id="o", type=kind) for kind in ("GENERATION", "odd", None)))
    assert [span.attributes["langfuse.observation.type"] for span in told.spans] == ["generation", "span", "span"]


def test_log_lines_of_an_sdk_are_taken_and_dropped() -> None:
    told = decoded({"id": "e", "type": "sdk-log", "timestamp": moment(0), "body": {"log": "x"}})
    assert (told.accepted, told.spans, told.scores) == (["e"], [], [])


def test_a_time_that_is_none_is_kept_as_it_was_sent() -> None:
    [span] = decoded(event("span-create", "e", id="o", startTime="soon")).spans
    assert (span.start_ns, span.attributes["langfuse.body.startTime"]) == (0, "soon")


def test_who_sent_the_batch_is_the_scope() -> None:
    metadata = {"sdk_name": "python", "sdk_version": "2.60.10", "sdk_integration": "default", "public_key": "pk"}
    [span] = decode_batch(orjson.dumps({"batch": [event("span-create", "e", id="o")], "metadata": metadata})).spans
    assert (span.scope.name, span.scope.version) == (SCOPE, "2.60.10")
    assert span.scope.attributes == {"langfuse.sdk.name": "python", "langfuse.sdk.integration": "default"}


@pytest.mark.parametrize(
    ("odd", "message"),
    [
        (5, "id of the event"),
        ({"type": "span-create"}, "id of the event"),
        ({**event("span-create", "e"), "body": []}, "body"),
        ({**event("span-create", "e"), "timestamp": None}, "timestamp"),
        ({**event("span-create", "e"), "timestamp": "soon"}, "timestamp"),
        (event("colour-create", "e"), "type"),
        (event("span-delete", "e"), "type"),
        ({**event("span-create", "e"), "type": None}, "type"),
        (event("span-create", "e", id=5), "body.id"),
        (event("score-create", "e", name="n"), "value"),
    ],
)
def test_an_odd_event_is_refused_by_name_and_its_neighbours_are_kept(odd: object, message: str) -> None:
    told = decoded(event("span-create", "a", id="o"), odd, event("span-create", "b", id="o2"))
    assert told.accepted == ["a", "b"]
    assert len(told.spans) == 2
    [fault] = told.faults
    assert message in fault.message


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"batch": {}}', b"nonsense", b'{"batch": [NaN]}'])
def test_a_body_without_a_batch_is_refused(body: bytes) -> None:
    with pytest.raises(Refused):
        decode_batch(body)


def test_too_many_events_are_refused() -> None:
    one = Limits(max_items=1)
    with pytest.raises(Refused, match="more than 1 "):
        decode_batch(orjson.dumps({"batch": [event("span-create", "a"), event("span-create", "b")]}), one)
    with pytest.raises(Refused, match="more than 1 "):
        decode_scores(b"[{},{}]", one)


def test_a_score_alone_and_a_list_of_scores() -> None:
    score = {"id": "s", "name": "n", "value": 1, "traceId": "t", "timestamp": moment(1)}
    one, some = decode_scores(orjson.dumps(score)), decode_scores(orjson.dumps([score, {"name": "n"}, 5]))
    assert (one.is_list, some.is_list) == (False, True)
    assert one.scores == some.scores
    assert one.scores[0].revision == Revision(START_NS + 1_000_000_000, False, "s")
    assert (len(some.accepted), len(some.faults)) == (1, 2)


def test_a_score_without_id_and_time_is_given_both() -> None:
    [first], [second] = (decode_scores(b'{"name":"n","value":1,"sessionId":"s"}').scores for _ in range(2))
    assert first.score_id != second.score_id
    assert second.revision.time_ns >= first.revision.time_ns > START_NS


texts = st.text(st.characters(exclude_categories=["Cs"]))
plain = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | texts
values = st.recursive(plain, lambda inner: st.lists(inner) | st.dictionaries(texts, inner), max_leaves=5)
names = st.sampled_from(["id", "traceId", "name", "startTime", "metadata", "tags", "usage", "value", "timestamp"])
kinds = st.sampled_from(["trace-create", "span-update", "generation-create", "score-create", "sdk-log"]) | values


@given(kinds, st.dictionaries(names, values) | values, st.just(moment(0)) | values)
def test_any_event_is_taken_or_refused(kind: object, body: object, timestamp: object) -> None:
    told = decoded({"id": "e", "type": kind, "timestamp": timestamp, "body": body})
    assert len(told.accepted) + len(told.faults) == 1


@pytest.mark.parametrize("field", ["input", "metadata", "unheardOf", "type"])
def test_a_value_that_nests_deeply_harms_no_neighbour(field: str) -> None:
    deep = '{"id":"e%d","type":"observation-create","timestamp":"2026-11-21T05:00:00Z","body":{"id":"%d","%s":%s}}'
    events = [deep % (levels, levels, field, "[" * levels + "]" * levels) for levels in (1, 300, 1000)]
    told = decode_batch(f'{{"batch":[{",".join(events)}]}}'.encode())
    assert told.accepted[:2] == ["e1", "e300"]
    assert [fault.message for fault in told.faults] in ([], ["a value is nested too deeply"])


def test_a_score_whose_metadata_nests_deeply_is_kept_or_refused_alone() -> None:
    for levels, kept in ((300, 1), (1000, 0)):
        metadata = "[" * levels + "]" * levels
        told = decode_scores(f'[{{"name":"n","value":1,"traceId":"t","metadata":{metadata}}}]'.encode())
        assert (len(told.scores), len(told.faults)) == (kept, 1 - kept)

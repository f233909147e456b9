"""What the records of one span say of it, in any order and once."""

import itertools
import json

from contract.columns import Row
from contract.span import Batch, LogRecord
from tests.support.golden import shown
from tests.support.spans import record
from translator.logs import log_columns
from translator.translate import Translator

USER = record("gen_ai.user.message", {"content": "hi"}, {"gen_ai.system": "openai"}, at=1)
TOOL = record("gen_ai.tool.message", {"id": "c1", "content": "sunny"}, at=2)
SECOND = record("gen_ai.choice", {"index": 1, "finish_reason": "length", "message": {"content": "b"}}, at=3)
FIRST = record("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": {"content": "a"}}, at=4)


def rows(*sent: LogRecord) -> list[Row]:
    return Translator().translate(Batch("default", 9, "http", logs=list(sent))).logs


def test_order_of_arrival_cannot_show() -> None:
    answers = {
        json.dumps(log_columns(rows(*some)), sort_keys=True)
        for some in itertools.permutations([USER, TOOL, SECOND, FIRST])
    }
    assert len(answers) == 1
    found = json.loads(answers.pop())
    assert found["finish_reasons"] == '["stop","length"]'
    assert [item["parts"][0]["content"] for item in json.loads(found["output"])] == ["a", "b"]
    assert [item["role"] for item in json.loads(found["input"])] == ["user", "tool"]
    assert found["provider"] == "openai"


def test_a_record_sent_twice_counts_once() -> None:
    assert log_columns(rows(USER, USER, FIRST)) == log_columns(rows(USER, FIRST))


def test_without_content_the_finish_reason_is_still_there() -> None:
    found = log_columns(
        rows(record("gen_ai.choice", {"index": 0, "finish_reason": "stop", "message": {"role": "assistant"}}))
    )
    assert found == {"finish_reasons": '["stop"]'}


def test_details_carry_the_attributes_of_their_span_as_nested_values() -> None:
    said = [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]
    sent = record("gen_ai.client.inference.operation.details", None, {
        "gen_ai.input.messages": said, "gen_ai.request.model": "m", "gen_ai.usage.input_tokens": 3,
        "gen_ai.usage.output_tokens": 4, "gen_ai.response.finish_reasons": ["stop"],
    })  # fmt: skip
    found = log_columns(rows(sent))
    assert json.loads(found["input"]) == said
    assert (found["request_model"], found["total_tokens"], found["finish_reasons"]) == ("m", 7, '["stop"]')


def test_an_input_without_the_cache_is_made_whole() -> None:
    said = {"input_tokens": 3, "output_tokens": 4, "cache_read.input_tokens": 10}
    attributes = {f"gen_ai.usage.{name}": count for name, count in said.items()}
    found = log_columns(rows(record("gen_ai.client.inference.operation.details", None, attributes)))
    assert (found["input_tokens"], found["total_tokens"]) == (13, 17)


def test_session_and_user_are_those_of_any_record_that_describes_the_span() -> None:
    details = record("gen_ai.client.inference.operation.details", None, {"user.id": "u", "session_id": "s"})
    said = log_columns(rows(details))
    assert (said["user_id"], said["session_id"]) == ("u", "s")
    message = record("gen_ai.user.message", {"content": "hi"}, {"session.id": "s2", "user.id": "[Scrubbed due to 'x']"})
    assert log_columns(rows(message))["session_id"] == "s2"
    assert "user_id" not in log_columns(rows(message))


def test_a_framework_is_no_provider_in_a_record_either() -> None:
    said = {"content": "hi"}
    assert "provider" not in log_columns(rows(record("gen_ai.user.message", said, {"gen_ai.system": "autogen"})))
    assert (
        log_columns(rows(record("gen_ai.user.message", said, {"gen_ai.system": "gemini"})))["provider"] == "gcp.gemini"
    )


def test_adk_names_its_user_in_records_only() -> None:
    """Google ADK 2.x: `user.id` stands in the details records, and on no span."""
    assert {span["user_id"] for span in shown("google-adk-2.13-events", settled=False).spans()} == {None}
    calls = [span for span in shown("google-adk-2.13-events").spans() if span["kind"] == "generation"]
    assert {call["user_id"] for call in calls} == {"user-adk-1"}
    assert calls[0]["mapping"]["user_id"] == {"convention": "common", "key": "user.id", "from": "log"}


def test_nothing_said_is_nothing() -> None:
    assert log_columns([]) == {}
    assert log_columns(rows(record("gen_ai.user.message"))) == {}

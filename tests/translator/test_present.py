"""What a reader sees beside the columns: own content first, then the records', then the duplicates'."""

import json
from typing import Any

from contract.columns import LOG_COLUMNS
from contract.present import CONTENT_FIELDS
from contract.span import Batch
from tests.support.spans import record, seen, span, translated
from translator.present import present
from translator.translate import Translator

MESSAGES = [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]
CALL = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}


def logged(*sent: Any) -> list[dict[str, Any]]:
    out = Translator().translate(Batch("default", 9, "http", logs=list(sent)))
    return [dict(zip((column.name for column in LOG_COLUMNS), row, strict=True)) for row in out.logs]


def test_every_field_is_there_and_null_where_nothing_says() -> None:
    assert present(translated(span()), [], []) == {**dict.fromkeys(CONTENT_FIELDS), "mapping": {}, "unmapped": []}


def test_structured_messages_and_their_json_text_are_shown_alike() -> None:
    structured = seen({**CALL, "gen_ai.input.messages": MESSAGES})
    text = seen({**CALL, "gen_ai.input.messages": json.dumps(MESSAGES)})
    assert structured["input_messages"] == text["input_messages"] == MESSAGES


def test_own_messages_come_before_those_of_records() -> None:
    row = translated(span({**CALL, "gen_ai.input.messages": json.dumps(MESSAGES)}))
    shown = present(row, logged(record("gen_ai.user.message", {"content": "other"})), [])
    assert shown["input_messages"] == MESSAGES
    assert shown["mapping"]["input_messages"] == {"convention": "genai", "key": "gen_ai.input.messages"}


def test_messages_of_records_fill_a_span_that_has_none() -> None:
    shown = present(translated(span(CALL)), logged(record("gen_ai.user.message", {"content": "hi"})), [])
    assert shown["input_messages"] == MESSAGES
    assert shown["mapping"]["input_messages"] == {"from": "log"}


def test_messages_of_duplicates_come_last_and_are_named() -> None:
    donor = translated(span({**CALL, "gen_ai.input.messages": json.dumps(MESSAGES)}, span_id="d" * 16))
    shown = present(translated(span(CALL)), [], [donor])
    assert shown["input_messages"] == MESSAGES
    assert shown["mapping"]["input_messages"]["from"] == "span:" + "d" * 16


def test_settled_columns_do_not_hide_the_spans_own_content() -> None:
    """A long attribute stands for the input column: its text must come from the span's own value."""
    text = json.dumps([{"role": "user", "content": "x" * 99}])
    row = translated(span({**CALL, "gen_ai.input.messages": text}))
    settled = {**row, "input": "another's", "own": json.dumps({"input": text}), "settled_from": '{"input": "span:e"}'}
    shown = present(settled, [], [])
    assert shown["input_messages"][0]["parts"][0]["content"] == "x" * 99
    assert shown["mapping"]["input"] == {"from": "span:e"}


def test_mapping_names_convention_and_key_of_columns() -> None:
    mapping = seen({**CALL, "gen_ai.usage.input_tokens": 3, "session.id": "s"})["mapping"]
    assert mapping["request_model"] == {"convention": "genai", "key": "gen_ai.request.model"}
    assert mapping["model"] == mapping["request_model"]
    assert mapping["input_tokens"]["key"] == "gen_ai.usage.input_tokens"
    assert mapping["session_id"] == {"convention": "common", "key": "session.id"}
    assert "output_tokens" not in mapping


def test_tool_arguments_are_an_object_and_the_result_as_sent() -> None:
    row = seen(
        {
            "openinference.span.kind": "TOOL",
            "input.value": '{"city": "Paris"}',
            "output.value": "sunny",
            "tool.name": "f",
            "tool.parameters": '{"type": "object", "properties": {}}',
        }
    )
    assert (row["tool_arguments"], row["tool_result"]) == ({"city": "Paris"}, "sunny")


def test_parameters_instructions_and_definitions() -> None:
    row = seen(
        {
            **CALL,
            "gen_ai.request.temperature": 0.5,
            "gen_ai.system_instructions": '[{"type":"text","content":"x"}]',
            "gen_ai.tool.definitions": '[{"type":"function","function":{"name":"f"}}]',
        }
    )
    assert row["model_parameters"] == {"temperature": 0.5}
    assert row["system_instructions"] == [{"type": "text", "content": "x"}]
    assert row["tool_definitions"] == [{"type": "function", "name": "f"}]


def test_broken_json_stays_text_and_other_fields_are_mapped() -> None:
    row = seen({**CALL, "gen_ai.input.messages": '[{"role": "us'})
    assert row["input_messages"][0]["parts"][0] == {"type": "text", "content": '[{"role": "us', "unparsed": True}
    assert row["request_model"] == "m"


def test_mapping_names_where_settled_columns_came_from() -> None:
    sources = {"input": "log:2", "response_id": "span:abc", "duplicate_of": "rule"}
    mapping = present({**translated(span(CALL)), "settled_from": json.dumps(sources)}, [], [])["mapping"]
    assert mapping["input"] == {"from": "log"}
    assert mapping["response_id"] == {"from": "span:abc"}
    assert "duplicate_of" not in mapping


def test_a_wrappers_one_text_gives_way_to_the_messages_of_its_duplicate() -> None:
    both = [{"role": "system", "parts": [{"type": "text", "content": "be brief"}]}, *MESSAGES]
    donor = translated(span({**CALL, "gen_ai.input.messages": json.dumps(both)}, span_id="d" * 16))
    wrapper = translated(span({"openinference.span.kind": "LLM", "input.value": '{"question": "hi"}'}))
    shown = present(wrapper, [], [donor])
    assert shown["input_messages"] == both
    assert shown["mapping"]["input_messages"]["from"] == "span:" + "d" * 16
    assert present(wrapper, [], [])["input_messages"][0]["parts"][0]["content"] == '{"question":"hi"}'


def test_a_text_that_is_no_message_gives_way_to_a_single_one_and_messages_never_do() -> None:
    donor = translated(span({**CALL, "gen_ai.input.messages": json.dumps(MESSAGES)}, span_id="d" * 16))
    wrapper = translated(span({"openinference.span.kind": "LLM", "input.value": '{"question": "hi"}'}))
    assert present(wrapper, [], [donor])["input_messages"] == MESSAGES
    own = [{"role": "user", "parts": [{"type": "text", "content": "own"}]}]
    plain = translated(span({**CALL, "gen_ai.input.messages": json.dumps(own)}))
    assert present(plain, [], [donor])["input_messages"] == own


def test_mapping_names_the_key_by_which_a_duplicate_or_a_record_told_a_settled_column() -> None:
    donor = translated(span({**CALL, "gen_ai.response.id": "r"}, span_id="d" * 16))
    sources = {"response_id": f"span:{'d' * 16}", "input_tokens": "log:1", "finish_reasons": "log:1"}
    settled = {**translated(span(CALL)), "response_id": "r", "input_tokens": 3, "settled_from": json.dumps(sources)}
    details = {
        "event_name": "gen_ai.client.inference.operation.details",
        "raw_attributes": '{"gen_ai.usage.input_tokens":3}',
    }
    choice = {"event_name": "gen_ai.choice", "raw_body": '{"finish_reason":"stop"}', "digest": "d"}
    mapping = present(settled, [details, choice], [donor])["mapping"]
    assert mapping["response_id"] == {"convention": "genai", "key": "gen_ai.response.id", "from": "span:" + "d" * 16}
    assert mapping["input_tokens"] == {"convention": "genai", "key": "gen_ai.usage.input_tokens", "from": "log"}
    assert mapping["finish_reasons"] == {"convention": "genai", "key": "gen_ai.choice", "from": "log"}

"""Messages from log records and span events."""

from translator.messages.records import Record, as_text, inputs, inputs_of_list, outputs, outputs_of_list, tool_run


def test_content_stands_in_the_body_the_attributes_or_one_json_attribute() -> None:
    want = [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]
    for record in (
        Record("gen_ai.user.message", {"content": "hi"}, {}),
        Record("gen_ai.user.message", '{"content": "hi"}', {}),
        Record("gen_ai.user.message", None, {"content": "hi"}),
        Record("gen_ai.user.message", None, {"gen_ai.event.content": '{"content": "hi"}'}),
        Record("gen_ai.user.message", "hi", {}),
    ):
        assert inputs([record]) == want


def test_tool_messages_answer_their_call() -> None:
    found = inputs([Record("gen_ai.tool.message", {"id": "c1", "content": "sunny"}, {})])
    assert found == [{"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": "sunny"}]}]


def test_choices_come_by_index() -> None:
    some = [
        Record("gen_ai.choice", {"index": n, "finish_reason": "stop", "message": {"content": str(n)}}, {})
        for n in (1, 0)
    ]
    assert [item["parts"][0]["content"] for item in outputs(some) or []] == ["0", "1"]


def test_empty_records_say_nothing() -> None:
    assert inputs([Record("gen_ai.user.message", None, {})]) is None
    assert outputs([Record("gen_ai.choice", None, {})]) is None


def test_a_list_of_events_ends_in_the_answer() -> None:
    events = [{"event.name": "gen_ai.user.message", "content": "hi", "role": "user"},
              {"event.name": "gen_ai.assistant.message", "content": "yes", "role": "assistant"}]  # fmt: skip
    assert [item["role"] for item in inputs_of_list(events) or []] == ["user"]
    assert [item["parts"][0]["content"] for item in outputs_of_list(events) or []] == ["yes"]


def test_messages_of_empty_texts_are_no_content() -> None:
    assert as_text([{"role": "assistant", "parts": [{"type": "text", "content": ""}]}]) is None
    assert as_text([{"role": "assistant", "parts": [{"type": "text", "content": "a"}]}]) is not None


ASKED, ANSWERED = (
    Record("gen_ai.tool.message", None, {"content": '{"a": 1}'}),
    Record("gen_ai.choice", {"message": "x"}, {}),
)


def test_a_tools_own_span_has_arguments_and_a_result() -> None:
    assert tool_run([ASKED, ANSWERED]) == ('{"a": 1}', "x")
    assert tool_run([ANSWERED]) == (None, "x")
    assert tool_run([]) == (None, None)


def test_a_conversation_is_no_run_of_a_tool() -> None:
    assert tool_run([Record("gen_ai.user.message", {"content": "hi"}, {}), ASKED, ANSWERED]) == (None, None)

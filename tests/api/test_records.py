"""Stored rows to readable records."""

from typing import Any

from api.records import content, content_value, merged, readable_raw


def test_content_is_json_only_where_the_whole_text_is_an_object_or_list() -> None:
    assert content_value('{"a": 1}') == {"a": 1}
    assert content_value(" [1]") == [1]
    for text in ("5", "null", '"x"', "{broken", "[1] and more", "", None):
        assert content_value(text) == text


CHAT = '[{"role": "user", "content": "Why?"}, {"role": "assistant", "content": "Because."}]'


def shown(text: str | None, output: str | None = None, status: str = "unset", io: str = "full", **more: bool) -> Any:
    return content({"input": text, "output": output, "status": status}, io, **{"is_call": True, **more})


def test_an_answer_that_is_told_as_the_last_message_of_the_input_is_the_output_and_marked() -> None:
    for text in (CHAT, f'{{"model": "m", "messages": {CHAT}}}'):
        for io in ("full", "preview"):
            assert (shown(text, io=io)["output"], shown(text, io=io)["output_derived"]) == ("Because.", True)
    assert "output_derived" not in shown(CHAT, io="none")


def test_no_other_output_is_derived() -> None:
    said = shown(CHAT, output="said")
    assert (said["output"], said["output_derived"]) == ("said", False)
    question = '[{"role": "assistant", "content": "Hi"}, {"role": "user", "content": "Why?"}]'
    odd = ('["assistant"]', '{"messages": "assistant"}', '[{"role": "assistant"}]', '"assistant"', "[", None)
    for text in (question, *odd):
        assert (shown(text)["output"], shown(text)["output_derived"]) == (None, False)
    for failed in (shown(CHAT, status="error"), shown(CHAT, is_call=False), shown(CHAT + " " * 300, io="preview")):
        assert (failed["output"], failed["output_derived"]) == (None, False)


def test_of_metadata_said_twice_the_first_map_stands_and_none_is_null() -> None:
    assert merged(['{"a":1,"b":1}', "no json", "[1]", '{"a":2,"c":2}']) == {"a": 1, "b": 1, "c": 2}
    for nothing in (None, [], ["{}"], ["no json"]):
        assert merged(nothing) is None


def test_raw_columns_become_ordinary_json() -> None:
    row = {
        "input": "settled",
        "output": None,
        "own": '{"input":"mine"}',
        "raw_attributes": '{"p":{"$c":"input"},"n":{"$f":"NaN"},"big":9007199254740993,"b":{"$b":"AA=="}}',
        "raw_resource": '{"attributes":{"service.name":"shop"},"schema_url":"u"}',
        "raw_scope": None,
        "raw_events": '[[1000000001,"e",{"k":1}],[0,"untimed"]]',
        "raw_links": '[["t","s"]]',
        "raw_rest": '{"flags":1,"trace_state":"v=1"}',
    }
    shown = readable_raw(row)
    assert shown["attributes"] == {"p": "mine", "n": "NaN", "big": "9007199254740993", "b": {"bytesValue": "AA=="}}
    assert shown["resource"] == {"attributes": {"service.name": "shop"}, "schema_url": "u"}
    assert shown["scope"] == {"attributes": {}}
    assert [each["time"] for each in shown["events"]] == ["1970-01-01T00:00:01.000000001Z", None]
    assert shown["events"][0]["attributes"] == {"k": 1}
    assert shown["links"][0] == {
        "trace_id": "t",
        "span_id": "s",
        "trace_state": "",
        "attributes": {},
        "dropped_attributes_count": 0,
        "flags": 0,
    }
    assert (shown["flags"], shown["trace_state"], shown["dropped_links_count"]) == (1, "v=1", 0)

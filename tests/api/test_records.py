"""Stored rows to readable records."""

from api.records import content_value, merged, readable_raw


def test_content_is_json_only_where_the_whole_text_is_an_object_or_list() -> None:
    assert content_value('{"a": 1}') == {"a": 1}
    assert content_value(" [1]") == [1]
    for text in ("5", "null", '"x"', "{broken", "[1] and more", "", None):
        assert content_value(text) == text


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

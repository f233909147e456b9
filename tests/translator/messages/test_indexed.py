"""Lists flattened into numbered attributes."""

from typing import Any

from tests.support.spans import seen
from translator.messages.indexed import messages, nested, vector_length


def test_indices_order_numerically_and_may_have_gaps() -> None:
    sent = {f"p.{n}.content": str(n) for n in (10, 9, 0, 10**9)}
    assert [item["content"] for item in nested(sent, "p.")] == ["0", "9", "10", str(10**9)]


def test_wrappings_of_openinference_are_taken_off() -> None:
    sent = {
        "m.0.message.role": "user",
        "m.0.message.contents.0.message_content.type": "text",
        "m.0.message.contents.0.message_content.text": "hi",
    }
    assert messages(sent, "m.") == [{"role": "user", "contents": [{"type": "text", "text": "hi"}]}]


def test_a_key_that_is_both_value_and_prefix_loses_nothing() -> None:
    sent: dict[str, Any] = {"p.0.a": "x", "p.0.a.b": "y", "p.0.a.c": "z"}
    assert nested(sent, "p.") == [{"a": {"": "x", "b": "y", "c": "z"}}]
    assert nested(dict(reversed(sent.items())), "p.") == [{"a": {"c": "z", "b": "y", "": "x"}}]


def test_a_map_that_was_sent_is_joined_with_the_keys_below_it_and_stays_as_it_was() -> None:
    inner: dict[str, Any] = {"role": "user", "b": {"c": 1}}
    sent: dict[str, Any] = {"p.0": inner, "p.0.content": "hi", "p.0.b.d": 2}
    whole = {"role": "user", "b": {"c": 1, "d": 2}, "content": "hi"}
    assert nested(sent, "p.") == [whole]
    assert nested(dict(reversed(sent.items())), "p.") == [whole]
    assert inner == {"role": "user", "b": {"c": 1}}


def test_a_key_with_thousands_of_dots_is_only_a_long_name() -> None:
    key = "gen_ai.prompt.0." + "a." * 20_000
    row = seen({"gen_ai.operation.name": "chat", key: "x", "gen_ai.prompt.1.content": "hi"})
    assert row["input_messages"][1] == {"role": "user", "parts": [{"type": "text", "content": "hi"}]}


def test_vector_length_from_list_json_and_numbered_keys() -> None:
    prefix = "embedding.embeddings."
    read = vector_length(prefix)
    assert read({prefix + "0.embedding.vector": [0.0] * 3072}) == 3072
    assert read({prefix + "0.embedding.vector": str([0.0] * 3)}) == 3
    assert read({prefix + f"0.embedding.vector.{n}": 0.0 for n in range(3072)}) == 3072


def test_prompt_name_is_no_content_and_indexed_wins_over_the_whole_string() -> None:
    row = seen({"gen_ai.prompt.name": "greet", "gen_ai.operation.name": "chat"})
    assert (row["input"], row["prompt_name"], row["input_messages"]) == (None, "greet", None)
    both = {"gen_ai.operation.name": "chat", "gen_ai.prompt": "whole", "gen_ai.prompt.0.content": "first"}
    assert seen(both)["input_messages"] == [{"role": "user", "parts": [{"type": "text", "content": "first"}]}]

"""Counts are inclusive, whatever form the usage map has."""

import json

import pytest

from translator.usage import from_map, with_usage


@pytest.mark.parametrize(
    ("usage", "want"),
    [
        ({"prompt_tokens": 17, "completion_tokens": 7}, (17, 7)),
        ({"prompt_tokens": 28, "completion_tokens": 13, "prompt_tokens_details": {"cached_tokens": 8}}, (28, 13)),
        ({"input_tokens": 4, "output_tokens": 9, "cache_read_input_tokens": 6421}, (6425, 9)),
        ({"inputTokens": 4, "outputTokens": 9, "cacheReadInputTokens": 6, "totalTokens": 13}, (4, 9)),
        ({"input": 10, "output": 5, "input_cached_tokens": 8, "output_reasoning_tokens": 6}, (18, 11)),
        ({"input": 18, "output": 11, "total": 29, "input_cached_tokens": 8, "output_reasoning_tokens": 6}, (18, 11)),
        ({"input": 11, "output": 3, "cache_read_input_tokens": 4}, (11, 3)),
        ({"input": 6, "output": 3, "total": 13, "cache_read_input_tokens": 4}, (10, 3)),
        ({"input": 11, "output": 3, "total": 14, "cache_read_input_tokens": 4}, (11, 3)),
        ({"inputTokens": 5, "outputTokens": 2, "thoughtsTokens": 3, "totalTokens": 10}, (5, 5)),
        ({"promptTokenCount": 5, "candidatesTokenCount": 2, "thoughtsTokenCount": 3, "totalTokenCount": 10}, (5, 5)),
    ],
)
def test_input_holds_the_cache_and_output_the_reasoning(usage: dict[str, object], want: tuple[int, int]) -> None:
    for sent in (usage, json.dumps(usage), json.dumps(json.dumps(usage))):
        found = from_map(sent)
        assert found is not None
        assert (found["input_tokens"], found["output_tokens"]) == want


def test_parts_are_read_from_nested_details() -> None:
    found = from_map({"input_tokens": 3, "input_tokens_details": {"cached_tokens": 2},
                      "output_tokens_details": {"reasoning_tokens": 1}})  # fmt: skip
    assert found == {"input_tokens": 3, "cache_read_tokens": 2, "reasoning_tokens": 1}


def test_of_two_names_of_one_count_the_first_in_the_table_wins() -> None:
    assert from_map({"prompt_tokens": 9, "input_tokens": 5}) == {"input_tokens": 5}


@pytest.mark.parametrize(
    "odd", [None, "", "{", "[]", {}, {"x": 1}, {"input": -1}, {"input": "NaN"}, {"input": True}, 3]
)
def test_what_has_no_count_is_no_usage(odd: object) -> None:
    assert from_map(odd) is None


def test_usage_is_found_within_answers_of_providers_and_langchain() -> None:
    usage = {"input_tokens": 3, "output_tokens": 2}
    for answer in (
        {"usage": usage},
        {"response_metadata": {"token_usage": usage}},
        {"generations": [[{"message": {"kwargs": {"usage_metadata": usage}}}]]},
    ):
        assert with_usage(json.dumps(answer)) == usage
    assert with_usage({"content": "no"}) is None


@pytest.mark.parametrize(
    "answer",
    [
        {"meta": {"usage": {"prompt_tokens": 3, "total_tokens": 3}}},
        {"meta": [{"usage": {"prompt_tokens": 3}}]},
        {"replies": [{"meta": {"usage": {"prompt_tokens": 3}}}]},
        {"generations": [[{"message": {"kwargs": {"response_metadata": {"token_usage": {"prompt_tokens": 3}}}}}]]},
    ],
)
def test_usage_is_found_in_the_meta_of_haystack_and_langchain(answer: dict[str, object]) -> None:
    assert (with_usage(answer) or {})["input_tokens"] == 3

"""The first answer of a field wins; a group is answered by one convention."""

from tests.support.spans import seen, span, translated
from translator.engine import MAX_PLAN_KEYS, Engine
from translator.translate import Translator

CALL = {"gen_ai.operation.name": "chat"}


def test_usage_comes_from_one_convention_as_a_whole() -> None:
    """Adding one scheme's input to another's total gives a number that nobody reported."""
    row = seen({**CALL, "gen_ai.usage.input_tokens": 5, "llm.token_count.prompt": 7, "llm.token_count.total": 99,
                "llm.token_count.completion": 2})  # fmt: skip
    assert (row["input_tokens"], row["output_tokens"], row["total_tokens"]) == (5, None, None)


def test_splits_that_one_convention_leaves_open_are_taken_from_another() -> None:
    raw = '{"input_tokens": 21, "output_tokens": 7, "cache_read_input_tokens": 40, "cache_creation_input_tokens": 12}'
    row = seen({**CALL, "gen_ai.usage.input_tokens": 73, "gen_ai.usage.output_tokens": 7, "gen_ai.usage.raw": raw})
    assert (row["input_tokens"], row["cache_read_tokens"], row["cache_write_tokens"]) == (73, 40, 12)


def test_splits_count_also_when_their_convention_is_asked_first() -> None:
    """The GenAI form of Vercel's SDK has the reasoning among `ai.usage.*` and the counts among `gen_ai.usage.*`."""
    row = seen({**CALL, "ai.usage.outputTokenDetails.reasoningTokens": 6, "gen_ai.usage.output_tokens": 13})
    assert (row["output_tokens"], row["reasoning_tokens"]) == (13, 6)
    assert seen({**CALL, "ai.usage.outputTokenDetails.reasoningTokens": 6})["reasoning_tokens"] is None


def test_a_whole_answer_gives_the_splits_that_have_no_key_and_nothing_else() -> None:
    """OpenInference's instrumentation of google-genai 0.1.5: the cache stands in the raw answer only."""
    answer = (
        '{"usage_metadata": {"prompt_token_count": 99, "candidates_token_count": 7, "cached_content_token_count": 8}}'
    )
    sent = {"openinference.span.kind": "LLM", "llm.token_count.prompt": 10, "output.value": answer}
    row = seen(sent)
    assert (row["input_tokens"], row["output_tokens"], row["cache_read_tokens"]) == (10, None, 8)
    known = seen({**sent, "llm.token_count.prompt_details.cache_read": 3})
    assert known["cache_read_tokens"] == 3


def test_a_key_that_leaves_the_cache_out_gives_way_to_the_whole_input_of_the_answer() -> None:
    """OpenInference's instrumentation of anthropic 0.1.5: 14 is what Anthropic counts beside the cache."""
    usage = '{"input_tokens": 14, "cache_read_input_tokens": 40, "cache_creation_input_tokens": 12, "output_tokens": 7}'
    sent = {"openinference.span.kind": "LLM", "llm.token_count.completion": 7, "output.value": f'{{"usage": {usage}}}'}
    row = seen({**sent, "llm.token_count.prompt": 14, "llm.token_count.total": 21})
    assert (row["input_tokens"], row["cache_read_tokens"], row["total_tokens"]) == (66, 40, 73)
    assert seen({**sent, "llm.token_count.prompt": 66, "llm.token_count.total": 73})["total_tokens"] == 73
    assert seen({**sent, "llm.token_count.prompt": 60})["input_tokens"] == 60


def test_the_same_count_under_several_keys_counts_once() -> None:
    keys = ("cache_creation.input_tokens", "cache_creation_input_tokens", "cache_write.input_tokens")
    sent = {**CALL, "gen_ai.usage.input_tokens": 20, **{f"gen_ai.usage.{key}": 12 for key in keys}}
    row = seen(sent)
    assert (row["input_tokens"], row["cache_write_tokens"]) == (20, 12)
    both = seen({**CALL, "gen_ai.usage.input_tokens": 5, "gen_ai.usage.prompt_tokens": 6})
    assert both["input_tokens"] == 5


def test_an_answerless_key_leaves_the_field_to_the_next() -> None:
    assert seen({"gen_ai.provider.name": "", "gen_ai.system": "openai"})["provider"] == "openai"


def test_a_huge_span_is_translated_and_its_plan_is_not_kept() -> None:
    translator = Translator()
    row = translated(span({f"k{n}": n for n in range(10_000)} | {"gen_ai.request.model": "m"}), translator)
    assert row["request_model"] == "m"
    assert not translator._engine._plans
    assert MAX_PLAN_KEYS < 10_000


def test_plans_are_made_once_for_a_shape() -> None:
    engine = Engine()
    assert engine.plan("s", {"a": 1}) is engine.plan("s", {"a": 2})
    assert engine.plan("s", {"a": 1}) is not engine.plan("t", {"a": 1})

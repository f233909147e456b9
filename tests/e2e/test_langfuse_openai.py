"""OpenAI's SDK through Langfuse's integrations, against a provider whose answers are known: `make e2e-langfuse`."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

import pytest

from tests.support.fake_openai import ANSWERS, Answer, provider
from tests.support.langfuse_sdks import EVERY_SDK, KEYS, OF_OBSERVATION, Sdk, ask, check_equal, run_client
from tests.support.server import running

PRICES = {"gpt-4o-mini": (0.15, 0.075, 0.6), "gpt-5-mini": (0.25, 0.025, 2.0), "text-embedding-3-small": (0.02, 0, 0)}
"""US dollars for a million tokens of input, of cached input and of output."""

UNCOUNTED = {"python-2.60.10": {"respond stream"}}
"""SDK -> calls whose usage it does not send."""


class Sent(NamedTuple):
    """The spans of the calls by their names, and the calls as the SDK read them."""

    spans: dict[str, Any]
    read: list[dict[str, Any]]


@pytest.fixture(scope="module", params=EVERY_SDK)
def sdk(request: pytest.FixtureRequest) -> Sdk:
    found: Sdk = request.param
    return found


@pytest.fixture(scope="module")
def sent(sdk: Sdk, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    folder = tmp_path_factory.mktemp(sdk.name)
    with running(folder, **KEYS) as server, provider() as url:
        done = run_client(sdk, "openai_calls", server, OPENAI_BASE_URL=url, OPENAI_API_KEY="sk-none")
        told = {line for line in done.stderr.splitlines() if "429" not in line}
        assert (done.returncode, told) == (0, set()), "some SDKs log the call that failed"
        spans = ask(server, "spans?io=full")["data"]
        whole = [ask(server, f"spans/{quote(span['trace_id'])}/{quote(span['span_id'])}") for span in spans]
        yield Sent({span["name"]: span for span in whole}, json.loads(done.stdout))
        assert "Traceback" not in server.log


def test_every_call_is_told_once_as_the_provider_answered_it(sent: Sent, sdk: Sdk) -> None:
    names = ANSWERS.keys() - ({"embed"} if sdk.version.startswith("2.") else set())
    assert sent.spans.keys() == names
    for name in names - {"fail", "embed"}:
        span, answer = sent.spans[name], ANSWERS[name]
        assert (span["kind"], span["status"], span["duplicate_of"]) == ("generation", "unset", None), name
        assert span["model"] in (answer.model, answer.answering), name
        if name in UNCOUNTED.get(sdk.name, ()):
            assert (span["input_tokens"], span["output_tokens"], span["total_cost"]) == (None, None, None), name
        else:
            check_counts(span, answer)


def check_counts(span: dict[str, Any], answer: Answer) -> None:
    assert (span["input_tokens"], span["output_tokens"]) == (answer.input_tokens, answer.output_tokens), span["name"]
    assert span["total_tokens"] == answer.input_tokens + answer.output_tokens, span["name"]
    assert (span["cache_read_tokens"] or 0, span["reasoning_tokens"] or 0) == (answer.cached, answer.reasoning)
    assert (span["cost_source"], span["total_cost"]) == ("calculated", pytest.approx(price(answer))), span["name"]


def price(answer: Answer) -> float:
    incoming, cached, outgoing = PRICES[answer.model]
    fresh = answer.input_tokens - answer.cached
    return (fresh * incoming + answer.cached * cached + answer.output_tokens * outgoing) / 1e6


def test_messages_are_those_that_were_sent_and_answered(sent: Sent) -> None:
    for name in ("plain", "stream", "think"):
        span = sent.spans[name]
        said = [(message["role"], text_of(message)) for message in span["input_messages"]]
        assert said == [("system", "Be brief."), ("user", name)]
        assert [(message["role"], text_of(message)) for message in span["output_messages"]] == [
            ("assistant", ANSWERS[name].text)
        ]
    for name in ("respond", "respond stream"):
        assert ANSWERS[name].text in json.dumps(sent.spans[name]["output_messages"])
    [call] = [part for message in sent.spans["tool"]["output_messages"] for part in message["parts"]]
    assert (call["type"], call["name"], call["arguments"]) == ("tool_call", "get_weather", {"city": "Paris"})
    assert [tool["name"] for tool in sent.spans["tool"]["tool_definitions"]] == ["get_weather"]
    assert float(sent.spans["plain"]["model_parameters"]["temperature"]) == 0.5
    assert sent.spans["stream"]["time_to_first_token_ms"] is not None


def text_of(message: dict[str, Any]) -> str:
    return "".join(part.get("content", "") for part in message["parts"])


def test_a_call_that_failed_is_an_error_without_tokens(sent: Sent) -> None:
    span = sent.spans["fail"]
    assert (span["kind"], span["status"], span["level"]) == ("generation", "error", "ERROR")
    assert "429" in span["status_message"] or "Rate limit" in span["status_message"]
    assert (span["input_tokens"], span["output_tokens"], span["total_cost"] or 0) == (None, None, 0)


def test_an_embedding_has_the_tokens_that_the_sdk_tells(sent: Sent, sdk: Sdk) -> None:
    if sdk.version.startswith("2."):
        return
    span, answer = sent.spans["embed"], ANSWERS["embed"]
    told = answer.input_tokens if sdk.language == "python" else None
    assert (span["model"], span["input_tokens"]) == (answer.model, told)
    assert (span["total_cost"] or 0) == pytest.approx(price(answer) if told else 0)


def test_what_the_sdk_reads_is_what_the_query_api_tells(sent: Sent) -> None:
    assert {each["name"] for each in sent.read} == sent.spans.keys()
    for each in sent.read:
        span = sent.spans[each["name"]]
        check_equal(each, span, OF_OBSERVATION)
        usage = each["usageDetails"]
        assert sum(count for key, count in usage.items() if key != "total") == (span["total_tokens"] or 0)
        assert usage.get("total") == span["total_tokens"]
        assert usage.get("input_cached_tokens", 0) == (span["cache_read_tokens"] or 0)
        assert usage.get("output_reasoning_tokens", 0) == (span["reasoning_tokens"] or 0)

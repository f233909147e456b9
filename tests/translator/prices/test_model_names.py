"""Which host and which spellings a model's name leads to."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from translator.prices.model_names import (
    REGIONAL,
    RUNS_LOCALLY,
    NoReference,
    Reference,
    family,
    host_of,
    references,
    spellings,
)


def places(provider: str | None, model: str | None) -> list[Reference]:
    found = references(provider, model)
    assert not isinstance(found, NoReference), found
    return list(found)


@pytest.mark.parametrize(
    ("provider", "model", "host", "name"),
    [
        (None, "azure/gpt-4o", "azure", "gpt-4o"),
        (None, "OpenRouter/anthropic/claude-sonnet-4.5", "openrouter", "anthropic/claude-sonnet-4.5"),
        ("openrouter", "openai/gpt-4o", "openrouter", "openai/gpt-4o"),
        ("groq", "openai/gpt-oss-120b", "groq", "openai/gpt-oss-120b"),
        ("openai", "anthropic/claude-sonnet-5", "anthropic", "claude-sonnet-5"),
        ("litellm", "vertex_ai/gemini-2.5-pro", "google", "gemini-2.5-pro"),
        ("gcp.gemini", "models/gemini-2.5-flash", "google", "gemini-2.5-flash"),
        (
            "gcp.vertex_ai",
            "projects/p/locations/us-central1/publishers/google/models/gemini-2.5-pro",
            "google",
            "gemini-2.5-pro",
        ),
        (
            "aws.bedrock",
            "us.anthropic.claude-sonnet-4-20250514-v1:0",
            "aws",
            "us.anthropic.claude-sonnet-4-20250514-v1:0",
        ),
        ("anthropic", "eu.anthropic.claude-sonnet-4-20250514-v1:0", "aws", "eu.anthropic.claude-sonnet-4-20250514"),
        (None, "bedrock/converse/us.amazon.nova-pro-v1:0", "aws", "us.amazon.nova-pro-v1:0"),
        (None, "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.nova-pro-v1:0", "aws", "eu.amazon.nova-pro"),
        ("langgenius/openai/openai", "gpt-4o", "openai", "gpt-4o"),
        ("openai.responses", "gpt-4o", "openai", "gpt-4o"),
        ("azure-openai.chat", "gpt-4o", "azure", "gpt-4o"),
        ("amazon-bedrock", "some-profile", "aws", "some-profile"),
    ],
)
def test_the_name_or_else_the_provider_says_who_hosts_the_model(
    provider: str | None, model: str, host: str, name: str
) -> None:
    first = places(provider, model)[0]
    assert first.host == host
    assert name in first.names


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("gpt-5.2-20251211", "gpt-5.2-2025-12-11"),
        ("claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("gpt-35-turbo", "gpt-3.5-turbo"),
        ("kimi-k2:latest", "kimi-k2"),
        ("grok-3-latest", "grok-3"),
    ],
)
def test_dates_and_tags_are_taken_off_after_the_exact_name_was_tried(name: str, other: str) -> None:
    found = spellings("anywhere", name)
    assert found[0] == name
    assert other in found


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("deepseek/deepseek-chat:free", "deepseek/deepseek-chat"),
        ("mistral-large-2402", "mistral-large"),
        ("eu/gpt-4o", "gpt-4o"),
        ("ft:gpt-4.1-mini:org::id", "gpt-4.1-mini"),
        ("gpt-4-1106-preview", "gpt-4"),
    ],
)
def test_what_changes_the_price_is_never_taken_off(name: str, wrong: str) -> None:
    for place in places("openai", name):
        assert wrong not in place.names


def test_a_fine_tune_is_looked_up_by_its_base_under_fine_tunes() -> None:
    assert places("openai", "ft:gpt-4o-mini:org:latest")[0].names[-1] == "ft:gpt-4o-mini"
    assert spellings("openai", "ft:gpt-4o-mini-2024-07-18:org::id") == (
        "ft:gpt-4o-mini-2024-07-18:org::id",
        "ft:gpt-4o-mini-2024-07-18",
        "ft:gpt-4o-mini",
    )


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("ollama", "gpt-4o"),
        ("vllm", "meta-llama/Llama-3.1-8B-Instruct"),
        (None, "ollama/llama3.2"),
        (None, "mistral:latest"),
        ("openai", "deepseek-r1:8b"),
        ("openai", "llama3.2:3b-instruct-q4_K_M"),
    ],
)
def test_a_model_on_the_users_own_machine_has_no_price(provider: str | None, model: str) -> None:
    assert references(provider, model) == NoReference(RUNS_LOCALLY)


@pytest.mark.parametrize(
    ("provider", "model", "reason"),
    [
        ("openai", None, "no model is named"),
        ("openai", "  ", "no model is named"),
        ("my-gateway", "gpt-4o", "the provider my-gateway is in no price list"),
        ("dashscope", "qwen-plus", REGIONAL["alibaba"]),
        ("openai", "tongyi/qwen-max", REGIONAL["alibaba"]),
    ],
)
def test_the_reason_says_what_is_not_known(provider: str | None, model: str | None, reason: str) -> None:
    assert references(provider, model) == NoReference(reason)


def test_openais_client_may_talk_to_anyone_and_another_provider_may_not() -> None:
    assert [place.host for place in places("openai", "deepseek-chat")] == ["openai", None]
    assert [place.host for place in places("groq", "deepseek-chat")] == ["groq"]
    assert [place.host for place in places("_OTHER", "deepseek-chat")] == [None]


@pytest.mark.parametrize(
    ("name", "owner"), [("text-embedding-3-small", "openai"), ("embed-v4.0", "cohere"), ("bert-base", None)]
)
def test_families_of_names_that_one_company_gives(name: str, owner: str | None) -> None:
    assert family(name) == owner


def test_longer_names_of_providers_are_known_by_their_parts() -> None:
    assert [host_of(name) for name in ("azure-openai", "google-vertex", "custom", None)] == [
        "azure", "google", None, None,
    ]  # fmt: skip


@given(st.one_of(st.none(), st.text()), st.text())
def test_any_text_leads_somewhere_or_has_a_reason(provider: str | None, model: str) -> None:
    found = references(provider, model)
    assert found.reason if isinstance(found, NoReference) else all(place.names for place in found)

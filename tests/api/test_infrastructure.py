"""What is plumbing, and what only looks like it."""

import pytest

from api.infrastructure import is_infrastructure


@pytest.mark.parametrize(
    "scope",
    [
        "opentelemetry.instrumentation.flask",
        "opentelemetry.instrumentation.aiohttp_client",
        "opentelemetry.instrumentation.aiohttp-client",
        "@opentelemetry/instrumentation-http",
        "@opentelemetry/instrumentation-redis-4",
        "io.opentelemetry.spring-webmvc-6.0",
        "io.opentelemetry.okhttp-3.0",
        "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
        "Microsoft.AspNetCore",
        "OpenTelemetry.Instrumentation.StackExchangeRedis",
        "next.js",
    ],
)
def test_web_servers_clients_and_databases_are_infrastructure(scope: str) -> None:
    assert is_infrastructure("span", scope)
    assert not is_infrastructure("generation", scope)


@pytest.mark.parametrize(
    "scope",
    [
        None,
        "",
        "my.app",
        "opentelemetry.instrumentation.openai_v2",
        "opentelemetry.instrumentation.langchain",
        "opentelemetry.instrumentation.chromadb",
        "@opentelemetry/instrumentation-openai",
        "io.opentelemetry.openai-java-1.1",
        "opentelemetry.instrumentation.flaskish",
        "langfuse-sdk",
    ],
)
def test_other_scopes_are_not(scope: str | None) -> None:
    assert not is_infrastructure("span", scope)

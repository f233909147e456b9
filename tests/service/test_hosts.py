"""Which hosts may be asked for while no keys are needed."""

import pytest

from service.hosts import is_ours, name_of

KNOWN = frozenset({"traces.example.com"})


@pytest.mark.parametrize(
    "header",
    [
        "", "localhost", "LOCALHOST:4318", "127.0.0.1:4318", "[::1]:4318", "10.0.0.7", "tracepond:4318", "my-laptop",
        "host.docker.internal:4318", "tracepond.ns.svc.cluster.local", "a.localhost", "traces.example.com:80",
        "Traces.Example.COM.",
    ],
)  # fmt: skip
def test_names_that_only_we_can_have_are_ours(header: str) -> None:
    assert is_ours(name_of(header), KNOWN)


@pytest.mark.parametrize(
    "header",
    [
        "evil.example.com", "evil.example.com:4318", "localhost.evil.com", "127.0.0.1.nip.io", "sub.traces.example.com",
        "evil.com@localhost.evil.com", "[", "::1.evil.com", "1.2.3", "local", "evil.local.com",
    ],
)  # fmt: skip
def test_names_that_somebody_else_can_have_are_not(header: str) -> None:
    assert is_ours(name_of(header), KNOWN) is (header == "local")

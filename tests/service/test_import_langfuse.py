"""What the command line means, and in which order an import goes; the rest is tried end to end."""

import asyncio
from typing import Any

import pytest

from contract.errors import BadQuery
from service import arguments, import_langfuse
from service.config import Config, ConfigError, load
from service.import_langfuse import Import, wanted
from service.langfuse.lists import Range
from service.langfuse.remote import Refusal
from tests.support.langfuse_elsewhere import Elsewhere
from tests.support.langfuse_taker import Taker

KEYS = {"LANGFUSE_PUBLIC_KEY": "pk-there", "LANGFUSE_SECRET_KEY": "sk-there"}
WRITES_ONLY = '{"name":"a","public_key":"a","secret_key":"a","scopes":["ingest"]}'
PROJECTS = f'[{WRITES_ONLY},{{"name":"b","public_key":"pk","secret_key":"sk"}}]'


def config_of(**environ: str) -> Config:
    return load("", "", environ, {})


def asked(*flags: str, config: Config | None = None, **environ: str) -> import_langfuse.Wanted:
    options = arguments.parse(["import-langfuse", "https://there", *flags])
    return wanted(options, environ or KEYS, config or config_of())


def test_keys_come_from_the_environment_or_from_flags() -> None:
    assert asked().source_keys == ("pk-there", "sk-there")
    assert asked("--public-key", "p", "--secret-key", "s").source_keys == ("p", "s")
    with pytest.raises(ConfigError, match="LANGFUSE_SECRET_KEY"):
        asked(LANGFUSE_PUBLIC_KEY="pk")


def test_the_server_on_this_machine_is_the_target_unless_another_is_named() -> None:
    assert asked().target == "http://127.0.0.1:4318"
    assert asked().target_keys is None
    assert asked(config=config_of(TRACEPOND_AUTH_PROJECTS=PROJECTS)).target_keys == ("pk", "sk")
    other = asked("--to", "https://here/x", "--to-public-key", "p", "--to-secret-key", "s")
    assert (other.target, other.target_keys, other.local) == ("https://here/x", ("p", "s"), None)
    with pytest.raises(ConfigError, match="together"):
        asked("--to-public-key", "p")


def test_no_key_is_in_what_may_be_printed() -> None:
    assert "sk" not in repr(asked("--to-public-key", "sk-a", "--to-secret-key", "sk-b"))


def test_times_bound_what_is_imported() -> None:
    found = asked("--from-time", "2026-11-01T00:00:00Z", "--to-time", "2026-11-02").range
    assert found == Range(1_793_491_200_000_000_000, 1_793_577_600_000_000_000)
    with pytest.raises(BadQuery, match="--to-time"):
        asked("--to-time", "soon")


@pytest.mark.parametrize("url", ["there", "ftp://there", "file:///etc/passwd"])
def test_an_address_is_one_of_http(url: str) -> None:
    with pytest.raises(ConfigError, match="expected an address"):
        wanted(arguments.parse(["import-langfuse", url]), KEYS, config_of())
    with pytest.raises(ConfigError, match="expected an address"):
        asked("--to", url)


def test_a_server_is_not_copied_to_itself() -> None:
    with pytest.raises(ConfigError, match="name the one to copy from"):
        asked("--to", "https://there/")


class Here(Taker):
    """A target that has no documents and counts nothing."""

    async def json(self, method: str, path: str, body: Any = None, **asked: Any) -> Any:
        if path.endswith("/projects"):
            return {"data": []}
        if method == "GET" and not path.startswith("api/v1/"):
            raise Refusal(404, "none")
        if path.startswith("api/v1/") or path.endswith(("/ingestion", "/media")):
            return await super().json(method, path, body, **asked)
        return {"datasetRunId": "r"}


def imported(there: Elsewhere, here: Here) -> import_langfuse.Done:
    return asyncio.run(Import(there, here, Range(), lambda _: None).run())


def test_all_lists_go_back_in_time_together() -> None:
    there = Elsewhere(260)
    assert imported(there, Here()).whole
    bounds = [asked["toTimestamp"] for path, asked in there.asked if "toTimestamp" in asked and "page" in asked]
    assert bounds == sorted(bounds, reverse=True)


def test_what_came_first_hand_is_counted_and_not_sent() -> None:
    here = Here()
    here.known = {"trace-1", "observation-3"}
    done = imported(Elsewhere(4), here)
    assert done.whole
    assert "2 came here first-hand and stay as they are" in done.report
    assert sum(len(batch) for batch in here.batches) == 4 + 8 + 4 - 2


def test_a_server_that_stops_answering_leaves_a_report_that_says_where_to_go_on() -> None:
    class Gone(Elsewhere):
        async def json(self, method: str, path: str, body: Any = None, **asked: Any) -> Any:
            before = asked.get("toTimestamp") or asked.get("toStartTime") or "now"
            if before < "2026-11-20T12":
                raise Refusal(0, "it is not answered")
            return await super().json(method, path, body, **asked)

    done = imported(Gone(260), Here())
    assert not done.whole
    assert "not done: it is not answered" in done.report
    assert "--to-time=2026-11-20T" in done.report


def test_an_interrupted_import_leaves_the_report_too() -> None:
    there, arrived = Elsewhere(260), asyncio.Event()

    class Slow(Here):
        async def json(self, method: str, path: str, body: Any = None, **asked: Any) -> Any:
            if path.endswith("/ingestion") and len(self.batches) == 8:
                arrived.set()
                await asyncio.Event().wait()
            return await super().json(method, path, body, **asked)

    async def interrupt() -> import_langfuse.Done:
        running = asyncio.ensure_future(Import(there, Slow(), Range(), lambda _: None).run())
        await arrived.wait()
        running.cancel()
        return await running

    done = asyncio.run(interrupt())
    assert "not done: it was interrupted" in done.report
    assert "--to-time=2026-11-20T" in done.report
    assert not done.whole


def test_a_server_that_takes_no_keys_is_no_report() -> None:
    class Closed(Elsewhere):
        async def json(self, method: str, path: str, body: Any = None, **asked: Any) -> Any:
            raise Refusal(401, "no such key")

    with pytest.raises(Refusal, match="no such key"):
        imported(Closed(1), Here())

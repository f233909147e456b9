"""The version of the program that runs."""

from importlib import metadata

import pytest

from receiver.compiled import stock
from service.version import version, version_line


def test_the_version_is_that_of_the_installed_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: {"tracepond": "1.2.3"}[name])
    assert version() == "1.2.3"


def test_a_folder_that_was_never_installed_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    assert version() == "unknown"


def test_the_line_says_what_is_compiled_and_why_it_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.version.version", lambda: "1.2.3")
    monkeypatch.setattr("service.version.DECODER", stock("it was told so"))
    monkeypatch.setattr("service.version.WHY_PYTHON", "")
    assert version_line() == "1.2.3 (decoder: python, it was told so; translator: compiled)"
    monkeypatch.setattr("service.version.DECODER", stock("")._replace(name="compiled"))
    monkeypatch.setattr("service.version.WHY_PYTHON", "it was not built")
    assert version_line() == "1.2.3 (decoder: compiled; translator: python, it was not built)"

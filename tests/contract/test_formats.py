"""Formats are told by their first bytes, and nothing that can hold a script is shown in place."""

import pytest

from contract.formats import BEGINNING_BYTES, FORMATS, SHOWN_IN_PLACE, Format, mime_type_of


@pytest.mark.parametrize("known", FORMATS, ids=lambda known: f"{known.mime_type} {known.magic!r}")
def test_every_format_is_told_by_as_many_bytes_as_are_asked_for(known: Format) -> None:
    content = b"\0" * known.at + known.magic + b"\0" * BEGINNING_BYTES
    assert mime_type_of(content[:BEGINNING_BYTES]) == known.mime_type
    assert mime_type_of(content[: known.at + len(known.magic) - 1]) != known.mime_type


@pytest.mark.parametrize("content", [b"", b"<svg onload=alert(1)>", b"<!doctype html>", b"\0" * 16, b"GIF86a"])
def test_what_is_none_of_them_has_no_type(content: bytes) -> None:
    assert mime_type_of(content) is None


def test_only_images_and_sounds_without_scripts_are_shown_in_place() -> None:
    assert {name.partition("/")[0] for name in SHOWN_IN_PLACE} == {"image", "audio"}
    assert "image/svg+xml" not in SHOWN_IN_PLACE
    assert {known.mime_type for known in FORMATS} > SHOWN_IN_PLACE

"""What a person writes, and what the program makes of it."""

import pytest

from service import quantities
from service.quantities import Endpoint


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("127.0.0.1:4318", Endpoint("127.0.0.1", 4318)),
        (":0", Endpoint("", 0)),
        ("[::1]:4317", Endpoint("::1", 4317)),
        ("localhost:65535", Endpoint("localhost", 65535)),
        ("unix:///run/t.sock", Endpoint("", 0, "/run/t.sock")),
    ],
)
def test_endpoint_is_host_and_port(written: str, expected: Endpoint) -> None:
    assert quantities.endpoint(written) == expected


@pytest.mark.parametrize("written", ["4318", "http://x:1", "x:", "x:65536", "x:-1", "::1:4317", "x:٣", "", None, 4318])
def test_anything_else_is_no_endpoint(written: object) -> None:
    with pytest.raises(ValueError, match="HOST:PORT"):
        quantities.endpoint(written)


def test_an_endpoint_prints_as_it_is_written() -> None:
    written = ["[::1]:1", "a:2", "unix:///run/t.sock"]
    assert [str(quantities.endpoint(text)) for text in written] == written


@pytest.mark.parametrize("written", ["unix://", "unix://run/t.sock", "unix:///run/"])
def test_the_path_of_a_socket_is_absolute(written: str) -> None:
    with pytest.raises(ValueError, match="an absolute path"):
        quantities.endpoint(written)


def test_an_empty_endpoint_switches_off_where_that_is_allowed() -> None:
    assert quantities.endpoint_or_off("") is None
    assert quantities.endpoint_or_off(None) is None
    assert quantities.endpoint_or_off("x:1") == Endpoint("x", 1)


@pytest.mark.parametrize(
    ("written", "expected"),
    [("256MB", 256_000_000), ("256MiB", 1 << 28), ("1.5 GiB", 3 << 29), ("512Mi", 1 << 29), ("512m", 1 << 29), (7, 7)],
)
def test_sizes_have_units(written: object, expected: int) -> None:
    assert quantities.size(written) == expected


@pytest.mark.parametrize("written", ["12 parsecs", "MB", "-1MB", 0, True, [], None, "1e3"])
def test_what_is_no_size_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="expected a size such as"):
        quantities.size(written)


def test_a_time_limit_of_nothing_is_refused() -> None:
    assert quantities.seconds_above_0("0.5s") == 0.5
    with pytest.raises(ValueError, match="a duration above 0, got"):
        quantities.seconds_above_0(0)


@pytest.mark.parametrize(("written", "expected"), [("500ms", 0.5), ("10s", 10), ("2m", 120), (1.5, 1.5), ("3", 3)])
def test_durations_have_units(written: object, expected: float) -> None:
    assert quantities.seconds(written) == expected


@pytest.mark.parametrize("written", ["10 years", "s", False, None])
def test_what_is_no_duration_is_refused(written: object) -> None:
    with pytest.raises(ValueError, match="expected a duration such as"):
        quantities.seconds(written)


def test_auto_is_none_and_named_in_the_error() -> None:
    assert quantities.or_auto(quantities.size)("auto") is None
    with pytest.raises(ValueError, match="expected auto or a size"):
        quantities.or_auto(quantities.size)("many")


def test_a_bool_of_yaml_is_no_number_and_the_error_says_where_it_came_from() -> None:
    with pytest.raises(ValueError, match="on, off, yes and no"):
        quantities.count(True)


@pytest.mark.parametrize("written", [0, -1, 1.5, "1.5", "٣", ""])
def test_a_count_is_a_whole_number_above_zero(written: object) -> None:
    with pytest.raises(ValueError, match="whole number above 0"):
        quantities.count(written)


def test_one_of_takes_any_case_and_lists_the_words() -> None:
    level = quantities.one_of("debug", "info")
    assert level(" INFO ") == "info"
    with pytest.raises(ValueError, match="debug, info, got 'loud'"):
        level("loud")


@pytest.mark.parametrize("written", ["", "  ", 3, None, ["a"]])
def test_text_is_text_and_not_empty(written: object) -> None:
    with pytest.raises(ValueError, match="expected text"):
        quantities.text(written)


def test_a_limit_may_be_none_and_is_more_than_nothing() -> None:
    max_age = quantities.or_none(quantities.seconds, unit=True)
    assert max_age("none") is None
    assert max_age("7d") == 604_800
    for written, message in (("0s", "more than 0"), ("14", "unit"), (1.5, "unit"), (None, "none or a duration")):
        with pytest.raises(ValueError, match=message):
            max_age(written)
    assert quantities.or_none(quantities.count)("7") == 7


def test_header_lists_are_read_as_otel_writes_them_and_never_shown() -> None:
    assert quantities.headers("x-api-key=a%20b, x-team = blue") == (("x-api-key", "a b"), ("x-team", "blue"))
    assert quantities.headers(["authorization=Basic YTpi=="]) == (("authorization", "Basic YTpi=="),)
    for wrong in ("secret", ["secret"], {"a": "secret"}, ["a b=secret"], ["a=secret%0d%0ax: y"]):
        with pytest.raises(ValueError, match="expected") as raised:
            quantities.headers(wrong)
        assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "wrong", ["collector:4318", "ftp://x", "http://", "http://x?y", "http://x:99999", "http://[", "", 5]
)
def test_a_url_needs_scheme_and_host(wrong: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        quantities.url_or_none(wrong)


def test_urls_names_and_paths_are_taken_as_written() -> None:
    assert quantities.url_or_none("https://c:4318/otel/") == "https://c:4318/otel"
    assert (quantities.url_or_none("none"), quantities.path_or_none("none")) == (None, None)
    assert quantities.path_or_none("a.pem") == "a.pem"
    assert quantities.names("a.example, b") == quantities.names(["a.example", "b"]) == ("a.example", "b")
    with pytest.raises(ValueError, match="list of names"):
        quantities.names([1])

"""What the edges read from an error."""

import pytest

from contract import errors
from contract.errors import BadQuery, Overloaded, Refused, TracepondError, Unavailable

CLASSES = [error for error in vars(errors).values() if isinstance(error, type) and not error.__name__.startswith("_")]


@pytest.mark.parametrize("error", CLASSES)
def test_every_error_is_caught_as_one_family_and_drawn_in_the_tree(error: type[Exception]) -> None:
    assert issubclass(error, TracepondError)
    assert error.__name__ in (errors.__doc__ or "")


def test_a_refusal_is_a_malformed_request_unless_it_says_otherwise() -> None:
    plain, large = Refused("no trace id"), Refused("64 MiB at most", reason="too_large", kind="too_large")
    assert (str(plain), plain.reason, plain.kind) == ("no trace id", "malformed", "malformed")
    assert (large.reason, large.kind) == ("too_large", "too_large")


@pytest.mark.parametrize("error", [Overloaded, Unavailable])
def test_what_can_be_sent_again_says_when(error: type[Overloaded | Unavailable]) -> None:
    assert error("later", reason="queue_full").retry_after_s == 1.0
    later = error("later", reason="store", retry_after_s=5)
    assert (later.reason, later.retry_after_s) == ("store", 5)
    assert not isinstance(later, Refused)


def test_a_bad_query_names_the_parameter_and_a_hint() -> None:
    error = BadQuery("no such field", parameter="modle", hint="model")
    assert (str(error), error.parameter, error.hint) == ("no such field", "modle", "model")

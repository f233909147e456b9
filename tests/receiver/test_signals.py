"""The table of signals fits the schema and the batch."""

import dataclasses

import pytest

from contract.span import Batch
from receiver.counters import ITEMS
from receiver.rejections import Rejections
from receiver.signals import SIGNALS, Signal, export_response


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=lambda signal: signal.name)
def test_the_row_names_things_that_exist(signal: Signal) -> None:
    assert signal.batch_field in {field.name for field in dataclasses.fields(Batch)}
    assert signal.items in ITEMS
    service = signal.response().DESCRIPTOR.file.services_by_name[signal.service.rsplit(".", 1)[1]]
    assert service.full_name == signal.service
    assert service.methods_by_name["Export"].output_type is signal.response.DESCRIPTOR  # type: ignore[attr-defined]


@pytest.mark.parametrize("signal", SIGNALS.values(), ids=lambda signal: signal.name)
def test_the_response_is_empty_unless_something_was_rejected(signal: Signal) -> None:
    assert export_response(signal, Rejections()).SerializeToString() == b""
    partial = export_response(signal, Rejections(3, {}, ["why"])).partial_success
    assert (getattr(partial, signal.rejected_field), partial.error_message) == (3, "why")

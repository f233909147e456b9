"""Which decoder runs, and that it is said why when it is not the compiled one."""

from pathlib import Path
from types import ModuleType

import pytest

import receiver
from receiver.compiled import DECODER, PURE_PYTHON_VARIABLE, SOURCES, choose, source_crc, stock
from receiver.otlp_decode import decode_logs, decode_traces
from tests.support.otlp import log_request, trace_request

FOLDER = Path(receiver.__path__[0])


def built_from(crc: int) -> ModuleType:
    module = ModuleType("receiver._wire")
    vars(module).update(source_crc=crc, spans=len, logs=len)
    return module


def missing(name: str) -> ModuleType:
    raise ImportError(name)


def test_the_compiled_decoder_runs_where_it_was_built_from_these_sources() -> None:
    assert choose({}, lambda name: built_from(source_crc(FOLDER))) == ("compiled", "", len, len)


def test_one_that_was_built_from_other_sources_is_not_used() -> None:
    decoder = choose({}, lambda name: built_from(source_crc(FOLDER) ^ 1))
    assert (decoder.name, "install tracepond again" in decoder.why) == ("python", True)


def test_without_it_or_when_told_so_the_stock_classes_run_alone() -> None:
    assert choose({}, missing)[:2] == (
        "python",
        "it was not built: that needs a C compiler when tracepond is installed",
    )
    assert choose({PURE_PYTHON_VARIABLE: "1"})[:2] == ("python", "TRACEPOND_PURE_PYTHON is set")
    assert choose({PURE_PYTHON_VARIABLE: ""}, missing).why.startswith("it was not built")


def test_a_change_of_any_source_shows(tmp_path: Path) -> None:
    for name in SOURCES:
        (tmp_path / name).write_bytes((FOLDER / name).read_bytes())
    assert source_crc(tmp_path) == source_crc(FOLDER)
    (tmp_path / SOURCES[-1]).write_bytes(b"")
    assert source_crc(tmp_path) != source_crc(FOLDER)


@pytest.mark.parametrize("decoder", [DECODER, stock("chosen")], ids=lambda decoder: decoder.name)
def test_both_decode(decoder: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("receiver.otlp_decode.DECODER", decoder)
    assert len(decode_traces(trace_request(2).SerializeToString(), "protobuf")[0]) == 2
    assert len(decode_logs(log_request(3).SerializeToString(), "protobuf")[0]) == 3
    assert decode_traces(b"", "protobuf")[0] == []

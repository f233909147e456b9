"""Both decoders decode, and each says which it is."""

from types import ModuleType

import pytest

from receiver.compiled import DECODER, choose, stock
from receiver.otlp_decode import decode_logs, decode_traces
from tests.support.otlp import log_request, trace_request


def test_the_decoder_is_the_compiled_one_where_there_is_one() -> None:
    module = ModuleType("receiver._wire")
    vars(module).update(spans=len, logs=len)
    assert choose(module) == ("compiled", "", len, len)


def test_without_it_the_stock_classes_run_alone_and_it_is_known_why() -> None:
    assert choose("it was not built")[:2] == ("python", "it was not built")
    assert choose("").spans(b"", 1) is None


@pytest.mark.parametrize("decoder", [DECODER, stock("chosen")], ids=lambda decoder: decoder.name)
def test_both_decode(decoder: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("receiver.otlp_decode.DECODER", decoder)
    assert len(decode_traces(trace_request(2).SerializeToString(), "protobuf")[0]) == 2
    assert len(decode_logs(log_request(3).SerializeToString(), "protobuf")[0]) == 3
    assert decode_traces(b"", "protobuf")[0] == []

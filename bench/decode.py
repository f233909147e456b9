"""What decoding costs: microseconds a span for both encodings, by the stock classes and by the compiled decoder.

    python -m bench.decode [--spans 512] [--rounds 40]

Prints the best round (the machine is shared) of parsing alone and of the whole decode, garbage collector on.
"""

import argparse
import platform
import time
from collections.abc import Callable

import orjson

from receiver.compiled import DECODER
from receiver.limits import DEFAULT_LIMITS
from receiver.otlp_decode import decode_traces
from receiver.otlp_decode_proto import spans as stock_spans
from tests.support.otlp import gen_ai_request
from tests.support.otlp_json import to_json


def best_us(work: Callable[[], object], spans: int, rounds: int) -> float:
    """Microseconds a span in the fastest of `rounds` runs."""
    fastest = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        work()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest / spans * 1e6


def main() -> None:
    """Measure and print one table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--spans", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=40)
    options = parser.parse_args()
    request = gen_ai_request(options.spans)
    body, json_body = request.SerializeToString(), orjson.dumps(to_json(request))
    cases: list[tuple[str, int, Callable[[], object]]] = [
        ("protobuf, parse only", len(body), lambda: type(request).FromString(body)),
        ("protobuf, stock", len(body), lambda: stock_spans(type(request).FromString(body))),
        (f"protobuf, {DECODER.name}", len(body), lambda: DECODER.spans(body, DEFAULT_LIMITS.max_items)),
        ("JSON, parse only", len(json_body), lambda: orjson.loads(json_body)),
        ("JSON, decode", len(json_body), lambda: decode_traces(json_body, "json")),
    ]
    if DECODER.name != "compiled":
        del cases[2]
        print(f"no compiled decoder: {DECODER.why}")
    print(f"Python {platform.python_version()}, {options.spans} gen_ai spans a request, best of {options.rounds}")
    for name, size, work in cases:
        print(f"{name:22} {best_us(work, options.spans, options.rounds):6.2f} µs/span {size // options.spans:6} B/span")


if __name__ == "__main__":
    main()

"""Requests that were acknowledged as they were sent, made into rows: when these are stored, or after a crash."""

from collections.abc import Callable
from dataclasses import replace

from contract.span import Batch, Sent
from contract.translated import Translated
from receiver.limits import Limits
from receiver.signals import SIGNALS
from service.pipeline import TakeOut, Translate

ACCEPTED = Limits(max_items=(1 << 31) - 1, max_messages=(1 << 31) - 1)
"""What was acknowledged under the limits of then is not refused under those of now (messages were counted then)."""


def make_again(translate: Translate, take_out: TakeOut) -> Callable[[Sent], Translated]:
    """The rows of what was sent, all of them, with the weight that the store gives them. Raises where this program
    cannot read all of what was acknowledged."""

    def again(sent: Sent) -> Translated:
        signal = SIGNALS[sent.signal]
        items, rejections = signal.decode(sent.body, "protobuf", ACCEPTED)
        if rejections.count:
            raise ValueError(f"{rejections.count} of its {signal.items} are refused now: {rejections.message()}")
        batch = Batch(sent.project, sent.received_ns, sent.transport, size_bytes=len(sent.body))
        setattr(batch, signal.batch_field, items)
        translated = translate(batch)
        weighed = replace(translated)
        take_out(weighed)
        translated.size_bytes = weighed.size_bytes
        return translated

    return again

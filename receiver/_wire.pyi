from contract.span import LogRecord, Span
from receiver.rejections import Rejections

source_crc: int

def spans(body: bytes, max_items: int) -> tuple[list[Span], Rejections] | None: ...
def logs(body: bytes, max_items: int) -> tuple[list[LogRecord], Rejections] | None: ...

"""HTTP/2 frames written by hand, as gRPC sends them: also those that no library would send (RFC 9113, RFC 7541)."""

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS, PADDED = 0x1, 0x1, 0x4, 0x8
CANCEL = (8).to_bytes(4, "big")
WIDE_WINDOW = (2**30).to_bytes(4, "big")


def frame(kind: int, flags: int, stream: int, payload: bytes = b"") -> bytes:
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def greeting() -> bytes:
    """What a client says first; the server may send as much as it likes."""
    return PREFACE + frame(SETTINGS, 0, 0) + frame(WINDOW_UPDATE, 0, 0, WIDE_WINDOW)


def text(value: bytes) -> bytes:
    """A text of a header list, without Huffman coding: its length in 7 bits and more, and the bytes."""
    if len(value) < 127:
        return bytes([len(value)]) + value
    rest, length = len(value) - 127, bytearray(b"\x7f")
    while rest > 127:
        length.append(rest & 127 | 128)
        rest >>= 7
    return bytes(length) + bytes([rest]) + value


def header_list(*pairs: tuple[bytes, bytes]) -> bytes:
    """Headers as literals that nobody has to remember."""
    return b"".join(b"\x00" + text(name) + text(value) for name, value in pairs)


def call(path: bytes, *more: tuple[bytes, bytes]) -> bytes:
    """The header list of a gRPC call."""
    fixed = ((b":method", b"POST"), (b":scheme", b"http"), (b":path", path), (b":authority", b"x"))
    return header_list(*fixed, (b"content-type", b"application/grpc"), (b"te", b"trailers"), *more)


def message(body: bytes, compressed: int = 0, length: int | None = None) -> bytes:
    """A gRPC message; `length` where it is to be a wrong one."""
    return bytes([compressed]) + (len(body) if length is None else length).to_bytes(4, "big") + body

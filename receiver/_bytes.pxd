"""Reading protobuf's wire format out of a buffer. Source: protobuf.dev, "Encoding".

Every function looks for the end of the buffer before it reads, and none reads elsewhere. ValueError is raised where the
buffer ends too soon and for every spelling that encoders do not use: the stock classes then decide what it means.
"""

from libc.stdint cimport uint8_t, uint64_t


cdef struct Bytes:
    const uint8_t *at
    const uint8_t *end


cdef inline unsigned int byte(Bytes *left) except? 0:
    cdef unsigned int value
    if left.at >= left.end:
        raise ValueError
    value = left.at[0]
    left.at += 1
    return value


cdef inline uint64_t fixed(Bytes *left, int size) except? 0:
    """A little-endian number of 4 or 8 bytes."""
    cdef uint64_t number = 0
    cdef int place
    if left.end - left.at < size:
        raise ValueError
    for place in range(size):
        number |= <uint64_t>left.at[place] << (8 * place)
    left.at += size
    return number


cdef inline Bytes sized(Bytes *left) except *:
    """The bytes behind a length: a text, bytes or a message. No length in a body takes more than 4 bytes."""
    cdef Bytes inner
    cdef uint64_t size = varint(left, 4)
    if size > <uint64_t>(left.end - left.at):
        raise ValueError
    inner.at = left.at
    left.at += size
    inner.end = left.at
    return inner


cdef inline uint64_t varint(Bytes *left, int most_bytes) except? 0:
    """The tenth byte holds the highest bit of 64."""
    cdef uint64_t number = 0
    cdef unsigned int part
    cdef int place
    for place in range(most_bytes):
        part = byte(left)
        number |= <uint64_t>(part & 0x7F) << (7 * place)
        if part < 0x80:
            if place == 9 and part > 1:
                raise ValueError
            return number
    raise ValueError


cdef enum:
    FIELDS = 32             # field numbers below that are known; the highest of OTLP's messages is 16
    NO_WIRE_TYPE = 8        # of a number that is not known
    MAX_NESTING = 20        # lists in lists; protobuf stops at 100 messages, of which a list in another takes 2, a map 3


cdef inline unsigned int field_number(Bytes *left, const unsigned int *wire_types) except? 0:
    """The number of the next field, a known one of its own wire type."""
    cdef unsigned int tag = byte(left)
    if tag >= 0x80:
        tag = (tag & 0x7F) | byte(left) << 7
        if tag < 0x80:
            raise ValueError
    if tag >= FIELDS << 3 or wire_types[tag >> 3] != tag & 7:
        raise ValueError
    return tag >> 3


cdef inline uint64_t varint_up_to(Bytes *left, uint64_t most) except? 0:
    """For types of 32 bits and of one: protobuf cuts off what is more."""
    cdef uint64_t number = varint(left, 10)
    if number > most:
        raise ValueError
    return number

# cython: language_level=3, boundscheck=False, wraparound=False, initializedcheck=False
"""What a request in OTLP protobuf has, told without making anything of it; see `receiver/compiled.py: Checks`.

It goes through the bytes as `receiver/_wire.pyx` does, by the same tables, and gives up wherever that would, where that
would reject a span, and at an item of very many pieces: what it tells of is decoded later, whole. It takes 1 µs a span
of 1.5 kB, decoding 3 to 4.5.
"""

from libc.stdint cimport uint8_t, uint64_t
from libc.string cimport memcmp, memcpy

from receiver._bytes cimport (
    FIELDS, MAX_NESTING, NO_WIRE_TYPE, Bytes, byte, field_number, fixed, sized, varint, varint_up_to,
)

from contract.span import Extent
from receiver import otlp_fields

cdef extern from *:
    """
    #ifndef SOURCE_CRC
    #define SOURCE_CRC 0
    #endif
    """
    unsigned long SOURCE_CRC

source_crc = SOURCE_CRC  # of the files this was built from; see contract/compiled.py

cdef extern from "Python.h":
    str PyUnicode_DecodeUTF8(const char *text, Py_ssize_t size, const char *errors)
    char *PyBytes_AS_STRING(bytes data)
    Py_ssize_t PyBytes_GET_SIZE(bytes data)

cdef enum:
    PIECES = 512  # attributes, events, links and values of lists in one item; SDKs stop at 128 of each
    TRACE_ID_BYTES = 16
    SPAN_ID_BYTES = 8

cdef uint64_t NOT_ASCII = 0x8080808080808080

# --- texts and values -------------------------------------------------------------------------------------------------

cdef inline int text(Bytes given) except -1:
    """Raises UnicodeDecodeError for what protobuf refuses too."""
    cdef uint64_t word
    cdef const uint8_t *at = given.at
    while given.end - at >= 8:
        memcpy(&word, at, 8)
        if word & NOT_ASCII:
            break
        at += 8
    while at < given.end and at[0] < 0x80:
        at += 1
    if at < given.end:
        PyUnicode_DecodeUTF8(<const char *>at, given.end - at, NULL)
    return 0


cdef inline int piece(int *room) except -1:
    """Whoever sends very many in one item is to wait for what they take, not those who read (docs/adr/0025)."""
    room[0] -= 1
    if room[0] < 0:
        raise ValueError
    return 0


cdef int pair(Bytes given, int depth, int *room) except -1:
    """A KeyValue."""
    cdef unsigned int tag
    cdef bint has_value = False
    piece(room)
    while given.at < given.end:
        tag = byte(&given)
        if tag == 0x0A:
            text(sized(&given))
        elif tag == 0x12 and not has_value:
            any_value(sized(&given), depth, room)
            has_value = True
        else:
            raise ValueError
    return 0


cdef int any_value(Bytes given, int depth, int *room) except -1:
    """An AnyValue with one member or none."""
    cdef unsigned int tag
    if given.at == given.end:
        return 0
    tag = byte(&given)
    if tag == 0x0A:
        text(sized(&given))
    elif tag == 0x10:
        varint_up_to(&given, 1)
    elif tag == 0x18:
        varint(&given, 10)
    elif tag == 0x21:
        fixed(&given, 8)
    elif tag == 0x2A:
        array(sized(&given), depth + 1, room)
    elif tag == 0x32:
        key_value_list(sized(&given), depth + 1, room)
    elif tag == 0x3A:
        sized(&given)
    else:
        raise ValueError
    if given.at != given.end:
        raise ValueError
    return 0


cdef int array(Bytes given, int depth, int *room) except -1:
    while given.at < given.end:
        if byte(&given) != 0x0A or depth > MAX_NESTING:
            raise ValueError
        piece(room)
        any_value(sized(&given), depth, room)
    return 0


cdef int key_value_list(Bytes given, int depth, int *room) except -1:
    while given.at < given.end:
        if byte(&given) != 0x0A or depth > MAX_NESTING:
            raise ValueError
        pair(sized(&given), depth, room)
    return 0


# --- messages ---------------------------------------------------------------------------------------------------------

cdef enum:
    TEXT, BYTES, ENUM, COUNT, FIXED32, FIXED64, VALUE, PAIRS, MESSAGES, INTO

cdef dict KINDS = {
    "text": TEXT, "name": TEXT, "hex": BYTES, "enum": ENUM, "count": COUNT, "fixed32": FIXED32, "fixed64": FIXED64,
    "value": VALUE, "pairs": PAIRS, "messages": MESSAGES, "into": INTO,
}


cdef class Table:
    """The fields of a message, from `receiver/otlp_fields.py`."""

    cdef list inner
    cdef unsigned int kinds[FIELDS]
    cdef unsigned int wire_types[FIELDS]

    def __init__(self, message):
        self.inner = [None] * FIELDS
        for number in range(FIELDS):
            self.wire_types[number] = NO_WIRE_TYPE
        for number, (kind, _, *inner) in message.fields.items():
            self.kinds[number], self.wire_types[number] = KINDS[kind], otlp_fields.WIRE_TYPES[kind]
            self.inner[number] = Table(inner[0]) if inner else None

    cdef int whole(self, Bytes given, Bytes *found) except -1:
        """An item, or what items share."""
        cdef int room = PIECES
        return self.check(given, found, &room)

    cdef int check(self, Bytes given, Bytes *found, int *room) except -1:
        """`found` has, where it is not NULL, a place for the bytes of each field that is an id; `room`: for pieces."""
        cdef unsigned int number, kind
        cdef bint has_single = False
        cdef Bytes inner
        while given.at < given.end:
            number = field_number(&given, self.wire_types)
            kind = self.kinds[number]
            if kind == PAIRS:
                pair(sized(&given), 0, room)
            elif kind == TEXT:
                text(sized(&given))
            elif kind == BYTES:
                inner = sized(&given)
                if found != NULL:
                    found[number] = inner
            elif kind == COUNT:
                varint_up_to(&given, 0xFFFFFFFF)
            elif kind == ENUM:
                varint_up_to(&given, 0x7FFFFFFF)
            elif kind == FIXED64:
                fixed(&given, 8)
            elif kind == FIXED32:
                fixed(&given, 4)
            elif kind == MESSAGES:
                piece(room)
                (<Table>self.inner[number]).check(sized(&given), NULL, room)
            elif has_single:
                raise ValueError
            elif kind == VALUE:
                has_single = any_value(sized(&given), 0, room) == 0
            else:
                has_single = (<Table>self.inner[number]).check(sized(&given), NULL, room) == 0
        return 0


cdef Table RESOURCE = Table(otlp_fields.RESOURCE)
cdef Table SCOPE = Table(otlp_fields.SCOPE)
cdef Table SPAN = Table(otlp_fields.SPAN)
cdef Table LOG_RECORD = Table(otlp_fields.LOG_RECORD)


cdef int span(Bytes given) except -1:
    """A span whose ids can be used (`receiver/otlp_ids.py`)."""
    cdef Bytes ids[FIELDS]
    ids[1] = ids[2] = ids[4] = Bytes(NULL, NULL)
    SPAN.whole(given, ids)
    if not is_id(ids[1], TRACE_ID_BYTES) or not is_id(ids[2], SPAN_ID_BYTES):
        raise ValueError
    if ids[4].end - ids[4].at not in (0, SPAN_ID_BYTES):
        raise ValueError
    return 0


cdef bint is_id(Bytes given, Py_ssize_t size) noexcept:
    cdef Py_ssize_t place
    if given.end - given.at != size:
        return False
    for place in range(size):
        if given.at[place]:
            return True
    return False


cdef Py_ssize_t json_bytes(Bytes owner) noexcept:
    """Of a resource or scope, about: each row has its JSON, in which control characters are six bytes. Tags and lengths
    count likewise, and stand for its braces."""
    cdef Py_ssize_t found = owner.end - owner.at
    while owner.at < owner.end:
        if owner.at[0] < 0x20:
            found += 5
        elif owner.at[0] == 0x22 or owner.at[0] == 0x5C:
            found += 1
        owner.at += 1
    return found


cdef str service_name(Bytes resource):
    """`service.name` of a resource that was checked: of several the last, and of a text only."""
    cdef Bytes attribute, key, value, found = Bytes(NULL, NULL)
    while resource.at < resource.end:
        if byte(&resource) != 0x0A:  # the only other field is a number
            varint(&resource, 10)
            continue
        attribute, key, value = sized(&resource), Bytes(NULL, NULL), Bytes(NULL, NULL)
        while attribute.at < attribute.end:
            if byte(&attribute) == 0x0A:
                key = sized(&attribute)
            else:
                value = sized(&attribute)
        if key.end - key.at == 12 and memcmp(key.at, b"service.name", 12) == 0:
            found = value
    if found.at == found.end or byte(&found) != 0x0A:
        return None
    found = sized(&found)
    return PyUnicode_DecodeUTF8(<const char *>found.at, found.end - found.at, NULL)


# --- requests ---------------------------------------------------------------------------------------------------------

cdef struct Held:
    Py_ssize_t items
    Py_ssize_t widest_bytes
    Py_ssize_t all_bytes


cdef class Check:
    """What was found of one request."""

    cdef bint of_spans
    cdef Py_ssize_t room
    cdef Held held
    cdef object service_name

    cdef int read(self, Bytes given) except -1:
        cdef Held held
        while given.at < given.end:
            if byte(&given) != 0x0A:
                raise ValueError
            held = self.group(sized(&given), True)
            self.held.items += held.items
            self.held.widest_bytes = max(self.held.widest_bytes, held.widest_bytes)
            self.held.all_bytes += held.all_bytes
        return 0

    cdef Held group(self, Bytes given, bint of_resource) except *:
        """A ResourceSpans or ResourceLogs, and inside of it a ScopeSpans or ScopeLogs: all have the same numbers."""
        cdef Held inner, held = Held(0, 0, 0)
        cdef Bytes child, schema_url, owner = Bytes(NULL, NULL)
        cdef Py_ssize_t own_bytes = 0
        cdef bint has_owner = False
        cdef unsigned int tag
        while given.at < given.end:
            tag = byte(&given)
            if tag == 0x0A and not has_owner:
                owner, has_owner = sized(&given), True
                (RESOURCE if of_resource else SCOPE).whole(owner, NULL)
                own_bytes += json_bytes(owner)
                continue
            has_owner = True
            if tag == 0x12:
                child = sized(&given)
                inner = self.child(child, of_resource)
                held.items += inner.items
                held.widest_bytes = max(held.widest_bytes, inner.widest_bytes)
                held.all_bytes += inner.all_bytes
            elif tag == 0x1A:
                schema_url = sized(&given)
                text(schema_url)
                own_bytes += json_bytes(schema_url)
            else:
                raise ValueError
        if of_resource and held.items and not self.held.items:
            self.service_name = service_name(owner)
        if held.items:
            held.widest_bytes += own_bytes
            held.all_bytes += held.items * own_bytes
        return held

    cdef Held child(self, Bytes given, bint of_resource) except *:
        self.room -= 1
        if self.room < 0:
            raise ValueError
        if of_resource:
            return self.group(given, False)
        if self.of_spans:
            span(given)
        else:
            LOG_RECORD.whole(given, NULL)
        return Held(1, given.end - given.at, given.end - given.at)


cdef object check(bytes body, bint of_spans, Py_ssize_t max_items):
    cdef Check found = Check()
    cdef const uint8_t *start = <const uint8_t *>PyBytes_AS_STRING(body)
    found.of_spans, found.room, found.held = of_spans, max_items, Held(0, 0, 0)
    try:
        found.read(Bytes(start, start + PyBytes_GET_SIZE(body)))
    except ValueError:
        return None
    return Extent(found.held.items, found.held.widest_bytes, found.held.all_bytes, found.service_name)


def spans(bytes body not None, Py_ssize_t max_items):
    """What an ExportTraceServiceRequest has that is decoded whole, or None; scopes count as items."""
    return check(body, True, max_items)


def logs(bytes body not None, Py_ssize_t max_items):
    """What an ExportLogsServiceRequest has that is decoded whole, or None; scopes count as items."""
    return check(body, False, max_items)

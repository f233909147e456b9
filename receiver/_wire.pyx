# cython: language_level=3
"""Bodies of OTLP trace and log requests (protobuf) straight to `contract.span` values, in one pass, in C.

`spans` and `logs` give what `receiver/otlp_decode_proto.py` gives for the same bytes, or None: whatever is malformed,
unknown to these tables, merged by protobuf, too deep or too much is left to the stock classes, which decide about it
and word the error. Field numbers: opentelemetry-proto v1.10.0 (`proto/`); wire format: protobuf.dev, "Encoding".

Only `receiver/_bytes.pxd` takes bytes from a body. ValueError (UnicodeDecodeError is one) means None.
"""

from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memcmp, memcpy

from receiver._bytes cimport (
    FIELDS, MAX_NESTING, NO_WIRE_TYPE, Bytes, byte, field_number, fixed, sized, varint, varint_up_to,
)

from contract.span import KeyValues, LogRecord, NonFinite, Span
from receiver import otlp_fields
from receiver.otlp_ids import ZERO_SPAN_ID, ZERO_TRACE_ID, is_span_id, is_trace_id, reject_span
from receiver.rejections import Rejections

cdef extern from *:
    """
    #ifndef SOURCE_CRC
    #define SOURCE_CRC 0
    #endif
    """
    unsigned long SOURCE_CRC

source_crc = SOURCE_CRC  # of the files this was built from; see receiver/compiled.py

cdef extern from "Python.h":
    str PyUnicode_New(Py_ssize_t size, Py_UCS4 maxchar)
    str PyUnicode_DecodeUTF8(const char *text, Py_ssize_t size, const char *errors)
    bint PyUnicode_IS_ASCII(str text)
    void *PyUnicode_DATA(str text)
    Py_ssize_t PyUnicode_GET_LENGTH(str text)
    bytes PyBytes_FromStringAndSize(const char *data, Py_ssize_t size)
    char *PyBytes_AS_STRING(bytes data)
    Py_ssize_t PyBytes_GET_SIZE(bytes data)
    Py_ssize_t PyDict_GET_SIZE(dict found)
    void *PyDict_SetDefault(dict found, object key, object value) except NULL

cdef enum:
    MAX_NAME_BYTES = 64
    NAMES = 2048        # names remembered, a power of two: at most 0.3 MB

# --- texts ------------------------------------------------------------------------------------------------------------

cdef str text(Bytes given):
    """Raises UnicodeDecodeError for what protobuf refuses too."""
    return PyUnicode_DecodeUTF8(<const char *>given.at, given.end - given.at, NULL)


cdef list remembered = [""] * NAMES


cdef str name_text(Bytes given):
    """A text that comes again and again: the same object, its hash known, until another takes its place."""
    cdef Py_ssize_t size = given.end - given.at
    cdef Py_ssize_t place
    cdef str known
    if size > MAX_NAME_BYTES:
        return text(given)
    place = place_of(given.at, size)
    known = <str>remembered[place]
    if PyUnicode_GET_LENGTH(known) == size and memcmp(PyUnicode_DATA(known), given.at, size) == 0:
        return known
    known = text(given)
    if PyUnicode_IS_ASCII(known):  # a byte a character, so that it can be compared to what arrives
        remembered[place] = known
    return known


cdef inline Py_ssize_t place_of(const uint8_t *at, Py_ssize_t size) noexcept:
    """Mixes words of 8 bytes, of which the last may overlap the one before (splitmix64's multiplier)."""
    cdef uint64_t mixed = size
    cdef uint64_t word = 0
    cdef Py_ssize_t place = 0
    while size - place > 8:
        memcpy(&word, at + place, 8)
        mixed = (mixed ^ word) * <uint64_t>0x9E3779B97F4A7C15
        mixed ^= mixed >> 32
        place += 8
    place = size - 8 if size > 8 else 0
    memcpy(&word, at + place, size - place)
    return ((mixed ^ word) * <uint64_t>0x9E3779B97F4A7C15 >> 32) % NAMES


cdef str hex_text(Bytes given):
    cdef Py_ssize_t size = given.end - given.at
    cdef str result = PyUnicode_New(2 * size, 127)
    cdef uint8_t *written = <uint8_t *>PyUnicode_DATA(result)
    cdef const uint8_t *digits = b"0123456789abcdef"
    cdef Py_ssize_t place
    for place in range(size):
        written[2 * place] = digits[given.at[place] >> 4]
        written[2 * place + 1] = digits[given.at[place] & 15]
    return result


# --- attribute values -------------------------------------------------------------------------------------------------

cdef list add_pair(Bytes pair, dict found, list pairs, int depth):
    """Adds a KeyValue to `found`; from the first one on that a dict cannot hold (`KeyValues`) `pairs` has them all."""
    cdef str key = ""
    cdef object value = None
    cdef bint has_value = False
    cdef unsigned int tag
    cdef Py_ssize_t before = PyDict_GET_SIZE(found)
    while pair.at < pair.end:
        tag = byte(&pair)
        if tag == 0x0A:
            key = name_text(sized(&pair))
        elif tag == 0x12 and not has_value:  # protobuf merges a second one into the first
            value = any_value(sized(&pair), depth)
            has_value = True
        else:
            raise ValueError
    if pairs is None:
        if PyUnicode_GET_LENGTH(key) == 0 or key[0] != "$":
            PyDict_SetDefault(found, key, value)
            if PyDict_GET_SIZE(found) > before:
                return None
        pairs = list(found.items())
    pairs.append((key, value))
    return pairs


cdef object any_value(Bytes given, int depth):
    """An AnyValue with one member or none."""
    cdef object value
    cdef unsigned int tag
    if given.at == given.end:
        return None
    tag = byte(&given)
    if tag == 0x0A:
        value = text(sized(&given))
    elif tag == 0x10:
        value = varint_up_to(&given, 1) == 1
    elif tag == 0x18:
        value = <int64_t>varint(&given, 10)
    elif tag == 0x21:
        value = double(fixed(&given, 8))
    elif tag == 0x2A:
        value = array(sized(&given), depth + 1)
    elif tag == 0x32:
        value = key_value_list(sized(&given), depth + 1)
    elif tag == 0x3A:
        value = blob(sized(&given))
    else:
        raise ValueError
    if given.at != given.end:
        raise ValueError
    return value


cdef object double(uint64_t bits):
    cdef double number
    memcpy(&number, &bits, 8)
    return number if number - number == 0 else NonFinite(number)


cdef bytes blob(Bytes given):
    return PyBytes_FromStringAndSize(<const char *>given.at, given.end - given.at)


cdef list array(Bytes given, int depth):
    cdef list items = []
    while given.at < given.end:
        if byte(&given) != 0x0A or depth > MAX_NESTING:
            raise ValueError
        items.append(any_value(sized(&given), depth))
    return items


cdef object key_value_list(Bytes given, int depth):
    cdef dict found = {}
    cdef list pairs = None
    while given.at < given.end:
        if byte(&given) != 0x0A or depth > MAX_NESTING:
            raise ValueError
        pairs = add_pair(sized(&given), found, pairs, depth)
    return found if pairs is None else KeyValues(pairs)


# --- messages ---------------------------------------------------------------------------------------------------------

cdef enum:
    TEXT, NAME, HEX, ENUM, COUNT, FIXED32, FIXED64, VALUE, PAIRS, MESSAGES, INTO

cdef dict KINDS = {
    "text": TEXT, "name": NAME, "hex": HEX, "enum": ENUM, "count": COUNT, "fixed32": FIXED32, "fixed64": FIXED64,
    "value": VALUE, "pairs": PAIRS, "messages": MESSAGES, "into": INTO,
}
cdef dict CONTAINERS = {"pairs": dict, "messages": list}


cdef class Reader:
    """Reads the messages that one table of `receiver/otlp_fields.py` describes."""

    cdef object made
    cdef list arguments
    cdef list containers
    cdef list inner
    cdef unsigned int kinds[FIELDS]
    cdef unsigned int wire_types[FIELDS]
    cdef int places[FIELDS]

    def __init__(self, message):
        self.made, self.arguments = message.made, otlp_fields.defaults(message)
        self.containers, self.inner = [], [None] * FIELDS
        for number in range(FIELDS):
            self.wire_types[number] = NO_WIRE_TYPE
        for number, (kind, name, *inner) in message.fields.items():
            self.kinds[number], self.wire_types[number] = KINDS[kind], otlp_fields.WIRE_TYPES[kind]
            self.places[number] = message.made.__match_args__.index(name)
            self.inner[number] = Reader(inner[0]) if inner else None
            if kind in CONTAINERS:
                self.containers.append((self.places[number], CONTAINERS[kind]))

    cdef object make(self, Bytes given):
        return self.made(*self.read(given))

    cdef list read(self, Bytes given):
        """The arguments for the class up to the last one that has a field; None for those without."""
        cdef list values = self.arguments.copy()
        for place, new in self.containers:
            values[place] = new()
        self.fill(values, given)
        return values

    cdef int fill(self, list values, Bytes given) except -1:
        cdef list pairs = None
        cdef bint has_single = False
        cdef int place, place_of_pairs = -1
        cdef unsigned int number, kind
        while given.at < given.end:
            number = field_number(&given, self.wire_types)
            kind, place = self.kinds[number], self.places[number]
            if kind == PAIRS:
                pairs, place_of_pairs = add_pair(sized(&given), <dict>values[place], pairs, 0), place
            elif kind == TEXT:
                values[place] = text(sized(&given))
            elif kind == NAME:
                values[place] = name_text(sized(&given))
            elif kind == HEX:
                values[place] = hex_text(sized(&given))
            elif kind == COUNT:
                values[place] = varint_up_to(&given, 0xFFFFFFFF)
            elif kind == ENUM:
                values[place] = varint_up_to(&given, 0x7FFFFFFF)
            elif kind == FIXED64:
                values[place] = fixed(&given, 8)
            elif kind == FIXED32:
                values[place] = fixed(&given, 4)
            elif kind == MESSAGES:
                (<list>values[place]).append((<Reader>self.inner[number]).make(sized(&given)))
            elif has_single:  # protobuf merges a second one into the first; no message has two such fields
                raise ValueError
            elif kind == VALUE:
                values[place], has_single = any_value(sized(&given), 0), True
            else:
                has_single = (<Reader>self.inner[number]).fill(values, sized(&given)) == 0
        if pairs is not None:
            values[place_of_pairs] = KeyValues(pairs)
        return 0


cdef Reader RESOURCE = Reader(otlp_fields.RESOURCE)
cdef Reader SCOPE = Reader(otlp_fields.SCOPE)
cdef Reader SPAN = Reader(otlp_fields.SPAN)
cdef Reader LOG_RECORD = Reader(otlp_fields.LOG_RECORD)
cdef int SPAN_RESOURCE = Span.__match_args__.index("resource")  # the scope is the next one
cdef int LOG_RESOURCE = LogRecord.__match_args__.index("resource")


# --- requests ---------------------------------------------------------------------------------------------------------

cdef class Request:
    """What was read of one request."""

    cdef bint of_spans
    cdef Py_ssize_t room
    cdef list items
    cdef object rejections

    cdef int read(self, Bytes given) except -1:
        while given.at < given.end:
            if byte(&given) != 0x0A:
                raise ValueError
            self.group(sized(&given), RESOURCE, None)
        return 0

    cdef int group(self, Bytes given, Reader table, object resource) except -1:
        """A ResourceSpans or ResourceLogs, and inside of it a ScopeSpans or ScopeLogs: all have the same numbers."""
        cdef object owner = None
        cdef unsigned int tag
        while given.at < given.end:
            tag = byte(&given)
            if tag == 0x0A and owner is None:
                owner = table.make(sized(&given))
                continue
            owner = table.made() if owner is None else owner
            if tag == 0x12:
                self.take_room()
                self.child(sized(&given), resource, owner)
            elif tag == 0x1A:
                owner.schema_url = text(sized(&given))
            else:
                raise ValueError
        return 0

    cdef int take_room(self) except -1:
        self.room -= 1
        if self.room < 0:
            raise ValueError
        return 0

    cdef int child(self, Bytes given, object resource, object owner) except -1:
        if resource is None:
            return self.group(given, SCOPE, owner)
        return self.span(given, resource, owner) if self.of_spans else self.log(given, resource, owner)

    cdef int span(self, Bytes given, object resource, object scope) except -1:
        cdef list values = SPAN.read(given)
        cdef str trace_id = values[0], span_id = values[1], parent_span_id = values[2]
        if parent_span_id == ZERO_SPAN_ID:  # some SDKs write a root like this
            values[2] = parent_span_id = ""
        if (
            PyUnicode_GET_LENGTH(trace_id) != 32
            or PyUnicode_GET_LENGTH(span_id) != 16
            or PyUnicode_GET_LENGTH(parent_span_id) not in (0, 16)
            or trace_id == ZERO_TRACE_ID
            or span_id == ZERO_SPAN_ID
        ):
            reject_span(self.rejections, trace_id, span_id, parent_span_id)
            return 0
        values[SPAN_RESOURCE], values[SPAN_RESOURCE + 1] = resource, scope
        self.items.append(Span(*values))
        return 0

    cdef int log(self, Bytes given, object resource, object scope) except -1:
        cdef list values = LOG_RECORD.read(given)
        if not is_trace_id(values[0]):
            values[0] = values[1] = ""
        elif not is_span_id(values[1]):
            values[1] = ""
        values[LOG_RESOURCE], values[LOG_RESOURCE + 1] = resource, scope
        self.items.append(LogRecord(*values))
        return 0


cdef object decode(bytes body, bint of_spans, Py_ssize_t max_items):
    cdef Request request = Request()
    cdef const uint8_t *start = <const uint8_t *>PyBytes_AS_STRING(body)
    cdef Bytes given = [start, start + PyBytes_GET_SIZE(body)]
    request.of_spans, request.room, request.items, request.rejections = of_spans, max_items, [], Rejections()
    try:
        request.read(given)
    except ValueError:
        return None
    return request.items, request.rejections


def spans(bytes body not None, Py_ssize_t max_items):
    """The spans of an ExportTraceServiceRequest with what was rejected, or None; scopes count as items."""
    return decode(body, True, max_items)


def logs(bytes body not None, Py_ssize_t max_items):
    """The records of an ExportLogsServiceRequest with no rejections, or None; scopes count as items."""
    return decode(body, False, max_items)

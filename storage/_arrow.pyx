# cython: language_level=3
"""Rows to one Arrow record batch, in one pass over the rows; and what else looks at each byte on the way to the disk.

`batch` gives what `storage/columns.py` gives for the same rows, or None: a value whose type is not plainly that of its
column is left to that, which decides about it and words the error. Arrow's C data interface: arrow.apache.org/docs/
format/CDataInterface.html (ABI-stable structures, ownership and release callbacks).

Buffers belong to the array whose `release` frees them; nothing here keeps a pointer beyond a call.
"""

from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_Check
from cpython.list cimport PyList_GET_ITEM, PyList_GET_SIZE
from cpython.long cimport PyLong_CheckExact
from cpython.pycapsule cimport PyCapsule_GetPointer, PyCapsule_New
from cpython.ref cimport PyObject
from cpython.unicode cimport PyUnicode_GET_LENGTH
from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.stdlib cimport calloc, free, malloc, realloc
from libc.string cimport memchr, memcpy, strdup

cdef extern from *:
    """
    #ifndef SOURCE_CRC
    #define SOURCE_CRC 0
    #endif

    #ifndef ARROW_C_DATA_INTERFACE
    #define ARROW_C_DATA_INTERFACE
    #include <stdint.h>
    struct ArrowSchema {
      const char* format; const char* name; const char* metadata; int64_t flags; int64_t n_children;
      struct ArrowSchema** children; struct ArrowSchema* dictionary;
      void (*release)(struct ArrowSchema*); void* private_data;
    };
    struct ArrowArray {
      int64_t length; int64_t null_count; int64_t offset; int64_t n_buffers; int64_t n_children;
      const void** buffers; struct ArrowArray** children; struct ArrowArray* dictionary;
      void (*release)(struct ArrowArray*); void* private_data;
    };
    #endif
    """
    unsigned long SOURCE_CRC

    cdef struct ArrowSchema:
        const char *format
        const char *name
        const char *metadata
        int64_t flags
        int64_t n_children
        ArrowSchema **children
        ArrowSchema *dictionary
        void (*release)(ArrowSchema *) noexcept nogil
        void *private_data

    cdef struct ArrowArray:
        int64_t length
        int64_t null_count
        int64_t offset
        int64_t n_buffers
        int64_t n_children
        const void **buffers
        ArrowArray **children
        ArrowArray *dictionary
        void (*release)(ArrowArray *) noexcept nogil
        void *private_data

cdef extern from "Python.h":
    const char *PyUnicode_AsUTF8AndSize(PyObject *text, Py_ssize_t *size) except NULL
    bint PyUnicode_CheckExact(PyObject *value)
    long long PyLong_AsLongLongAndOverflow(PyObject *value, int *overflow) except? -1
    double PyLong_AsDouble(PyObject *value) except? -1
    PyObject *Py_None
    PyObject *Py_True
    PyObject *Py_False

source_crc = SOURCE_CRC  # of the file this was built from; see contract/compiled.py

cdef enum:
    NULLABLE = 2            # ARROW_FLAG_NULLABLE
    ROWS_AT_A_TIME = 2048   # between them other threads may have the interpreter: 3 ms
    TEXT_BYTES = 1 << 14    # room of a column of texts to begin with
    LARGEST = 2147483647    # offsets of utf8 arrays are of 32 bits
    TEXT = 117              # the letters u, g, b and t: kinds of columns; every other is an integer
    FLOAT = 103
    BOOL = 98
    TIME = 116


cdef const char *format_of(char kind) noexcept nogil:
    if kind == TEXT:
        return b"u"
    if kind == FLOAT:
        return b"g"
    if kind == BOOL:
        return b"b"
    return b"tsn:" if kind == TIME else b"l"

# --- one column -------------------------------------------------------------------------------------------------------

cdef struct Column:
    char kind
    int64_t nulls
    uint8_t *validity
    char *values
    int32_t *offsets
    int64_t used
    int64_t room


cdef int start(Column *column, char kind, int64_t height) except -1:
    column.kind = kind
    column.validity = <uint8_t *>calloc((height + 7) // 8 + 1, 1)
    if kind == TEXT:
        column.room = TEXT_BYTES
        column.offsets = <int32_t *>calloc(height + 1, sizeof(int32_t))
        column.values = <char *>malloc(TEXT_BYTES)
    else:
        column.values = <char *>calloc(height + 1, 8)
    if column.validity == NULL or column.values == NULL or (kind == TEXT and column.offsets == NULL):
        raise MemoryError
    return 0


cdef int add_text(Column *column, PyObject *value) except -1:
    """0 where the value is no text or the column gets too long."""
    cdef Py_ssize_t size
    cdef const char *text
    cdef char *grown
    if not PyUnicode_CheckExact(value):
        return 0
    text = PyUnicode_AsUTF8AndSize(value, &size)
    if column.used + size > LARGEST:
        return 0
    if column.used + size > column.room:
        column.room = 2 * (column.used + size)
        grown = <char *>realloc(column.values, column.room)
        if grown == NULL:
            raise MemoryError
        column.values = grown
    memcpy(column.values + column.used, text, size)
    column.used += size
    return 1


cdef int add_number(Column *column, PyObject *value, int64_t place) except -1:
    cdef int overflow = 0
    cdef long long number
    if not PyLong_CheckExact(<object>value):
        return 0
    number = PyLong_AsLongLongAndOverflow(value, &overflow)
    (<int64_t *>column.values)[place] = number
    return not overflow


cdef int add_float(Column *column, PyObject *value, int64_t place) except -1:
    if not PyFloat_Check(<object>value):
        return 0
    (<double *>column.values)[place] = PyFloat_AS_DOUBLE(<object>value)
    return 1


cdef int add_bool(Column *column, PyObject *value, int64_t place) except -1:
    if value == Py_True:
        column.values[place >> 3] |= 1 << (place & 7)
        return 1
    return value == Py_False


cdef int add(Column *column, PyObject *value, int64_t place) except -1:
    """One value of a column; 0 where its type is not plainly the column's."""
    cdef int done
    if value == Py_None:
        column.nulls += 1
        done = 1
    else:
        column.validity[place >> 3] |= 1 << (place & 7)
        if column.kind == TEXT:
            done = add_text(column, value)
        elif column.kind == FLOAT:
            done = add_float(column, value, place)
        elif column.kind == BOOL:
            done = add_bool(column, value, place)
        else:
            done = add_number(column, value, place)
    if column.kind == TEXT:
        column.offsets[place + 1] = <int32_t>column.used
    return done


cdef void drop(Column *columns, Py_ssize_t width) noexcept nogil:
    cdef Py_ssize_t nth
    for nth in range(width):
        free(columns[nth].validity)
        free(columns[nth].values)
        free(columns[nth].offsets)
    free(columns)

# --- Arrow's structures -----------------------------------------------------------------------------------------------

cdef void release_column(ArrowArray *array) noexcept nogil:
    cdef int64_t nth
    for nth in range(array.n_buffers):
        free(<void *>array.buffers[nth])
    free(<void *>array.buffers)
    array.release = NULL


cdef void release_batch(ArrowArray *array) noexcept nogil:
    """A consumer may have taken children away: theirs is null then."""
    cdef int64_t nth
    for nth in range(array.n_children):
        if array.children[nth].release != NULL:
            array.children[nth].release(array.children[nth])
        free(array.children[nth])
    free(array.children)
    free(<void *>array.buffers)
    array.release = NULL


cdef void release_schema(ArrowSchema *schema) noexcept nogil:
    cdef int64_t nth
    for nth in range(schema.n_children):
        if schema.children[nth].release != NULL:
            schema.children[nth].release(schema.children[nth])
        free(schema.children[nth])
    free(schema.children)
    free(<void *>schema.name)
    schema.release = NULL


cdef void close_array(object capsule) noexcept:
    cdef ArrowArray *array = <ArrowArray *>PyCapsule_GetPointer(capsule, b"arrow_array")
    if array.release != NULL:
        array.release(array)
    free(array)


cdef void close_schema(object capsule) noexcept:
    cdef ArrowSchema *schema = <ArrowSchema *>PyCapsule_GetPointer(capsule, b"arrow_schema")
    if schema.release != NULL:
        schema.release(schema)
    free(schema)


cdef ArrowArray *array_of(Column *column, int64_t height) except NULL:
    """The column's buffers belong to the array from here on."""
    cdef ArrowArray *array = <ArrowArray *>calloc(1, sizeof(ArrowArray))
    cdef const void **buffers = <const void **>calloc(3, sizeof(void *))
    if array == NULL or buffers == NULL:
        free(array)
        free(<void *>buffers)
        raise MemoryError
    buffers[0] = column.validity
    if column.kind == TEXT:
        buffers[1], buffers[2] = column.offsets, column.values
    else:
        buffers[1] = column.values
    array.length, array.null_count = height, column.nulls
    array.n_buffers, array.buffers = 3 if column.kind == TEXT else 2, buffers
    array.release = release_column
    column.validity, column.values, column.offsets = NULL, NULL, NULL
    return array


cdef object array_capsule(Column *columns, Py_ssize_t width, int64_t height):
    cdef ArrowArray *array = <ArrowArray *>calloc(1, sizeof(ArrowArray))
    cdef Py_ssize_t nth
    if array == NULL:
        raise MemoryError
    array.release, array.length, array.n_buffers = release_batch, height, 1
    capsule = PyCapsule_New(array, b"arrow_array", <void (*)(object) noexcept>close_array)
    array.buffers = <const void **>calloc(1, sizeof(void *))
    array.children = <ArrowArray **>calloc(width, sizeof(ArrowArray *))
    if array.buffers == NULL or array.children == NULL:
        raise MemoryError
    for nth in range(width):
        array.children[nth] = array_of(&columns[nth], height)
        array.n_children += 1
    return capsule


cdef ArrowSchema *schema_of(const char *format, bytes name) except NULL:
    cdef ArrowSchema *schema = <ArrowSchema *>calloc(1, sizeof(ArrowSchema))
    if schema == NULL:
        raise MemoryError
    schema.format, schema.name, schema.flags, schema.release = format, strdup(name), NULLABLE, release_schema
    if schema.name == NULL:
        free(schema)
        raise MemoryError
    return schema


cdef object schema_capsule(tuple names, bytes kinds):
    cdef ArrowSchema *schema = schema_of(b"+s", b"")
    cdef Py_ssize_t nth
    schema.flags = 0
    capsule = PyCapsule_New(schema, b"arrow_schema", <void (*)(object) noexcept>close_schema)
    schema.children = <ArrowSchema **>calloc(len(names), sizeof(ArrowSchema *))
    if schema.children == NULL:
        raise MemoryError
    for nth in range(len(names)):
        schema.children[nth] = schema_of(format_of(kinds[nth]), names[nth])
        schema.n_children += 1
    return capsule


class Batch:
    """What other libraries take as an Arrow record batch, once."""

    def __init__(self, schema, array):
        self._capsules = (schema, array)

    def __arrow_c_array__(self, requested_schema=None):
        return self._capsules

# --- rows -------------------------------------------------------------------------------------------------------------

cdef int add_rows(Column *columns, Py_ssize_t width, list rows, Py_ssize_t first, Py_ssize_t last) except -1:
    """0 where a row is not of this width or has a value that is not its column's."""
    cdef Py_ssize_t place, nth
    cdef PyObject *row
    if PyList_GET_SIZE(rows) < last:
        return 0
    for place in range(first, last):
        row = PyList_GET_ITEM(rows, place)
        if type(<object>row) is not list or PyList_GET_SIZE(<list>row) != width:
            return 0
        for nth in range(width):
            if not add(&columns[nth], PyList_GET_ITEM(<list>row, nth), place):
                return 0
    return 1


def batch(list rows, tuple names, bytes kinds):
    """The rows as an Arrow record batch (`__arrow_c_array__`), or None where `storage/columns.py` has to look at them.

    `names` are the columns' names in UTF-8, `kinds` a letter for each: u text, l integer, g float, b bool, t time.
    """
    cdef Py_ssize_t width = len(kinds), height = len(rows), nth, first
    cdef Column *columns
    if len(names) != width:
        raise ValueError("a kind for each name")
    columns = <Column *>calloc(width + 1, sizeof(Column))
    if columns == NULL:
        raise MemoryError
    try:
        for nth in range(width):
            start(&columns[nth], kinds[nth], height)
        for first in range(0, height, ROWS_AT_A_TIME):
            if not add_rows(columns, width, rows, first, min(height, first + ROWS_AT_A_TIME)):
                return None
            with nogil:
                pass
        return Batch(schema_capsule(names, kinds), array_capsule(columns, width, height))
    except UnicodeEncodeError:
        return None
    finally:
        drop(columns, width)


def with_long_texts(list rows, tuple places, Py_ssize_t longest):
    """The numbers of the rows that have a text of more characters in one of the places."""
    cdef Py_ssize_t nth, place
    cdef list found = []
    cdef list row
    cdef object value
    for nth in range(len(rows)):
        row = rows[nth]
        for place in places:
            value = row[place]
            if type(value) is str and PyUnicode_GET_LENGTH(value) > longest:
                found.append(nth)
                break
    return found

# --- bytes of requests ------------------------------------------------------------------------------------------------

cdef Py_ssize_t triples(const char *body, Py_ssize_t size, char *into) noexcept nogil:
    """How often three zeros stand together; `into`, where there is one, gets the bytes with a one behind each three."""
    cdef Py_ssize_t first, last = 0, done = 0, found = 0, nth
    cdef const char *zero = <const char *>memchr(body, 0, size)
    while zero != NULL:
        first = zero - body
        last = first + 1
        while last < size and not body[last]:
            last += 1
        for nth in range((last - first) // 3):
            if into != NULL:
                memcpy(into + done + found, body + done, first + 3 * nth + 3 - done)
                into[first + 3 * nth + 3 + found] = 1
                done = first + 3 * nth + 3
            found += 1
        zero = <const char *>memchr(body + last, 0, size - last)
    if into != NULL:
        memcpy(into + done + found, body + done, size - done)
    return found


def escaped(bytes body):
    """As `storage/compiled.py: escaped`."""
    cdef Py_ssize_t size = len(body), found
    cdef const char *text = body
    found = triples(text, size, NULL)
    if not found:
        return body
    made = PyBytes_FromStringAndSize(NULL, size + found)
    triples(text, size, PyBytes_AS_STRING(made))
    return made

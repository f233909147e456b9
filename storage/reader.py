"""Named queries on a few threads, each with a connection of its own: committed data, bound values, bounded time.

Every file in `queries/` is one statement that can be pasted into a DuckDB shell. `true /* conditions: PLACE */` marks
where conditions go, and a line that ends with `/* list: PLACE */` stands for the columns that are asked for. An
interrupt can only reach the query it was meant for: both sides hold the ticket's lock.
"""

import asyncio
import re
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import duckdb

from contract.entities import VALUES
from contract.errors import Overloaded, TracepondError, Unavailable
from contract.reading import INLINE, MEDIA, QUERIES, Condition, Row, Value
from contract.stats import Sample
from storage import hour_sums
from storage.aggregates import SHAPE, add_shape
from storage.asking import Parsed, one_state, parameters_of, rows_of
from storage.conditions import INDEXED, PLACES, Compiled, compile_conditions
from storage.contents import put_back, put_back_lists
from storage.engine_errors import has_ended
from storage.entities import compile_measures
from storage.failures import damaged, is_lost
from storage.gate import Gate
from storage.giving_way import give_way
from storage.text_search import Search
from storage.trace_page import LARGE_ROWS, QUERY, divisible, page_limit, page_of, with_contents, with_scores
from storage.trace_rows import Ask, asked_for, narrowed
from storage.windows import WINDOWED, Windows, upper_bound, worth_it

QUERIES_FOLDER = Path(__file__).parent / "queries"

THREADS = 4
"""Readers at a time (DuckDB 2.0 on 2 cores: 8 readers cost ingest 7 %); more wait."""

WAITING_AT_MOST = 64
"""Beyond this a question is refused with a retryable answer: it would wait longer than its time limit."""

TIME_LIMIT_S = 30.0
AGAIN_S = 0.02
"""How often a question that should end is interrupted."""

BLOCKLESS = frozenset({"count_rows", "unpriced_models"})
"""Questions of the status, which look at few columns: who polls it is no reader for whom blocks should be kept."""

ASKED_HERE = (hour_sums.QUERY, QUERY)
"""Files of `queries/` that answer a part of a question, and are none."""

ROWS_A_PART = 64
"""Rows of an answer that is read only as far as there is room for it."""
TRACE_QUERIES = ("list_traces", "get_trace")
_MARK = re.compile(r"true /\* conditions: (\w+) \*/")
_LIST = re.compile(r"^( *).+ /\* list: (\w+) \*/", re.MULTILINE)


class Connections(Protocol):
    """What is needed of `storage.database.Database`."""

    gate: Gate

    def cursor(self) -> duckdb.DuckDBPyConnection: ...


class Query:
    """One file of `queries/`: its text, the parameters it declares, the places where conditions go."""

    def __init__(self, name: str, sql: str) -> None:
        self.name = name
        self.sql = sql
        self.parameters = parameters_of(sql)
        self.places = frozenset(_MARK.findall(sql))

    def render(self, compiled: Compiled) -> str:
        """The statement with conditions and columns in place. Contains nothing but the file and tables of the code."""
        listed = _LIST.sub(lambda mark: mark[1] + (compiled.listed(mark[2]) or mark[0]), self.sql)
        return _MARK.sub(lambda mark: compiled.sql(mark.group(1)), listed)

    def bind(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Every declared parameter, null where not given. KeyError for one that the file does not declare."""
        unknown = parameters.keys() - self.parameters
        if unknown:
            raise KeyError(f"query {self.name} has no parameter {', '.join(sorted(unknown))}")
        return dict.fromkeys(self.parameters) | dict(parameters)


def load_queries() -> dict[str, Query]:
    """Every query by name. RuntimeError when the files are not `contract.reading.QUERIES` and those asked here."""
    queries = {file.stem: Query(file.stem, file.read_text("utf-8")) for file in QUERIES_FOLDER.glob("*.sql")}
    if queries.keys() != {*QUERIES, *ASKED_HERE}:
        raise RuntimeError(f"storage/queries and contract.reading.QUERIES differ: {queries.keys() ^ set(QUERIES)}")
    return queries


class _Ticket:
    """One running question: who may interrupt it, and until when."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cursor: duckdb.DuckDBPyConnection | None = None
        self.expired = False

    def start(self, cursor: duckdb.DuckDBPyConnection) -> None:
        with self._lock:
            if self.expired:
                raise duckdb.InterruptException("waited too long")
            self._cursor = cursor

    def finish(self) -> None:
        with self._lock:
            self._cursor = None

    def expire(self) -> None:
        """Stop the question, running or still waiting; without effect when it has finished."""
        with self._lock:
            self.expired = True
            if self._cursor is not None:
                with suppress(duckdb.ConnectionException):  # one to the file before it was opened again
                    self._cursor.interrupt()


class Question(NamedTuple):
    """What is asked, ready to run."""

    query: str
    sql: str
    bound: dict[str, Any]
    values: dict[str, Value]
    """Of conditions."""
    places: frozenset[str]
    """Where there are conditions."""
    reads_texts: bool
    terms: list[list[str]]
    media_inline: bool
    of_sums: Compiled | None
    """What sums of hours are asked, where they can answer it."""


class DuckReader:
    """`contract.reading.Reader` on an open database. One event loop at a time; `close` ends its connections."""

    def __init__(
        self,
        database: Connections,
        *,
        visible: Callable[[], Awaitable[None]] | None = None,
        check: Callable[[], Awaitable[None]] | None = None,
        threads: int = THREADS,
        time_limit_s: float = TIME_LIMIT_S,
        gives_way: bool = False,
    ) -> None:
        """`visible` returns once all that was acknowledged before can be read (`storage.writer.Writer.visible`).

        `check` has a lost engine opened again (`storage.writer.Writer.check`). `gives_way`: to those who store, for a
        database with one thread: a second one would get the priority of the question that starts it.
        """
        self._database = database
        self._visible = visible
        self._check = check
        self._queries = load_queries()
        self._time_limit_s = time_limit_s
        self._threads = threads
        self._windows = Windows()
        self._parsed = Parsed()
        self._local = threading.local()
        self._cursors: weakref.WeakSet[duckdb.DuckDBPyConnection] = weakref.WeakSet()
        """Each is owned by its thread, which lets go of one that is of no further use."""
        self._executor = ThreadPoolExecutor(
            threads, thread_name_prefix="reader", initializer=give_way if gives_way else None
        )
        self._asking = 0
        self._closing = False
        self._running: set[_Ticket] = set()
        self._counts = {"answered": 0, "expired": 0, "refused": 0, "failed": 0}

    async def read(self, query: str, parameters: Mapping[str, Any], conditions: Sequence[Condition] = ()) -> list[Row]:
        """See `contract.reading.Reader`. A caller that goes away interrupts its query."""
        question = self.prepare(query, parameters, conditions)
        self._admit()
        ticket, loop = _Ticket(), asyncio.get_running_loop()
        timer = loop.call_later(self._time_limit_s, self._end, ticket, loop)
        self._asking += 1
        told: BaseException | None = None
        try:
            if self._visible is not None:
                await asyncio.wait_for(self._visible(), self._time_limit_s)
            rows = await loop.run_in_executor(self._executor, self._run, ticket, question)
        except BaseException as error:
            expired = ticket.expired or isinstance(error, TimeoutError)
            self._end(ticket, loop)
            told = self._explained(error, expired)
            if self._check is not None and is_lost(error):
                await self._check()
            if told is error:
                raise
            raise told from error
        finally:
            told = None  # it knows this frame, and so the request: the answer would stay until the collector comes
            timer.cancel()
            self._asking -= 1
        self._counts["answered"] += 1
        return rows

    def prepare(self, query: str, parameters: Mapping[str, Any], conditions: Sequence[Condition]) -> Question:
        """The statement of a question and the values it binds."""
        known = self._queries[query]
        if conditions and not known.places:
            raise KeyError(f"query {query} takes no conditions")
        shape = {name: value for name, value in parameters.items() if name in SHAPE}
        bound = known.bind({name: value for name, value in parameters.items() if name not in (*SHAPE, MEDIA)})
        if query in VALUES:
            compiled = compile_measures(query, conditions, shape)
        else:
            compiled = compile_conditions(query, conditions)
            add_shape(compiled, shape)
        if "of_traces" in bound:
            bound["of_traces"] = compiled.reads_traces
        if "page_limit" in bound:  # a record can only be judged once it is rolled up
            bound["page_limit"] = None if compiled.has("record") else page_limit(bound["limit"])
        return Question(
            query,
            known.render(compiled),
            bound,
            compiled.parameters,
            compiled.places(),
            compiled.reads_texts,
            compiled.terms,
            parameters.get(MEDIA) == INLINE,
            hour_sums.question_of(query, conditions, shape, bound),
        )

    def _end(self, ticket: _Ticket, loop: asyncio.AbstractEventLoop) -> None:
        """The question ends. Once is not enough: it may be between two statements."""
        ticket.expire()
        if ticket in self._running:
            loop.call_later(AGAIN_S, self._end, ticket, loop)

    def _admit(self) -> None:
        if self._asking >= self._threads + WAITING_AT_MOST:
            self._counts["refused"] += 1
            raise Overloaded("too many queries are waiting; ask again", reason="readers_busy")

    def _run(self, ticket: _Ticket, question: Question) -> list[Row]:
        """The rows; asked once more where this thread's connection is one to the file before it was opened again, or
        was interrupted since the file is closed."""
        self._running.add(ticket)
        try:
            if self._closing:
                raise Unavailable("the server is stopping", reason="stopping")
            return self._ask(ticket, question)
        except duckdb.Error as error:
            if ticket.expired or not has_ended(error):
                raise
            self._local.cursor = None
            return self._ask(ticket, question)
        finally:
            self._running.discard(ticket)

    def _ask(self, ticket: _Ticket, question: Question) -> list[Row]:
        with self._database.gate.read(again=question.query not in BLOCKLESS):
            cursor = self._cursor()
            with one_state(cursor):
                ticket.start(cursor)
                try:
                    return self._whole(cursor, question, self._answer(cursor, question))
                finally:
                    ticket.finish()

    def _answer(self, cursor: duckdb.DuckDBPyConnection, question: Question) -> list[Row]:
        """The rows of one statement, or of several that ask the newest part of the file first, all of one state."""

        def look_up(sql: str, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
            return cursor.execute(self._parsed(cursor, sql), values).fetchall()

        search = search_of(look_up, question)
        statement, rows = question.sql, dict[str, int]()
        if (traces := asked_for(look_up, question.query, question.bound)) is not None:
            statement, rows = narrowed(look_up, question.sql, traces)

        def ask(bound: Mapping[str, Any]) -> list[Row]:
            sql, known = search.statement(bound["from_ns"]) if search else (statement, rows)
            values = {**bound, **question.values, **known}
            if not divisible(question.query, bound):
                return self._read(cursor, sql, values)
            read, is_large = partial(self._read, cursor), self._windows.row_count >= LARGE_ROWS
            return page_of(read, partial(self._parts, cursor), sql, values, self._queries[QUERY].sql, is_large=is_large)

        if question.of_sums is not None and hour_sums.divide(cursor, question.of_sums, question.bound):
            return self._sums(cursor, question.of_sums, question.bound)
        if not worth_it(question.query, question.bound, question.places):
            if search is not None:
                search.look_up(question.bound["from_ns"])
            return ask(question.bound)
        parts = self._windows.parts(
            lambda sql: cursor.execute(sql).fetchall(), question.bound, costly=question.reads_texts, search=search
        )
        return WINDOWED[question.query](ask, question.bound, parts)

    def _sums(self, cursor: duckdb.DuckDBPyConnection, asked: Compiled, bound: Mapping[str, Any]) -> list[Row]:
        query = self._queries[hour_sums.QUERY]
        return self._read(cursor, query.render(asked), {name: bound[name] for name in query.parameters})

    def _read(self, cursor: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any]) -> list[Row]:
        return rows_of(cursor.execute(self._parsed(cursor, sql), values))

    def _parts(self, cursor: duckdb.DuckDBPyConnection, sql: str, values: Mapping[str, Any]) -> Iterator[list[Row]]:
        result = cursor.execute(self._parsed(cursor, sql), values)
        while rows := rows_of(result, ROWS_A_PART):
            yield rows

    def _whole(self, cursor: duckdb.DuckDBPyConnection, question: Question, rows: list[Row]) -> list[Row]:
        """The rows with what is read once they are known: content and scores of traces, and texts that lie apart, where
        the query has asked for them."""
        project: Any = question.bound.get("project")
        read = partial(self._read, cursor)
        if question.query in TRACE_QUERIES:
            rows = with_contents(read, rows, question.bound["io"])
        if question.query == "list_traces":
            rows = with_scores(partial(self._parts, cursor), rows, project)
        if rows and "apart" in rows[0]:
            names = {name: name for name in rows[0]}
            put_back(cursor, rows, names, project=project, by_reference=not question.media_inline)
        if rows and "metadata_apart" in rows[0]:
            put_back_lists(cursor, rows, "metadata", "metadata_apart", project=project)
        return rows

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = self._database.cursor()
            self._cursors.add(cursor)
        return cursor

    def _explained(self, error: BaseException, expired: bool) -> BaseException:
        """What the asker is told; errors that are nobody's to tell pass unchanged."""
        if expired and not self._closing and isinstance(error, (duckdb.InterruptException, TimeoutError)):
            self._counts["expired"] += 1
            limit = f"{self._time_limit_s:g} s"
            return Unavailable(f"the query took longer than {limit}; ask for a shorter time range", reason="time_limit")
        if (told := damaged(error)) is not None:
            self._counts["failed"] += 1
            return told
        if isinstance(error, duckdb.OutOfMemoryException):
            self._counts["failed"] += 1
            return Unavailable("the query needs more memory than it may have; ask for less", reason="memory")
        if isinstance(error, duckdb.TransactionException):  # the next question of this connection ends it (`begin`)
            self._counts["failed"] += 1
            return Unavailable("the database cannot answer now", reason="database")
        if isinstance(error, duckdb.IOException) or has_ended(error):
            self._counts["failed"] += 1
            self._local = threading.local()  # those connections are of no further use
            return Unavailable("the database cannot answer now", reason="database")
        if not isinstance(error, (TracepondError, asyncio.CancelledError)):
            self._counts["failed"] += 1
        return error

    def stats(self) -> list[Sample]:
        """Questions by outcome, and how many are being answered or wait."""
        totals = [Sample("reader_queries_total", {"outcome": name}, count) for name, count in self._counts.items()]
        return [*totals, Sample("reader_queries_in_flight", {}, self._asking)]

    def close(self) -> None:
        """Running questions end, their connections are closed; nothing can be asked afterwards."""
        self._closing = True
        self._executor.shutdown(wait=False, cancel_futures=True)
        while self._running:
            for ticket in list(self._running):
                ticket.expire()
            time.sleep(AGAIN_S)
        self._executor.shutdown(wait=True)
        for cursor in list(self._cursors):
            cursor.close()
        self._cursors.clear()


def search_of(ask: Ask, question: Question) -> Search | None:
    """What the index of words can tell of the question; null where it searches in no text of an indexed table."""
    source = INDEXED.get(question.query)
    if source is None or not question.terms:
        return None
    return Search(
        ask,
        source,
        question.terms,
        question.sql,
        every=question.query == "list_spans",
        to_ns=upper_bound(question.bound) if question.query in PLACES else None,
    )

"""The beginnings of input and output in a column of their own, of rows that lists of traces show (docs/adr/0016).

DuckDB unpacks the texts of 2,048 rows to read one. Where the rows of a page lie far from each other, the beginnings of
fifty take 3 ms from here, since few rows have any, and 100 from the texts themselves.
"""

from contract.columns import Row, S

PREVIEW_CHARACTERS = 301
"""Of a text, what a list needs to show 300 and to say whether there is more."""


def with_preview(stored: Row, row: Row) -> Row:
    """The row as it is stored, with the beginnings of its whole texts where it may speak for its trace: roots, and what
    was said of the trace itself. `row` stays as it is."""
    if row[S.parent_span_id] is not None:
        return stored
    if stored is row:
        stored = list(row)
    stored[S.preview] = preview(row[S.input], row[S.output])
    return stored


def preview(*texts: str | None) -> str:
    """The beginnings of the texts, behind the length of each and a colon; of a null that is empty."""
    begun = [None if text is None else text[:PREVIEW_CHARACTERS] for text in texts]
    return "".join([*(":" if text is None else f"{len(text)}:" for text in begun), *filter(None, begun)])


def texts_of(kept: str) -> tuple[str | None, ...]:
    """The beginnings that `preview` has put together."""
    *lengths, texts = kept.split(":", 2)
    begun, at = [], 0
    for length in lengths:
        begun.append(texts[at : at + int(length)] if length else None)
        at += int(length or 0)
    return tuple(begun)

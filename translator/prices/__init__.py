"""Accepts the columns of a model call, gives its cost in USD and the list that priced it; never guesses."""

from pathlib import Path

from contract.compiled import as_they_are

COMPILED = ("book", "rates")
__path__[:0] = as_they_are(Path(__file__).parent, COMPILED)[0]

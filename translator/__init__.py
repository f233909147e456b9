"""From decoded telemetry to rows: accepts `contract.span.Batch`, gives `contract.translated.Translated`; does no I/O.

Knowledge of what instrumentations send stands in the tables of `conventions/`; `present.py` makes what only a
reader needs.
"""

from pathlib import Path

from contract.compiled import as_they_are

COMPILED = ("answers", "derive", "encode", "engine", "tally", "translate", "values")
"""Modules that every span goes through (docs/adr/0017)."""
_found, WHY_PYTHON = as_they_are(Path(__file__).parent, COMPILED)
"""Why they are not compiled; empty where they are."""
__path__[:0] = _found

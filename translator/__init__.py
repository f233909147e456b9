"""From decoded telemetry to rows: accepts `contract.span.Batch`, gives `contract.translated.Translated`; does no I/O.

Knowledge of what instrumentations send stands in the tables of `conventions/`; `present.py` makes what only a
reader needs.
"""

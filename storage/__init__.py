"""Rows in, one DuckDB file, rows out; the only importer of duckdb.

Accepts translated rows and commits them (`writer`), answers named queries (`reader`), looks after the file
(`database`). Never interprets content: what is one call is asked of the `settle` it was given.
"""

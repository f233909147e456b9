"""Questions in, JSON out. Gives routes for the service's HTTP application; asks `contract.reading.Reader` only.

Never knows DuckDB, protobuf or how a span was translated; never answers for another project than the asker's.
"""

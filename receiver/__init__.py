"""Accepts bytes over gRPC and HTTP, gives a `Batch` to a `Sink`, answers what the sink said. Never interprets spans."""

import os

# gRPC reads it when it is imported: else each connection that fails in TLS, which a stranger can cause at will, is a
# line of its own on stderr.
os.environ.setdefault("GRPC_VERBOSITY", "ERROR")

"""Accepts bytes over gRPC and HTTP, gives a `Batch` to a `Sink`, answers what the sink said. Never interprets spans."""

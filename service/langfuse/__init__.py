"""Moving over from Langfuse: reads one server's public API, sends it to another; decides nothing about a span."""

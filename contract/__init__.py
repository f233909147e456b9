"""Values and promises that the stages exchange. Imports only the standard library; never does I/O."""

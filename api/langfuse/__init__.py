"""Accepts the questions of Langfuse's clients, gives answers in Langfuse's form, never another truth than `/api/v1`."""

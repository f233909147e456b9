"""One message schema (OTel GenAI) from every dialect: parts, messages, indexed keys, records, documents.

Takes attribute values as sent, gives plain values for JSON; unknown forms are kept, never dropped.
"""

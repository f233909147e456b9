-- Schema version 4. Applied once, never edited. Small records that clients keep here: prompts, data sets
-- (contract/documents.py). A project's collection and id name one; body is JSON text.

CREATE TABLE document (
    project VARCHAR,
    collection VARCHAR,
    id VARCHAR,
    parent VARCHAR,
    body VARCHAR USING COMPRESSION zstd,
    created_time TIMESTAMP_NS,
    updated_time TIMESTAMP_NS
);

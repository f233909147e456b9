-- Files that clients send beside their spans, and which traces use them.

CREATE TABLE media (
    project VARCHAR,
    media_id VARCHAR,
    content_type VARCHAR,
    size_bytes BIGINT,
    sha256 VARCHAR,
    data BLOB,
    uploaded_time TIMESTAMP_NS,
    received_time TIMESTAMP_NS
);

CREATE TABLE media_use (project VARCHAR, media_id VARCHAR, trace_id VARCHAR, span_id VARCHAR, field VARCHAR);

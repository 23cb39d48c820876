-- The event log of a service: the one truth from which timeline, stream, repair and audit are read.
CREATE TABLE event_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The transaction that wrote the fact; the sequencer orders by what was visible when.
    xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
    -- 'handoff/<uuid>', 'team/<slug>'
    aggregate text NOT NULL,
    -- 1, 2, 3, ... without a gap for each aggregate.
    aggregate_seq bigint NOT NULL CHECK (aggregate_seq > 0),
    -- The full name: 'baton.handoff.v1.handoff_submitted'.
    type text NOT NULL,
    -- The two teams of the subject: '<from>.<to>', '_' where there is none.
    routing text NOT NULL,
    payload bytea NOT NULL,
    -- Chained for each aggregate: what the hash covers is said at chassis::event::chain.
    previous_hash bytea NOT NULL CHECK (octet_length(previous_hash) = 32),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    actor text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    historic boolean NOT NULL,
    confidential boolean NOT NULL,
    traceparent text NOT NULL,
    UNIQUE (aggregate, aggregate_seq)
);

-- The sequencer looks for the youngest transactions only.
CREATE INDEX event_log_xid ON event_log (xid);

-- The order of all facts: position 1, 2, 3, ... without a gap; equal to the sequence of the NATS stream.
CREATE TABLE event_order (
    position bigint PRIMARY KEY CHECK (position > 0),
    event_id bigint NOT NULL UNIQUE REFERENCES event_log (id)
);

-- Where the sequencer stands: one row.
CREATE TABLE sequencer (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    -- Facts visible in this snapshot have their position.
    snapshot pg_snapshot NOT NULL,
    position bigint NOT NULL
);

INSERT INTO sequencer (snapshot, position) VALUES ('1:1:', 0);

-- Answers already given, so that a repeated request is answered with the same bytes.
CREATE TABLE request (
    -- SHA-256 over principal, method and request_id.
    key bytea PRIMARY KEY CHECK (octet_length(key) = 32),
    -- SHA-256 of the request encoded again.
    request_hash bytea NOT NULL,
    response bytea NOT NULL,
    recorded_at timestamptz NOT NULL
);

CREATE INDEX request_recorded_at ON request (recorded_at);

-- The service's role is named as its schema; it may add to the log, never change it.
DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON event_log, event_order TO %I', current_schema());
    EXECUTE format('GRANT SELECT, UPDATE (snapshot, position) ON sequencer TO %I', current_schema());
    EXECUTE format('GRANT SELECT, INSERT, DELETE ON request TO %I', current_schema());
END
$$;

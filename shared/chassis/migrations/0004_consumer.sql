-- How far this service has taken in what another one says: one row for each that it hears.
CREATE TABLE consumer (
    -- The producer's package: 'baton.handoff.v1'.
    package text PRIMARY KEY,
    -- Which life of the producer's stream the position belongs to.
    generation bigint NOT NULL DEFAULT 1 CHECK (generation > 0),
    position bigint NOT NULL DEFAULT 0 CHECK (position >= 0),
    -- The latest instant at which a live fact among them happened.
    latest_at timestamptz NOT NULL DEFAULT '-infinity'
);

-- Facts that could not be taken in, and every later one of the same aggregate, until an operator has looked.
CREATE TABLE dead_letter (
    package text NOT NULL,
    position bigint NOT NULL,
    aggregate text NOT NULL,
    aggregate_seq bigint NOT NULL,
    type text NOT NULL,
    payload bytea NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    historic boolean NOT NULL,
    -- What went wrong; empty for one that only waits behind another.
    error text NOT NULL,
    -- Which version of this service could not take it in.
    version text NOT NULL,
    PRIMARY KEY (package, position)
);

CREATE INDEX dead_letter_aggregate ON dead_letter (package, aggregate, position);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT, UPDATE ON consumer TO %I', current_schema());
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON dead_letter TO %I', current_schema());
END
$$;

-- The whole of a fact whose payload in the log keeps words back: for who may read the history, never for the stream.
CREATE TABLE event_withheld (
    aggregate text NOT NULL,
    aggregate_seq bigint NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (aggregate, aggregate_seq)
);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON event_withheld TO %I', current_schema());
END
$$;

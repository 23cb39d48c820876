-- What signs the tokens that a service gives out and takes back: one key for all its replicas, made here.
CREATE TABLE token_key (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    key bytea NOT NULL CHECK (octet_length(key) = 32)
);

-- gen_random_uuid() draws on the system's strong source: 244 of the 256 bits are random.
INSERT INTO token_key (key)
VALUES (decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex'));

-- Raised whenever positions begin to mean other facts than before.
ALTER TABLE sequencer ADD COLUMN generation bigint NOT NULL DEFAULT 1 CHECK (generation > 0);

DO $$
BEGIN
    EXECUTE format('GRANT SELECT ON token_key TO %I', current_schema());
END
$$;

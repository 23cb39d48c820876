-- What the SLA monitor has told of the clocks of handoffs. Another service's facts: they are in no history of ours, and move no
-- revision.
CREATE TABLE handoff.sla_clock (
    id uuid PRIMARY KEY,
    handoff_id uuid NOT NULL REFERENCES handoff.handoff (id),
    -- The fact that told of it last: its place in the history of the handoff's clocks.
    sla_seq bigint NOT NULL,
    -- Which side is accountable.
    side text NOT NULL CHECK (side IN ('UPSTREAM', 'DOWNSTREAM')),
    started_at timestamptz NOT NULL,
    -- None while it is paused.
    due_at timestamptz,
    is_open boolean NOT NULL,
    is_breached boolean NOT NULL,
    -- The whole of it, as it was told.
    clock bytea NOT NULL
);

-- The clocks of a handoff, in the order in which they started.
CREATE INDEX sla_clock_handoff ON handoff.sla_clock (handoff_id, started_at, id);

-- Warnings, breaches, and what was said to them: they stand in the timeline beside the handoff's own facts.
CREATE TABLE handoff.sla_fact (
    handoff_id uuid NOT NULL REFERENCES handoff.handoff (id),
    -- The handoff's own fact after which it stands.
    after_revision bigint NOT NULL,
    -- Its place in the history of the handoff's clocks.
    sla_seq bigint NOT NULL,
    type text NOT NULL,
    actor text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    historic boolean NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (handoff_id, after_revision, sla_seq)
);

-- Derived from the clocks that are open: when the next one of each side is due, and how many of them have passed their due time.
ALTER TABLE handoff.handoff
    ADD COLUMN upstream_due_at timestamptz,
    ADD COLUMN downstream_due_at timestamptz,
    ADD COLUMN upstream_breaches integer NOT NULL DEFAULT 0,
    ADD COLUMN downstream_breaches integer NOT NULL DEFAULT 0;

-- The inbox of each side, what is due soonest first; what is not due comes last, the most urgent first.
CREATE INDEX handoff_upstream_due ON handoff.handoff
    (from_team, COALESCE(upstream_due_at, timestamptz 'infinity'), handoff.urgency(priority), since_at, id)
    WHERE waits_on_upstream;
CREATE INDEX handoff_downstream_due ON handoff.handoff
    (to_team, COALESCE(downstream_due_at, timestamptz 'infinity'), handoff.urgency(priority), since_at, id)
    WHERE waits_on_downstream;
-- What is due at all, and what is late, whoever's it is.
CREATE INDEX handoff_due ON handoff.handoff (updated_at, id) WHERE LEAST(upstream_due_at, downstream_due_at) IS NOT NULL;
CREATE INDEX handoff_breached ON handoff.handoff (updated_at, id) WHERE upstream_breaches > 0 OR downstream_breaches > 0;

GRANT SELECT, INSERT, UPDATE ON handoff.sla_clock TO handoff;
GRANT SELECT, INSERT ON handoff.sla_fact TO handoff;

CREATE TABLE sla.calendar (
    id text PRIMARY KEY,
    -- None: an ADMIN alone may change it.
    owner_team text,
    -- The latest version.
    version integer NOT NULL,
    -- The end of its history: kernel::Head.
    revision bigint NOT NULL,
    head_hash bytea NOT NULL,
    head_at timestamptz NOT NULL
);

CREATE INDEX calendar_owner_team ON sla.calendar (owner_team, id);

CREATE TABLE sla.calendar_version (
    calendar_id text NOT NULL REFERENCES sla.calendar (id),
    version integer NOT NULL CHECK (version > 0),
    display_name text NOT NULL,
    -- calendar::Spec
    spec jsonb NOT NULL,
    in_force_since timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (calendar_id, version)
);

CREATE TABLE sla.policy (
    id text PRIMARY KEY,
    version integer NOT NULL,
    revision bigint NOT NULL,
    head_hash bytea NOT NULL,
    head_at timestamptz NOT NULL
);

CREATE TABLE sla.policy_version (
    policy_id text NOT NULL REFERENCES sla.policy (id),
    version integer NOT NULL CHECK (version > 0),
    display_name text NOT NULL,
    -- domain::policy::Target
    targets jsonb NOT NULL,
    in_force_since timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (policy_id, version)
);

-- By which calendar a team has worked since when, as the handoff service says.
CREATE TABLE sla.team_calendar (
    team_id text NOT NULL,
    since timestamptz NOT NULL,
    calendar_id text,
    PRIMARY KEY (team_id, since)
);

-- The policy that each version of a route's terms names, as the handoff service says.
CREATE TABLE sla.terms (
    route_id text NOT NULL,
    version integer NOT NULL,
    policy_id text,
    PRIMARY KEY (route_id, version)
);

-- Handoffs and clocks are kept in generations: a rebuild makes the next one beside the one in use, and then puts it in its place.
CREATE TABLE sla.generation (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    -- The one in use.
    current bigint NOT NULL
);

INSERT INTO sla.generation (current) VALUES (1);

CREATE FUNCTION sla.current() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT current FROM sla.generation);

-- A handoff as far as clocks care. Its row is locked by whoever changes any of its clocks.
CREATE TABLE sla.handoff (
    generation bigint NOT NULL,
    id uuid NOT NULL,
    -- The last fact of the handoff that was taken in.
    handoff_revision bigint NOT NULL,
    route_id text NOT NULL,
    from_team text NOT NULL,
    to_team text NOT NULL,
    confidential boolean NOT NULL,
    parked boolean NOT NULL,
    -- When the next mark of any of its clocks comes.
    next_at timestamptz,
    -- The place of its last imported fact among all facts of the handoff service.
    imported_position bigint,
    -- domain::course::Standing
    standing jsonb NOT NULL,
    -- The end of the history of its clocks.
    revision bigint NOT NULL,
    head_hash bytea NOT NULL,
    head_at timestamptz NOT NULL,
    PRIMARY KEY (generation, id)
);

-- Facts of a handoff that could not be taken in and that an operator gave up: no rebuild takes them in either.
CREATE TABLE sla.given_up (
    handoff_id uuid NOT NULL,
    first_revision bigint NOT NULL,
    last_revision bigint NOT NULL CHECK (last_revision >= first_revision),
    PRIMARY KEY (handoff_id, first_revision)
);

-- What the timers look at: nothing that is paused, stopped or parked is in it.
CREATE INDEX handoff_next ON sla.handoff (generation, next_at, id) WHERE next_at IS NOT NULL AND NOT parked;

CREATE TABLE sla.clock (
    generation bigint NOT NULL,
    id uuid NOT NULL,
    handoff_id uuid NOT NULL,
    kind text NOT NULL
        CHECK (kind IN ('DELIVERY', 'ACCEPTANCE', 'BEGIN', 'COMPLETION', 'REDELIVERY', 'ANSWER', 'ACTION')),
    state text NOT NULL CHECK (state IN ('RUNNING', 'PAUSED', 'MET', 'LATE', 'CANCELLED')),
    is_open boolean NOT NULL GENERATED ALWAYS AS (state IN ('RUNNING', 'PAUSED')) STORED,
    -- The accountable team, and the other one.
    team text NOT NULL,
    other_team text NOT NULL,
    route_id text NOT NULL,
    confidential boolean NOT NULL,
    started_at timestamptz NOT NULL,
    -- Of one that has breached, when that was; else infinite while it is paused.
    due_at timestamptz NOT NULL,
    -- When the breach that stands was due.
    breached_at timestamptz,
    excused boolean NOT NULL,
    historic boolean NOT NULL,
    policy_id text,
    policy_version integer,
    -- domain::Clock
    body jsonb NOT NULL,
    PRIMARY KEY (generation, id),
    FOREIGN KEY (generation, handoff_id) REFERENCES sla.handoff (generation, id)
);

CREATE INDEX clock_handoff ON sla.clock (generation, handoff_id, started_at, id);
CREATE INDEX clock_open_team ON sla.clock (generation, team, due_at, id) WHERE is_open;
CREATE INDEX clock_open_other ON sla.clock (generation, other_team, due_at, id) WHERE is_open;
CREATE INDEX clock_open ON sla.clock (generation, due_at, id) WHERE is_open;
CREATE INDEX clock_team ON sla.clock (generation, team, due_at, id);
CREATE INDEX clock_other ON sla.clock (generation, other_team, due_at, id);
CREATE INDEX clock_due ON sla.clock (generation, due_at, id);
CREATE INDEX clock_policy ON sla.clock (generation, policy_id, handoff_id) WHERE is_open;

-- Whether who looks may see a clock.
CREATE FUNCTION sla.visible_to(confidential boolean, team text, other_team text, sees_all boolean, teams text[])
    RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN NOT confidential OR sees_all OR team = ANY (teams) OR other_team = ANY (teams);

GRANT SELECT, INSERT, UPDATE ON sla.calendar, sla.policy TO sla;
GRANT SELECT, INSERT ON sla.calendar_version, sla.policy_version, sla.given_up TO sla;
GRANT SELECT, INSERT, UPDATE, DELETE ON sla.team_calendar, sla.terms, sla.handoff, sla.clock TO sla;
GRANT SELECT, UPDATE ON sla.generation TO sla;

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

-- A handoff as far as clocks care. Its row is locked by whoever changes any of its clocks.
CREATE TABLE sla.handoff (
    id uuid PRIMARY KEY,
    -- The last fact of the handoff that was taken in.
    handoff_revision bigint NOT NULL,
    route_id text NOT NULL,
    from_team text NOT NULL,
    to_team text NOT NULL,
    confidential boolean NOT NULL,
    parked boolean NOT NULL,
    -- When the next mark of any of its clocks comes.
    next_at timestamptz,
    -- domain::course::Standing
    standing jsonb NOT NULL,
    -- The end of the history of its clocks.
    revision bigint NOT NULL,
    head_hash bytea NOT NULL,
    head_at timestamptz NOT NULL
);

-- What the timers look at: nothing that is paused, stopped or parked is in it.
CREATE INDEX handoff_next ON sla.handoff (next_at, id) WHERE next_at IS NOT NULL AND NOT parked;

CREATE TABLE sla.clock (
    id uuid PRIMARY KEY,
    handoff_id uuid NOT NULL REFERENCES sla.handoff (id),
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
    body jsonb NOT NULL
);

CREATE INDEX clock_handoff ON sla.clock (handoff_id, started_at, id);
CREATE INDEX clock_open_team ON sla.clock (team, due_at, id) WHERE is_open;
CREATE INDEX clock_open_other ON sla.clock (other_team, due_at, id) WHERE is_open;
CREATE INDEX clock_open ON sla.clock (due_at, id) WHERE is_open;
CREATE INDEX clock_team ON sla.clock (team, due_at, id);
CREATE INDEX clock_other ON sla.clock (other_team, due_at, id);
CREATE INDEX clock_due ON sla.clock (due_at, id);
CREATE INDEX clock_policy ON sla.clock (policy_id, handoff_id) WHERE is_open;
-- What is open and late.
CREATE INDEX clock_breached ON sla.clock (team, breached_at) WHERE is_open AND breached_at IS NOT NULL;

-- Whether who looks may see a clock.
CREATE FUNCTION sla.visible_to(confidential boolean, team text, other_team text, sees_all boolean, teams text[])
    RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN NOT confidential OR sees_all OR team = ANY (teams) OR other_team = ANY (teams);

-- The second generation that a rebuild makes, beside the rows that are in use.
CREATE TABLE sla.rebuilt_handoff (LIKE sla.handoff INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY (id));
CREATE TABLE sla.rebuilt_clock (LIKE sla.clock INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING GENERATED,
                                PRIMARY KEY (id));
CREATE INDEX rebuilt_clock_handoff ON sla.rebuilt_clock (handoff_id);

GRANT SELECT, INSERT, UPDATE ON sla.calendar, sla.policy TO sla;
GRANT SELECT, INSERT ON sla.calendar_version, sla.policy_version TO sla;
GRANT SELECT, INSERT, UPDATE, DELETE ON sla.team_calendar, sla.terms, sla.handoff, sla.clock TO sla;
GRANT SELECT, INSERT, UPDATE, DELETE ON sla.rebuilt_handoff, sla.rebuilt_clock TO sla;

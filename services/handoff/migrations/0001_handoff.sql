CREATE TABLE handoff.team (
    id text PRIMARY KEY,
    display_name text NOT NULL,
    members jsonb NOT NULL,
    escalation_contact text,
    created_at timestamptz NOT NULL,
    -- The end of its history: kernel::Head.
    revision bigint NOT NULL,
    head_hash bytea NOT NULL,
    head_at timestamptz NOT NULL
);

CREATE TABLE handoff.route (
    id text PRIMARY KEY,
    from_team text NOT NULL REFERENCES handoff.team (id),
    to_team text NOT NULL REFERENCES handoff.team (id),
    name text NOT NULL,
    owner text,
    information text NOT NULL,
    trigger jsonb NOT NULL,
    risks jsonb NOT NULL,
    review_every_seconds bigint NOT NULL,
    status text NOT NULL CHECK (status IN ('DISCOVERED', 'ACTIVE', 'RETIRED')),
    -- The terms in force; 0 where none were ever set.
    terms_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    revision bigint NOT NULL,
    head_hash bytea NOT NULL,
    head_at timestamptz NOT NULL,
    CHECK (from_team <> to_team)
);

CREATE INDEX route_pair ON handoff.route (from_team, to_team);
CREATE INDEX route_to_team ON handoff.route (to_team);

-- Every version of a route's terms; a handoff keeps the one it was created under.
CREATE TABLE handoff.terms (
    route_id text NOT NULL REFERENCES handoff.route (id),
    version integer NOT NULL CHECK (version > 0),
    template_id text,
    -- None: the latest published one at the creation of each handoff.
    template_version integer,
    read_back text NOT NULL CHECK (read_back IN ('NONE', 'REQUIRED')),
    return_window_seconds bigint NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (route_id, version)
);

-- The contents that handoffs are judged by, once for each hash: they never change.
CREATE TABLE handoff.pinned_template (
    content_hash text PRIMARY KEY,
    content jsonb NOT NULL
);

-- Which content a template's version has: known, it can be pinned while the template service is away.
CREATE TABLE handoff.known_version (
    template_id text NOT NULL,
    version integer NOT NULL,
    content_hash text NOT NULL REFERENCES handoff.pinned_template (content_hash),
    PRIMARY KEY (template_id, version)
);

CREATE TABLE handoff.handoff (
    id uuid PRIMARY KEY,
    route_id text NOT NULL REFERENCES handoff.route (id),
    from_team text NOT NULL,
    to_team text NOT NULL,
    terms_version integer NOT NULL,
    template_id text,
    template_version integer NOT NULL,
    content_hash text NOT NULL,
    title text NOT NULL,
    summary jsonb NOT NULL,
    priority text NOT NULL CHECK (priority IN ('LOW', 'NORMAL', 'HIGH', 'URGENT')),
    confidential boolean NOT NULL,
    state text NOT NULL CHECK (state IN
        ('DRAFT', 'SUBMITTED', 'ACCEPTED', 'IN_PROGRESS', 'COMPLETED', 'REJECTED', 'RETURNED', 'CANCELLED')),
    -- How it came into its state.
    since_command text NOT NULL,
    since_by text NOT NULL,
    since_at timestamptz NOT NULL,
    attempt integer NOT NULL,
    accountable_side text NOT NULL CHECK (accountable_side IN ('UPSTREAM', 'DOWNSTREAM')),
    upstream_owner text,
    downstream_owner text,
    triggered_at timestamptz NOT NULL,
    deliver_by timestamptz,
    submission jsonb NOT NULL,
    origin_system text,
    origin_key text,
    follows uuid,
    links jsonb NOT NULL,
    attachments jsonb NOT NULL,
    hold jsonb,
    rejections integer NOT NULL,
    returns integer NOT NULL,
    -- Derived by the domain: whose inbox it is in, and how many actions each side has open.
    waits_on_upstream boolean NOT NULL,
    waits_on_downstream boolean NOT NULL,
    upstream_actions integer NOT NULL,
    downstream_actions integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    submitted_at timestamptz,
    accepted_at timestamptz,
    begun_at timestamptz,
    completed_at timestamptz,
    cancelled_at timestamptz,
    revision bigint NOT NULL,
    head_hash bytea NOT NULL,
    head_at timestamptz NOT NULL
);

CREATE UNIQUE INDEX handoff_origin ON handoff.handoff (origin_system, origin_key);
-- The inbox of each side, longest untouched first.
CREATE INDEX handoff_upstream_inbox ON handoff.handoff (from_team, updated_at, id) WHERE waits_on_upstream;
CREATE INDEX handoff_downstream_inbox ON handoff.handoff (to_team, updated_at, id) WHERE waits_on_downstream;
-- Lists by side and by route, in both orders.
CREATE INDEX handoff_from_team_updated ON handoff.handoff (from_team, updated_at, id);
CREATE INDEX handoff_to_team_updated ON handoff.handoff (to_team, updated_at, id);
CREATE INDEX handoff_route_updated ON handoff.handoff (route_id, updated_at, id);
CREATE INDEX handoff_created ON handoff.handoff (created_at, id);
CREATE INDEX handoff_updated ON handoff.handoff (updated_at, id);
-- Whether a route has ever completed one.
CREATE INDEX handoff_route_completed ON handoff.handoff (route_id) WHERE completed_at IS NOT NULL;

-- One submission each: what was frozen never changes; the decision is added once.
CREATE TABLE handoff.attempt (
    handoff_id uuid NOT NULL REFERENCES handoff.handoff (id),
    number integer NOT NULL CHECK (number > 0),
    submitted_by text NOT NULL,
    submitted_at timestamptz NOT NULL,
    snapshot jsonb NOT NULL,
    content_hash text NOT NULL,
    results jsonb NOT NULL,
    first_time_pair boolean NOT NULL,
    decision text NOT NULL CHECK (decision IN ('OPEN', 'ACCEPTED', 'REJECTED', 'CANCELLED')),
    decided_by text,
    decided_at timestamptz,
    reasons jsonb NOT NULL,
    read_back text,
    PRIMARY KEY (handoff_id, number)
);

CREATE TABLE handoff.action (
    id uuid PRIMARY KEY,
    handoff_id uuid NOT NULL REFERENCES handoff.handoff (id),
    -- In the order in which they were added.
    place integer NOT NULL,
    text text NOT NULL,
    side text NOT NULL CHECK (side IN ('UPSTREAM', 'DOWNSTREAM')),
    owner text,
    due_at timestamptz NOT NULL,
    done_at timestamptz,
    done_by text,
    UNIQUE (handoff_id, place)
);

-- Whether a viewer may know of a handoff: the one predicate of every read.
CREATE FUNCTION handoff.visible_to(confidential boolean, from_team text, to_team text, sees_all boolean, teams text[])
RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN NOT confidential OR sees_all OR from_team = ANY (teams) OR to_team = ANY (teams);

GRANT SELECT, INSERT, UPDATE ON handoff.team, handoff.route, handoff.handoff, handoff.attempt, handoff.action TO handoff;
GRANT SELECT, INSERT ON handoff.terms, handoff.pinned_template, handoff.known_version TO handoff;

-- The calendar that a team works by; the SLA monitor knows it.
ALTER TABLE handoff.team ADD COLUMN calendar_id text;

-- The policy that measures a handoff; the SLA monitor knows it. The default is the rule of terms from before there were any.
ALTER TABLE handoff.terms
    ADD COLUMN sla_policy_id text,
    ADD COLUMN review_rule text NOT NULL DEFAULT 'attempt >= 3';

-- Every proposal of terms; what it proposes never changes, how it ends is written once.
CREATE TABLE handoff.terms_proposal (
    id uuid PRIMARY KEY,
    route_id text NOT NULL REFERENCES handoff.route (id),
    side text NOT NULL CHECK (side IN ('UPSTREAM', 'DOWNSTREAM')),
    template_id text,
    -- None: the latest published one at the creation of each handoff.
    template_version integer,
    sla_policy_id text,
    review_rule text NOT NULL,
    read_back text NOT NULL CHECK (read_back IN ('NONE', 'REQUIRED')),
    return_window_seconds bigint NOT NULL,
    reason text NOT NULL,
    proposed_by text NOT NULL,
    proposed_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('OPEN', 'AGREED', 'DECLINED', 'WITHDRAWN', 'REPLACED', 'LAPSED')),
    ended_by text,
    ended_at timestamptz,
    end_reason text NOT NULL,
    CHECK ((state = 'OPEN') = (ended_at IS NULL) AND (ended_at IS NULL) = (ended_by IS NULL))
);

-- One is open on a route at a time.
CREATE UNIQUE INDEX terms_proposal_open ON handoff.terms_proposal (route_id) WHERE state = 'OPEN';

-- The last proposal, whatever became of it.
ALTER TABLE handoff.route ADD COLUMN proposal_id uuid REFERENCES handoff.terms_proposal (id);

CREATE TABLE handoff.workflow (
    id text PRIMARY KEY,
    name text NOT NULL,
    -- Ids of routes, in order; routes are never deleted.
    routes text[] NOT NULL,
    created_at timestamptz NOT NULL,
    revision bigint NOT NULL,
    head_hash bytea NOT NULL,
    head_at timestamptz NOT NULL
);

GRANT SELECT, INSERT, UPDATE ON handoff.terms_proposal, handoff.workflow TO handoff;

-- Routes as they are looked at for suggestions: one is due where more was marked than was looked at, or where a day has passed.
CREATE TABLE metrics.look (
    route_id text PRIMARY KEY,
    marked bigint NOT NULL,
    looked bigint NOT NULL,
    looked_at timestamptz NOT NULL
);

-- Changes that figures suggest: one for each route, kind and subject.
CREATE TABLE metrics.suggestion (
    id uuid PRIMARY KEY,
    route_id text NOT NULL,
    from_team text NOT NULL,
    to_team text NOT NULL,
    kind text NOT NULL,
    subject text NOT NULL,
    finding text NOT NULL,
    proposal text NOT NULL,
    numerator bigint NOT NULL,
    denominator bigint NOT NULL,
    -- domain::suggestion::Promised
    promise jsonb,
    raised_at timestamptz NOT NULL,
    looked_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('OPEN', 'CLOSED', 'GONE')),
    improvement_id uuid,
    -- The end of its history: kernel::Head.
    revision bigint NOT NULL,
    head_hash bytea NOT NULL,
    head_at timestamptz NOT NULL
);

CREATE INDEX suggestion_route ON metrics.suggestion (route_id);
CREATE INDEX suggestion_listed ON metrics.suggestion (denominator DESC, id DESC) WHERE state <> 'GONE';

-- What was decided about routes.
CREATE TABLE metrics.improvement (
    id uuid PRIMARY KEY,
    route_id text NOT NULL,
    from_team text NOT NULL,
    to_team text NOT NULL,
    outcome text NOT NULL CHECK (outcome IN ('CHANGED', 'KEPT')),
    suggestion_id uuid,
    body text NOT NULL,
    -- domain::query::Version
    version jsonb,
    decided_by text[] NOT NULL,
    -- A day, UTC: so many after 1970-01-01; none: never.
    review_on integer,
    recorded_by text NOT NULL,
    recorded_at timestamptz NOT NULL,
    review_due_at timestamptz,
    reviewed boolean NOT NULL,
    revision bigint NOT NULL,
    head_hash bytea NOT NULL,
    head_at timestamptz NOT NULL
);

CREATE INDEX improvement_recorded ON metrics.improvement (recorded_at DESC, id DESC);
CREATE INDEX improvement_route ON metrics.improvement (route_id, recorded_at DESC);
CREATE INDEX improvement_review ON metrics.improvement (review_on) WHERE review_due_at IS NULL AND NOT reviewed;

GRANT SELECT, INSERT, UPDATE ON metrics.look, metrics.suggestion, metrics.improvement TO metrics;

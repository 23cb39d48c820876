-- What is made of other services' facts is kept in generations: a rebuild makes the next one beside the one in use, and then puts it
-- in its place. Whoever writes locks this row.
CREATE TABLE metrics.generation (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    -- The one in use.
    current bigint NOT NULL
);

INSERT INTO metrics.generation (current) VALUES (1);

CREATE FUNCTION metrics.current() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT current FROM metrics.generation);

-- A handoff: everything that was heard of it and of its clocks, and what it has given to the sums.
CREATE TABLE metrics.handoff (
    generation bigint NOT NULL,
    id uuid NOT NULL,
    -- The last fact of the handoff, and of its clocks, that was taken in.
    revision bigint NOT NULL,
    clocks_revision bigint NOT NULL,
    route_id text NOT NULL,
    from_team text NOT NULL,
    to_team text NOT NULL,
    confidential boolean NOT NULL,
    -- None before its creation was heard.
    created_at timestamptz,
    first_decided_at timestamptz,
    first_accepted_at timestamptz,
    -- The latest of its facts.
    last_at timestamptz NOT NULL,
    -- When the latest of them was written down.
    heard_at timestamptz NOT NULL,
    -- domain::Story
    story jsonb NOT NULL,
    -- What it has given to the sums, and what of it lasts: store::handoff::Given, store::handoff::Lasts.
    given bytea NOT NULL,
    lasts bytea,
    -- Handoffs that follow each other or share an outside record have the same thread.
    thread uuid NOT NULL,
    is_linked boolean NOT NULL,
    -- A calendar has changed since it was measured.
    is_stale boolean NOT NULL,
    PRIMARY KEY (generation, id)
);

CREATE INDEX handoff_heard ON metrics.handoff (generation, heard_at);
CREATE INDEX handoff_created ON metrics.handoff (generation, created_at, id);
CREATE INDEX handoff_decided ON metrics.handoff (generation, first_decided_at) WHERE first_decided_at IS NOT NULL;
CREATE INDEX handoff_accepted ON metrics.handoff (generation, first_accepted_at) WHERE first_accepted_at IS NOT NULL;
CREATE INDEX handoff_lasts ON metrics.handoff (generation, route_id) WHERE lasts IS NOT NULL;
CREATE INDEX handoff_thread ON metrics.handoff (generation, thread) WHERE is_linked;
CREATE INDEX handoff_linked ON metrics.handoff (generation, created_at) WHERE is_linked;
CREATE INDEX handoff_stale ON metrics.handoff (generation, id) WHERE is_stale;

-- What handoffs of one piece of work have in common: an outside record, or that they follow the same handoff.
CREATE TABLE metrics.tie (
    generation bigint NOT NULL,
    tie text NOT NULL,
    handoff_id uuid NOT NULL,
    PRIMARY KEY (generation, tie, handoff_id)
);

-- Which handoffs or clocks are added up together; empty and 0 stand for none.
CREATE TABLE metrics.cohort (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    route_id text NOT NULL,
    from_team text NOT NULL,
    to_team text NOT NULL,
    template_id text NOT NULL,
    template_version integer NOT NULL,
    terms_version integer NOT NULL,
    policy_id text NOT NULL,
    policy_version integer NOT NULL,
    historic boolean NOT NULL,
    UNIQUE (route_id, from_team, to_team, template_id, template_version, terms_version, policy_id, policy_version, historic)
);

-- The sums of a day, UTC: so many days after 1970-01-01.
CREATE TABLE metrics.day (
    generation bigint NOT NULL,
    cohort_id bigint NOT NULL REFERENCES metrics.cohort (id),
    day integer NOT NULL,
    -- The first day of its month.
    month integer NOT NULL,
    -- domain::Sums
    sums bytea NOT NULL,
    PRIMARY KEY (generation, cohort_id, day)
);

-- The sums of a month that has passed, added up from its days, so that a wide window reads few rows.
CREATE TABLE metrics.month (
    generation bigint NOT NULL,
    cohort_id bigint NOT NULL REFERENCES metrics.cohort (id),
    month integer NOT NULL,
    sums bytea NOT NULL,
    PRIMARY KEY (generation, cohort_id, month)
);

-- Months of which a day has changed since they were added up: their days count in place of them until that is done anew.
CREATE TABLE metrics.month_changed (
    generation bigint NOT NULL,
    cohort_id bigint NOT NULL,
    month integer NOT NULL,
    PRIMARY KEY (generation, cohort_id, month)
);

CREATE INDEX month_changed_month ON metrics.month_changed (generation, month);

-- By which calendar a team has worked since when, as the handoff service says.
CREATE TABLE metrics.team_calendar (
    team_id text NOT NULL,
    since timestamptz NOT NULL,
    calendar_id text,
    PRIMARY KEY (team_id, since)
);

-- The versions of calendars, as the SLA monitor says.
CREATE TABLE metrics.calendar_version (
    calendar_id text NOT NULL,
    version integer NOT NULL,
    since timestamptz NOT NULL,
    -- calendar::Spec
    spec jsonb NOT NULL,
    PRIMARY KEY (calendar_id, version)
);

-- Routes as they stand, as the handoff service says.
CREATE TABLE metrics.route (
    id text PRIMARY KEY,
    -- The last fact of it that was taken in.
    heard_revision bigint NOT NULL,
    from_team text NOT NULL,
    to_team text NOT NULL,
    owner text NOT NULL,
    review_every_seconds bigint NOT NULL,
    discovered boolean NOT NULL,
    retired boolean NOT NULL,
    created_at timestamptz NOT NULL,
    -- domain::heard::Terms
    terms jsonb,
    -- When both sides looked at it last; at first when it was created.
    reviewed_at timestamptz NOT NULL,
    -- Since when it is to be looked at; none where it is not.
    review_due_at timestamptz,
    -- The end of what this service has said of it: kernel::Head.
    revision bigint NOT NULL,
    head_hash bytea NOT NULL,
    head_at timestamptz NOT NULL
);

CREATE INDEX route_team ON metrics.route (from_team, to_team);

-- Workflows as they stand, as the handoff service says.
CREATE TABLE metrics.workflow (
    id text PRIMARY KEY,
    heard_revision bigint NOT NULL,
    routes text[] NOT NULL
);

-- The criteria of published versions of templates, as the template service says.
CREATE TABLE metrics.template_version (
    template_id text NOT NULL,
    version integer NOT NULL,
    criteria text[] NOT NULL,
    PRIMARY KEY (template_id, version)
);

-- Who has acted as a service, and is asked in no survey.
CREATE TABLE metrics.service_name (
    name text PRIMARY KEY
);

-- Facts that could not be taken in and that an operator gave up: no rebuild takes them in either.
CREATE TABLE metrics.given_up (
    aggregate text NOT NULL,
    first_revision bigint NOT NULL,
    last_revision bigint NOT NULL CHECK (last_revision >= first_revision),
    PRIMARY KEY (aggregate, first_revision)
);

GRANT SELECT, INSERT ON metrics.cohort, metrics.given_up, metrics.service_name TO metrics;
GRANT SELECT, UPDATE ON metrics.generation TO metrics;
GRANT SELECT, INSERT, UPDATE, DELETE ON metrics.handoff, metrics.tie, metrics.day, metrics.month,
    metrics.month_changed, metrics.team_calendar,
    metrics.calendar_version, metrics.route, metrics.workflow, metrics.template_version TO metrics;

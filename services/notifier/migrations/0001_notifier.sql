-- A team as the handoff service last described it: whom to tell where nobody owns a side.
CREATE TABLE notifier.team (
    id text PRIMARY KEY,
    leads text[] NOT NULL
);

-- Which teams a route joins.
CREATE TABLE notifier.route (
    id text PRIMARY KEY,
    from_team text NOT NULL,
    to_team text NOT NULL
);

-- Who is told what, where and when.
CREATE TABLE notifier.subscription (
    id uuid PRIMARY KEY,
    who_kind text NOT NULL CHECK (who_kind IN ('TEAM', 'PERSON', 'SERVICE')),
    who text NOT NULL,
    -- Names of facts; none: what is addressed to the recipient.
    events text[] NOT NULL,
    teams text[] NOT NULL,
    side text CHECK (side IN ('UPSTREAM', 'DOWNSTREAM')),
    filter text,
    -- domain::Place, with the keys that sign.
    place jsonb NOT NULL,
    -- domain::QuietHours.
    quiet_hours jsonb,
    -- domain::Digest.
    digest jsonb,
    state text NOT NULL CHECK (state IN ('ENABLED', 'DISABLED', 'ENDED')),
    disabled_reason text NOT NULL,
    revision bigint NOT NULL,
    created_by text NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE INDEX subscription_who ON notifier.subscription (who, who_kind) WHERE state <> 'ENDED';
CREATE INDEX subscription_events ON notifier.subscription USING gin (events) WHERE who_kind = 'SERVICE' AND state <> 'ENDED';
CREATE INDEX subscription_created ON notifier.subscription (created_at DESC, id DESC) WHERE state <> 'ENDED';

-- A fact that somebody is told, once for all who are.
CREATE TABLE notifier.fact (
    -- Made of the producer and the fact's place in its aggregate's history.
    id uuid PRIMARY KEY,
    -- The order in which facts were heard.
    place bigint GENERATED ALWAYS AS IDENTITY,
    event text NOT NULL,
    subject text NOT NULL,
    occurred_at timestamptz NOT NULL,
    confidential boolean NOT NULL,
    headline text NOT NULL,
    -- What opens it: HANDOFF with its id, SURVEY with the token of its link, NOTHING.
    opens text NOT NULL CHECK (opens IN ('HANDOFF', 'SURVEY', 'NOTHING')),
    opens_with text NOT NULL,
    -- The CloudEvent as JSON, byte for byte as it is sent.
    body text NOT NULL,
    recorded_at timestamptz NOT NULL
);

-- A handoff that becomes confidential takes its words with it.
CREATE INDEX fact_handoff ON notifier.fact (opens_with) WHERE opens = 'HANDOFF' AND NOT confidential;
CREATE INDEX fact_recorded ON notifier.fact (recorded_at);

-- One message to one place.
CREATE TABLE notifier.delivery (
    id uuid PRIMARY KEY,
    subscription_id uuid NOT NULL REFERENCES notifier.subscription (id),
    state text NOT NULL CHECK (state IN ('PENDING', 'DELIVERED', 'DEAD')),
    -- A test is sent whatever the hour.
    is_test boolean NOT NULL,
    attempts integer NOT NULL,
    -- Of them those that have failed, since it was last asked to be sent again.
    failures integer NOT NULL,
    -- When it is tried next; while an attempt is under way, when it is given up as lost.
    next_at timestamptz NOT NULL,
    problem text NOT NULL,
    created_at timestamptz NOT NULL,
    ended_at timestamptz,
    CHECK ((state = 'PENDING') = (ended_at IS NULL))
);

CREATE INDEX delivery_pending ON notifier.delivery (subscription_id, next_at, id) WHERE state = 'PENDING';
CREATE INDEX delivery_of ON notifier.delivery (subscription_id, created_at DESC, id DESC);
CREATE INDEX delivery_dead ON notifier.delivery (ended_at) WHERE state = 'DEAD';
CREATE INDEX delivery_created ON notifier.delivery (created_at DESC, id DESC);

-- Somebody is told a fact: once for each subscription and fact, and once for each address and moment of a clock.
CREATE TABLE notifier.notification (
    subscription_id uuid NOT NULL REFERENCES notifier.subscription (id),
    fact_id uuid NOT NULL REFERENCES notifier.fact (id) ON DELETE CASCADE,
    -- The message that tells it; none while it waits for a digest.
    delivery_id uuid REFERENCES notifier.delivery (id) ON DELETE CASCADE,
    -- When it is collected.
    gather_at timestamptz NOT NULL,
    -- Made of the address and the moment of a clock; none where it is about no clock.
    moment uuid UNIQUE,
    PRIMARY KEY (subscription_id, fact_id)
);

CREATE INDEX notification_delivery ON notifier.notification (delivery_id);
CREATE INDEX notification_fact ON notifier.notification (fact_id);
CREATE INDEX notification_waiting ON notifier.notification (gather_at) WHERE delivery_id IS NULL;

-- What became of each attempt.
CREATE TABLE notifier.attempt (
    delivery_id uuid NOT NULL REFERENCES notifier.delivery (id) ON DELETE CASCADE,
    number integer NOT NULL,
    started_at timestamptz NOT NULL,
    millis integer NOT NULL,
    status integer NOT NULL,
    problem text NOT NULL,
    PRIMARY KEY (delivery_id, number)
);

GRANT SELECT, INSERT, UPDATE ON notifier.team, notifier.route, notifier.subscription TO notifier;
GRANT SELECT, INSERT, UPDATE, DELETE ON notifier.fact, notifier.delivery, notifier.notification, notifier.attempt TO notifier;

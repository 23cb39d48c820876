-- What both sides say to each other about a handoff: questions, reviews, proposals, comments; and what follows from it.
CREATE TABLE handoff.question (
    id uuid PRIMARY KEY,
    handoff_id uuid NOT NULL REFERENCES handoff.handoff (id),
    -- In the order in which they were asked.
    place integer NOT NULL,
    side text NOT NULL CHECK (side IN ('UPSTREAM', 'DOWNSTREAM')),
    blocking boolean NOT NULL,
    about text,
    rounds jsonb NOT NULL,
    closed jsonb,
    UNIQUE (handoff_id, place)
);

CREATE TABLE handoff.review (
    id uuid PRIMARY KEY,
    handoff_id uuid NOT NULL REFERENCES handoff.handoff (id),
    place integer NOT NULL,
    attempt integer NOT NULL,
    side text NOT NULL CHECK (side IN ('UPSTREAM', 'DOWNSTREAM')),
    scheduled jsonb NOT NULL,
    -- None for one that was waived unscheduled.
    meeting jsonb,
    sequence integer NOT NULL,
    status jsonb NOT NULL CHECK (status ->> 'state' IN ('SCHEDULED', 'HELD', 'MISSED', 'CANCELLED', 'WAIVED')),
    UNIQUE (handoff_id, place)
);

CREATE TABLE handoff.proposal (
    id uuid PRIMARY KEY,
    handoff_id uuid NOT NULL REFERENCES handoff.handoff (id),
    place integer NOT NULL,
    side text NOT NULL CHECK (side IN ('UPSTREAM', 'DOWNSTREAM')),
    change jsonb NOT NULL,
    reason text NOT NULL,
    proposed jsonb NOT NULL,
    state text NOT NULL CHECK (state IN ('OPEN', 'AGREED', 'DECLINED', 'LAPSED')),
    decided jsonb,
    decline_reason text NOT NULL,
    UNIQUE (handoff_id, place)
);

-- One open proposal of a kind.
CREATE UNIQUE INDEX proposal_open ON handoff.proposal (handoff_id, (change ->> 'kind')) WHERE state = 'OPEN';

-- Read with the timeline alone: a handoff knows how many it has.
CREATE TABLE handoff.comment (
    id uuid PRIMARY KEY,
    handoff_id uuid NOT NULL REFERENCES handoff.handoff (id),
    text text NOT NULL
);

ALTER TABLE handoff.handoff
    ADD COLUMN claim jsonb,
    ADD COLUMN waivers jsonb NOT NULL DEFAULT '[]',
    ADD COLUMN archived jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN comments integer NOT NULL DEFAULT 0,
    -- When the hold ends by itself.
    ADD COLUMN hold_until timestamptz,
    -- Whose turn it is; none once it has ended.
    ADD COLUMN waiting_on text CHECK (waiting_on IN ('UPSTREAM', 'DOWNSTREAM')),
    -- What each side owes the other an answer to: open questions, proposals to decide, actions to take on.
    ADD COLUMN upstream_answers integer NOT NULL DEFAULT 0,
    ADD COLUMN downstream_answers integer NOT NULL DEFAULT 0;

UPDATE handoff.handoff SET waiting_on = CASE
    WHEN state IN ('DRAFT', 'REJECTED', 'RETURNED') THEN 'UPSTREAM'
    WHEN state IN ('SUBMITTED', 'ACCEPTED', 'IN_PROGRESS') THEN 'DOWNSTREAM'
END;

CREATE INDEX handoff_hold_until ON handoff.handoff (hold_until) WHERE hold_until IS NOT NULL;

ALTER TABLE handoff.attempt
    ADD COLUMN review_required boolean NOT NULL DEFAULT false,
    ADD COLUMN review_why text NOT NULL DEFAULT '',
    ADD COLUMN confirmation jsonb,
    DROP CONSTRAINT attempt_decision_check,
    ADD CONSTRAINT attempt_decision_check
        CHECK (decision IN ('OPEN', 'ACCEPTED', 'REJECTED', 'CANCELLED', 'RECALLED'));

ALTER TABLE handoff.action
    ADD COLUMN unconfirmed boolean NOT NULL DEFAULT false,
    ADD COLUMN added_by text NOT NULL DEFAULT '',
    ADD COLUMN review_id uuid;

GRANT SELECT, INSERT, UPDATE ON handoff.question, handoff.review, handoff.proposal TO handoff;
GRANT SELECT, INSERT ON handoff.comment TO handoff;

-- What is asked; a version never changes.
CREATE TABLE metrics.survey_questions (
    version integer PRIMARY KEY CHECK (version > 0),
    score text NOT NULL,
    worked text NOT NULL,
    missing text NOT NULL,
    set_by text NOT NULL,
    set_at timestamptz NOT NULL
);

INSERT INTO metrics.survey_questions (version, score, worked, missing, set_by, set_at)
VALUES (1, 'How well did this handoff go for you?', 'What worked?', 'What was missing or frustrating?', 'system', 'epoch');

-- Somebody who was asked how a handoff went, and what the person answered.
CREATE TABLE metrics.survey (
    id uuid PRIMARY KEY,
    handoff_id uuid NOT NULL,
    route_id text NOT NULL,
    from_team text NOT NULL,
    to_team text NOT NULL,
    side text NOT NULL CHECK (side IN ('UPSTREAM', 'DOWNSTREAM')),
    person text NOT NULL,
    occasion text NOT NULL CHECK (occasion IN ('COMPLETED', 'CANCELLED', 'FOLLOW_UP')),
    questions_version integer NOT NULL REFERENCES metrics.survey_questions (version),
    invited_at timestamptz NOT NULL,
    open_until timestamptz NOT NULL,
    -- All four together, or none before the answer.
    answered_at timestamptz,
    score integer CHECK (score BETWEEN 1 AND 5),
    worked text,
    missing text,
    -- The end of its history: kernel::Head.
    revision bigint NOT NULL,
    head_hash bytea NOT NULL,
    head_at timestamptz NOT NULL,
    CHECK (num_nulls(answered_at, score, worked, missing) IN (0, 4))
);

CREATE INDEX survey_person ON metrics.survey (person, invited_at DESC, id DESC);
CREATE INDEX survey_invited ON metrics.survey (invited_at DESC, id DESC);
CREATE INDEX survey_handoff ON metrics.survey (handoff_id);
CREATE INDEX survey_answered ON metrics.survey (answered_at, id) WHERE answered_at IS NOT NULL;

-- Who was not asked, since the person had been asked within 7 days.
CREATE TABLE metrics.survey_capped (
    handoff_id uuid NOT NULL,
    side text NOT NULL,
    at timestamptz NOT NULL,
    route_id text NOT NULL,
    from_team text NOT NULL,
    to_team text NOT NULL,
    PRIMARY KEY (handoff_id, side, at)
);

CREATE INDEX survey_capped_at ON metrics.survey_capped (at);

-- When both sides of a handoff are to be asked again.
CREATE TABLE metrics.survey_follow_up (
    due_at timestamptz NOT NULL,
    handoff_id uuid NOT NULL,
    PRIMARY KEY (due_at, handoff_id)
);

GRANT SELECT, INSERT ON metrics.survey_questions, metrics.survey_capped TO metrics;
GRANT SELECT, INSERT, UPDATE ON metrics.survey TO metrics;
GRANT SELECT, INSERT, UPDATE, DELETE ON metrics.survey_follow_up TO metrics;

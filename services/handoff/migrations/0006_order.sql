-- The inbox of each side, what is promised soonest first, then what is not promised.
CREATE INDEX handoff_upstream_promised ON handoff.handoff (from_team, COALESCE(deliver_by, timestamptz 'infinity'), id)
    WHERE waits_on_upstream;
CREATE INDEX handoff_downstream_promised ON handoff.handoff (to_team, COALESCE(deliver_by, timestamptz 'infinity'), id)
    WHERE waits_on_downstream;
-- What is in a state, and the few that are on hold or confidential, whoever's they are.
CREATE INDEX handoff_state ON handoff.handoff (state, updated_at, id);
CREATE INDEX handoff_on_hold ON handoff.handoff (updated_at, id) WHERE hold IS NOT NULL;
CREATE INDEX handoff_confidential ON handoff.handoff (updated_at, id) WHERE confidential;

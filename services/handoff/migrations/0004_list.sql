-- How soon a handoff of this priority comes up: 0 for the most urgent.
CREATE FUNCTION handoff.urgency(priority text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE priority WHEN 'URGENT' THEN 0 WHEN 'HIGH' THEN 1 WHEN 'NORMAL' THEN 2 ELSE 3 END;

-- The inbox of each side, the most urgent first, then what has waited longest.
CREATE INDEX handoff_upstream_urgent ON handoff.handoff (from_team, handoff.urgency(priority), since_at, id)
    WHERE waits_on_upstream;
CREATE INDEX handoff_downstream_urgent ON handoff.handoff (to_team, handoff.urgency(priority), since_at, id)
    WHERE waits_on_downstream;
-- What somebody answers for.
CREATE INDEX handoff_upstream_owner ON handoff.handoff (upstream_owner, updated_at, id) WHERE upstream_owner IS NOT NULL;
CREATE INDEX handoff_downstream_owner ON handoff.handoff (downstream_owner, updated_at, id)
    WHERE downstream_owner IS NOT NULL;
CREATE INDEX handoff_follows ON handoff.handoff (follows) WHERE follows IS NOT NULL;

-- What a handoff is found by. A table of its own: every change of a handoff writes its row and all its indexes anew, and its
-- words seldom change. Written by the trigger below alone.
CREATE TABLE handoff.search (
    handoff_id uuid PRIMARY KEY,
    -- Words, and beside them marks, which begin with a sign that no word has: @<team> of each side, #<system>/<key> of each link.
    words tsvector NOT NULL
);

-- A text as words: the signs of ASCII part them, in what is stored as in what is asked.
CREATE FUNCTION handoff.plain(text text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN regexp_replace(text, '[!-/:-@[-`{-~]+', ' ', 'g');

-- Every text of a value.
CREATE FUNCTION handoff.texts(value jsonb) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (SELECT string_agg(found #>> '{}', ' ')
        FROM jsonb_path_query(value, 'strict $.** ? (@.type() == "string")') AS found);

CREATE FUNCTION handoff.words_of(handoff handoff.handoff) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN strip(to_tsvector('simple', handoff.plain(concat_ws(' ',
        (handoff).title, (handoff).origin_system, (handoff).origin_key,
        handoff.texts((handoff).summary),
        handoff.texts(jsonb_path_query_array((handoff).submission, 'lax $.fields.*.value')),
        handoff.texts(jsonb_path_query_array((handoff).links, 'lax $[*].key'))))))
    || array_to_tsvector(ARRAY['@' || (handoff).from_team, '@' || (handoff).to_team])
    || array_to_tsvector(ARRAY(SELECT '#' || (link ->> 'system') || '/' || (link ->> 'key')
                               FROM jsonb_array_elements((handoff).links) AS link));

-- The setting: a word too long to be found by is left out without a notice.
CREATE FUNCTION handoff.index_words() RETURNS trigger LANGUAGE plpgsql SET client_min_messages = 'warning' AS $$
BEGIN
    INSERT INTO handoff.search (handoff_id, words) VALUES (NEW.id, handoff.words_of(NEW))
    ON CONFLICT (handoff_id) DO UPDATE SET words = excluded.words;
    RETURN NULL;
END
$$;

CREATE TRIGGER words_of_new AFTER INSERT ON handoff.handoff FOR EACH ROW EXECUTE FUNCTION handoff.index_words();
CREATE TRIGGER words_of_changed AFTER UPDATE ON handoff.handoff FOR EACH ROW
    WHEN ((OLD.title, OLD.summary, OLD.submission -> 'fields', OLD.links)
          IS DISTINCT FROM (NEW.title, NEW.summary, NEW.submission -> 'fields', NEW.links))
    EXECUTE FUNCTION handoff.index_words();

INSERT INTO handoff.search (handoff_id, words) SELECT h.id, handoff.words_of(h) FROM handoff.handoff AS h;

-- Each word goes into the index when its handoff is written, not in a heap of pending ones that some later writer must sort in.
CREATE INDEX search_words ON handoff.search USING gin (words) WITH (fastupdate = off);

GRANT SELECT, INSERT, UPDATE ON handoff.search TO handoff;

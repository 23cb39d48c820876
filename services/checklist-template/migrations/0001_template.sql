CREATE TABLE checklist.template (
    id text PRIMARY KEY,
    display_name text NOT NULL,
    owner_team text NOT NULL,
    created_at timestamptz NOT NULL,
    -- The end of its history: kernel::Head.
    revision bigint NOT NULL,
    head_hash bytea NOT NULL,
    head_at timestamptz NOT NULL
);

CREATE INDEX template_owner_team ON checklist.template (owner_team, id);

CREATE TABLE checklist.template_version (
    template_id text NOT NULL REFERENCES checklist.template (id),
    version integer NOT NULL CHECK (version > 0),
    state text NOT NULL CHECK (state IN ('DRAFT', 'PUBLISHED', 'RETIRED')),
    content jsonb NOT NULL,
    -- SHA-256, 64 hex digits: criteria::ContentHash.
    content_hash text NOT NULL,
    published_by text NOT NULL DEFAULT '',
    published_at timestamptz,
    retired_at timestamptz,
    PRIMARY KEY (template_id, version)
);

-- At most one draft.
CREATE UNIQUE INDEX template_version_draft ON checklist.template_version (template_id) WHERE state = 'DRAFT';

-- What was published never changes, whatever the code says.
CREATE FUNCTION checklist.keep_published() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.state <> 'DRAFT' AND (NEW.content, NEW.content_hash, NEW.version) IS DISTINCT FROM (OLD.content, OLD.content_hash, OLD.version) THEN
        RAISE EXCEPTION 'version % of template % is published and never changes', OLD.version, OLD.template_id;
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER keep_published BEFORE UPDATE ON checklist.template_version
    FOR EACH ROW EXECUTE FUNCTION checklist.keep_published();

GRANT SELECT, INSERT, UPDATE ON checklist.template, checklist.template_version TO checklist;

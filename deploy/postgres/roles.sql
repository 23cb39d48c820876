-- Roles and schemas of Baton in one database. Run it there as a superuser; running it again changes nothing:
--   psql -v ON_ERROR_STOP=1 -d baton -f roles.sql
--
-- Each service has a schema and two roles: <schema>_owner, which migrates, and <schema>, which serves. The migrations
-- say table by table what the serving role may do; nothing is granted by default, so the event log stays append-only.
-- Neither role can look into another service's schema. Passwords are set apart from this file: ALTER ROLE ... PASSWORD.

DO $$
DECLARE
    -- Every service that has a schema.
    schemas CONSTANT text[] := ARRAY['handoff', 'checklist', 'sla', 'metrics', 'notifier'];
    schema text;
    owner text;
BEGIN
    EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
    REVOKE ALL ON SCHEMA public FROM PUBLIC;

    FOREACH schema IN ARRAY schemas LOOP
        owner := schema || '_owner';
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = owner) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION', owner);
            EXECUTE format('ALTER ROLE %I SET search_path = %I', owner, schema);
        END IF;
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = schema) THEN
            EXECUTE format('CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION', schema);
            EXECUTE format('ALTER ROLE %I SET search_path = %I', schema, schema);
        END IF;

        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I, %I', current_database(), owner, schema);
        EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', schema, owner);
        EXECUTE format('GRANT USAGE ON SCHEMA %I TO %I', schema, schema);
    END LOOP;
END
$$;

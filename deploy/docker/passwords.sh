#!/usr/bin/env bash
# Gives the roles of roles.sql the passwords of their URLs; run once by the postgres image, after roles.sql.
set -euo pipefail

for role in handoff handoff_owner checklist checklist_owner sla sla_owner metrics metrics_owner notifier notifier_owner; do
  password="$(sed -E 's|^[a-z]+://[^:]+:([^@]+)@.*$|\1|' "/run/secrets/${role}_url")"
  psql -v ON_ERROR_STOP=1 -v role="$role" -v password="$password" \
    --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" <<<"ALTER ROLE :\"role\" PASSWORD :'password'"
done

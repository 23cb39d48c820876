#!/usr/bin/env bash
# Makes the secrets that docker-compose.yml mounts, in the folder secrets beside this file; what is there is kept.
#
# Five files come from the issuer of tokens and have to be put beside them: jwks.json, its public keys, and handoff.token,
# sla.token, metrics.token and notifier.token, each a token of kind "service" with the role READER for that service. Who wants
# email writes the SMTP server's address into smtp_url, which is empty at first.
set -euo pipefail
cd "$(dirname "$0")"

# The folder keeps others out; the files are read by the containers' own users.
mkdir -p secrets
chmod 700 secrets
umask 022

random() { head -c 24 /dev/urandom | base64 | tr '+/' '-_'; }
keep() { [[ -e "secrets/$1" ]] || printf '%s\n' "$2" >"secrets/$1"; }

keep postgres_password "$(random)"
keep grafana_password "$(random)"
for role in handoff handoff_owner checklist checklist_owner sla sla_owner metrics metrics_owner notifier notifier_owner; do
  keep "${role}_url" "postgres://$role:$(random)@postgres:5432/baton"
done
for user in handoff checklist sla metrics notifier reader; do
  keep "nats_${user}_password" "$(random)"
done

[[ -e secrets/smtp_url ]] || : >secrets/smtp_url

for file in jwks.json handoff.token sla.token metrics.token notifier.token; do
  [[ -e "secrets/$file" ]] || echo "missing: $PWD/secrets/$file, from the issuer of tokens" >&2
done

{{/*
What this service is; its values do not change that.
*/}}
{{- define "facts.notifier" -}}
program: baton-notifier
# Its schema, the database role that serves, and its user of NATS.
schema: notifier
# The services that it calls, each with the setting that holds its address.
calls:
  handoff: handoff_url
  sla-monitor: sla_url
  metrics: metrics_url
calledBy: []
# Whether it sends to people and systems outside.
sends: true
{{- end }}

{{/*
What this service is; its values do not change that.
*/}}
{{- define "facts.sla-monitor" -}}
program: sla-monitor
# Its schema, the database role that serves, and its user of NATS.
schema: sla
# The services that it calls, each with the setting that holds its address.
calls:
  handoff: handoff_url
calledBy: [handoff, metrics, notifier]
# Whether it sends to people and systems outside.
sends: false
{{- end }}

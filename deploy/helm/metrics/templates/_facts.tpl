{{/*
What this service is; its values do not change that.
*/}}
{{- define "facts.metrics" -}}
program: baton-metrics
# Its schema, the database role that serves, and its user of NATS.
schema: metrics
# The services that it calls, each with the setting that holds its address.
calls:
  handoff: handoff_url
  sla-monitor: sla_url
  checklist-template: checklist_url
calledBy: [notifier]
# Whether it sends to people and systems outside.
sends: false
{{- end }}

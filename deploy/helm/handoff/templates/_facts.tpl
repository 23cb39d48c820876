{{/*
What this service is; its values do not change that.
*/}}
{{- define "facts.handoff" -}}
program: handoff
# Its schema, the database role that serves, and its user of NATS.
schema: handoff
# The services that it calls, each with the setting that holds its address.
calls:
  checklist-template: checklist_url
  sla-monitor: sla_url
calledBy: [sla-monitor, metrics, notifier]
# Whether it sends to people and systems outside.
sends: false
{{- end }}

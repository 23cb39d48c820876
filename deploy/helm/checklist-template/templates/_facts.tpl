{{/*
What this service is; its values do not change that.
*/}}
{{- define "facts.checklist-template" -}}
program: checklist-template
# Its schema, the database role that serves, and its user of NATS.
schema: checklist
# The services that it calls, each with the setting that holds its address.
calls: {}
calledBy: [handoff, metrics]
# Whether it sends to people and systems outside.
sends: false
{{- end }}

{{/*
Everything that a service is installed as.
*/}}
{{- define "common.service" -}}
{{- $it := fromJson (include "common.context" .) -}}
{{- include "common.check" $it -}}
{{- range list "account" "services" "deployment" "migration" "scaling" "disruption" "network" "monitor" "rules" }}
{{- with include (printf "common.%s" .) $it | trim }}
---
{{ . }}
{{- end }}
{{- end }}
{{- end }}

{{/*
How every object begins, from kind to labels. Takes the context and a suffix of the name.
*/}}
{{- define "common.metadata" -}}
{{- $it := index . 0 -}}
metadata:
  name: {{ $it.name }}{{ index . 1 }}
  namespace: {{ $it.namespace }}
  labels:
    {{- toYaml $it.labels | nindent 4 }}
{{- end }}

{{/*
A service account that may do nothing: its only use is to tell services apart.
*/}}
{{- define "common.account" -}}
apiVersion: v1
kind: ServiceAccount
{{ include "common.metadata" (list . "") }}
  {{- with .values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}

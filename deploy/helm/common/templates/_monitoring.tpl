{{- define "common.monitor" -}}
{{- with .values.serviceMonitor -}}
{{- if .enabled -}}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: {{ $.name }}
  namespace: {{ $.namespace }}
  labels:
    {{- toYaml (merge (deepCopy .labels) $.labels) | nindent 4 }}
spec:
  selector:
    matchLabels:
      {{- toYaml $.selector | nindent 6 }}
  endpoints:
    # The Service without addresses of its own has no such port: each pod is read once.
    - port: http
      path: /metrics
      interval: {{ .interval }}
      relabelings:
        # Rules and dashboards tell services apart by the program's name.
        - { action: replace, targetLabel: job, replacement: {{ $.is.program }} }
        # The operator's label of that name would take the place of the metrics' own, the gRPC service.
        - { action: labeldrop, regex: service }
{{- end }}
{{- end }}
{{- end }}

{{- define "common.rules" -}}
{{- include "common.ruleFiles" (dict "name" .name "namespace" .namespace "labels" .labels "rules" .values.prometheusRule) -}}
{{- end }}

{{/*
Files of alert rules, as they are for Prometheus itself, for the operator.
*/}}
{{- define "common.ruleFiles" -}}
{{- if .rules.enabled -}}
{{- if not .rules.files -}}
  {{- fail (printf "%s: prometheusRule.enabled without rules: add --set-file prometheusRule.files.<name>=<file>" .name) -}}
{{- end -}}
{{- range $file, $text := .rules.files }}
---
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: {{ $.name }}-{{ $file }}
  namespace: {{ $.namespace }}
  labels:
    {{- toYaml (merge (deepCopy $.rules.labels) $.labels) | nindent 4 }}
spec:
  {{- $text | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

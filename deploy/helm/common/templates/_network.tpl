{{- define "common.network" -}}
{{- with .values.networkPolicy -}}
{{- if .enabled -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
{{ include "common.metadata" (list $ "") }}
spec:
  podSelector:
    matchLabels:
      {{- toYaml $.selector | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- /* A rule without `from` would let everybody in. */}}
    {{- if or $.is.calledBy .clients }}
    - ports: [{ port: grpc, protocol: TCP }]
      from:
        {{- range $.is.calledBy }}
        - podSelector: { matchLabels: { app.kubernetes.io/part-of: baton, app.kubernetes.io/name: {{ . }} } }
        {{- end }}
        {{- with .clients }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    {{- end }}
    {{- with .monitoring }}
    - ports: [{ port: http, protocol: TCP }]
      from:
        {{- toYaml . | nindent 8 }}
    {{- end }}
    {{- with .extraIngress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  egress:
    {{- include "common.store" $ | nindent 4 }}
    {{- include "common.egress" .nats | nindent 4 }}
    {{- with $.is.calls }}
    - ports: [{ port: 7000, protocol: TCP }]
      to:
        {{- range $peer, $key := . }}
        - podSelector: { matchLabels: { app.kubernetes.io/part-of: baton, app.kubernetes.io/name: {{ $peer }} } }
        {{- end }}
    {{- end }}
    {{- if $.values.config.telemetry.otlp_endpoint }}
    {{- include "common.egress" .otlp | nindent 4 }}
    {{- end }}
    {{- if $.values.config.auth.discovery_url }}
    {{- include "common.egress" .issuer | nindent 4 }}
    {{- end }}
    {{- if $.is.sends }}
    - ports:
        {{- range .world.ports }}
        - { port: {{ int . }}, protocol: TCP }
        {{- end }}
      {{- with .world.to }}
      to:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    {{- end }}
    {{- with .extraEgress }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/*
The way to the store, by its name.
*/}}
{{- define "common.store" -}}
{{- with .values.networkPolicy -}}
- ports: [{ port: {{ int .dns.port }}, protocol: UDP }, { port: {{ int .dns.port }}, protocol: TCP }]
  {{- with .dns.to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{ include "common.egress" .postgres }}
{{- end }}
{{- end }}

{{- define "common.egress" -}}
- ports: [{ port: {{ int .port }}, protocol: TCP }]
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{- define "common.notes" -}}
{{- $it := fromJson (include "common.context" .) -}}
{{- $secrets := $it.values.secrets -}}
{{- $scheme := ternary "https" "http" $it.values.tls.enabled -}}
{{ $it.name }} {{ $it.version }} answers gRPC at {{ $scheme }}://{{ $it.name }}.{{ $it.namespace }}:7000
{{- if $it.values.service.headless }}, and {{ $it.name }}-headless names every pod{{ end }}.

Its pods start when these are there:
  Secret {{ include "common.secretName" (list $it "database") }}, key {{ $secrets.database.key }}
{{- if dig "nats" "user" $it.is.schema $it.values.config }}
  Secret {{ include "common.secretName" (list $it "nats") }}, key {{ $secrets.nats.key }}
{{- end }}
{{- if $it.is.calls }}
  Secret {{ include "common.secretName" (list $it "token") }}, key {{ $secrets.token.key }}
{{- end }}
{{- if $it.values.tls.enabled }}
  Secret {{ $it.values.tls.secret | default (printf "%s-tls" $it.name) }}, keys tls.crt, tls.key
  {{- if or $it.is.calls $it.values.tls.mutual }}, ca.crt{{ end }}
{{- end }}
{{- if not $it.values.config.auth.discovery_url }}
{{- with $it.values.jwks }}
  {{ ternary "Secret" "ConfigMap" (ne .secret "") }} {{ .secret | default .configMap }}, key {{ .key }}
{{- end }}
{{- end }}

Whether they serve, and whether the deployment is right:
  kubectl -n {{ $it.namespace }} rollout status deployment/{{ $it.name }}
  kubectl -n {{ $it.namespace }} exec deployment/{{ $it.name }} -- /usr/local/bin/{{ $it.is.program }} doctor
{{- end }}

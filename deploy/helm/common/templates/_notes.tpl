{{- define "common.notes" -}}
{{- $it := fromJson (include "common.context" .) -}}
{{- $secrets := $it.values.secrets -}}
{{ $it.name }} {{ $it.version }} answers gRPC at {{ ternary "https" "http" $it.values.tls.enabled }}://{{ $it.name }}.{{ $it.namespace }}:7000
{{- if $it.values.service.headless }}, and {{ $it.name }}-headless names every pod{{ end }}.

Its pods start when these are there:
  Secret {{ $secrets.database.name | default (printf "%s-database" $it.name) }}, key {{ $secrets.database.key }}
{{- if dig "nats" "user" $it.is.schema $it.values.config }}
  Secret {{ $secrets.nats.name | default (printf "%s-nats" $it.name) }}, key {{ $secrets.nats.key }}
{{- end }}
{{- if $it.is.calls }}
  Secret {{ $secrets.token.name | default (printf "%s-token" $it.name) }}, key {{ $secrets.token.key }}
{{- end }}
{{- if $it.values.tls.enabled }}
  Secret {{ $it.values.tls.secret | default (printf "%s-tls" $it.name) }}, keys tls.crt, tls.key{{ if or $it.is.calls $it.values.tls.mutual }}, ca.crt{{ end }}
{{- end }}
{{- if not $it.values.config.auth.discovery_url }}
  {{ ternary "Secret" "ConfigMap" (ne $it.values.jwks.secret "") }} {{ $it.values.jwks.secret | default $it.values.jwks.configMap }}, key {{ $it.values.jwks.key }}
{{- end }}

Whether they serve, and whether the deployment is right:
  kubectl -n {{ $it.namespace }} rollout status deployment/{{ $it.name }}
  kubectl -n {{ $it.namespace }} exec deployment/{{ $it.name }} -- /usr/local/bin/{{ $it.is.program }} doctor
{{- end }}

{{/*
The settings that follow from the values, section by section, as JSON. `config` comes before them.
*/}}
{{- define "common.settings" -}}
{{- $tls := .values.tls -}}
{{- $files := "/run/secrets" -}}
{{- $config := .values.config -}}

{{- $grpc := dict "listen" "0.0.0.0:7000" -}}
{{- $peers := dict -}}
{{- if $tls.enabled -}}
  {{- $_ := set $grpc "tls_cert_file" (printf "%s/tls.crt" $files) -}}
  {{- $_ := set $grpc "tls_key_file" (printf "%s/tls.key" $files) -}}
  {{- if $tls.mutual -}}
    {{- $_ := set $grpc "tls_client_ca_file" (printf "%s/ca.crt" $files) -}}
  {{- end -}}
  {{- if .is.calls -}}
    {{- $_ := set $peers "ca_file" (printf "%s/ca.crt" $files) -}}
    {{- if $tls.mutual -}}
      {{- $_ := set $peers "cert_file" (printf "%s/tls.crt" $files) -}}
      {{- $_ := set $peers "key_file" (printf "%s/tls.key" $files) -}}
    {{- end -}}
  {{- end -}}
{{- else -}}
  {{- $_ := set $grpc "insecure" true -}}
{{- end -}}

{{- $nats := dict -}}
{{- $user := dig "nats" "user" .is.schema $config -}}
{{- if $user -}}
  {{- $nats = dict "user" $user "password_file" (printf "%s/nats_password" $files) -}}
{{- end -}}
{{- if $tls.nats.secret -}}
  {{- $_ := set $nats "tls_ca_file" (printf "%s/nats_ca.crt" $files) -}}
  {{- if $tls.nats.show -}}
    {{- $_ := set $nats "tls_cert_file" (printf "%s/nats_tls.crt" $files) -}}
    {{- $_ := set $nats "tls_key_file" (printf "%s/nats_tls.key" $files) -}}
  {{- end -}}
{{- end -}}

{{- $auth := dict -}}
{{- if not $config.auth.discovery_url -}}
  {{- $_ := set $auth "jwks_file" (printf "%s/jwks.json" $files) -}}
{{- else if $tls.issuer.secret -}}
  {{- $_ := set $auth "ca_file" (printf "%s/issuer_ca.crt" $files) -}}
{{- end -}}

{{- $service := dict -}}
{{- range $peer, $key := .is.calls -}}
  {{- $_ := set $service $key (printf "%s://%s%s:7000" (ternary "https" "http" $tls.enabled) $.values.namePrefix $peer) -}}
{{- end -}}
{{- if .is.calls -}}
  {{- $_ := set $service "token_file" (printf "%s/token" $files) -}}
{{- end -}}
{{- if .is.sends -}}
  {{- if .values.secrets.smtp.name -}}
    {{- $_ := set $service "smtp_url_file" (printf "%s/smtp_url" $files) -}}
  {{- end -}}
  {{- if $tls.receivers.secret -}}
    {{- $_ := set $service "ca_file" (printf "%s/receivers_ca.crt" $files) -}}
  {{- end -}}
{{- end -}}

{{- $database := dict "url_file" (printf "%s/database_url" $files) -}}
{{- if .values.secrets.databaseRead.name -}}
  {{- $_ := set $database "read_url_file" (printf "%s/database_read_url" $files) -}}
{{- end -}}
{{- $settings := dict
      "database" $database
      "nats" $nats
      "grpc" $grpc
      "peers" $peers
      "http" (dict "listen" "0.0.0.0:8080")
      "auth" $auth
      "service" $service -}}
{{- mergeOverwrite $settings $config | toJson -}}
{{- end }}

{{/*
Settings as the variables of a container. What is null is left to the program.
*/}}
{{- define "common.variables" -}}
{{- range $section, $settings := . }}
{{- range $key, $value := $settings }}
{{- if not (kindIs "invalid" $value) }}
- name: {{ printf "BATON_%s__%s" $section $key | upper }}
  value: {{ include "common.variable" $value | quote }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/*
A value as the program reads it: a text that looks like a number or a truth is quoted, so that it stays a text.
*/}}
{{- define "common.variable" -}}
{{- if not (kindIs "string" .) -}}
{{- toJson . -}}
{{- else if regexMatch "^([-+]?[0-9.]+|true.*|false.*)$" . -}}
{{- toJson . -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end }}

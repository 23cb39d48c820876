{{/*
The files below /run/secrets, one for each source: secret or configMap, its name, its key, and the file's name.
*/}}
{{- define "common.files" -}}
{{- $tls := .values.tls -}}
{{- $secrets := .values.secrets -}}
{{- include "common.file" (list "secret" ($secrets.database.name | default (printf "%s-database" .name)) $secrets.database.key "database_url") }}
{{- if dig "nats" "user" .is.schema .values.config }}
{{ include "common.file" (list "secret" ($secrets.nats.name | default (printf "%s-nats" .name)) $secrets.nats.key "nats_password") }}
{{- end }}
{{- if .is.calls }}
{{ include "common.file" (list "secret" ($secrets.token.name | default (printf "%s-token" .name)) $secrets.token.key "token") }}
{{- end }}
{{- if and .is.sends $secrets.smtp.name }}
{{ include "common.file" (list "secret" $secrets.smtp.name $secrets.smtp.key "smtp_url") }}
{{- end }}
{{- if not .values.config.auth.discovery_url }}
{{ with .values.jwks }}
{{- include "common.file" (list (ternary "secret" "configMap" (ne .secret "")) (.secret | default .configMap) .key "jwks.json") }}
{{- end }}
{{- else if $tls.issuer.secret }}
{{ include "common.file" (list "secret" $tls.issuer.secret "ca.crt" "issuer_ca.crt") }}
{{- end }}
{{- if $tls.enabled }}
{{- $name := $tls.secret | default (printf "%s-tls" .name) }}
{{ include "common.file" (list "secret" $name "tls.crt" "tls.crt") }}
{{ include "common.file" (list "secret" $name "tls.key" "tls.key") }}
{{- if or .is.calls $tls.mutual }}
{{ include "common.file" (list "secret" $name "ca.crt" "ca.crt") }}
{{- end }}
{{- end }}
{{- if $tls.nats.secret }}
{{ include "common.file" (list "secret" $tls.nats.secret "ca.crt" "nats_ca.crt") }}
{{- if $tls.nats.show }}
{{ include "common.file" (list "secret" $tls.nats.secret "tls.crt" "nats_tls.crt") }}
{{ include "common.file" (list "secret" $tls.nats.secret "tls.key" "nats_tls.key") }}
{{- end }}
{{- end }}
{{- if $tls.database.secret }}
{{ include "common.file" (list "secret" $tls.database.secret "ca.crt" "database_ca.crt") }}
{{- end }}
{{- if and .is.sends $tls.receivers.secret }}
{{ include "common.file" (list "secret" $tls.receivers.secret "ca.crt" "receivers_ca.crt") }}
{{- end }}
{{- end }}

{{/*
The files of the job that migrates: the owner's URL, and what its certificate is from.
*/}}
{{- define "common.ownerFiles" -}}
{{- $owner := .values.secrets.databaseOwner -}}
{{- include "common.file" (list "secret" ($owner.name | default (printf "%s-database-owner" .name)) $owner.key "database_owner_url") }}
{{- with .values.tls.database.secret }}
{{ include "common.file" (list "secret" . "ca.crt" "database_ca.crt") }}
{{- end }}
{{- end }}

{{- define "common.file" -}}
- {{ index . 0 }}:
    name: {{ index . 1 }}
    items: [{ key: {{ index . 2 | quote }}, path: {{ index . 3 }} }]
{{- end }}

{{/*
The one volume with all of them: a change of a Secret arrives in it, all files of it at once.
*/}}
{{- define "common.volumes" -}}
- name: secrets
  projected:
    defaultMode: 0440
    sources:
      {{- . | nindent 6 }}
{{- end }}

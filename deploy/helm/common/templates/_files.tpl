{{/*
The files below /run/secrets, one for each source: secret or configMap, its name, its key, and the file's name.
*/}}
{{- define "common.files" -}}
{{- $tls := .values.tls -}}
{{- include "common.secretFile" (list . "database" "database_url") }}
{{- if .values.secrets.databaseRead.name }}
{{ include "common.secretFile" (list . "databaseRead" "database_read_url") }}
{{- end }}
{{- if dig "nats" "user" .is.schema .values.config }}
{{ include "common.secretFile" (list . "nats" "nats_password") }}
{{- end }}
{{- if .is.calls }}
{{ include "common.secretFile" (list . "token" "token") }}
{{- end }}
{{- if and .is.sends .values.secrets.smtp.name }}
{{ include "common.secretFile" (list . "smtp" "smtp_url") }}
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
{{- include "common.secretFile" (list . "databaseOwner" "database_owner_url") }}
{{- with .values.tls.database.secret }}
{{ include "common.file" (list "secret" . "ca.crt" "database_ca.crt") }}
{{- end }}
{{- end }}

{{/*
What `secrets` holds at a place, as a file of that name.
*/}}
{{- define "common.secretFile" -}}
{{- $secret := get (index . 0).values.secrets (index . 1) -}}
{{- include "common.file" (list "secret" (include "common.secretName" .) $secret.key (index . 2)) -}}
{{- end }}

{{- define "common.secretName" -}}
{{- $it := index . 0 -}}
{{- (get $it.values.secrets (index . 1)).name | default (printf "%s-%s" $it.name (index . 1 | kebabcase)) -}}
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

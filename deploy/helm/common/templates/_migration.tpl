{{/*
The schema is brought to this version before the new pods start, by a job that is gone when it has succeeded. Releases run on the
schema of the next one too, so pods of the old release go on while it runs, and a rollback needs no way back for the schema.
*/}}
{{- define "common.migration" -}}
{{- if .values.migration.enabled -}}
apiVersion: batch/v1
kind: Job
{{ include "common.migrationMetadata" (list . "0") }}
spec:
  backoffLimit: 3
  activeDeadlineSeconds: {{ int .values.migration.timeoutSeconds }}
  template:
    metadata:
      labels:
        {{- include "common.migrationLabels" . | nindent 8 }}
    spec:
      restartPolicy: Never
      # As the namespace's own account, without a token: the service's is not there yet at the first installation.
      {{- include "common.pod" . | nindent 6 }}
      containers:
        - name: migrate
          {{- include "common.container" . | nindent 10 }}
          args: [migrate]
          env:
            {{- $settings := dict "database" (dict "owner_url_file" "/run/secrets/database_owner_url") }}
            {{- $settings = merge $settings (pick .values.config "log") }}
            {{- include "common.variables" $settings | trim | nindent 12 }}
            {{- with .values.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
      volumes:
        {{- include "common.volumes" (include "common.ownerFiles" .) | nindent 8 }}
{{- if .values.networkPolicy.enabled }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
{{ include "common.migrationMetadata" (list . "-1") }}
spec:
  podSelector:
    matchLabels:
      {{- $labels := fromYaml (include "common.migrationLabels" .) }}
      {{- pick $labels "app.kubernetes.io/name" "app.kubernetes.io/instance" | toYaml | nindent 6 }}
  policyTypes: [Ingress, Egress]
  egress:
    {{- include "common.store" . | nindent 4 }}
{{- end }}
{{- end }}
{{- end }}

{{- define "common.migrationMetadata" -}}
{{- $it := index . 0 -}}
metadata:
  name: {{ $it.name }}-migrate
  namespace: {{ $it.namespace }}
  labels:
    {{- include "common.migrationLabels" $it | nindent 4 }}
  annotations:
    helm.sh/hook: pre-install,pre-upgrade
    helm.sh/hook-weight: {{ index . 1 | quote }}
    # One that has failed stays, with its log, until the next.
    helm.sh/hook-delete-policy: before-hook-creation,hook-succeeded
{{- end }}

{{/*
Not the service's own name: its Services and its budget must not count the job's pods.
*/}}
{{- define "common.migrationLabels" -}}
{{- toYaml (merge (dict "app.kubernetes.io/name" (printf "%s-migrate" .chart)) .labels) -}}
{{- end }}

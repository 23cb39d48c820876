{{/*
What a service is deployed with, as JSON: the library's values, over them those for all services, over them its own.
*/}}
{{- define "common.values" -}}
{{- $all := (.Values.global | default dict).baton | default dict -}}
{{- if dig "config" "service" "" $all -}}
  {{- fail "global.baton.config.service: each service has other settings there: give them to the service, as config.service" -}}
{{- end -}}
{{- mergeOverwrite (dict) (omit (deepCopy .Values.common) "global") (deepCopy $all) (omit (deepCopy .Values) "common" "global")
      | toJson -}}
{{- end }}

{{/*
What every template of a service works with, as JSON: what it is (`facts.<chart>`), its values, its name, its labels.
*/}}
{{- define "common.context" -}}
{{- $values := fromJson (include "common.values" .) -}}
{{- $selector := dict "app.kubernetes.io/name" .Chart.Name "app.kubernetes.io/instance" .Release.Name -}}
{{- $labels := dict
      "app.kubernetes.io/part-of" "baton"
      "app.kubernetes.io/version" (.Chart.AppVersion | replace "+" "_")
      "app.kubernetes.io/managed-by" .Release.Service
      "helm.sh/chart" (printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_") -}}
{{- dict
      "chart" .Chart.Name
      "version" .Chart.AppVersion
      "namespace" .Release.Namespace
      "is" (fromYaml (include (printf "facts.%s" .Chart.Name) .))
      "values" $values
      "name" (printf "%s%s" $values.namePrefix .Chart.Name)
      "selector" $selector
      "labels" (merge $labels $selector)
      | toJson -}}
{{- end }}

{{/*
What values cannot be is said here, where a schema would say it in fewer words.
*/}}
{{- define "common.check" -}}
{{- $config := .values.config -}}
{{- range $path, $place := dict "database.url" "database" "database.owner_url" "databaseOwner" "database.read_url" "databaseRead"
      "nats.password" "nats" "service.smtp_url" "smtp" -}}
  {{- $section := index (splitList "." $path) 0 -}}
  {{- $key := index (splitList "." $path) 1 -}}
  {{- if hasKey (get $config $section | default dict) $key -}}
    {{- $why := "would show a secret to whoever may look at pods: put it into a Secret, and name that in" -}}
    {{- fail (printf "%s: config.%s %s secrets.%s" $.chart $path $why $place) -}}
  {{- end -}}
{{- end -}}
{{- if not (or $config.auth.discovery_url .values.jwks.configMap .values.jwks.secret) -}}
  {{- fail (printf "%s: tokens cannot be verified: give config.auth.discovery_url, or jwks.configMap, or jwks.secret" .chart) -}}
{{- end -}}
{{- if and .values.jwks.configMap .values.jwks.secret -}}
  {{- fail (printf "%s: jwks.configMap and jwks.secret are both given: set the one without the keys to \"\"" .chart) -}}
{{- end -}}
{{- if not $config.auth.issuer -}}
  {{- fail (printf "%s: config.auth.issuer is required: the `iss` of every token" .chart) -}}
{{- end -}}
{{- if and .is.sends .values.secrets.smtp.name (not (dig "service" "smtp_from" "" $config)) -}}
  {{- fail (printf "%s: config.service.smtp_from is required beside secrets.smtp: whom letters are from" .chart) -}}
{{- end -}}
{{- if gt (int .values.autoscaling.minReplicas) (int .values.autoscaling.maxReplicas) -}}
  {{- fail (printf "%s: autoscaling.minReplicas is more than autoscaling.maxReplicas" .chart) -}}
{{- end -}}
{{- end }}

{{- define "common.scaling" -}}
{{- with .values.autoscaling -}}
{{- if .enabled -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
{{ include "common.metadata" (list $ "") }}
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: {{ $.name }} }
  minReplicas: {{ int .minReplicas }}
  maxReplicas: {{ int .maxReplicas }}
  metrics:
    {{- range $name, $target := .podMetrics }}
    {{- if $target }}
    - type: Pods
      pods:
        metric: { name: {{ $name }} }
        target: { type: AverageValue, averageValue: {{ int $target | quote }} }
    {{- end }}
    {{- end }}
    {{- with int .cpuPercent }}
    - type: Resource
      resource:
        name: cpu
        target: { type: Utilization, averageUtilization: {{ . }} }
    {{- end }}
  behavior:
    scaleUp:
      # What is over in half a minute needs no pods.
      stabilizationWindowSeconds: 30
      policies: [{ type: Pods, value: 2, periodSeconds: 60 }]
    scaleDown:
      stabilizationWindowSeconds: 300
      policies: [{ type: Pods, value: 1, periodSeconds: 60 }]
{{- end }}
{{- end }}
{{- end }}

{{- define "common.disruption" -}}
{{- with .values.podDisruptionBudget -}}
{{- if .enabled -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
{{ include "common.metadata" (list $ "") }}
spec:
  maxUnavailable: {{ .maxUnavailable }}
  # A pod that is not ready serves nobody, and must not keep a node from being drained.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- toYaml $.selector | nindent 6 }}
{{- end }}
{{- end }}
{{- end }}

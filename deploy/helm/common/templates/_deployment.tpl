{{- define "common.deployment" -}}
apiVersion: apps/v1
kind: Deployment
{{ include "common.metadata" (list . "") }}
spec:
  {{- if not .values.autoscaling.enabled }}
  replicas: {{ int .values.replicas }}
  {{- end }}
  # One more first, then one less: an upgrade takes no capacity away.
  strategy:
    type: RollingUpdate
    rollingUpdate: { maxSurge: 1, maxUnavailable: 0 }
  selector:
    matchLabels:
      {{- toYaml .selector | nindent 6 }}
  template:
    metadata:
      labels:
        {{- toYaml (merge (deepCopy .labels) .values.podLabels) | nindent 8 }}
      {{- with .values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ .name }}
      {{- include "common.pod" . | nindent 6 }}
      # Until then: {{ int .values.preStopSleepSeconds }} s in which callers learn that the pod ends, 20 s to drain, 5 s to leave.
      terminationGracePeriodSeconds: 30
      {{- with .values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      topologySpreadConstraints:
        {{- range list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
        - topologyKey: {{ . }}
          maxSkew: 1
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- toYaml $.selector | nindent 14 }}
          # Pods of the release that goes do not count.
          matchLabelKeys: [pod-template-hash]
        {{- end }}
      containers:
        - name: {{ .chart }}
          {{- include "common.container" . | nindent 10 }}
          args: [serve]
          env:
            {{- include "common.variables" (fromJson (include "common.settings" .)) | trim | nindent 12 }}
            {{- with .values.extraEnv }}
            {{- toYaml . | nindent 12 }}
            {{- end }}
          ports:
            - { name: grpc, containerPort: 7000 }
            - { name: http, containerPort: 8080 }
          startupProbe:
            httpGet: { path: /readyz, port: http }
            periodSeconds: 2
            timeoutSeconds: 2
            failureThreshold: 60
          readinessProbe:
            httpGet: { path: /readyz, port: http }
            periodSeconds: 5
            timeoutSeconds: 3
            failureThreshold: 2
          livenessProbe:
            httpGet: { path: /livez, port: http }
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 3
          {{- with int .values.preStopSleepSeconds }}
          lifecycle:
            # It still serves while it is taken out of the Services: whoever has not heard of that is not refused.
            preStop: { sleep: { seconds: {{ . }} } }
          {{- end }}
      volumes:
        {{- include "common.volumes" (include "common.files" .) | nindent 8 }}
{{- end }}

{{/*
What the pods of the service and of its migration have in common.
*/}}
{{- define "common.pod" -}}
automountServiceAccountToken: false
# Variables of every Service in the namespace are none of its settings.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  seccompProfile: { type: RuntimeDefault }
{{- with .values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "common.container" -}}
{{- $image := .values.image -}}
{{- $version := ternary (printf "@%s" $image.digest) (printf ":%s" ($image.tag | default .version)) (ne $image.digest "") -}}
image: {{ $image.repository }}{{ $version }}
imagePullPolicy: {{ $image.pullPolicy }}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: { drop: [ALL] }
{{- with .values.resources }}
resources:
  {{- toYaml . | nindent 2 }}
{{- end }}
volumeMounts:
  - { name: secrets, mountPath: /run/secrets, readOnly: true }
{{- end }}

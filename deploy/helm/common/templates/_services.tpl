{{- define "common.services" -}}
apiVersion: v1
kind: Service
{{ include "common.metadata" (list . "") }}
  {{- with .values.service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  selector:
    {{- toYaml .selector | nindent 4 }}
  ports:
    {{- include "common.grpcPort" . | nindent 4 }}
    - { name: http, port: 8080, targetPort: http }
{{- if .values.service.headless }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .name }}-headless
  namespace: {{ .namespace }}
  labels:
    {{- toYaml .labels | nindent 4 }}
  {{- with .values.service.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  clusterIP: None
  selector:
    {{- toYaml .selector | nindent 4 }}
  ports:
    {{- include "common.grpcPort" . | nindent 4 }}
{{- end }}
{{- end }}

{{- define "common.grpcPort" -}}
- name: grpc
  port: 7000
  targetPort: grpc
  # For gateways: HTTP/2 within TLS, or without.
  appProtocol: {{ ternary "https" "kubernetes.io/h2c" .values.tls.enabled }}
{{- end }}

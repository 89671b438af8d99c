{{/* Labels of everything that the chart makes. Helm adds who manages it. */}}
{{- define "nauthera.labels" -}}
app.kubernetes.io/name: nauthera
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Labels that find the operator's pods. Servers let those with this component ask on their admin port. */}}
{{- define "nauthera.selector" -}}
app.kubernetes.io/name: nauthera
app.kubernetes.io/component: operator
{{- end }}

{{/* The operator's image. */}}
{{- define "nauthera.image" -}}
{{- with .Values.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}
{{- else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}
{{- end }}
{{- end }}
{{- end }}

{{/* The operator, as whom a binding names. */}}
{{- define "nauthera.subjects" -}}
- kind: ServiceAccount
  name: nauthera-operator
  namespace: {{ .Release.Namespace }}
{{- end }}

{{- define "litevisor.name" -}}
{{ .Values.fullnameOverride | default .Release.Name | trunc 54 | trimSuffix "-" }}
{{- end }}

{{- define "litevisor.host" -}}
{{ include "litevisor.name" . }}.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}
{{- end }}

{{- define "litevisor.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "litevisor.labels" -}}
{{ include "litevisor.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- define "litevisor.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{- /* What the chart itself sets, by section. */ -}}
{{- define "litevisor.own" -}}
http:
  listen: 0.0.0.0:8080
  admin_listen: 0.0.0.0:8081
  tenant_parameter: {{ .Values.tenant.parameter | quote }}
  {{- with .Values.tenant.header }}
  tenant_header: {{ . | quote }}
  {{- end }}
  drain_delay: {{ .Values.drain.delaySeconds }}s
  drain_timeout: {{ .Values.drain.timeoutSeconds }}s
source:
  kind: mongodb
catalog:
  path: /etc/litevisor/catalog/{{ .Values.catalog.key }}
{{- if .Values.peers.existingSecret }}
peers:
  listen: 0.0.0.0:8082
  service: {{ include "litevisor.name" . }}-peers:8082
  secret_file: /var/run/litevisor/peers/{{ .Values.peers.key }}
{{- end }}
memory:
  budget: {{ .Values.memoryBudgetPercent }}%
{{- end }}

{{- /* litevisor.toml: what the chart sets and `config`, which may not say anything twice. */ -}}
{{- define "litevisor.toml" -}}
{{- $own := include "litevisor.own" . | fromYaml }}
{{- $all := deepCopy $own }}
{{- range $section, $settings := .Values.config }}
{{- range $key, $value := $settings }}
{{- if hasKey (get $own $section | default dict) $key }}
{{- fail (printf "config.%s.%s is set by the chart: see the table of values for the one that makes it" $section $key) }}
{{- end }}
{{- if and (eq $section "source") (eq $key "uri") }}
{{- fail "config.source.uri would lie open in a ConfigMap: put it into a Secret and name that as source.existingSecret" }}
{{- end }}
{{- end }}
{{- $_ := set $all $section (merge (dict) (get $own $section | default dict) $settings) }}
{{- end }}
{{- $auth := get $all "auth" | default dict }}
{{- if and (eq (get $auth "mode" | default "none") "none") (not (get $auth "allow_unauthenticated")) }}
{{- fail "config.auth has to say who may ask: config.auth.mode, or config.auth.allow_unauthenticated=true where something in front authenticates" }}
{{- end }}
{{- range $section, $settings := $all }}
[{{ $section }}]
{{- range $key, $value := $settings }}
{{ $key }} = {{ $value | toJson }}
{{- end }}
{{- end }}
{{- end }}

{{- define "litevisor.catalogMap" -}}
{{ .Values.catalog.existingConfigMap | default (printf "%s-catalog" (include "litevisor.name" .)) }}
{{- end }}

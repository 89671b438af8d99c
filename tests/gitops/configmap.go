package main

import (
	"fmt"
	"strings"
)

// configMap writes the script as the part of Argo CD's settings that it is, once for each kind: Argo CD has no key for a whole group.
func (s script) configMap() string {
	text := strings.Builder{}
	text.WriteString(`# What deploy/argocd adds to the settings of Argo CD: how the four kinds are judged. Made of health.lua beside it.
apiVersion: v1
kind: ConfigMap
metadata:
  name: argocd-cm
  namespace: argocd
  labels:
    app.kubernetes.io/name: argocd-cm
    app.kubernetes.io/part-of: argocd
data:
`)
	for _, kind := range kinds {
		fmt.Fprintf(&text, "  resource.customizations.health.%s_%s: |\n", group, kind)
		for line := range strings.Lines(string(s)) {
			if line == "\n" {
				text.WriteString(line)
			} else {
				text.WriteString("    " + line)
			}
		}
	}
	return text.String()
}

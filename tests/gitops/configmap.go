package main

import (
	"fmt"
	"slices"
	"strings"
)

// configMap writes the scripts as the part of Argo CD's settings that they are.
func (s scripts) configMap() string {
	text := strings.Builder{}
	text.WriteString(`# What deploy/argocd adds to the settings of Argo CD: how the four kinds are judged. Made of the health scripts beside it.
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
	kinds := []string{}
	for kind := range s {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)
	for _, kind := range kinds {
		fmt.Fprintf(&text, "  resource.customizations.health.%s_%s: |\n", group, kind)
		for line := range strings.Lines(s[kind]) {
			if line == "\n" {
				text.WriteString(line)
			} else {
				text.WriteString("    " + line)
			}
		}
	}
	return text.String()
}

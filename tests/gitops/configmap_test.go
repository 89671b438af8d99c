package main

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write deploy/argocd/argocd-cm.yaml anew")

func TestTheSettingsOfArgoCDHoldTheScript(t *testing.T) {
	const file = healthScript + "/argocd-cm.yaml"
	script, err := readScript(healthScript)
	if err != nil {
		t.Fatal(err)
	}
	want := script.configMap()
	if count := strings.Count(want, "resource.customizations.health."); count != 4 {
		t.Fatalf("%d settings for four kinds", count)
	}
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(file); err != nil || string(have) != want {
		t.Errorf("%s does not hold the script beside it: run scripts/test-gitops.sh -update (%v)", file, err)
	}
}

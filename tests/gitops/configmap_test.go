package main

import (
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write deploy/argocd/argocd-cm.yaml anew")

func TestTheSettingsOfArgoCDHoldTheScripts(t *testing.T) {
	const file = healthScripts + "/argocd-cm.yaml"
	scripts, err := readScripts(healthScripts)
	if err != nil {
		t.Fatal(err)
	}
	if len(scripts) != 4 {
		t.Fatalf("%d scripts for four kinds", len(scripts))
	}
	want := scripts.configMap()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(file); err != nil || string(have) != want {
		t.Errorf("%s does not hold the scripts beside it: run scripts/test-gitops.sh -update (%v)", file, err)
	}
}

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// program runs a program that must work, and answers what it printed.
func program(t *testing.T, input string, name string, arguments ...string) string {
	t.Helper()
	command := exec.Command(name, arguments...)
	said := bytes.Buffer{}
	command.Stdin, command.Stderr = strings.NewReader(input), &said
	printed, err := command.Output()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s%s", name, arguments, err, printed, said.String())
	}
	return string(printed)
}

// binary is nauthera, which scripts/test-gitops.sh names.
func binary(t *testing.T) string {
	t.Helper()
	path := os.Getenv("NAUTHERA_BIN")
	if path == "" {
		t.Fatal("NAUTHERA_BIN names no binary; run: scripts/test-gitops.sh")
	}
	return path
}

func overlays(t *testing.T) []string {
	t.Helper()
	folders, err := filepath.Glob("../../examples/gitops/overlays/*")
	if err != nil || len(folders) != 3 {
		t.Fatalf("%d overlays, %v", len(folders), err)
	}
	return folders
}

func TestEachOverlayIsWithinPolicy(t *testing.T) {
	for _, overlay := range overlays(t) {
		t.Run(filepath.Base(overlay), func(t *testing.T) {
			manifests := program(t, "", "kubectl", "kustomize", overlay)
			file := filepath.Join(t.TempDir(), "manifests.yaml")
			if err := os.WriteFile(file, []byte(manifests), 0o600); err != nil {
				t.Fatal(err)
			}
			program(t, "", binary(t), "check", "--deny-warnings", file)
		})
	}
}

// The parts that the tools apply one by one are all of an overlay, and nothing else.
func TestThePartsOfAnOverlayAreTheWhole(t *testing.T) {
	for _, overlay := range overlays(t) {
		whole := documents(program(t, "", "kubectl", "kustomize", overlay))
		parts := map[string]bool{}
		for _, part := range []string{"platform", "security", "teams/shop", "teams/support"} {
			for document := range documents(program(t, "", "kubectl", "kustomize", filepath.Join(overlay, part))) {
				parts[document] = true
			}
		}
		if len(whole) != len(parts) || len(whole) < 10 {
			t.Errorf("%s: %d documents, its parts %d", overlay, len(whole), len(parts))
		}
		for document := range whole {
			if !parts[document] {
				t.Errorf("%s: in no part:\n%s", overlay, document)
			}
		}
	}
}

func documents(text string) map[string]bool {
	found := map[string]bool{}
	for document := range strings.SplitSeq(text, "\n---\n") {
		found[strings.TrimSpace(document)] = true
	}
	return found
}

// An environment whose overlay forgets what the base leaves to it is told so.
func TestTheBaseAloneIsNoEnvironment(t *testing.T) {
	manifests := program(t, "", "kubectl", "kustomize", "../../examples/gitops/base")
	file := filepath.Join(t.TempDir(), "manifests.yaml")
	if err := os.WriteFile(file, []byte(manifests), 0o600); err != nil {
		t.Fatal(err)
	}
	printed, err := exec.Command(binary(t), "check", file).CombinedOutput()
	if err == nil || !strings.Contains(string(printed), "issuerUrl") {
		t.Errorf("%v: %s", err, printed)
	}
}

// What the tools' own manifests name is there.
func TestTheToolsManifestsNameFoldersThatAreThere(t *testing.T) {
	for _, tool := range []string{"flux", "argocd"} {
		manifests := program(t, "", "kubectl", "kustomize", "../../examples/gitops/"+tool)
		for line := range strings.Lines(manifests) {
			path, found := strings.CutPrefix(strings.TrimSpace(line), "path: ")
			// The chart is in the repository of Nauthera, and the ApplicationSet has a template.
			if !found || strings.HasPrefix(path, "deploy/") || strings.Contains(path, "{{") {
				continue
			}
			if !strings.Contains(path, "overlays/") {
				path = filepath.Join("overlays/prod", path)
			}
			if _, err := os.Stat(filepath.Join("../../examples/gitops", path, "kustomization.yaml")); err != nil {
				t.Errorf("%s: %v", tool, err)
			}
		}
	}
}

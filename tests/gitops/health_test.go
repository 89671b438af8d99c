package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const healthScript = "../../deploy/argocd"

// What both say of the states in testdata, which are those that an operator wrote on a cluster.
var states = []struct{ state, kstatus, argocd, message string }{
	{"authclient-unseen", "InProgress", "Progressing", "no operator has seen this edit yet"},
	{"authclient-edited", "InProgress", "Progressing", "no operator has seen this edit yet"},
	{"authclient-ready", "Current", "Healthy", "it is served as it asks"},
	{"authclient-narrowed", "Current", "Healthy", "scope `payroll:admin` is beyond policy `identity/baseline`"},
	{"authclient-refused", "InProgress", "Progressing", "NothingLeft: "},
	{"authclient-stalled", "Failed", "Degraded", "MethodNotAllowed: "},
	{"authclient-waiting", "InProgress", "Progressing", "ServerNotFound: "},
	{"authclient-ungoverned", "InProgress", "Progressing", "NoPolicy: "},
	{"authclient-taken", "InProgress", "Progressing", "SecretConflict: "},
	{"authpolicy-ready", "Current", "Healthy", "clients governed: 6, asking beyond it: 3"},
	{"authpolicy-audit", "Current", "Healthy", "it is in Audit: it reports, and changes nothing"},
	{"authpolicy-no-server", "Current", "Healthy", "no AuthServer is there that it applies to"},
	{"authpolicy-stalled", "Failed", "Degraded", "ExampleFails: "},
	{"authserver-ready", "Current", "Healthy", "clients: 7, refused: "},
	{"authserver-waiting", "InProgress", "Progressing", "KindMissing: "},
	{"authserver-stalled", "Failed", "Degraded", "DuplicateIssuer: "},
	{"userstore-ready", "Current", "Healthy", "every AuthServer that uses it can"},
	{"userstore-unused", "Current", "Healthy", "it is valid, and no AuthServer uses it"},
}

func state(t *testing.T, name string) *unstructured.Unstructured {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	objects, err := readObjects(file)
	if err != nil || len(objects) != 1 {
		t.Fatalf("%d objects, %v", len(objects), err)
	}
	return objects[0]
}

func judged(t *testing.T, object *unstructured.Unstructured) Judgement {
	t.Helper()
	script, err := readScript(healthScript)
	if err != nil {
		t.Fatal(err)
	}
	judgement, err := judge(object, script)
	if err != nil {
		t.Fatal(err)
	}
	return judgement
}

func TestEachStateIsJudgedAsTheConditionsSay(t *testing.T) {
	for _, known := range states {
		t.Run(known.state, func(t *testing.T) {
			judgement := judged(t, state(t, known.state))
			if judgement.Kstatus.Status != known.kstatus {
				t.Errorf("kstatus says %+v, not %s", judgement.Kstatus, known.kstatus)
			}
			if judgement.ArgoCD.Status != known.argocd {
				t.Errorf("Argo CD says %+v, not %s", judgement.ArgoCD, known.argocd)
			}
			if !strings.Contains(judgement.ArgoCD.Message, known.message) {
				t.Errorf("Argo CD's message is %q, without %q", judgement.ArgoCD.Message, known.message)
			}
		})
	}
}

func TestEveryStateIsInTheTable(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != len(states) {
		t.Fatalf("%d files for %d states, %v", len(files), len(states), err)
	}
}

// conditions puts other conditions into a state.
func conditions(object *unstructured.Unstructured, conditions ...map[string]any) {
	list := []any{}
	for _, condition := range conditions {
		list = append(list, condition)
	}
	object.Object["status"].(map[string]any)["conditions"] = list
}

func condition(kind, status string) map[string]any {
	return map[string]any{"type": kind, "status": status, "reason": "Some", "message": "some", "lastTransitionTime": "2026-11-28T00:00:00Z"}
}

// Whatever the conditions: what one waits for the other waits for, and what one gives up the other gives up.
func TestBothAlwaysAgree(t *testing.T) {
	same := map[string]string{"InProgress": "Progressing", "Current": "Healthy", "Failed": "Degraded", "Terminating": "Progressing"}
	for _, kind := range []string{"authclient", "authpolicy", "authserver", "userstore"} {
		for _, ready := range []string{"True", "False", "Unknown"} {
			for _, stalled := range []string{"True", "False", ""} {
				for _, generation := range []int64{1, 2} {
					object := state(t, kind+"-ready")
					object.SetGeneration(generation)
					object.Object["status"].(map[string]any)["observedGeneration"] = int64(1)
					conditions(object, condition("Ready", ready))
					if stalled != "" {
						conditions(object, condition("Ready", ready), condition("Stalled", stalled))
					}
					judgement := judged(t, object)
					if same[judgement.Kstatus.Status] != judgement.ArgoCD.Status {
						t.Errorf("%s Ready=%s Stalled=%s at generation %d: %+v", kind, ready, stalled, generation, judgement)
					}
				}
			}
		}
	}
}

func TestAnObjectThatIsGoingIsNeitherHealthyNorDegraded(t *testing.T) {
	object := state(t, "authclient-ready")
	object.Object["metadata"].(map[string]any)["deletionTimestamp"] = "2026-11-28T00:00:00Z"
	judgement := judged(t, object)
	if judgement.Kstatus.Status != "Terminating" || judgement.ArgoCD.Status != "Progressing" {
		t.Errorf("%+v", judgement)
	}
}

func TestAStatusWithNothingInItIsNoError(t *testing.T) {
	for _, kind := range []string{"authclient", "authpolicy", "authserver", "userstore"} {
		object := state(t, kind+"-ready")
		object.Object["status"] = map[string]any{"observedGeneration": object.GetGeneration()}
		if judgement := judged(t, object); judgement.ArgoCD.Status != "Progressing" {
			t.Errorf("%s: %+v", kind, judgement)
		}
		delete(object.Object, "status")
		if judgement := judged(t, object); judgement.ArgoCD.Status != "Progressing" {
			t.Errorf("%s: %+v", kind, judgement)
		}
	}
}

func TestAClientThatLostMuchSaysSoInAFewWords(t *testing.T) {
	object := state(t, "authclient-narrowed")
	status := object.Object["status"].(map[string]any)
	first := status["violations"].([]any)[0]
	status["violations"] = []any{first, first, first, first, first}
	message := judged(t, object).ArgoCD.Message
	if strings.Count(message, "payroll:admin") != 3 || !strings.HasSuffix(message, "; and more") {
		t.Error(message)
	}
}

func TestObjectsAreReadFromKubectlAloneAndInLists(t *testing.T) {
	text, err := os.ReadFile("testdata/authclient-ready.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, input := range []string{string(text), `{"apiVersion":"v1","kind":"List","items":[` + string(text) + `]}`} {
		output := bytes.Buffer{}
		if err := run([]string{healthScript}, strings.NewReader(input), &output); err != nil {
			t.Fatal(err)
		}
		start := `{"kind":"AuthClient","namespace":"shop","name":"till","kstatus":{"status":"Current",`
		if !strings.HasPrefix(output.String(), start) {
			t.Error(output.String())
		}
	}
	if err := run([]string{healthScript}, strings.NewReader(`{"apiVersion":"v1","kind":"Pod"}`), &bytes.Buffer{}); err == nil {
		t.Error("no script is for a Pod")
	}
}

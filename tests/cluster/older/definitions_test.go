// Package older asks Kubernetes' own validation whether our definitions are right on versions that are older than the cluster: it knows
// which part of CEL came with which version, and what a rule may cost.
package older

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/validation"
	"k8s.io/apimachinery/pkg/util/validation/field"
	"k8s.io/apimachinery/pkg/util/version"
	"k8s.io/apiserver/pkg/util/compatibility"
	basecompatibility "k8s.io/component-base/compatibility"
	"sigs.k8s.io/yaml"
)

const deploy = "../../../deploy"

// oldest is the minor version that the chart says is enough.
func oldest(t *testing.T) uint {
	t.Helper()
	chart, err := os.ReadFile(filepath.Join(deploy, "helm/nauthera/Chart.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`(?m)^kubeVersion: ">=1\.(\d+)\.0-0"$`).FindSubmatch(chart)
	if found == nil {
		t.Fatal("the chart has no kubeVersion")
	}
	minor, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return uint(minor)
}

// validate judges a definition as an API server of this version does. Of CEL that takes what came with the version before, so that it could
// go back to that one.
func validate(t *testing.T, minor uint, text []byte) field.ErrorList {
	t.Helper()
	registry := compatibility.DefaultComponentGlobalsRegistry
	kube := registry.EffectiveVersionFor(basecompatibility.DefaultKubeComponent).(basecompatibility.MutableEffectiveVersion)
	before := kube.MinCompatibilityVersion()
	kube.SetMinCompatibilityVersion(version.MajorMinor(1, minor-1))
	defer kube.SetMinCompatibilityVersion(before)
	definition, internal := apiextensionsv1.CustomResourceDefinition{}, apiextensions.CustomResourceDefinition{}
	if err := yaml.UnmarshalStrict(text, &definition); err != nil {
		t.Fatal(err)
	}
	apiextensionsv1.SetDefaults_CustomResourceDefinition(&definition)
	apiextensionsv1.SetDefaults_CustomResourceDefinitionSpec(&definition.Spec)
	if err := apiextensionsv1.Convert_v1_CustomResourceDefinition_To_apiextensions_CustomResourceDefinition(&definition, &internal, nil); err != nil {
		t.Fatal(err)
	}
	// What an API server fills in before it judges.
	internal.Status.StoredVersions = []string{definition.Spec.Versions[0].Name}
	return validation.ValidateCustomResourceDefinition(context.Background(), &internal)
}

func TestOurDefinitionsAreRightOnTheOldestKubernetesThatTheChartNames(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(deploy, "crds/*.yaml"))
	if err != nil || len(files) != 4 {
		t.Fatalf("%d definitions, %v", len(files), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if faults := validate(t, oldest(t), text); len(faults) > 0 {
			t.Errorf("%s: %v", file, faults.ToAggregate())
		}
	}
}

// A rule that needs a newer CEL is found, and so is one that costs too much.
func TestWhatAnOlderKubernetesDoesNotKnowIsFound(t *testing.T) {
	rules := []struct {
		rule  string
		since uint
	}{
		{"isIP(self.a)", 31},
		{"format.named(self.a).hasValue()", 32},
		{"isSemver(self.a)", 34},
	}
	for _, known := range rules {
		text := []byte(strings.ReplaceAll(small, "RULE", known.rule))
		if faults := validate(t, known.since, text); len(faults) > 0 {
			t.Errorf("%s on 1.%d: %v", known.rule, known.since, faults.ToAggregate())
		}
		faults := validate(t, known.since-1, text)
		if len(faults) != 1 || !strings.Contains(faults[0].Detail, "undeclared reference") {
			t.Errorf("%s on 1.%d: %v", known.rule, known.since-1, faults.ToAggregate())
		}
	}
	dear := []byte(strings.ReplaceAll(small, "RULE", "self.b.all(x, self.b.all(y, x.matches(y)))"))
	if faults := validate(t, oldest(t), dear); len(faults) == 0 {
		t.Error("a rule that costs too much was taken")
	}
}

const small = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.example.org}
spec:
  group: example.org
  scope: Namespaced
  names: {kind: Thing, listKind: ThingList, plural: things, singular: thing}
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties:
            a: {type: string, maxLength: 20}
            b: {type: array, items: {type: string}}
          x-kubernetes-validations: [{rule: "RULE"}]
`

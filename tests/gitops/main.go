// Says how tools that deploy from Git judge objects: kstatus, which Flux and others use, and Argo CD with the health script of
// deploy/argocd, in the Lua that Argo CD has. It reads what `kubectl get -o json` prints, and prints a line of JSON for each object:
//
//	kubectl get nauthera -A -o json | gitops deploy/argocd
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// Judgement is what both say of an object.
type Judgement struct {
	Kind      string  `json:"kind"`
	Namespace string  `json:"namespace"`
	Name      string  `json:"name"`
	Kstatus   Verdict `json:"kstatus"`
	ArgoCD    Verdict `json:"argocd"`
}

// Verdict is a status in the words of who judges, and why.
type Verdict struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "error:", err)
		os.Exit(1)
	}
}

func run(arguments []string, input io.Reader, output io.Writer) error {
	if len(arguments) != 1 {
		return fmt.Errorf("give the folder of the health script, and objects on standard input")
	}
	script, err := readScript(arguments[0])
	if err != nil {
		return err
	}
	objects, err := readObjects(input)
	if err != nil {
		return err
	}
	lines := json.NewEncoder(output)
	for _, object := range objects {
		judgement, err := judge(object, script)
		if err != nil {
			return err
		}
		if err := lines.Encode(judgement); err != nil {
			return err
		}
	}
	return nil
}

// readObjects takes one object or a list of them.
func readObjects(input io.Reader) ([]*unstructured.Unstructured, error) {
	text, err := io.ReadAll(input)
	if err != nil {
		return nil, err
	}
	if list, err := unstructuredList(text); list != nil || err != nil {
		return list, err
	}
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(text); err != nil {
		return nil, err
	}
	return []*unstructured.Unstructured{object}, nil
}

func unstructuredList(text []byte) ([]*unstructured.Unstructured, error) {
	var items struct{ Items []json.RawMessage }
	if err := json.Unmarshal(text, &items); err != nil || items.Items == nil {
		return nil, err
	}
	objects := []*unstructured.Unstructured{}
	for _, item := range items.Items {
		object := &unstructured.Unstructured{}
		if err := object.UnmarshalJSON(item); err != nil {
			return nil, err
		}
		objects = append(objects, object)
	}
	return objects, nil
}

func judge(object *unstructured.Unstructured, script script) (Judgement, error) {
	judgement := Judgement{Kind: object.GetKind(), Namespace: object.GetNamespace(), Name: object.GetName()}
	var err error
	if judgement.Kstatus, err = kstatus(object); err != nil {
		return judgement, err
	}
	judgement.ArgoCD, err = script.judge(object)
	return judgement, err
}

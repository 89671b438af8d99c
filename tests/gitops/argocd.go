package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	lua "github.com/yuin/gopher-lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// The group of our kinds.
const group = "auth.nauthera.io"

// What Argo CD gives a script.
const patience = time.Second

// The kinds that the script is for.
var kinds = []string{"AuthClient", "AuthPolicy", "AuthServer", "UserStore"}

// script is the health script of all four kinds.
type script string

func readScript(folder string) (script, error) {
	text, err := os.ReadFile(filepath.Join(folder, "health.lua"))
	return script(text), err
}

// judge runs the script as Argo CD does: with the object as `obj`, the basic and the table library and nothing else, for a second at
// most.
func (s script) judge(object *unstructured.Unstructured) (Verdict, error) {
	kind := object.GetKind()
	if !slices.Contains(kinds, kind) || object.GroupVersionKind().Group != group {
		return Verdict{}, fmt.Errorf("no health script is for %s", object.GroupVersionKind().GroupKind())
	}
	// Argo CD asks no script about an object that is being deleted.
	if object.GetDeletionTimestamp() != nil {
		return Verdict{Status: "Progressing", Message: "Pending deletion"}, nil
	}
	state := lua.NewState(lua.Options{SkipOpenLibs: true})
	defer state.Close()
	libraries := []struct {
		name string
		open lua.LGFunction
	}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}}
	for _, library := range libraries {
		call := lua.P{Fn: state.NewFunction(library.open), NRet: 0, Protect: true}
		if err := state.CallByParam(call, lua.LString(library.name)); err != nil {
			return Verdict{}, err
		}
	}
	deadline, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	state.SetContext(deadline)
	state.SetGlobal("obj", value(state, object.Object))
	if err := state.DoString(string(s)); err != nil {
		return Verdict{}, fmt.Errorf("%s: %w", kind, err)
	}
	return answer(kind, state.Get(-1))
}

// answer reads the table that a script returned. Argo CD knows no other states.
func answer(kind string, returned lua.LValue) (Verdict, error) {
	table, ok := returned.(*lua.LTable)
	if !ok {
		return Verdict{}, fmt.Errorf("%s: the script returned %s, not a table", kind, returned.Type())
	}
	verdict := Verdict{Status: lua.LVAsString(table.RawGetString("status")), Message: lua.LVAsString(table.RawGetString("message"))}
	switch verdict.Status {
	case "Healthy", "Progressing", "Degraded", "Suspended", "Missing":
		return verdict, nil
	}
	return verdict, fmt.Errorf("%s: Argo CD knows no health %q", kind, verdict.Status)
}

// value is what JSON decodes to, as a value of Lua.
func value(state *lua.LState, decoded any) lua.LValue {
	switch decoded := decoded.(type) {
	case bool:
		return lua.LBool(decoded)
	case int64:
		return lua.LNumber(decoded)
	case float64:
		return lua.LNumber(decoded)
	case string:
		return lua.LString(decoded)
	case []any:
		table := state.CreateTable(len(decoded), 0)
		for _, item := range decoded {
			table.Append(value(state, item))
		}
		return table
	case map[string]any:
		table := state.CreateTable(0, len(decoded))
		for key, item := range decoded {
			table.RawSetString(key, value(state, item))
		}
		return table
	}
	return lua.LNil
}

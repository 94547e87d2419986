package state

import (
	"context"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

// example is a value of a type with something in it: lists have an element, functions answer
// with nothing.
func example(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	switch {
	case t == reflect.TypeFor[context.Context]():
		v.Set(reflect.ValueOf(context.Background()))
	case t == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(noon))
	case t.Kind() == reflect.String:
		v.SetString("2026-10-01")
	case t.Kind() == reflect.Slice:
		v.Set(reflect.Append(v, example(t.Elem())))
	case t.Kind() == reflect.Map:
		v.Set(reflect.MakeMap(t))
		v.SetMapIndex(example(t.Key()), example(t.Elem()))
	case t.Kind() == reflect.Pointer:
		v.Set(reflect.New(t.Elem()))
	case t.Kind() == reflect.Func:
		v.Set(reflect.MakeFunc(t, func([]reflect.Value) (out []reflect.Value) {
			for i := range t.NumOut() {
				out = append(out, reflect.New(t.Out(i)).Elem())
			}
			return out
		}))
	}
	return v
}

// TestBrokenState: what can't be read or written is told by whatever asks for it. An empty
// answer in its place would be a month without findings.
func TestBrokenState(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "state.db"))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	stores := []reflect.Value{reflect.ValueOf(s)}
	for i := range reflect.TypeFor[State]().NumField() {
		if f := reflect.TypeFor[State]().Field(i); f.IsExported() {
			stores = append(stores, reflect.ValueOf(s).Elem().Field(i))
		}
	}
	asked := 0
	for _, store := range stores {
		for i := range store.NumMethod() {
			m, name := store.Method(i), store.Type().String()+" "+store.Type().Method(i).Name
			n := m.Type().NumOut()
			if name == "*state.State Close" || n == 0 || m.Type().Out(n-1) != reflect.TypeFor[error]() {
				continue
			}
			var args []reflect.Value
			for a := range m.Type().NumIn() {
				args = append(args, example(m.Type().In(a)))
			}
			if out := m.Call(args); out[n-1].IsNil() {
				t.Errorf("%s says nothing of a state that can't be asked", name)
			}
			asked++
		}
	}
	if asked < 80 {
		t.Errorf("only %d methods were asked", asked)
	}
}

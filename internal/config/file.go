package config

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
)

// File reads settings from YAML: one key per flag, named like it. It is kong's
// ConfigurationLoader for --config. A key that is no setting is refused.
func File(r io.Reader) (kong.Resolver, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return nil, fmt.Errorf("read configuration: %w", err)
	}
	values := map[string]any{}
	if len(bytes.TrimSpace(text)) > 0 {
		if err := yaml.Unmarshal(text, &values); err != nil {
			return nil, fmt.Errorf("parse configuration: %w", err)
		}
	}
	return file(values), nil
}

// file is the content of a configuration file by setting.
type file map[string]any

var _ kong.Resolver = file(nil)

// Validate refuses keys that are not settings of the server.
func (f file) Validate(app *kong.Application) error {
	known := settings(app)
	var unknown []string
	for key := range f {
		if !known[key] {
			unknown = append(unknown, key)
		}
	}
	if len(unknown) > 0 {
		slices.Sort(unknown)
		return fmt.Errorf("configuration has unknown settings: %s", strings.Join(unknown, ", "))
	}
	return nil
}

// settings are the names that a file may use: the flags of the commands that
// take a file, but for the one that names it and the call for help.
func settings(app *kong.Application) map[string]bool {
	known := map[string]bool{}
	for _, node := range app.Leaves(true) {
		flags := map[string]bool{}
		for _, group := range node.AllFlags(true) {
			for _, flag := range group {
				flags[flag.Name] = true
			}
		}
		if flags["config"] {
			maps.Copy(known, flags)
		}
	}
	delete(known, "config")
	delete(known, "help")
	return known
}

// Resolve returns the file's value for a flag, unless the environment has one.
func (f file) Resolve(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	for _, name := range flag.Envs {
		if _, set := os.LookupEnv(name); set {
			return nil, nil
		}
	}
	value, set := f[flag.Name]
	if !set {
		return nil, nil
	}
	if _, isText := value.(string); !isText && takesText(flag.Target.Type()) {
		return nil, fmt.Errorf("%s: %v is no text: put it in quotes, or leave the setting out", flag.Name, value)
	}
	switch v := value.(type) {
	case nil:
		return nil, nil
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = itemText(item)
		}
		return strings.Join(items, string(flag.Tag.Sep)), nil
	default:
		return fmt.Sprint(v), nil
	}
}

// takesText reports whether a setting is the text as it was written, of which YAML
// makes numbers that are written otherwise, or nothing.
func takesText(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return t == reflect.TypeFor[string]()
}

// itemText writes an item of a list as a flag takes it: a map as key=value with
// commas.
func itemText(item any) string {
	m, ok := item.(map[string]any)
	if !ok {
		return fmt.Sprint(item)
	}
	var parts []string
	for _, key := range slices.Sorted(maps.Keys(m)) {
		value := m[key]
		if value == nil { // "env:" with nothing after it
			value = ""
		}
		parts = append(parts, fmt.Sprint(key, "=", value))
	}
	return strings.Join(parts, ",")
}

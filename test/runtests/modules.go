package main

import (
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// findModules returns the folders of the modules below the root's own: what has
// a go.mod. Go tests one module at a time.
func findModules(root fs.FS) ([]string, error) {
	var dirs []string
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && skipped(name):
			return fs.SkipDir
		case !d.IsDir() && path.Base(name) == "go.mod" && name != "go.mod":
			dirs = append(dirs, path.Dir(name))
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find modules: %w", err)
	}
	return dirs, nil
}

// skipped reports whether a folder has nothing of the project's to test.
func skipped(name string) bool {
	base := path.Base(name)
	return name != "." && (base == "node_modules" || base == "testdata" || strings.HasPrefix(base, "."))
}

// within parts a file's folder into that of its module and the rest.
func within(modules []string, dir string) (module, rest string) {
	for _, m := range slices.Backward(modules) { // the innermost of nested ones comes last
		if dir == m {
			return m, "."
		}
		if below, ok := strings.CutPrefix(dir, m+"/"); ok {
			return m, "./" + below
		}
	}
	return ".", "./" + dir
}

package importtable

import (
	"errors"
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// modulePath reads the module's name from root/go.mod.
func modulePath(root string) (string, error) {
	text, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return "", fmt.Errorf("find module: %w", err)
	}
	match := regexp.MustCompile(`(?m)^module\s+(\S+)`).FindSubmatch(text)
	if match == nil {
		return "", errors.New("find module: go.mod has no module line")
	}
	return string(match[1]), nil
}

// readSources returns every Go file of the module at root: all platforms and build
// tags, but not what the go command skips (testdata, names that begin with a
// dot or underscore), other modules or node_modules.
func readSources(root string) ([]source, error) {
	var files []source
	err := fs.WalkDir(os.DirFS(root), ".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && skipDir(root, name):
			return fs.SkipDir
		case d.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		file, err := readSource(root, name)
		files = append(files, file)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read imports: %w", err)
	}
	return files, nil
}

func skipDir(root, name string) bool {
	if name == "." {
		return false
	}
	base := path.Base(name)
	if base == "testdata" || base == "node_modules" || strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
		return true
	}
	_, err := os.Stat(filepath.Join(root, name, "go.mod"))
	return err == nil
}

func readSource(root, name string) (source, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, name), nil, parser.ImportsOnly)
	if err != nil {
		return source{}, err
	}
	file := source{dir: path.Dir(name), name: name}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, fmt.Errorf("%s: import %s: %w", name, spec.Path.Value, err)
		}
		file.imports = append(file.imports, imported)
	}
	return file, nil
}

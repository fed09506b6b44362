package importtable

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A source is one Go file and what it imports.
type source struct {
	dir     string   // folder from the module's root
	name    string   // path from the module's root
	imports []string // import paths as written
}

func (s source) isTest() bool { return strings.HasSuffix(s.name, "_test.go") }

// check returns one sentence for every import that the rows forbid and every
// folder they do not mention.
func check(module string, rows []row, files []source) []string {
	var faults []string
	unknown := map[string]bool{}
	for _, file := range files {
		from, known := find(rows, file.dir)
		if !known {
			unknown[file.dir] = true
			continue
		}
		for _, imported := range file.imports {
			if fault := judge(module, rows, from, file, imported); fault != "" {
				faults = append(faults, fault)
			}
		}
	}
	for _, dir := range slices.Sorted(maps.Keys(unknown)) {
		faults = append(faults, dir+" is not in the import table: add a row for it to table() "+
			"in test/importtable/table.go and to the table in CONTRIBUTING.md")
	}
	return faults
}

func judge(module string, rows []row, from row, file source, imported string) string {
	dir, inside := strings.CutPrefix(imported, module+"/")
	switch {
	case !inside:
		if from.stdlib && !file.isTest() && !isStdlib(imported) {
			return fmt.Sprintf("%s imports %s, but %s is held to the standard library",
				file.name, imported, from.dir)
		}
		return ""
	case file.isTest():
		return judgeTest(rows, from, file, dir)
	}
	to, known := find(rows, dir)
	if !known || to.dir == from.dir || allows(from, to) {
		return "" // a folder without a row is reported once, not by each importer
	}
	return fmt.Sprintf("%s must not import %s: %s", file.name, dir, permitted(from))
}

func judgeTest(rows []row, from row, file source, dir string) string {
	to, known := find(rows, dir)
	wires := known && (to.dir == "internal/app" || strings.HasPrefix(to.dir, "cmd/"))
	if !wires || to.dir == from.dir || from.dir == "test" {
		return ""
	}
	return fmt.Sprintf("%s must not import %s, which wires the whole program: move the test to test/", file.name, dir)
}

func allows(from, to row) bool {
	if slices.Contains(from.may, to.dir) {
		return true
	}
	return slices.Contains(from.may, anything) && to.dir != "test"
}

func permitted(r row) string {
	if len(r.may) == 0 {
		return r.dir + " may import nothing of this module (test/importtable/table.go)"
	}
	return r.dir + " may import only " + strings.Join(r.may, ", ") + " (test/importtable/table.go)"
}

// find returns the row whose folder is the longest one holding dir.
func find(rows []row, dir string) (row, bool) {
	var best row
	for _, r := range rows {
		if (dir == r.dir || strings.HasPrefix(dir, r.dir+"/")) && len(r.dir) > len(best.dir) {
			best = r
		}
	}
	return best, best.dir != ""
}

// isStdlib tells by the rule the go command reserves the names by: only the
// standard library has a first element without a dot.
func isStdlib(path string) bool {
	first, _, _ := strings.Cut(path, "/")
	return !strings.Contains(first, ".")
}

package importtable

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

func TestModuleKeepsTheImportTable(t *testing.T) {
	module, err := modulePath(root)
	if err != nil {
		t.Fatal(err)
	}
	files, err := readSources(root)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.ContainsFunc(files, func(f source) bool { return f.dir == "internal/model" }) {
		t.Fatalf("no file of internal/model among %d: the walk does not see the module", len(files))
	}
	for _, fault := range check(module, table(), files) {
		t.Error(fault)
	}
}

// TestLibraryBringsNothingElse walks what a service gets that imports the
// library, on any platform: this module and the standard library.
func TestLibraryBringsNothingElse(t *testing.T) {
	module, err := modulePath(root)
	if err != nil {
		t.Fatal(err)
	}
	files, err := readSources(root)
	if err != nil {
		t.Fatal(err)
	}
	imports := map[string][]string{}
	for _, f := range files {
		if !f.isTest() {
			imports[f.dir] = append(imports[f.dir], f.imports...)
		}
	}
	seen := map[string]bool{}
	for waiting := []string{"flow", "flow/flowhttp", "internal/inprocess"}; len(waiting) > 0; waiting = waiting[1:] {
		dir := waiting[0]
		if seen[dir] {
			continue
		}
		seen[dir] = true
		if len(imports[dir]) == 0 {
			t.Errorf("%s has no files", dir)
		}
		for _, imported := range imports[dir] {
			if inside, ours := strings.CutPrefix(imported, module+"/"); ours {
				waiting = append(waiting, inside)
			} else if !isStdlib(imported) {
				t.Errorf("the library brings %s, by way of %s", imported, dir)
			}
		}
	}
	if !seen["internal/api/rest"] || !seen["internal/model"] {
		t.Errorf("the walk has seen %v only", seen)
	}
}

func TestCheck(t *testing.T) {
	const mod = "example.com/m"
	for name, tc := range map[string]struct {
		dir, name, imports string
		want               string // part of the fault, empty when there must be none
	}{
		"allowed":               {"internal/decode", "x.go", mod + "/internal/model", ""},
		"forbidden":             {"internal/decode", "x.go", mod + "/internal/store", "internal/decode/x.go must not import internal/store"},
		"upwards":               {"internal/store/wal", "x.go", mod + "/internal/app", "must not import internal/app"},
		"row of the parent":     {"internal/store/wal", "x.go", mod + "/internal/model", ""},
		"within a row":          {"internal/store/wal", "x.go", mod + "/internal/store/vfs", ""},
		"nothing allowed":       {"internal/demo", "x.go", mod + "/internal/model", "may import nothing"},
		"similar name":          {"internal/storey", "x.go", "fmt", "internal/storey is not in the import table"},
		"app wires all":         {"internal/app", "x.go", mod + "/internal/store/wal", ""},
		"app imports tests":     {"internal/app", "x.go", mod + "/test/tools", "must not import test/tools"},
		"standard library":      {"internal/model", "x.go", "encoding/json", ""},
		"dependency":            {"internal/model", "x.go", "golang.org/x/sys/unix", "held to the standard library"},
		"dependency elsewhere":  {"internal/store", "x.go", "golang.org/x/sys/unix", ""},
		"dependency of a test":  {"internal/model", "x_test.go", "go.uber.org/goleak", ""},
		"test goes down":        {"internal/query", "x_test.go", mod + "/internal/store", ""},
		"test goes up":          {"internal/query", "x_test.go", mod + "/internal/app", "move the test to test/"},
		"app's own test":        {"internal/app", "x_test.go", mod + "/internal/app", ""},
		"test/ helper imports":  {"test/e2e", "x.go", mod + "/internal/app", ""},
		"test/ helpers share":   {"test/e2e", "x.go", mod + "/test/tools", ""},
		"no row":                {"internal/newcomer", "x.go", "fmt", "add a row for it to table()"},
		"another module's name": {"internal/wire", "x.go", mod + "s/x", "held to the standard library"},
	} {
		t.Run(name, func(t *testing.T) {
			file := source{dir: tc.dir, name: tc.dir + "/" + tc.name, imports: []string{tc.imports}}
			got := strings.Join(check(mod, table(), []source{file}), "\n")
			if (tc.want == "") != (got == "") || !strings.Contains(got, tc.want) {
				t.Errorf("got %q, want it to say %q", got, tc.want)
			}
		})
	}
}

func TestTableNamesOnlyItsOwnRows(t *testing.T) {
	rows := table()
	for i, r := range rows {
		for _, dir := range r.may {
			named := slices.ContainsFunc(rows, func(o row) bool { return o.dir == dir })
			if dir != anything && !named {
				t.Errorf("row %s allows %s, which has no row", r.dir, dir)
			}
		}
		if slices.ContainsFunc(rows[i+1:], func(o row) bool { return o.dir == r.dir }) {
			t.Errorf("two rows for %s", r.dir)
		}
	}
}

func TestContributingShowsTheSameTable(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "CONTRIBUTING.md"))
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile("`([^`]+)`")
	shown := map[string]string{} // what a folder may import, as names joined by spaces
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		if len(cells) != 4 {
			continue
		}
		var may []string
		for _, match := range name.FindAllStringSubmatch(cells[2], -1) {
			may = append(may, match[1])
		}
		if strings.Contains(cells[2], "everything") {
			may = []string{anything}
		}
		for _, match := range name.FindAllStringSubmatch(cells[1], -1) {
			shown[match[1]] = strings.Join(may, " ")
		}
	}
	for _, r := range table() {
		want := strings.TrimSuffix(strings.Join(r.may, " "), " test")
		if got, ok := shown[r.dir]; !ok || got != want {
			t.Errorf("CONTRIBUTING.md shows %q for %s (row found: %v), the table says %q", got, r.dir, ok, want)
		}
	}
}

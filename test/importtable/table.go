// Package importtable holds the law of which package may import which, and the
// check that enforces it.
//
// A row of the table speaks for its folder and every folder below it that has
// no row of its own; packages under one row may import each other. Imports are
// read from the source of every platform, not only the one the test runs on.
// The standard library is always allowed, the table rules on the rest.
//
// Test files may import any package except the ones that wire the program
// together (cmd and internal/app): a test that needs those belongs in test/.
package importtable

// A row says what the packages of one folder may import.
type row struct {
	dir    string   // folder from the module's root, slash separated
	may    []string // folders of this module it may import; anything stands for all of them
	stdlib bool     // no import from outside this module and the standard library
}

// anything in a row's list allows every package of the module that is not in test/.
const anything = "*"

// table is ordered from the commands down to the vocabulary.
func table() []row {
	return []row{
		{dir: "cmd/flowscope", may: []string{"internal/app", "internal/config", "internal/load", "internal/client", "internal/storecmd", "internal/shell", "internal/analyze/compare"}},
		{dir: "internal/app", may: []string{anything}},
		{dir: "internal/config"},
		// The demo is a set of ordinary services: what it shows must not
		// depend on knowing how Flowscope works inside.
		{dir: "internal/demo"},
		// A client sees the API as everybody does.
		// What it adds is the comparison of two answers, one of which may be a file.
		{dir: "internal/client", may: []string{"internal/analyze/compare"}, stdlib: true},
		// It knows the grammar of the command line, and nothing behind it.
		{dir: "internal/shell"},
		{dir: "internal/load", may: []string{"internal/wire", "internal/model", "internal/encode", "internal/sketch"}},

		// The public library. Whoever imports it gets nothing from outside with it.
		{dir: "flow", may: []string{"internal/inprocess", "internal/decode", "internal/model", "internal/sketch", "internal/wire"}, stdlib: true},
		// Each adapts one thing from outside to it.
		{dir: "flow/otelflow", may: []string{"flow"}},
		{dir: "flow/promflow", may: []string{"flow"}},
		{dir: "flow/flowhttp", may: []string{"flow", "internal/inprocess", "internal/api/rest"}, stdlib: true},
		// It asks as the server asks, from what one process recorded.
		{dir: "internal/inprocess", may: []string{"internal/api/rest", "internal/api/dashboard", "internal/query", "internal/live", "internal/analyze", "internal/decode", "internal/model", "internal/sketch", "web"}, stdlib: true},

		{dir: "internal/api", may: []string{"internal/api/rest", "internal/api/dashboard", "internal/query", "internal/live", "internal/model"}},
		// What a process that shows its own flows serves as well.
		{dir: "internal/api/dashboard", may: []string{"internal/api/rest"}, stdlib: true},
		{dir: "internal/api/rest", may: []string{"internal/query", "internal/live", "internal/analyze", "internal/model", "internal/encode"}, stdlib: true},
		{dir: "internal/query", may: []string{"internal/model", "internal/analyze", "internal/analyze/compare", "internal/sketch"}, stdlib: true},
		{dir: "internal/store", may: []string{"internal/model", "internal/sketch", "internal/wire"}},
		{dir: "internal/storecmd", may: []string{"internal/store", "internal/model", "internal/encode"}},
		{dir: "internal/assemble", may: []string{"internal/model", "internal/analyze"}},
		{dir: "internal/live", may: []string{"internal/model"}, stdlib: true},
		{dir: "internal/receive", may: []string{"internal/decode", "internal/model"}},
		{dir: "internal/decode", may: []string{"internal/wire", "internal/model"}},
		{dir: "internal/encode", may: []string{"internal/wire", "internal/model"}, stdlib: true},

		// The vocabulary, and pure functions over it.
		{dir: "internal/analyze/compare", may: []string{"internal/sketch"}, stdlib: true},
		{dir: "internal/analyze", may: []string{"internal/model", "internal/sketch"}, stdlib: true},
		{dir: "internal/model", may: []string{"internal/wire", "internal/sketch"}, stdlib: true},
		{dir: "internal/sketch", stdlib: true},
		{dir: "internal/wire", stdlib: true},

		{dir: "web", stdlib: true},
		// Only tests and what runs them: everything is open to it, nothing
		// but test files may import it.
		{dir: "test", may: []string{anything, "test"}},
	}
}

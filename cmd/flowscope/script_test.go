package main

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"flowscope": main})
}

// TestScripts runs the command lines in testdata/script as a user would type
// them.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:   "testdata/script",
		Setup: setup,
		Cmds:  map[string]func(*testscript.TestScript, bool, []string){"answers": answers, "serve": serve, "send": send, "halt": halt, "await": await, "leave": leave, "shop": shop, "exits": exits},
	})
}

// answers starts a server that answers GET /api/v1/traces from the files of a
// directory: NAME.json for the cursor NAME, first.json without one, and
// problem.json for the status "wrong". $ADDR is its address; what it was asked
// is in asked.txt of the directory.
func answers(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[0])
	var mu sync.Mutex
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		asked, err := os.OpenFile(filepath.Join(dir, "asked.txt"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		ts.Check(err)
		_, err = asked.WriteString(r.URL.RequestURI() + "\n")
		ts.Check(err)
		ts.Check(asked.Close())
		name := r.FormValue("cursor")
		if name == "" {
			name = "first"
		}
		if r.FormValue("status") == "wrong" {
			name = "problem"
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusBadRequest)
		}
		body, err := os.ReadFile(filepath.Join(dir, name+".json"))
		ts.Check(err)
		_, err = w.Write(body)
		ts.Check(err)
	}))
	ts.Defer(server.Close)
	ts.Setenv("ADDR", server.URL)
}

package client

import (
	"bytes"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/*.golden")

// answering is a client of a server that answers from the files of testdata:
// path names the file of each path under /api/v1.
func answering(t *testing.T, files map[string]string) *Client {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, ok := files[strings.TrimPrefix(r.URL.EscapedPath(), "/api/v1/")]
		if !ok {
			t.Errorf("asked for %s", r.URL)
		}
		http.ServeFile(w, r, filepath.Join("testdata", name))
	}))
	t.Cleanup(server.Close)
	c, err := New(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestGolden holds every output to a file. Rewrite them with
// go test ./internal/client -run Golden -update, and read the difference.
func TestGolden(t *testing.T) {
	c := answering(t, map[string]string{
		"flows": "flows.json", "operations": "operations.json", "services": "services.json", "traces": "traces.json",
		"flows/0af1": "flow.json",
	})
	open := answering(t, map[string]string{"flows": "active.json"})
	prints := map[string]func(Output) error{
		"flows":      func(o Output) error { return PrintFlows(o, c.Flows(t.Context(), nil, 20)) },
		"active":     func(o Output) error { return PrintFlows(o, open.Flows(t.Context(), nil, 20)) },
		"operations": func(o Output) error { return PrintOperations(o, c.Operations(t.Context(), nil, 20)) },
		"services":   func(o Output) error { return PrintServices(o, c.Services(t.Context(), nil, 20)) },
		"traces":     func(o Output) error { return PrintTraces(o, c.Traces(t.Context(), nil, 2)) },
		"flow": func(o Output) error {
			f, err := c.Flow(t.Context(), "0af1")
			if err != nil {
				return err
			}
			return PrintFlow(o, f, false)
		},
	}
	for name, show := range prints {
		for kind, o := range map[string]Output{
			"table":        {Format: "table"},
			"colour.table": {Format: "table", Screen: Screen{Width: 90, Colour: true}},
			"dumb.table":   {Format: "table", Screen: Screen{Width: 80, ASCII: true}},
			"json":         {Format: "json"},
			"ndjson":       {Format: "ndjson"},
		} {
			t.Run(name+"."+kind, func(t *testing.T) {
				var out, notes bytes.Buffer
				o.Out, o.Notes = &out, &notes
				if err := show(o); err != nil {
					t.Fatal(err)
				}
				golden(t, name+"."+kind, append(out.Bytes(), notes.Bytes()...))
			})
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what is printed:\n%s", path, got)
	}
}

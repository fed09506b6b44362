package client

import (
	"bytes"
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// hostile is what names may be, and what may not break out of a label.
var hostile = []string{
	"cart", `say "hi"`, `back\slash`, `end\`, "two\nlines", "a & b &amp; c", "買い物 🛒", "\x1b[31mred\x00", "]; n0 --> n1", `"]; x`,
	"#quot;", "%%{init}%%", "`code`", "<b>bold</b>", "a|b", "\xff\xfe", "no\u00a0break　wide", "",
}

// shown is a text as a label can show it.
func shown(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = cell(lines[i])
	}
	return strings.Join(lines, "\n")
}

func FuzzDotString(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q := dotString(s)
		if !regexp.MustCompile(`^"([^"\\\n]|\\["\\n])*"$`).MatchString(q) {
			t.Fatalf("%q is no string of Graphviz: %s", s, q)
		}
		inner := regexp.MustCompile(`\\.`).ReplaceAllStringFunc(q[1:len(q)-1], func(e string) string {
			return strings.ReplaceAll(e[1:], "n", "\n")
		})
		if got := strings.ReplaceAll(inner, "&amp;", "&"); got != shown(s) {
			t.Fatalf("%q is shown as %q", s, got)
		}
	})
}

func FuzzMermaidText(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q := mermaidText(s)
		number := regexp.MustCompile(`#(\d+);`)
		bare := strings.ReplaceAll(number.ReplaceAllString(q, ""), "<br/>", "")
		if strings.ContainsAny(bare, "\"#<>&`;|[](){}%\\\n") {
			t.Fatalf("%q leaves what has a meaning: %s", s, q)
		}
		got := number.ReplaceAllStringFunc(strings.ReplaceAll(q, "<br/>", "\n"), func(e string) string {
			n, err := strconv.Atoi(e[1 : len(e)-1])
			if err != nil {
				t.Fatal(err)
			}
			return html.UnescapeString("&#" + strconv.Itoa(n) + ";")
		})
		if got != shown(s) {
			t.Fatalf("%q is shown as %q", s, got)
		}
	})
}

// Circles, edges to nowhere and calls to oneself come to an end.
func TestStrangeGraphs(t *testing.T) {
	g := &Graph{
		Operation: "x",
		Nodes:     []GraphNode{{ID: "a"}, {ID: "b"}, {ID: "c"}, {ID: "self"}},
		Edges:     []GraphEdge{{From: "a", To: "b"}, {From: "b", To: "a"}, {From: "b", To: "lost"}, {From: "lost", To: "c"}, {From: "self", To: "self"}},
	}
	for format, lines := range map[string]int{"text": 3 + 1 + 7 + 2, "dot": 3 + 4 + 3 + 1, "mermaid": 1 + 4 + 3} {
		var out bytes.Buffer
		if err := PrintGraph(Output{Out: &out, Format: format}, g); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "\n"); n != lines {
			t.Errorf("%d lines of %s, want %d:\n%s", n, format, lines, &out)
		}
	}
	var out bytes.Buffer
	if err := PrintGraph(Output{Out: &out, Format: "text"}, &Graph{Operation: "x\x1b"}); err != nil || out.String() != "no flows of x� found\n" {
		t.Errorf("nothing is %q, %v", &out, err)
	}
}

// An operation may be called what a path has a meaning for.
func TestGraphOf(t *testing.T) {
	var asked string
	mux := http.NewServeMux()
	mux.HandleFunc("GET /below/api/v1/operations/{name}/graph", func(w http.ResponseWriter, r *http.Request) {
		asked = r.PathValue("name")
		_, _ = w.Write([]byte("{}"))
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	c, err := New(server.URL+"/below", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{".", "..", "...", "GET /cart/../x", "50%2E", "a?b#c", "ü"} {
		if _, err := c.Graph(t.Context(), name, nil); err != nil || asked != name {
			t.Errorf("%q: asked for %q, %v", name, asked, err)
		}
	}
}

func TestGraphGolden(t *testing.T) {
	c := answering(t, map[string]string{"operations/create%20vm%2Fx/graph": "graph.json"})
	g, err := c.Graph(t.Context(), "create vm/x", nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Output{
		"text": {Format: "text"}, "dumb.text": {Format: "text", Screen: Screen{ASCII: true}}, "colour.text": {Format: "text", Screen: Screen{Colour: true}},
		"dot": {Format: "dot"}, "mermaid": {Format: "mermaid"}, "json": {Format: "json"},
	} {
		var out, notes bytes.Buffer
		o.Out, o.Notes = &out, &notes
		if err := PrintGraph(o, g); err != nil {
			t.Fatal(err)
		}
		golden(t, "graph."+name, append(out.Bytes(), notes.Bytes()...))
	}
}

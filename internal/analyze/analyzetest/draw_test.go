package analyzetest

import (
	"strings"
	"testing"

	"github.com/flowscope/flowscope/internal/model"
)

func TestDraw(t *testing.T) {
	spans, err := Draw("t", `
# a comment
ns/web: GET / [server] | ===   a=1 b="two words" @id=w @host=h
  web: link            |  x    @link=w @link=away @message=no`)
	if err != nil {
		t.Fatal(err)
	}
	w, l := spans[0], spans[1]
	if w.Resource != (Resource{Namespace: "ns", Service: "web", Host: "h"}) || w.Name != "GET /" || w.Kind != model.KindServer ||
		w.Start != Epoch+1e6 || w.End != Epoch+4e6 || len(w.Attrs) != 2 || w.Attrs[1] != (Attr{"b", "two words"}) {
		t.Errorf("%+v", w)
	}
	if l.Parent != w.ID || l.Status != model.StatusError || l.Message != "no" || len(l.Links) != 2 ||
		l.Links[0] != (Link{w.TraceID, w.ID}) || l.Links[1].TraceID == w.TraceID {
		t.Errorf("%+v", l)
	}
}

func TestDrawRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"web: no bar":              `no "|"`,
		"web: empty bar |":         "no bar",
		"no service | ==":          `no "service: name"`,
		"web: kind [boss] | ==":    "no kind",
		"  web: too deep | ==":     "indented too far",
		"web: bar | ##":            "a bar of",
		"web: field | == @what":    "no field @what",
		"web: quote | == a=\"open": "a: invalid syntax",
	} {
		if _, err := Draw("t", text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

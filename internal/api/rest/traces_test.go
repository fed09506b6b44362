package rest

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/flowscope/flowscope/internal/model"
)

// testdata/filters.txt says which filter a query string means: a line with the
// query, a line with the filter or the fault, a blank line.
func TestTraceFilters(t *testing.T) {
	const file = "testdata/filters.txt"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	for i, entry := range strings.Split(strings.TrimSpace(string(text)), "\n\n") {
		query, _, _ := strings.Cut(entry, "\n")
		if i > 0 {
			got.WriteByte('\n')
		}
		got.WriteString(query + "\n" + filterOf(t, query) + "\n")
	}
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(got.Bytes(), text) {
		t.Errorf("got\n%s\nwant\n%s", got.Bytes(), text)
	}
}

func filterOf(t *testing.T, query string) string {
	t.Helper()
	values, err := url.ParseQuery(query)
	if err != nil {
		t.Fatal(err)
	}
	p := &params{values: values, now: now}
	f := p.traceFilter()
	if err := p.done(); err != nil {
		return "fault: " + err.Error()
	}
	if _, err := model.CompileFilter(f); err != nil {
		t.Errorf("%s: %v", query, err)
	}
	return f.String()
}

// Whatever is accepted means what it says: written down again it is the same.
func FuzzAttribute(f *testing.F) {
	for _, seed := range []string{"a=b", "a!=b", "a=~b.*", "a!~b", "resource.a=b", "a!b=c", "=", "resource.=x", "a==b", "a=~(", "a", "é=\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, condition string) {
		p := &params{now: now}
		filter := p.attribute("attribute", condition)
		if p.fault != nil {
			return
		}
		c, ok := filter.(*model.Compare)
		if !ok {
			t.Fatalf("%q is %v", condition, filter)
		}
		scope := ""
		if c.Field == model.FieldResourceAttr {
			scope = "resource."
		}
		if again := scope + c.Key + c.Op.String() + c.Text; again != condition || c.Key == "" {
			t.Errorf("%q is read as %q", condition, again)
		}
	})
}

// A cursor comes back as it was, and whatever else is sent is refused or harmless.
func FuzzCursor(f *testing.F) {
	f.Add(encodeCursor(&model.TraceCursor{From: 1, To: 1 << 62, Low: 7}, 9))
	f.Add(encodeCursor(&model.TraceCursor{From: -1, Last: &model.TracePlace{Start: 5, Duration: 6, TraceID: model.TraceID{1}}}, 1<<32-1))
	f.Add("")
	f.Fuzz(func(t *testing.T, text string) {
		c, question, err := decodeCursor(text)
		if err != nil {
			return
		}
		again, q, err := decodeCursor(encodeCursor(c, question))
		if err != nil || q != question || again.From != c.From || again.To != c.To || again.Low != c.Low ||
			(again.Last == nil) != (c.Last == nil) || c.Last != nil && *again.Last != *c.Last {
			t.Errorf("%q is %+v, then %+v (%v)", text, c, again, err)
		}
	})
}

// Following the cursor shows every trace once; it goes on with no other question.
func TestTracePages(t *testing.T) {
	f := newFixture(t, nil)
	seen := map[string]bool{}
	pages := 0
	for cursor := ""; ; pages++ {
		var list traceListIn
		if cursor != "" {
			cursor = "&cursor=" + cursor
		}
		w := f.get("/api/v1/traces?service=cart&limit=5" + cursor)
		if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || w.Code != http.StatusOK {
			t.Fatalf("%d %s", w.Code, w.Body)
		}
		for _, tr := range list.Traces {
			if seen[tr.TraceID] {
				t.Errorf("%s is shown twice", tr.TraceID)
			}
			seen[tr.TraceID] = true
		}
		if list.NextCursor == "" {
			break
		}
		cursor = list.NextCursor
		for _, other := range []string{"service=cart&sort=duration", "service=web", ""} {
			if p := problemIn(t, f.get("/api/v1/traces?cursor="+cursor+"&"+other)); p.Field != "cursor" || !strings.Contains(p.Detail, "other parameters") {
				t.Errorf("the cursor with %q: %+v", other, p)
			}
		}
	}
	if len(seen) != 12 || pages != 2 {
		t.Errorf("%d traces on %d more pages", len(seen), pages)
	}
}

type traceListIn struct {
	Traces []struct {
		TraceID string
	}
	NextCursor string
	Partial    bool
	Reasons    []string
}

func TestTracesArePartial(t *testing.T) {
	f := newFixture(t, nil)
	f.reader.Partial = true
	var list traceListIn
	w := f.get("/api/v1/traces")
	if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || !list.Partial || strings.Join(list.Reasons, ",") != "damaged_block" {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// replies answers requests without a network.
type replies func(*http.Request) (status int, body string, err error)

func (f replies) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body, err := f(r)
	if err != nil {
		return nil, err
	}
	kind := "application/json"
	if status != http.StatusOK {
		kind = "application/problem+json"
	}
	return &http.Response{
		StatusCode: status, Status: fmt.Sprint(status), Header: http.Header{"Content-Type": {kind}},
		Body: io.NopCloser(strings.NewReader(body)), Request: r,
	}, nil
}

// flowsJSON is a list of flows, one for each letter, newest first.
func flowsJSON(names string) string {
	var rows []string
	for i, name := range names {
		start := time.Date(2026, 11, 20, 12, 0, 59-i, 0, time.UTC)
		rows = append(rows, fmt.Sprintf(`{"flowId":"id-%c","operationName":"op %c","startTime":%q,"duration":20000000,"status":"success"}`, name, name, start.Format(time.RFC3339)))
	}
	return `{"flows":[` + strings.Join(rows, ",") + `]}`
}

// shownFlows is the letters of the flows that were printed.
func shownFlows(out string) (letters string) {
	for line := range strings.Lines(out) {
		if _, after, ok := strings.Cut(line, "id-"); ok {
			letters += after[:1]
		}
	}
	return letters
}

// tailScript is a server without follow=true: each poll takes the next answer.
func tailScript(t *testing.T, format string, answers ...replies) (out, notes string, asked []url.Values, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, newErr := New("server:1", "")
		if newErr != nil {
			t.Fatal(newErr)
		}
		ctx, stop := context.WithCancel(t.Context())
		c.http.Transport = replies(func(r *http.Request) (int, string, error) {
			if r.URL.Query().Get("follow") != "" {
				return 400, `{"code":"unknown_parameter","field":"follow","detail":"unknown"}`, nil
			}
			if len(answers) == 0 {
				stop()
				return 0, "", context.Canceled
			}
			asked = append(asked, r.URL.Query())
			next := answers[0]
			answers = answers[1:]
			return next(r)
		})
		var outBuf, notesBuf bytes.Buffer
		err = c.Tail(ctx, Output{Out: &outBuf, Notes: &notesBuf, Format: format}, url.Values{"operation": {"x"}})
		out, notes = outBuf.String(), notesBuf.String()
	})
	return out, notes, asked, err
}

func flows(names string) replies {
	return func(*http.Request) (int, string, error) { return 200, flowsJSON(names), nil }
}

func refuse(status int) replies {
	return func(*http.Request) (int, string, error) { return status, `{"detail":"no","code":"some_code"}`, nil }
}

func down(*http.Request) (int, string, error) { return 0, "", errors.New("refused") }

// What was there at first is not shown, what comes is shown once and in order of
// start, also after the server was away.
func TestTailPolls(t *testing.T) {
	out, notes, asked, err := tailScript(t, "table", flows("ba"), flows("dcba"), down, down, refuse(503), flows("edcb"), flows("edc"))
	if err != nil || shownFlows(out) != "cde" {
		t.Errorf("%v, shown:\n%s", err, out)
	}
	if want := "the server is older: it is asked every 1s\nfollowing the flows of http://server:1\nlost the server: ask http://server:1: refused; trying again\nthe server is back\n"; notes != want {
		t.Errorf("notes %q, want %q", notes, want)
	}
	var since []string
	for _, ask := range asked {
		since = append(since, ask.Get("startTime"))
		if ask.Get("operation") != "x" || ask.Get("graph") != "false" {
			t.Errorf("asked for %v", ask)
		}
	}
	// The window grows by the time since the last answer: pauses of 0.5, 1 and 2 s.
	if got := strings.Join(since, " "); got != "now-121s now-122s now-122s now-122s now-123s now-125s now-122s" {
		t.Errorf("asked since %s", got)
	}
}

func TestTailFormats(t *testing.T) {
	for format, want := range map[string]string{
		"table":  "2026-11-20T12:00:59.000Z     20ms  success  op b  id-b\n",
		"ndjson": `{"flowId":"id-b","operationName":"op b","startTime":"2026-11-20T12:00:59Z","duration":20000000,"status":"success"}` + "\n",
		"json":   "{\n  \"flowId\": \"id-b\",\n  \"operationName\": \"op b\",\n  \"startTime\": \"2026-11-20T12:00:59Z\",\n  \"duration\": 20000000,\n  \"status\": \"success\"\n}\n",
	} {
		if out, _, _, err := tailScript(t, format, flows("a"), flows("ba")); err != nil || out != want {
			t.Errorf("%s: %v, %q", format, err, out)
		}
	}
}

// A server that was never there, or that refuses the request, is an error.
func TestTailFails(t *testing.T) {
	var problem *Error
	if _, _, _, err := tailScript(t, "table", refuse(400)); !errors.As(err, &problem) || problem.Status != 400 {
		t.Errorf("refused: %v", err)
	}
	if _, _, _, err := tailScript(t, "table", flows("a"), refuse(404)); !errors.As(err, &problem) {
		t.Errorf("refused later: %v", err)
	}
}

// Nobody reads: the end.
func TestTailNobodyReads(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, err := New("server:1", "")
		if err != nil {
			t.Fatal(err)
		}
		answers := []string{"a", "ba"}
		c.http.Transport = replies(func(r *http.Request) (int, string, error) {
			if r.URL.Query().Get("follow") != "" {
				return 400, `{"code":"unknown_parameter","field":"follow","detail":"unknown"}`, nil
			}
			body := flowsJSON(answers[0])
			answers = answers[1:]
			return 200, body, nil
		})
		if err := c.Tail(t.Context(), Output{Out: brokenPipe{}, Notes: io.Discard}, nil); !errors.Is(err, io.ErrClosedPipe) {
			t.Error(err)
		}
	})
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// More flows than a poll reads are said to be dropped, and the memory of them is
// bounded.
func TestTailTooMany(t *testing.T) {
	many := func(r *http.Request) (int, string, error) {
		var rows []string
		for i := range maxFlowPage {
			rows = append(rows, fmt.Sprintf(`{"flowId":"%s-%d"}`, r.URL.Query().Get("page"), i))
		}
		return 200, `{"flows":[` + strings.Join(rows, ",") + `]}`, nil
	}
	answers := []replies{flows("a")}
	for range maxPolled / maxFlowPage {
		answers = append(answers, many)
	}
	out, notes, _, err := tailScript(t, "table", answers...)
	if n := strings.Count(out, "\n"); err != nil || n != maxPolled || !strings.Contains(notes, "dropped: more than 5000 flows") {
		t.Errorf("%v, %d lines, %q", err, n, notes)
	}
}

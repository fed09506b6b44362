package client

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestNew(t *testing.T) {
	for addr, want := range map[string]string{
		"127.0.0.1:4319": "http://127.0.0.1:4319", "localhost": "http://localhost", "https://flows.example.com/team/": "https://flows.example.com/team/",
	} {
		if c, err := New(addr, ""); err != nil || c.base.String() != want {
			t.Errorf("%s: %+v, %v", addr, c, err)
		}
	}
	for _, addr := range []string{"", "ftp://x", "http://", "a b", "http://[::1"} {
		if _, err := New(addr, ""); err == nil {
			t.Errorf("%q is taken for an address", addr)
		}
	}
}

// What is no answer of a Flowscope server is an error that says what came.
func TestAnswers(t *testing.T) {
	for _, tc := range []struct {
		kind, body string
		status     int
		want       string
	}{
		{"application/problem+json; charset=utf-8", `{"code":"internal","detail":"it failed","requestId":"r7"}`, 500, "the server says: it failed (internal, request r7)"},
		{"text/html", "<html>", 502, "502 Bad Gateway"},
		{"application/problem+json", "nonsense", 400, "400 Bad Request"},
		{"application/json", "nonsense", 200, "read the answer"},
		{"application/json", `{"traces":[{"duration":"long"}]}`, 200, "read the answer"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/prefix/api/v1/traces" {
				t.Errorf("asked for %s", r.URL.Path)
			}
			w.Header().Set("Content-Type", tc.kind)
			w.WriteHeader(tc.status)
			_, _ = w.Write([]byte(tc.body))
		}))
		c, err := New(server.URL+"/prefix", "")
		if err != nil {
			t.Fatal(err)
		}
		for page, err := range c.Traces(t.Context(), nil, 20) {
			if page != nil || err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("%d %q: %v", tc.status, tc.body, err)
			}
			var answer *Error
			if errors.As(err, &answer) && answer.Status != tc.status {
				t.Errorf("status %d of a problem with %d", answer.Status, tc.status)
			}
		}
		server.Close()
	}
}

// The caller may stop early, and its parameters stay as they were.
func TestTracesStop(t *testing.T) {
	asked := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		_, _ = w.Write([]byte(`{"traces":[{"traceId":"01"}],"nextCursor":"on"}`))
	}))
	defer server.Close()
	c, err := New(server.URL, "")
	if err != nil {
		t.Fatal(err)
	}
	params := url.Values{"service": {"cart"}}
	for page, err := range c.Traces(t.Context(), params, 20) {
		if err != nil || len(page.Rows) != 1 {
			t.Fatalf("%+v, %v", page, err)
		}
		break
	}
	pages := 0
	for _, err := range c.Traces(t.Context(), params, 3) {
		if err != nil {
			t.Fatal(err)
		}
		pages++
	}
	if asked != 4 || pages != 3 || len(params) != 1 {
		t.Errorf("asked %d times for %d pages, parameters %v", asked, pages, params)
	}
}

func TestRounded(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 999: "999ns", 1234567: "1.235ms", 20 * time.Millisecond: "20ms", 61*time.Second + 987654321: "1m1.99s",
	} {
		if got := rounded(d).String(); got != want {
			t.Errorf("%d is %s, want %s", d, got, want)
		}
	}
}

// The token goes to the server, and nowhere that it may send to.
func TestTokenIsSent(t *testing.T) {
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "" {
			t.Errorf("another server is told %q", got)
		}
		w.WriteHeader(http.StatusTeapot)
	}))
	defer other.Close()
	elsewhere := strings.Replace(other.URL, "127.0.0.1", "localhost", 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if got := r.Header.Get("Authorization"); got != "Bearer s3cret" {
			t.Errorf("the server is told %q", got)
		}
		http.Redirect(w, r, elsewhere, http.StatusFound)
	}))
	defer server.Close()
	c, err := New(server.URL, "s3cret")
	if err != nil {
		t.Fatal(err)
	}
	var answer any
	if err := c.get(t.Context(), "flows", nil, &answer); err == nil || !strings.Contains(err.Error(), "418") {
		t.Error(err)
	}
}

// Errors go to logs that others read.
func TestErrorsHideAPassword(t *testing.T) {
	c, err := New("http://x:s3cret@127.0.0.1:1", "")
	if err != nil {
		t.Fatal(err)
	}
	var answer any
	if err := c.get(t.Context(), "flows", nil, &answer); err == nil || strings.Contains(err.Error(), "s3cret") {
		t.Error(err)
	}
}

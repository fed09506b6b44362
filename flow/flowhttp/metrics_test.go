package flowhttp_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/flow/flowhttp"
)

func TestMetricsAreServedBesideTheDashboard(t *testing.T) {
	t.Parallel()
	tracker := flow.New()
	_, op := tracker.Start(t.Context(), "op")
	op.End()
	mux := http.NewServeMux()
	mux.Handle("/debug/flow/", flowhttp.Handler(tracker))
	for accept, write := range map[string]func(*bytes.Buffer) error{
		"text/plain":                   func(b *bytes.Buffer) error { return tracker.WriteMetrics(b) },
		"application/openmetrics-text": func(b *bytes.Buffer) error { return tracker.WriteOpenMetrics(b) },
	} {
		r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1:8080/debug/flow/metrics", nil)
		r.RemoteAddr = "127.0.0.1:1234"
		r.Header.Set("Accept", accept)
		answer := httptest.NewRecorder()
		mux.ServeHTTP(answer, r)
		var want bytes.Buffer
		if err := write(&want); err != nil {
			t.Fatal(err)
		}
		if answer.Code != http.StatusOK || answer.Body.String() != want.String() {
			t.Errorf("%s is answered with %d:\n%s", accept, answer.Code, answer.Body)
		}
	}
}

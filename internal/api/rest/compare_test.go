package rest

import (
	"net/http"
	"net/url"
	"testing"
)

func TestCompareRefuses(t *testing.T) {
	f := newFixture(t, nil)
	for _, bad := range []string{"", "now", "now..", "..now", "now..now-1h", "x..now"} {
		p := problemIn(t, f.get("/api/v1/operations/checkout/compare?candidate=now-1m..now&baseline="+url.QueryEscape(bad)))
		if p.Status != http.StatusBadRequest || p.Field != "baseline" {
			t.Errorf("%q: %+v", bad, p)
		}
	}
	if p := problemIn(t, f.get("/api/v1/operations/nobody/compare?baseline=now-2m..now-1m&candidate=now-1m..now")); p.Status != http.StatusNotFound {
		t.Errorf("nobody: %+v", p)
	}
}

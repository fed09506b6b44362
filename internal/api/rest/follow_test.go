package rest

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/flowscope/flowscope/internal/live"
)

func TestFollowRefuses(t *testing.T) {
	f := newFixture(t, nil)
	for query, want := range map[string]string{
		"follow=true&page=2":           "unknown_parameter page",
		"follow=true&startTime=now-1h": "unknown_parameter startTime",
		"follow=true&status=active":    "invalid_parameter status",
		"follow=true&minDuration=x":    "invalid_parameter minDuration",
		"follow=true&cursor=x":         "invalid_parameter cursor",
		"follow=yes":                   "invalid_parameter follow",
		"cursor=x.1":                   "invalid_parameter cursor",
	} {
		p := problemIn(t, f.get("/api/v1/flows?"+query))
		if p.Status != http.StatusBadRequest || p.Code+" "+p.Field != want {
			t.Errorf("%s: %+v", query, p)
		}
	}
	if s := f.live.Stats(); s.Followers != 0 {
		t.Errorf("%+v", s)
	}
	full := newFixture(t, func(c *Config) { c.Live = live.New(live.Config{Followers: -1}) })
	if p := problemIn(t, full.get("/api/v1/flows?follow=true")); p.Status != http.StatusServiceUnavailable || p.Code != "too_many_followers" {
		t.Errorf("%+v", p)
	}
	f.live.Close()
	if p := problemIn(t, f.get("/api/v1/flows?follow=true")); p.Status != http.StatusServiceUnavailable || p.Code != "stopping" {
		t.Errorf("%+v", p)
	}
}

// A request for the header alone is not kept waiting for lines.
func TestFollowHead(t *testing.T) {
	f := newFixture(t, nil)
	if w := f.do(http.MethodHead, "/api/v1/flows?follow=true"); w.Code != http.StatusOK || w.Header().Get("Content-Type") != ndjsonType {
		t.Errorf("%d %v", w.Code, w.Header())
	}
	if s := f.live.Stats(); s.Followers != 0 {
		t.Errorf("%+v", s)
	}
}

func TestFollowHeartbeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t, nil)
		ctx, cancel := context.WithTimeout(t.Context(), 2*HeartbeatEvery+time.Second)
		defer cancel()
		w := httptest.NewRecorder()
		f.ServeHTTP(w, httptest.NewRequestWithContext(ctx, http.MethodGet, "/api/v1/flows?follow=true", nil))
		if got := w.Body.String(); strings.Count(got, `{"type":"heartbeat","cursor":"`) != 3 || strings.Count(got, "\n") != 3 {
			t.Errorf("%s", got)
		}
	})
}

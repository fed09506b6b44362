package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"github.com/flowscope/flowscope/internal/load"
)

const (
	// dashboards are open at once, and dashboardRate spans a second come in.
	dashboards    = 100
	dashboardRate = 50_000
	// refreshEvery is how often a dashboard asks again, as web/src does.
	refreshEvery = 4 * time.Second
)

// dashboards measures how long the calls of many dashboards take while spans
// come in, and holds the server to telling each of every flow or that it was
// left out.
func (b *bench) dashboards(ctx context.Context) error {
	s, err := b.serve(ctx, dataLoaded, cutSoon)
	if err != nil {
		return err
	}
	defer s.kill()
	seconds := int64(30)
	if b.spans < smallRun {
		seconds = 5
	}
	open := make([]*dashboard, dashboards)
	of := make([][]filters, dashboards)
	for i := range open {
		open[i] = s.dashboard(i)
		of[i] = []filters{open[i].follows()}
	}
	a, err := s.listen(ctx, of)
	if err != nil {
		return err
	}
	defer a.close()
	before, err := s.usage()
	if err != nil {
		return err
	}
	begun := time.Now()
	loading, loaded := context.WithCancel(ctx)
	defer loaded()
	var result load.Result
	var asking sync.WaitGroup
	errs := make([]error, dashboards+1)
	for i, d := range open {
		asking.Go(func() { errs[i] = d.refresh(ctx, loading, refreshEvery*time.Duration(i)/dashboards) })
	}
	asking.Go(func() {
		defer loaded()
		c := load.Config{Addr: s.otlp, Conns: conns, SpansPerRequest: perRequest, Rate: dashboardRate, Spans: seconds * dashboardRate}
		result, errs[dashboards] = b.send(ctx, c)
	})
	trivial, err := s.trivialUntil(ctx, loading)
	asking.Wait()
	if err := firstError(err, firstError(errs...)); err != nil {
		return err
	}
	after, err := s.usage()
	if err != nil {
		return err
	}
	b.reportDashboards(open, trivial, &result)
	b.report.fact(after.Since(before).CPU.Seconds()/time.Since(begun).Seconds(), "cores", "100 dashboards and 50,000 spans/s, processor time of the server")
	if err := s.accounted(ctx, a, of, begun); err != nil {
		return err
	}
	events, dropped := a.heard()
	b.report.fact(float64(events)/result.Elapsed.Seconds(), "/s", "events given to 100 dashboards")
	b.report.fact(float64(dropped)/result.Elapsed.Seconds(), "/s", "events announced to them as dropped")
	return s.stop()
}

// dashboard is what one browser shows.
type dashboard struct {
	server    *server // with connections of its own
	operation string
	last      string // the period
	took      map[string][]time.Duration
	mu        sync.Mutex // of took
}

// dashboard is the i-th: most show everything of the last quarter of an hour,
// some one operation, some a longer time.
func (s *server) dashboard(i int) *dashboard {
	d := &dashboard{server: s.browser(), last: "15m", took: map[string][]time.Duration{}}
	switch i % 10 {
	case 0, 1, 2:
		d.operation = []string{"POST /checkout", "GET /products/{id}", "POST /login"}[i%10]
	case 3:
		d.last = "1h"
	case 4:
		d.last = "24h"
	}
	return d
}

// follows is what its WebSocket asks for: flows that were counted.
func (d *dashboard) follows() filters {
	f := filters{"minDuration": "1ns"}
	if d.operation != "" {
		f["operation"] = d.operation
	}
	return f
}

// paths are what a dashboard asks for at once, by endpoint.
func (d *dashboard) paths() map[string]string {
	at := func(path string, more ...string) string {
		q := url.Values{"startTime": {"now-" + d.last}, "endTime": {"now"}}
		for i := 0; i < len(more); i += 2 {
			q.Set(more[i], more[i+1])
		}
		return "/api/v1/" + path + "?" + q.Encode()
	}
	list := []string{"sort", "time", "page", "1", "pageSize", "50", "graph", "false"}
	p := map[string]string{
		"stats": at("stats"), "dependencies": at("dependencies"), "flows": at("flows", list...),
		"operations": at("operations", "pageSize", "1000"), "services": at("services", "pageSize", "200"),
	}
	if d.operation != "" {
		delete(p, "dependencies")
		name := url.PathEscape(d.operation)
		p["stats"], p["graph"] = at("operations/"+name+"/stats"), at("operations/"+name+"/graph")
		p["flows"] = at("flows", append(list, "operation", d.operation)...)
	}
	return p
}

// refresh asks for everything again and again until loading ends. At first, and
// at each tenth time, it opens a flow of the list, too.
func (d *dashboard) refresh(ctx, loading context.Context, after time.Duration) error {
	defer d.server.client.CloseIdleConnections()
	next := time.NewTimer(after)
	defer next.Stop()
	for round := 0; ; round++ {
		select {
		case <-loading.Done():
			return nil
		case <-next.C:
		}
		next.Reset(refreshEvery)
		newest, err := d.ask(ctx)
		if err == nil && newest != "" && round%10 == 0 {
			err = d.time(ctx, "flow", "/api/v1/flows/"+newest, nil)
			err = errors.Join(err, d.time(ctx, "trace", "/api/v1/traces/"+newest, nil))
		}
		if err != nil {
			return err
		}
	}
}

// ask asks for all parts of the screen at once, and returns the newest flow.
func (d *dashboard) ask(ctx context.Context) (newest string, err error) {
	var list struct{ Flows []struct{ FlowID string } }
	var parts sync.WaitGroup
	var mu sync.Mutex
	for name, path := range d.paths() {
		parts.Go(func() {
			var into any
			if name == "flows" {
				into = &list
			}
			if e := d.time(ctx, name, path, into); e != nil {
				mu.Lock()
				defer mu.Unlock()
				err = e
			}
		})
	}
	parts.Wait()
	if err == nil && len(list.Flows) > 0 {
		newest = list.Flows[0].FlowID
	}
	return newest, err
}

// time asks for a path, notes how long that took, and reads the answer.
func (d *dashboard) time(ctx context.Context, name, path string, into any) error {
	body, took, err := d.server.timed(ctx, path)
	if err == nil && into != nil {
		err = json.Unmarshal(body, into)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.took[name] = append(d.took[name], took)
	return err
}

// trivialUntil is trivial, ten times a second until loading ends.
func (s *server) trivialUntil(ctx, loading context.Context) (times []time.Duration, err error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		one, err := s.trivial(ctx, 1)
		if err != nil {
			return nil, err
		}
		times = append(times, one...)
		select {
		case <-loading.Done():
			return times, nil
		case <-tick.C:
		}
	}
}

// reportDashboards sets the row: the p99 of the slowest endpoint.
func (b *bench) reportDashboards(open []*dashboard, trivial []time.Duration, result *load.Result) {
	all := map[string][]time.Duration{}
	for _, d := range open {
		for name, times := range d.took {
			all[name] = append(all[name], times...)
		}
	}
	worst, calls := time.Duration(0), 0
	names := make([]string, 0, len(all))
	for name, times := range all {
		worst, calls = max(worst, quantile(times, 0.99)), calls+len(times)
		names = append(names, name)
	}
	slices.Sort(names)
	b.report.set(dashboardP99, millis(worst), millis(quantile(trivial, 0.99)), "GET /healthz meanwhile, p99")
	for _, name := range names {
		b.report.fact(millis(quantile(all[name], 0.99)), unitMillis, "100 dashboards: %s, p99; p50 %s", name, quantity(millis(quantile(all[name], 0.5)), unitMillis))
	}
	b.report.fact(float64(calls)/result.Elapsed.Seconds(), "/s", "calls of 100 dashboards, while %s spans/s came in", grouped(int64(result.SpansPerSecond())))
	b.report.fact(millis(result.P99), unitMillis, "requests with spans meanwhile, p99")
}

// accounted waits until each listener was given, or told that it was not given,
// as many flows as its filters select of those that the server has counted.
func (s *server) accounted(ctx context.Context, a *audience, of [][]filters, since time.Time) error {
	if err := s.settle(ctx); err != nil {
		return err
	}
	for i, l := range a.all {
		q := url.Values{"startTime": {nanos(since.Add(-time.Second))}, "endTime": {"now"}, "pageSize": {"1"}}
		for name, value := range of[i][0] {
			q.Set(name, value)
		}
		body, err := s.get(ctx, "/api/v1/flows?"+q.Encode())
		if err != nil {
			return err
		}
		var list struct{ Total int64 }
		if err := json.Unmarshal(body, &list); err != nil {
			return err
		}
		if told := l.events.Load() + l.dropped.Load(); told < list.Total || list.Total == 0 {
			return fmt.Errorf("dashboard %d was given %d flows, %d were announced as dropped, of %d", i, l.events.Load(), l.dropped.Load(), list.Total)
		}
	}
	return nil
}

// browser is the server as a browser sees it: six connections, compressed.
func (s *server) browser() *server {
	const perHost = 6
	return &server{http: s.http, client: &http.Client{
		Transport: &http.Transport{MaxConnsPerHost: perHost, MaxIdleConnsPerHost: perHost}, Timeout: patience,
	}}
}

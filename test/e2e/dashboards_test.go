package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/flowscope/flowscope/internal/load"
)

// follower is a WebSocket with one subscription, and all that it was told.
type follower struct {
	filters map[string]string

	mu        sync.Mutex
	given     map[string]int // by flow and revision
	wrong     string         // a flow that the filters do not select
	dropped   int
	overtaken bool
}

// TestDashboardsMissNothingUntold has ten dashboards ask and follow while more
// flows are counted than they are given. To each of them every flow that its
// filters select was given, once, or announced as dropped: as many as the
// server's list has, no less and no more.
func TestDashboardsMissNothingUntold(t *testing.T) {
	p := serve(t, t.TempDir(), "--trace-quiet=1s")
	var all []*follower
	for i := range 10 {
		f := &follower{filters: map[string]string{"minDuration": fmt.Sprintf("%dms", i+1)}, given: map[string]int{}}
		switch i % 5 {
		case 1:
			f.filters["operation"] = "POST /checkout"
		case 2:
			f.filters["service"] = "catalog"
		case 3:
			f.filters["status"] = "error"
		case 4:
			f.filters["maxDuration"] = "100ms"
		}
		all = append(all, f)
		p.follow(f)
	}
	loading, loaded := context.WithCancel(t.Context())
	var polling sync.WaitGroup
	for _, f := range all {
		polling.Go(func() { p.poll(loading, f.filters["operation"]) })
	}
	const spans, rate = 60_000, 20_000
	result, err := load.Run(t.Context(), load.Config{Addr: strings.TrimPrefix(p.otlp, "http://"), Conns: 2, Spans: spans, Rate: rate})
	loaded()
	polling.Wait()
	if err != nil || result.Acked != spans {
		t.Fatalf("%d spans acked: %v", result.Acked, err)
	}
	p.eventually("all is counted", func() error {
		if n := p.metric("flowscope_assemble_open_traces") + p.metric("flowscope_assemble_queue_bytes"); n > 0 {
			return fmt.Errorf("%v are open", n)
		}
		return nil
	})
	for i, f := range all {
		p.eventually(fmt.Sprint("dashboard ", i, " accounts for all"), func() error { return p.accounts(f) })
	}
}

// poll asks for what a dashboard shows until the load ends.
func (p *process) poll(loading context.Context, operation string) {
	paths := []string{"stats?", "dependencies?", "operations?pageSize=1000&", "services?pageSize=200&", "flows?pageSize=50&graph=false&"}
	if operation != "" {
		name := url.PathEscape(operation)
		paths = append(paths, "operations/"+name+"/stats?", "operations/"+name+"/graph?")
	}
	for i := 0; loading.Err() == nil; i++ {
		if _, err := p.get("/api/v1/" + paths[i%len(paths)] + "startTime=now-15m&endTime=now"); err != nil {
			p.t.Error(err)
			return
		}
	}
}

// follow subscribes, and reads until the test ends.
func (p *process) follow(f *follower) {
	p.t.Helper()
	conn, _, err := websocket.Dial(p.t.Context(), p.api+"/api/v1/ws", nil) //nolint:bodyclose // the connection closes it
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.CloseNow() }) //nolint:errcheck // the test is over
	text, err := json.Marshal(map[string]any{"type": "subscribe", "filters": f.filters})
	if err == nil {
		err = conn.Write(p.t.Context(), websocket.MessageText, text)
	}
	if err == nil {
		_, text, err = conn.Read(p.t.Context())
	}
	if err != nil || !strings.Contains(string(text), `"subscribed"`) {
		p.t.Fatalf("subscribe %v: %s, %v", f.filters, text, err)
	}
	go func() {
		for {
			_, text, err := conn.Read(context.Background())
			if err != nil {
				return
			}
			f.hear(text)
		}
	}()
}

func (f *follower) hear(text []byte) {
	var m struct {
		Type string
		Data struct {
			FlowID, OperationName, Status, Reason string
			Duration                              time.Duration
			Revision, Count                       int
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := json.Unmarshal(text, &m); err != nil {
		f.wrong = string(text)
		return
	}
	switch d := m.Data; m.Type {
	case "heartbeat":
	case "dropped":
		f.dropped += d.Count
		f.overtaken = f.overtaken || d.Reason != "rate"
	case "flow_complete":
		f.given[fmt.Sprint(d.FlowID, d.Revision)]++
		shortest, _ := time.ParseDuration(f.filters["minDuration"])
		longest, err := time.ParseDuration(f.filters["maxDuration"])
		operation, status := f.filters["operation"], f.filters["status"]
		if d.Duration < shortest || (err == nil && d.Duration > longest) || (operation != "" && d.OperationName != operation) || (status != "" && d.Status != status) {
			f.wrong = string(text)
		}
	default:
		f.wrong = string(text)
	}
}

// accounts compares what a follower was told with what the server lists.
func (p *process) accounts(f *follower) error {
	q := url.Values{"pageSize": {"1"}}
	for name, value := range f.filters {
		q.Set(name, value)
	}
	var list struct{ Total int }
	if err := p.getJSON("/api/v1/flows?"+q.Encode(), &list); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	twice := 0
	for _, n := range f.given {
		twice += n - 1
	}
	told := len(f.given) + f.dropped
	if f.wrong != "" || twice > 0 || list.Total == 0 || told < list.Total || (told > list.Total && !f.overtaken) {
		return fmt.Errorf("%v: %d given, %d twice, %d dropped (overtaken: %t), of %d; wrong: %s",
			f.filters, len(f.given), twice, f.dropped, f.overtaken, list.Total, f.wrong)
	}
	return nil
}

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/flowscope/flowscope/internal/analyze/analyzetest"
)

// told is a message of the WebSocket or a line of what follows.
type told struct {
	Type string
	Data struct {
		OperationName, CurrentService, Status string
		FlowID                                string
		SpanCount                             int
	}
	OperationName string // of a line
	Payload       struct {
		Data struct {
			FlowEvents struct {
				Type           string
				Flow, OpenFlow struct {
					OperationName string
					SpanCount     int
				}
			}
		}
	} // of GraphQL
}

// TestLive sends a flow in pieces. A WebSocket sees it begin, grow and end, a
// request that follows sees it end, and in between it is listed as active.
func TestLive(t *testing.T) {
	p := serve(t, t.TempDir(), "--trace-quiet=1s")
	spans, err := analyzetest.Draw(t.Name(), `
shop/web: POST /login [server]    |====================  flow.operation=login
  shop/web: POST auth [client]    |  ===============
    shop/auth: POST [server]      |   ============       flow.operation=login
      shop/auth: find [client]    |    ====              db.system.name=redis`)
	if err != nil {
		t.Fatal(err)
	}
	messages, lines := p.socket("/api/v1/ws", nil, `{"type":"subscribe","id":"a","filters":{"operation":"login"}}`), p.lines("operation=login")
	graph := p.socket("/graphql", []string{"graphql-transport-ws"}, `{"type":"connection_init"}`, `{"type":"subscribe","id":"a","payload":{"query":`+
		`"subscription { flowEvents(operation: \"login\") { type flow { operationName spanCount } openFlow { spanCount } } }"}}`)
	expect(t, graph, "connection_ack")
	p.eventually("all follow", func() error {
		if n := p.metric("flowscope_live_subscriptions"); n != 3 {
			return fmt.Errorf("%v subscriptions", n)
		}
		return nil
	})
	expect(t, messages, "subscribed")
	expect(t, lines, "heartbeat")

	p.sendBatch(analyzetest.Batch(spans[2:3]))
	if m := expect(t, messages, "flow_start"); m.Data.CurrentService != "shop/auth" || m.Data.Status != "active" || m.Data.SpanCount != 1 {
		t.Errorf("%+v", m)
	}
	p.eventually("it is active", func() error { return p.active(1) })
	p.isStatus(spans[2].TraceID.String(), "active")
	p.sendBatch(analyzetest.Batch(spans[3:]))
	if m := expect(t, messages, "flow_update"); m.Data.SpanCount != 2 {
		t.Errorf("%+v", m)
	}
	p.sendBatch(analyzetest.Batch(spans[:2]))
	if m := expect(t, messages, "flow_update"); m.Data.SpanCount != 4 || m.Data.CurrentService != "shop/web" {
		t.Errorf("%+v", m)
	}
	m := expect(t, messages, "flow_complete")
	if m.Data.SpanCount != 4 || m.Data.Status != "success" || m.Data.OperationName != "login" {
		t.Errorf("%+v", m)
	}
	p.isStatus(m.Data.FlowID, "success")
	expectEvents(t, graph)
	if m := expect(t, lines, "flow_complete"); m.OperationName != "login" {
		t.Errorf("%+v", m)
	}
	p.eventually("it is active no more", func() error { return p.active(0) })
	if n := p.metric("flowscope_live_followers"); n != 3 {
		t.Errorf("%v followers", n)
	}
	began := time.Now()
	if err := p.stop(); err != nil || time.Since(began) > 4*time.Second {
		t.Errorf("followed, it takes %v to stop: %v", time.Since(began), err)
	}
}

// expectEvents is what TestLive's flow is in GraphQL.
func expectEvents(t *testing.T, graph <-chan told) {
	t.Helper()
	if e := expect(t, graph, "next").Payload.Data.FlowEvents; e.Type != "heartbeat" {
		t.Errorf("%+v", e)
	}
	for _, spans := range []int{1, 2, 4} {
		if e := expect(t, graph, "next").Payload.Data.FlowEvents; e.OpenFlow.SpanCount != spans {
			t.Errorf("%+v", e)
		}
	}
	if e := expect(t, graph, "next").Payload.Data.FlowEvents; e.Type != "flow_complete" || e.Flow.OperationName != "login" || e.Flow.SpanCount != 4 {
		t.Errorf("%+v", e)
	}
}

// isStatus holds what is said of one flow to its status.
func (p *process) isStatus(id, want string) {
	p.t.Helper()
	var flow struct{ Status string }
	if err := p.getJSON("/api/v1/flows/"+id, &flow); err != nil || flow.Status != want {
		p.t.Errorf("flow %s is %q, %v, want %s", id, flow.Status, err, want)
	}
}

// active reports whether so many logins are listed as active.
func (p *process) active(want int) error {
	var list struct {
		Total int
		Flows []struct{ Partial bool }
	}
	err := p.getJSON("/api/v1/flows?status=active&operation=login", &list)
	if err == nil && (list.Total != want || len(list.Flows) != want || (want > 0 && !list.Flows[0].Partial)) {
		err = fmt.Errorf("%+v", list)
	}
	return err
}

// expect waits for what is told next, which must be of a kind.
func expect(t *testing.T, from <-chan told, kind string) told {
	t.Helper()
	select {
	case m := <-from:
		if m.Type != kind {
			t.Fatalf("want %s, got %+v", kind, m)
		}
		return m
	case <-time.After(20 * time.Second):
		t.Fatalf("no %s", kind)
		return told{}
	}
}

// socket opens a WebSocket, sends messages, and returns what is told.
func (p *process) socket(path string, protocols []string, requests ...string) <-chan told {
	p.t.Helper()
	conn, _, err := websocket.Dial(p.t.Context(), p.api+path, &websocket.DialOptions{Subprotocols: protocols}) //nolint:bodyclose // the connection closes it
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { conn.CloseNow() }) //nolint:errcheck // the test is over
	for _, request := range requests {
		if err := conn.Write(p.t.Context(), websocket.MessageText, []byte(request)); err != nil {
			p.t.Fatal(err)
		}
	}
	out := make(chan told, 100)
	go func() {
		for {
			_, text, err := conn.Read(context.Background())
			var m told
			if err != nil || json.Unmarshal(text, &m) != nil {
				return
			}
			out <- m
		}
	}()
	return out
}

// lines follows flows and returns what is told.
func (p *process) lines(query string) <-chan told {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, p.api+"/api/v1/flows?follow=true&"+query, nil)
	if err != nil {
		p.t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r) //nolint:bodyclose // the reader closes it
	if err != nil {
		p.t.Fatal(err)
	}
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode != http.StatusOK || !strings.Contains(kind, "ndjson") {
		p.t.Fatalf("%s %s", answer.Status, kind)
	}
	out := make(chan told, 100)
	go func() {
		defer answer.Body.Close()
		for text := bufio.NewScanner(answer.Body); text.Scan(); {
			var m told
			if json.Unmarshal(text.Bytes(), &m) == nil {
				out <- m
			}
		}
	}()
	return out
}

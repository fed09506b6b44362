package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/flowscope/flowscope/internal/live"
	"github.com/flowscope/flowscope/internal/model"
)

// subscriber is a GraphQL client that follows.
type subscriber struct {
	*testing.T
	conn *websocket.Conn
}

func dialGraphQL(t *testing.T, f *fixture) *subscriber {
	t.Helper()
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	conn, _, err := websocket.Dial(t.Context(), server.URL+"/graphql", //nolint:bodyclose // the connection closes it
		&websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { conn.CloseNow() }) //nolint:errcheck // the test is over
	s := &subscriber{t, conn}
	s.send(`{"type":"connection_init"}`)
	s.read("connection_ack")
	return s
}

func (s *subscriber) send(text string) {
	s.Helper()
	if err := s.conn.Write(s.Context(), websocket.MessageText, []byte(text)); err != nil {
		s.Fatal(err)
	}
}

// subscribe asks for all fields of flowEvents, and waits until it follows.
func (s *subscriber) subscribe(id, filters string) {
	s.Helper()
	s.subscribeFrom(id, "elsewhere.1", filters)
	s.event(id, "heartbeat")
	if e := s.event(id, "dropped"); !reflect.DeepEqual(e["dropped"], map[string]any{"count": nil, "reason": "gap"}) {
		s.Errorf("%v", e)
	}
}

func (s *subscriber) subscribeFrom(id, cursor, filters string) {
	s.Helper()
	query := fmt.Sprintf(`subscription { flowEvents(after: %q %s) { type cursor revision dropped { count reason }
		flow { id traceId operationName environment startTime endTime duration status rootService rootName uiEvent user sessionId
			spanCount serviceCount errorCount orphanCount complete error services metadata { totalSpans } }
		openFlow { id traceId operationName environment startTime elapsedTime rootService rootName currentService
			spanCount serviceCount errorCount services partial progress progressEstimated } } }`, cursor, filters)
	text, err := json.Marshal(map[string]any{"type": "subscribe", "id": id, "payload": map[string]any{"query": query}})
	if err != nil {
		s.Fatal(err)
	}
	s.send(string(text))
}

func (s *subscriber) read(kind string) map[string]any {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), 10*time.Second)
	defer cancel()
	_, text, err := s.conn.Read(ctx)
	if err != nil {
		s.Fatalf("want %s, got %v", kind, err)
	}
	var m map[string]any
	if err := json.Unmarshal(text, &m); err != nil || m["type"] != kind {
		s.Fatalf("want %s, got %s", kind, text)
	}
	return m
}

// event reads the next event of a subscription, which must be of a kind.
func (s *subscriber) event(id, kind string) map[string]any {
	s.Helper()
	m := s.read("next")
	payload, _ := m["payload"].(map[string]any)
	data, _ := payload["data"].(map[string]any)
	e, _ := data["flowEvents"].(map[string]any)
	if m["id"] != id || e["type"] != kind || payload["errors"] != nil {
		s.Fatalf("want %s of %s, got %v", kind, id, m)
	}
	return e
}

// GraphQL and the WebSocket of REST say the same about the same events.
func TestSubscriptionSaysWhatTheSocketSays(t *testing.T) {
	f := newFixture(t, nil)
	rest, graph := dial(t, f), dialGraphQL(t, f)
	rest.send(`{"type":"subscribe","id":"all"}`)
	rest.next("subscribed")
	graph.subscribe("all", "")
	for range 5 { // so that there is a progress
		f.live.Complete(counted("login", model.FlowSuccess), nil)
	}
	open := &model.OpenFlow{TraceID: model.TraceID{1}, Operation: "login", Environment: "production", Start: now.UnixNano() - 7, RootName: "GET /",
		SpanCount: 1, Services: []model.Node{{Name: "web"}}, Current: model.Node{Name: "web", Namespace: "shop"}, RootService: model.Node{Name: "web"}}
	f.live.Show(open, true)
	f.live.Show(open, false)
	failed := counted("pay", model.FlowError)
	failed.Error, failed.User, failed.Session, failed.UIEvent, failed.Revision, failed.NoRoot = "no", "jo", "s1", "click", 2, true
	f.live.Complete(failed, nil)
	f.live.Flush()
	for _, kind := range []string{"flow_complete", "flow_complete", "flow_complete", "flow_complete", "flow_complete", "flow_start", "flow_update", "flow_complete"} {
		a, b := rest.next(kind), graph.event("all", kind)
		said := b["flow"]
		if said == nil {
			said = b["openFlow"]
		}
		if a["cursor"] != b["cursor"] {
			t.Errorf("cursors %v and %v", a["cursor"], b["cursor"])
		}
		if same := compare(t, kind, a["data"], said); same < 12 {
			t.Errorf("%s: only %d values compared", kind, same)
		}
		if data, _ := a["data"].(map[string]any); data["revision"] != b["revision"] {
			t.Errorf("revisions %v and %v", data["revision"], b["revision"])
		}
	}
}

// Subscriptions of one connection have filters of their own, end one by one, and
// go on where another has ended.
func TestSubscriptions(t *testing.T) {
	f := newFixture(t, nil)
	s := dialGraphQL(t, f)
	s.subscribe("logins", `operation: "login", environment: "production"`)
	s.subscribe("failed", `status: error, minDuration: "3ns", maxDuration: "1s"`)
	s.subscribe("cart", `service: "cart"`)
	f.live.Complete(counted("login", model.FlowSuccess), nil)
	f.live.Flush()
	first := s.event("logins", "flow_complete")
	f.live.Complete(counted("pay", model.FlowError), nil)
	f.live.Flush()
	s.event("failed", "flow_complete")
	s.send(`{"type":"complete","id":"logins"}`)
	f.live.Complete(counted("login", model.FlowSuccess), nil)
	cart := counted("login", model.FlowSuccess)
	cart.Services = []model.Node{{Name: "cart"}}
	f.live.Complete(cart, nil)
	f.live.Flush()
	s.event("cart", "flow_complete")
	cursor, _ := first["cursor"].(string)
	s.subscribeFrom("logins", cursor, `operation: "login"`)
	s.event("logins", "heartbeat")
	s.event("logins", "flow_complete")
	s.event("logins", "flow_complete")
	if stats := f.live.Stats(); stats.Followers != 3 || stats.Subscriptions != 3 {
		t.Errorf("%+v", stats)
	}
	s.conn.CloseNow() //nolint:errcheck // it need not say goodbye
	eventually(t, "all are let go", func() bool { return f.live.Stats().Followers == 0 })
}

// Who is cut off before anything has come goes on from there.
func TestSubscriptionResumesFromItsBeginning(t *testing.T) {
	f := newFixture(t, nil)
	s := dialGraphQL(t, f)
	const query = `{"type":"subscribe","id":%q,"payload":{"query":"subscription($c: String) { ...F } fragment F on Subscription { flowEvents(after: $c) { type cursor } }","variables":{"c":%s}}}`
	s.send(fmt.Sprintf(query, "cut", "null"))
	began := s.event("cut", "heartbeat")["cursor"]
	s.conn.CloseNow() //nolint:errcheck // the cut
	f.live.Complete(counted("login", model.FlowSuccess), nil)
	f.live.Flush()
	s = dialGraphQL(t, f)
	s.send(fmt.Sprintf(query, "back", fmt.Sprintf("%q", began)))
	if again := s.event("back", "heartbeat")["cursor"]; again != began {
		t.Errorf("began at %v, then at %v", began, again)
	}
	s.event("back", "flow_complete")
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	limit := time.After(10 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("never: %s", what)
		}
	}
}

// What REST refuses, a subscription is refused with the same code and name.
func TestSubscriptionProblems(t *testing.T) {
	f := newFixture(t, nil)
	s := dialGraphQL(t, f)
	refused := func(want string) {
		t.Helper()
		m := s.read("error")
		list, _ := m["payload"].([]any)
		e, _ := list[0].(map[string]any)
		extensions, _ := e["extensions"].(map[string]any)
		if got := fmt.Sprint(extensions["code"], " ", extensions["field"]); got != want || e["message"] == "" {
			t.Errorf("want %s, got %v", want, m)
		}
	}
	for filters, want := range map[string]string{
		`minDuration: "1 parsec"`:              "invalid_parameter minDuration",
		`minDuration: "2s", maxDuration: "1s"`: "invalid_parameter minDuration",
		`operation: ""`:                        "invalid_parameter operation",
	} {
		s.subscribeFrom("x", "a.1", filters)
		refused(want)
	}
	s.subscribeFrom("x", "nonsense", "")
	refused("invalid_parameter after")
	full := newFixture(t, func(c *Config) { c.Live = live.New(live.Config{Followers: -1}) })
	s = dialGraphQL(t, full)
	s.subscribeFrom("x", "a.1", "")
	refused("too_many_followers <nil>")
}

// A client that reads nothing holds up nobody. When it reads again it is told
// what it missed and given the newest.
func TestSubscriptionSlowClient(t *testing.T) {
	hub := live.New(live.Config{Events: 64})
	t.Cleanup(hub.Close)
	f := newFixture(t, func(c *Config) { c.Live = hub })
	s := dialGraphQL(t, f)
	s.subscribe("all", "")
	big := counted("login", model.FlowSuccess)
	big.Error = strings.Repeat("x", 200_000)
	const all = 3000 // more than half a gigabyte: no socket takes it
	for range all - 1 {
		hub.Complete(big, nil)
		hub.Flush()
	}
	hub.Complete(counted("the last", model.FlowSuccess), nil)
	hub.Flush()
	given, missed, last := 0, 0.0, false
	for !last {
		m := s.read("next")
		var e struct {
			Type    string
			Flow    struct{ OperationName string }
			Dropped struct{ Count float64 }
		}
		payload, _ := m["payload"].(map[string]any)
		data, _ := payload["data"].(map[string]any)
		text, err := json.Marshal(data["flowEvents"])
		if err != nil || json.Unmarshal(text, &e) != nil {
			t.Fatal(m, err)
		}
		if e.Type == "dropped" {
			missed += e.Dropped.Count
			continue
		}
		given++
		last = e.Flow.OperationName == "the last"
	}
	if float64(given)+missed != all || missed < all/2 {
		t.Errorf("given %d, told of %v dropped, of %d", given, missed, all)
	}
}

func TestSubscriptionEndsWithTheServer(t *testing.T) {
	f := newFixture(t, nil)
	s, idle := dialGraphQL(t, f), dialGraphQL(t, f)
	s.subscribe("all", "")
	f.live.Close()
	for _, c := range []*subscriber{s, idle} {
		if _, _, err := c.conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
			t.Error(err)
		}
	}
}

// A query over a connection is answered like one over HTTP. A failure of it is in
// the log at once.
func TestQueryOverSocket(t *testing.T) {
	f := newFixture(t, nil)
	s := dialGraphQL(t, f)
	s.send(`{"type":"subscribe","id":"q","payload":{"query":"{ stats(startTime: \"now-2m\") { stats { totalRequests } } }"}}`)
	m := s.read("next")
	want := valueAt(t, f.ask(t, `{ stats(startTime: "now-2m") { stats { totalRequests } } }`, nil).Body.Bytes(), "")
	if !reflect.DeepEqual(m["payload"], want) {
		t.Errorf("%v, want %v", m["payload"], want)
	}
	s.read("complete")
	f.reader.Fail = fmt.Errorf("disk on fire")
	s.send(`{"type":"subscribe","id":"q","payload":{"query":"{ stats { partial } }"}}`)
	s.read("next")
	s.read("complete")
	if record := f.lastRecord(t); record["error"] != "disk on fire" || record["level"] != "ERROR" || record["request_id"] == nil {
		t.Errorf("log %v", record)
	}
}

// Pages of other origins, and names that the server does not go by, are refused
// as they are at the WebSocket of REST.
func TestSubscriptionOrigin(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.CheckHost, c.AllowedHosts = true, []string{"flows.example.com"} })
	for _, c := range []struct {
		host, origin string
		status       int
	}{
		{"localhost:4319", "", 101}, {"localhost:4319", "http://localhost:4319", 101}, {"localhost:4319", "https://flows.example.com", 101}, // though a recorder has no connection
		{"localhost:4319", "https://evil.example.com", 403}, {"localhost:4319", "null", 403}, {"evil.example.com", "http://evil.example.com", 421},
	} {
		r := httptest.NewRequest(http.MethodGet, "/graphql", nil)
		r.Host = c.host
		for name, value := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
			"Sec-WebSocket-Protocol": "graphql-transport-ws", "Origin": c.origin,
		} {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s from %q: %d %s", c.host, c.origin, w.Code, w.Body)
		}
	}
}

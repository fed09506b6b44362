package graphql

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// fakeFeed gives out what is sent to it.
type fakeFeed struct {
	fake     *fake
	messages chan []Message // closed when the server stops
}

var _ Feed = (*fakeFeed)(nil)

func (f *fakeFeed) Next(ctx context.Context) ([]Message, error) {
	select {
	case page, ok := <-f.messages:
		if !ok {
			return nil, errors.New("the server is stopping")
		}
		return page, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (f *fakeFeed) Close() {
	f.fake.mu.Lock()
	defer f.fake.mu.Unlock()
	f.fake.open--
	f.fake.closed.Broadcast()
}

// unfollowed waits until nothing is followed.
func (f *fake) unfollowed() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for f.open > 0 {
		f.closed.Wait()
	}
}

// say gives a page to the only feed there is.
func (f *fakeFeed) say(messages ...string) {
	page := make([]Message, len(messages))
	for i, text := range messages {
		var m struct {
			Type, Cursor string
			Data         json.RawMessage
		}
		if err := json.Unmarshal([]byte(text), &m); err != nil {
			panic(err)
		}
		page[i] = Message{m.Type, m.Cursor, m.Data}
	}
	f.messages <- page
}

func (f *fake) follow(_ context.Context, _ time.Time, params url.Values) (Feed, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, "follow ?"+params.Encode())
	switch {
	case params.Get("operation") == "full":
		return nil, &Error{Code: "too_many_followers", Detail: "too many follow already"}
	case params.Get("operation") == "boom":
		return nil, errors.New("disk on fire")
	case params.Get("operation") == "panic":
		panic("oh")
	case params.Get("cursor") == "other":
		return nil, bad("cursor", "cursor is not a cursor that this server gave")
	}
	f.open++
	feed := &fakeFeed{f, make(chan []Message)}
	f.feeds <- feed
	return feed, nil
}

// client speaks the protocol to a handler.
type client struct {
	*testing.T
	conn *websocket.Conn
}

func dial(t *testing.T, f *fake, protocols ...string) *client {
	t.Helper()
	server := httptest.NewServer(newHandler(t, f))
	t.Cleanup(server.Close)
	conn, answer, err := websocket.Dial(t.Context(), server.URL, &websocket.DialOptions{Subprotocols: protocols}) //nolint:bodyclose // the connection closes it
	if err != nil {
		t.Fatal(err, answer)
	}
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() {
		conn.CloseNow() //nolint:errcheck // the test is over
		f.unfollowed()
	})
	return &client{t, conn}
}

// begin dials and says connection_init.
func begin(t *testing.T, f *fake) *client {
	t.Helper()
	c := dial(t, f, "graphql-ws", Subprotocol)
	c.send(`{"type":"connection_init","payload":{"token":"x"}}`)
	c.expect(`{"type":"connection_ack"}`)
	return c
}

func (c *client) send(text string) {
	c.Helper()
	if err := c.conn.Write(c.Context(), websocket.MessageText, []byte(text)); err != nil {
		c.Fatal(err)
	}
}

func (c *client) subscribe(id, query string) {
	c.Helper()
	text, err := json.Marshal(map[string]any{"type": "subscribe", "id": id, "payload": map[string]any{"query": query}})
	if err != nil {
		c.Fatal(err)
	}
	c.send(string(text))
}

func (c *client) read() (string, error) {
	ctx, cancel := context.WithTimeout(c.Context(), 20*time.Second)
	defer cancel()
	_, text, err := c.conn.Read(ctx)
	return string(text), err
}

func (c *client) expect(want string) {
	c.Helper()
	if got, err := c.read(); err != nil || got != want {
		c.Fatalf("got  %s %v\nwant %s", got, err, want)
	}
}

// refused reads the error of an operation.
func (c *client) refused(id, code, field string) {
	c.Helper()
	text, err := c.read()
	var m struct {
		Type, ID string
		Payload  []struct {
			Message    string
			Extensions struct{ Code, Field string }
		}
	}
	if err != nil || json.Unmarshal([]byte(text), &m) != nil || m.Type != "error" || m.ID != id || len(m.Payload) == 0 {
		c.Fatalf("want the error %s of %s, got %s %v", code, id, text, err)
	}
	if e := m.Payload[0]; e.Extensions.Code != code || e.Extensions.Field != field || e.Message == "" || strings.Contains(text, "fire") {
		c.Errorf("want %s %s, got %s", code, field, text)
	}
}

// closed reads that the server ends the connection.
func (c *client) closed(code websocket.StatusCode, reason string) {
	c.Helper()
	text, err := c.read()
	var e websocket.CloseError
	if !errors.As(err, &e) || e.Code != code || !strings.HasPrefix(e.Reason, reason) {
		c.Errorf("want %d %s, got %s %v", code, reason, text, err)
	}
}

// What is against the protocol ends the connection, with the code that the protocol
// has for it.
func TestSocketCloses(t *testing.T) {
	const initial, watch = `{"type":"connection_init"}`, `{"type":"subscribe","id":"1","payload":{"query":"subscription{flowEvents{type}}"}}`
	for name, c := range map[string]struct {
		messages []string
		code     websocket.StatusCode
		reason   string
	}{
		"no JSON":            {[]string{`{`}, 4400, "Invalid message"},
		"nothing":            {[]string{``}, 4400, "Invalid message"},
		"no object":          {[]string{`[]`}, 4400, "Invalid message"},
		"no type":            {[]string{`{}`}, 4400, "Invalid message: its type"},
		"a server's type":    {[]string{initial, `{"type":"next","id":"1"}`}, 4400, "Invalid message: its type"},
		"another's type":     {[]string{`{"type":"start","id":"1"}`}, 4400, "Invalid message: its type"},
		"payload of init":    {[]string{`{"type":"connection_init","payload":1}`}, 4400, "Invalid message: its payload"},
		"payload of ping":    {[]string{`{"type":"ping","payload":[]}`}, 4400, "Invalid message: its payload"},
		"no payload":         {[]string{initial, `{"type":"subscribe","id":"1"}`}, 4400, "Invalid message: its payload"},
		"payload is null":    {[]string{initial, `{"type":"subscribe","id":"1","payload":null}`}, 4400, "Invalid message: its payload"},
		"no query":           {[]string{initial, `{"type":"subscribe","id":"1","payload":{}}`}, 4400, "Invalid message: its payload"},
		"variables":          {[]string{initial, `{"type":"subscribe","id":"1","payload":{"query":"","variables":[]}}`}, 4400, "Invalid message: its payload"},
		"no id":              {[]string{initial, `{"type":"subscribe","payload":{"query":"{__typename}"}}`}, 4400, "Invalid message: its id"},
		"id is a number":     {[]string{initial, `{"type":"complete","id":1}`}, 4400, "Invalid message"},
		"id of complete":     {[]string{initial, `{"type":"complete"}`}, 4400, "Invalid message: its id"},
		"a long id":          {[]string{initial, `{"type":"complete","id":"` + strings.Repeat("x", 65) + `"}`}, 4400, "Invalid message: its id has 65 bytes"},
		"early":              {[]string{watch}, 4401, "Unauthorized"},
		"the same id":        {[]string{initial, watch, watch}, 4409, "Subscriber for 1 already exists"},
		"again":              {[]string{initial, initial}, 4429, "Too many initialisation requests"},
		"a message too long": {[]string{initial, strings.Repeat(" ", maxBody+1)}, websocket.StatusMessageTooBig, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			conn := dial(t, f, Subprotocol)
			for i, m := range c.messages {
				conn.send(m)
				if m == initial && i == 0 {
					conn.expect(`{"type":"connection_ack"}`)
				}
			}
			conn.closed(c.code, c.reason)
		})
	}
	t.Run("bytes", func(t *testing.T) {
		c := dial(t, newFake(), Subprotocol)
		if err := c.conn.Write(t.Context(), websocket.MessageBinary, []byte(initial)); err != nil {
			t.Fatal(err)
		}
		c.closed(4400, "Invalid message: it is not a text")
	})
	t.Run("other protocols", func(t *testing.T) {
		dial(t, newFake()).closed(4406, "Subprotocol not acceptable")
		dial(t, newFake(), "graphql-ws").closed(4406, "Subprotocol not acceptable")
	})
}

const everything = `subscription($o: String = "login") {
	flowEvents(operation: $o, status: error, minDuration: "1ms", after: "b.1") {
		type cursor revision
		flow { id status duration services metadata { totalSpans } }
		openFlow { id elapsedTime currentService partial progress progressEstimated }
		dropped { count reason }
	}
}`

// A subscription is given what the WebSocket of REST is, in the fields it asks for.
func TestSubscription(t *testing.T) {
	f := newFake()
	c := begin(t, f)
	c.subscribe("a", everything)
	feed := <-f.feeds
	feed.say(`{"type":"dropped","data":{"reason":"gap"}}`, `{"type":"dropped","data":{"reason":"rate","count":7}}`)
	feed.say(`{"type":"flow_start","cursor":"b.2","data":{"flowId":"f","elapsedTime":9,"currentService":"web","partial":true}}`)
	feed.say(`{"type":"flow_update","cursor":"b.3","data":{"flowId":"f","progress":30,"progressEstimated":true}}`)
	feed.say(`{"type":"flow_complete","cursor":"b.4","data":{"flowId":"f","status":"error","duration":5,"services":["web"],"spanCount":3,"revision":1}}`)
	feed.say(`{"type":"heartbeat"}`)
	for _, want := range []string{
		`{"type":"dropped","cursor":null,"revision":null,"flow":null,"openFlow":null,"dropped":{"count":null,"reason":"gap"}}`,
		`{"type":"dropped","cursor":null,"revision":null,"flow":null,"openFlow":null,"dropped":{"count":7,"reason":"rate"}}`,
		`{"type":"flow_start","cursor":"b.2","revision":null,"flow":null,"openFlow":{"id":"f","elapsedTime":9,"currentService":"web","partial":true,"progress":null,"progressEstimated":false},"dropped":null}`,
		`{"type":"flow_update","cursor":"b.3","revision":null,"flow":null,"openFlow":{"id":"f","elapsedTime":0,"currentService":"","partial":false,"progress":30,"progressEstimated":true},"dropped":null}`,
		`{"type":"flow_complete","cursor":"b.4","revision":1,"flow":{"id":"f","status":"error","duration":5,"services":["web"],"metadata":{"totalSpans":3}},"openFlow":null,"dropped":null}`,
		`{"type":"heartbeat","cursor":null,"revision":null,"flow":null,"openFlow":null,"dropped":null}`,
	} {
		c.expect(`{"type":"next","id":"a","payload":{"data":{"flowEvents":` + want + `}}}`)
	}
	if got := strings.Join(f.asked, "\n"); got != "follow ?cursor=b.1&minDuration=1ms&operation=login&status=error" {
		t.Errorf("asked %s", got)
	}
}

// What a client completes says nothing more and frees its id at once.
func TestComplete(t *testing.T) {
	f := newFake()
	c := begin(t, f)
	for i := range 20 {
		c.subscribe("a", fmt.Sprintf(`subscription { flowEvents(operation: "o%d") { type } }`, i))
		feed := <-f.feeds
		feed.say(`{"type":"heartbeat"}`)
		c.expect(`{"type":"next","id":"a","payload":{"data":{"flowEvents":{"type":"heartbeat"}}}}`)
		c.send(`{"type":"complete","id":"a"}`)
		c.send(`{"type":"complete","id":"never begun"}`)
		f.unfollowed()
	}
	c.send(`{"type":"pong"}`)
	c.send(`{"type":"ping","payload":{"n":1}}`)
	c.expect(`{"type":"pong","payload":{"n":1}}`)
	c.send(`{"type":"ping"}`)
	c.expect(`{"type":"pong"}`)
}

// Queries are answered as over HTTP, and what cannot be executed is refused with
// the same codes. The connection goes on.
func TestSocketOperations(t *testing.T) {
	f := newFake()
	f.rows = 1
	c := begin(t, f)
	c.send(`{"type":"subscribe","id":"q","payload":{"query":"query a($t: Time = \"now-1h\") { stats(startTime: $t) { partial } } subscription b { flowEvents { type } }","operationName":"a","variables":null,"extensions":{}}}`)
	c.expect(`{"type":"next","id":"q","payload":{"data":{"stats":{"partial":false}}}}`)
	c.expect(`{"type":"complete","id":"q"}`)
	c.send(`{"type":"subscribe","id":"q","payload":{"query":"query a { status { version } } subscription b($s: FlowStatus) { flowEvents(status: $s) { kind: type } }","operationName":"b","variables":{"s":"error"}}}`)
	(<-f.feeds).say(`{"type":"heartbeat"}`)
	c.expect(`{"type":"next","id":"q","payload":{"data":{"flowEvents":{"kind":"heartbeat"}}}}`)
	c.send(`{"type":"complete","id":"q"}`)
	c.subscribe("x", `{ flow(flowId: "boom") { id } status { version } }`)
	if text, err := c.read(); err != nil || !strings.Contains(text, `"type":"next"`) || !strings.Contains(text, `"code":"internal"`) {
		t.Errorf("%s %v", text, err)
	}
	c.expect(`{"type":"complete","id":"x"}`)
	for _, r := range []struct{ query, code, field string }{
		{``, "invalid_parameter", "query"},
		{`{ nothing }`, "invalid_query", ""},
		{`subscription {`, "invalid_query", ""},
		{`mutation { flows }`, "invalid_query", ""},
		{`subscription { flows { totalCount } }`, "invalid_query", ""},
		{`subscription { __typename }`, "invalid_query", ""},
		{`subscription { __schema { types { name } } }`, "invalid_query", ""},
		{`subscription { flowEvents }`, "invalid_query", ""},
		{`subscription { a: flowEvents { type } b: flowEvents { type } }`, "invalid_query", ""},
		{`subscription a { flowEvents { type } } subscription b { flowEvents { type } }`, "invalid_query", ""},
		{`subscription { flowEvents(operaton: "x") { type } }`, "unknown_parameter", "operaton"},
		{`subscription { flowEvents(status: failed) { type } }`, "invalid_parameter", "status"},
		{`subscription { flowEvents(after: "other") { type } }`, "invalid_parameter", "after"},
		{`subscription { flowEvents(operation: "full") { type } }`, "too_many_followers", ""},
		{`subscription { flowEvents(operation: "boom") { type } }`, "internal", ""},
		{`subscription { flowEvents(operation: "panic") { type } }`, "internal", ""},
		{`subscription { flowEvents { flow { ` + strings.Repeat("trace { flow { ", 7) + "id" + strings.Repeat(" }", 17), "query_too_deep", ""},
		{`subscription { flowEvents { flow { graph { nodes { id } } } } }`, "query_too_expensive", ""},
		{`subscription { flowEvents { ...e } } fragment e on FlowEvent { f: flow { t: trace { id } } }`, "query_too_expensive", ""},
		{`subscription { flowEvents { ` + manyFields(100) + `} }`, "query_too_large", ""},
		{strings.Repeat(" ", MaxQuery+1), "query_too_large", "query"},
	} {
		c.subscribe("x", r.query)
		c.refused("x", r.code, r.field)
	}
}

func manyFields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "a%d: type ", i)
	}
	return b.String()
}

// There are as many operations on a connection as it may have, and no more.
func TestManyOperations(t *testing.T) {
	f := newFake()
	c := begin(t, f)
	for i := range maxOperations {
		c.subscribe(fmt.Sprint(i), `subscription { flowEvents { type } }`)
		<-f.feeds
	}
	c.subscribe("more", `subscription { flowEvents { type } }`)
	c.refused("more", "too_many_operations", "")
	c.send(`{"type":"complete","id":"3"}`)
	c.subscribe("more", `subscription { flowEvents { type } }`)
	(<-f.feeds).say(`{"type":"heartbeat"}`)
	c.expect(`{"type":"next","id":"more","payload":{"data":{"flowEvents":{"type":"heartbeat"}}}}`)
}

func TestManyConnections(t *testing.T) {
	h := newHandler(t, newFake())
	h.connections.Store(maxConnections)
	r := httptest.NewRequest(http.MethodGet, "/graphql", nil)
	r.Header.Set("Upgrade", "websocket")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), `"code":"too_many_connections"`) {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// Who is connected when the server stops is told to come again, not that all has
// been said.
func TestSocketEndsWithTheServer(t *testing.T) {
	f := newFake()
	c, idle := begin(t, f), begin(t, f)
	c.subscribe("a", `subscription { flowEvents { type } }`)
	close((<-f.feeds).messages)
	c.closed(websocket.StatusGoingAway, "the server is stopping")
	close(f.stopping)
	idle.closed(websocket.StatusGoingAway, "the server is stopping")
}

// A subscription over HTTP is told what it needs.
func TestSubscriptionOverHTTP(t *testing.T) {
	status, a := post(t, newHandler(t, newFake()), `subscription { flowEvents { type } }`, "null")
	if status != 400 || len(a.Errors) != 1 || a.Errors[0].Extensions.Code != "upgrade_required" {
		t.Errorf("%d %+v", status, a.Errors)
	}
}

// newFake is a REST API with messages to follow.
func newFake() *fake {
	f := &fake{feeds: make(chan *fakeFeed, maxOperations), stopping: make(chan struct{})}
	f.closed = sync.NewCond(&f.mu)
	return f
}

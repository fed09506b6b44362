package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/getkin/kin-openapi/openapi3"

	"github.com/flowscope/flowscope/internal/api/rest"
	"github.com/flowscope/flowscope/internal/api/websock"
	"github.com/flowscope/flowscope/internal/live"
	"github.com/flowscope/flowscope/internal/model"
)

// client is a WebSocket client of a fixture.
type client struct {
	t    *testing.T
	doc  *openapi3.T
	conn *websocket.Conn
}

func dial(t *testing.T, h http.Handler) *client {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	conn, _, err := websocket.Dial(t.Context(), server.URL+"/api/v1/ws", nil) //nolint:bodyclose // the connection closes it
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(1 << 20)
	t.Cleanup(func() { conn.CloseNow() }) //nolint:errcheck // the test is over
	return &client{t, loadOpenAPI(t), conn}
}

func (c *client) send(text string) {
	c.t.Helper()
	if err := c.conn.Write(c.t.Context(), websocket.MessageText, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

// next reads a message, which must be of a kind.
func (c *client) next(kind string) map[string]any {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), 10*time.Second)
	defer cancel()
	_, text, err := c.conn.Read(ctx)
	if err != nil {
		c.t.Fatalf("want %s, got %v", kind, err)
	}
	m := fits(c.t, c.doc, "SocketMessage", text)
	if m["type"] != kind {
		c.t.Fatalf("want %s, got %s", kind, text)
	}
	return m
}

func TestSocket(t *testing.T) {
	f := newFixture(t, nil)
	c := dial(t, f)
	c.send(`{"type":"subscribe","id":"logins","filters":{"operation":"login","environment":"production"}}`)
	c.next("subscribed")
	c.send(`{"type":"subscribe","id":"failed","filters":{"status":"error","minDuration":3,"maxDuration":"1s"}}`)
	if m := c.next("subscribed"); m["id"] != "failed" {
		t.Errorf("%v", m)
	}
	open := &model.OpenFlow{TraceID: model.TraceID{1}, Operation: "login", Environment: "production", Start: now.UnixNano() - 7,
		SpanCount: 1, Services: []model.Node{{Name: "web"}}, Current: model.Node{Name: "web"}}
	f.live.Show(open, true)
	f.live.Show(open, false)
	f.live.Complete(counted("pay", model.FlowSuccess), nil)
	f.live.Complete(counted("login", model.FlowError), nil)
	f.live.Flush()
	if m := c.next("flow_start"); fmt.Sprint(m["subscriptions"]) != "[logins]" {
		t.Errorf("%v", m)
	}
	data, _ := c.next("flow_update")["data"].(map[string]any)
	if data["currentService"] != "web" || data["elapsedTime"] != 7.0 || data["partial"] != true || data["progress"] != nil {
		t.Errorf("%v", data)
	}
	if m := c.next("flow_complete"); fmt.Sprint(m["subscriptions"]) != "[logins failed]" {
		t.Errorf("%v", m)
	}
	c.send(`{"type":"unsubscribe","id":"logins"}`)
	c.next("unsubscribed")
	f.live.Complete(counted("login", model.FlowSuccess), nil)
	f.live.Complete(counted("pay", model.FlowError), nil)
	f.live.Flush()
	m := c.next("flow_complete")
	if fmt.Sprint(m["subscriptions"]) != "[failed]" {
		t.Errorf("%v", m)
	}
	c.send(fmt.Sprintf(`{"type":"subscribe","id":"again","cursor":%q}`, m["cursor"]))
	c.next("subscribed")
	c.send(`{"type":"subscribe","id":"again","cursor":"other.1"}`)
	c.next("subscribed")
	if d, _ := c.next("dropped")["data"].(map[string]any); d["reason"] != "gap" {
		t.Errorf("%v", d)
	}
}

// The first answer says where to go on when nothing comes before a cut.
func TestSocketResumesFromItsBeginning(t *testing.T) {
	f := newFixture(t, nil)
	c := dial(t, f)
	c.send(`{"type":"subscribe","id":"a","filters":{"operation":""}}`)
	c.next("error")
	c.send(`{"type":"subscribe","id":"a","filters":{"operation":"login"}}`)
	began := c.next("subscribed")
	c.send(`{"type":"subscribe","id":"b"}`)
	if m := c.next("subscribed"); m["cursor"] != nil {
		t.Errorf("%v passes over what is on its way", m)
	}
	f.live.Complete(counted("login", model.FlowError), nil)
	f.live.Flush()
	again := dial(t, f)
	again.send(fmt.Sprintf(`{"type":"subscribe","id":"a","filters":{"operation":"login"},"cursor":%q}`, began["cursor"]))
	if m := again.next("subscribed"); m["cursor"] != began["cursor"] {
		t.Errorf("%v, then %v", began, m)
	}
	again.next("flow_complete")
}

// What a subscription selects waits for the answer that there is one.
func TestSocketAnswersFirst(t *testing.T) {
	c := dialSocket(t, func(ctx context.Context, f *fixture, k *socket) {
		began := k.follower.Cursor()
		f.live.Complete(counted("login", model.FlowSuccess), nil)
		f.live.Flush()
		k.turn.Lock()
		answer, err := k.answer(websocket.MessageText, fmt.Appendf(nil, `{"type":"subscribe","cursor":%q}`, began))
		var writer sync.WaitGroup
		defer writer.Wait()
		writer.Go(func() { k.write(ctx) }) //nolint:errcheck // it ends with the connection
		for k.follower.Cursor() == began { // until the event is found
			runtime.Gosched()
		}
		if err := errors.Join(err, k.conn.Send(ctx, answer)); err != nil {
			t.Error(err)
		}
		k.turn.Unlock()
	})
	c.next("subscribed")
	c.next("flow_complete")
	c.conn.CloseNow() //nolint:errcheck // the handler ends with it
}

// Nothing comes for a subscription that has ended, nor what one selected before it
// was replaced, also if it was on its way.
func TestSocketForgets(t *testing.T) {
	for answer, text := range map[string]string{
		"unsubscribed": `{"type":"unsubscribe","id":"old"}`,
		"subscribed":   `{"type":"subscribe","id":"old","filters":{"operation":"logout"}}`,
	} {
		c := dialSocket(t, func(ctx context.Context, f *fixture, k *socket) {
			err := errors.Join(k.follower.Subscribe("old", live.Filter{}, ""), k.follower.Subscribe("kept", live.Filter{}, ""))
			f.live.Complete(counted("login", model.FlowSuccess), nil)
			f.live.Flush()
			page, ended := rest.NextPage(ctx, k.follower)
			if err := errors.Join(err, ended, k.respond(ctx, websocket.MessageText, []byte(text)), k.tell(ctx, &page)); err != nil {
				t.Error(err)
			}
		})
		c.next(answer)
		if got := fmt.Sprint(c.next("flow_complete")["subscriptions"]); got != "[kept]" {
			t.Errorf("%s, and then a flow for %s", answer, got)
		}
		c.conn.CloseNow() //nolint:errcheck // the handler ends with it
	}
}

// dialSocket is a client of a socket that does what a test says. It is read until
// the client closes it.
func dialSocket(t *testing.T, do func(context.Context, *fixture, *socket)) *client {
	t.Helper()
	f := newFixture(t, nil)
	return dial(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		follower, err := f.live.Follow()
		if err != nil {
			t.Error(err)
			return
		}
		defer follower.Close()
		conn, err := websock.Accept(w, r, maxMessage)
		if err != nil {
			t.Error(err)
			return
		}
		ctx, cancel := context.WithCancel(r.Context())
		k := &socket{conn: conn, follower: follower}
		var reader sync.WaitGroup
		defer reader.Wait()
		reader.Go(func() { k.read(ctx); cancel() })
		do(ctx, f, k)
	}))
}

func TestSocketProgress(t *testing.T) {
	f := newFixture(t, nil)
	c := dial(t, f)
	c.send(`{"type":"subscribe"}`)
	c.next("subscribed")
	for range 5 {
		f.live.Complete(counted("login", model.FlowSuccess), nil)
	}
	f.live.Show(&model.OpenFlow{Operation: "login", Environment: "production", SpanCount: 1}, false)
	f.live.Flush()
	for range 5 {
		c.next("flow_complete")
	}
	if data, _ := c.next("flow_update")["data"].(map[string]any); data["progress"] != 33.0 || data["progressEstimated"] != true {
		t.Errorf("%v", data)
	}
}

// What is wrong with a message is said, and the connection goes on.
func TestSocketBadMessages(t *testing.T) {
	c := dial(t, newFixture(t, nil))
	for text, want := range map[string]string{
		``:                                 "invalid_message <nil>",
		`{`:                                "invalid_message <nil>",
		`[]`:                               "invalid_message <nil>",
		`{"type":"subscribe"}{}`:           "invalid_message <nil>",
		`{"type":"subscribe"}}`:            "invalid_message <nil>",
		`{"type":"subscribe"}]`:            "invalid_message <nil>",
		`{"type":"subscribe"},`:            "invalid_message <nil>",
		`{"type":"subscribe","what":1}`:    "invalid_message <nil>",
		`{"type":"dance"}`:                 "invalid_parameter type",
		`{"type":"unsubscribe","id":"no"}`: "invalid_parameter id",
		`{"type":"subscribe","id":"` + strings.Repeat("x", 65) + `"}`:     "invalid_parameter id",
		`{"type":"subscribe","filters":{"color":"red"}}`:                  "unknown_parameter filters.color",
		`{"type":"subscribe","filters":{"status":"active"}}`:              "invalid_parameter filters.status",
		`{"type":"subscribe","filters":{"status":["error"]}}`:             "invalid_parameter filters.status",
		`{"type":"subscribe","filters":{"minDuration":-1}}`:               "invalid_parameter filters.minDuration",
		`{"type":"subscribe","filters":{"minDuration":"1 parsec"}}`:       "invalid_parameter filters.minDuration",
		`{"type":"subscribe","filters":{"minDuration":1.5}}`:              "invalid_parameter filters.minDuration",
		`{"type":"subscribe","cursor":"\u0000"}`:                          "invalid_subscription <nil>",
		`{"type":"subscribe","filters":{"minDuration":9e99}}`:             "invalid_parameter filters.minDuration",
		`{"type":"subscribe","filters":{"minDuration":9,"service":1}}`:    "invalid_parameter filters.service",
		`{"type":"subscribe","filters":{"maxDuration":9,"service":null}}`: "",
	} {
		c.send(text)
		if want == "" {
			c.next("subscribed")
			continue
		}
		m := c.next("error")
		if data, _ := m["data"].(map[string]any); fmt.Sprint(data["code"], " ", data["field"]) != want {
			t.Errorf("%s: %v", text, m)
		}
	}
	if err := c.conn.Write(t.Context(), websocket.MessageBinary, []byte(`{"type":"subscribe"}`)); err != nil {
		t.Fatal(err)
	}
	c.next("error")
	for i := range live.MaxSubscriptions - 1 {
		c.send(fmt.Sprintf(`{"type":"subscribe","id":"%d"}`, i))
		c.next("subscribed")
	}
	c.send(`{"type":"subscribe","id":"one more"}`)
	c.next("error")
	c.send(strings.Repeat(" ", maxMessage+1))
	if _, _, err := c.conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
		t.Errorf("after a message that is too long: %v", err)
	}
}

func TestSocketVersion(t *testing.T) {
	f := newFixture(t, nil)
	for _, path := range []string{"/api/v1/ws", "/graphql"} {
		r := httptest.NewRequest(http.MethodGet, path, nil)
		for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "8"} {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		if w.Code != http.StatusUpgradeRequired || w.Header().Get("Sec-WebSocket-Version") != "13" || !strings.Contains(w.Body.String(), `"code":"upgrade_required"`) {
			t.Errorf("%s: %d %v %s", path, w.Code, w.Header(), w.Body)
		}
	}
}

func TestSocketOrigin(t *testing.T) {
	f := newFixture(t, func(c *Config) { c.AllowedHosts = []string{"flows.example.com"} })
	for origin, want := range map[string]int{
		"": 101, "http://localhost:4319": 101, "HTTP://LOCALHOST:4319": 101, "https://flows.example.com": 101, // though a recorder has no connection
		"http://localhost:1": 403, "http://localhost": 403, "https://evil.example.com": 403, "null": 403, "::": 403,
	} {
		r := httptest.NewRequest(http.MethodGet, "/api/v1/ws", nil)
		r.Host = "localhost:4319"
		for name, value := range map[string]string{
			"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
			"Origin": origin,
		} {
			r.Header.Set(name, value)
		}
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		if w.Code != want {
			t.Errorf("origin %q: %d %s", origin, w.Code, w.Body)
		}
	}
}

// A client that reads nothing holds up nobody. When it reads again it is told
// what it missed and given the newest.
func TestSocketSlowClient(t *testing.T) {
	hub := live.New(live.Config{Events: 64})
	t.Cleanup(hub.Close)
	f := newFixture(t, func(c *Config) { c.Live = hub })
	c := dial(t, f)
	c.send(`{"type":"subscribe","id":"all"}`)
	c.next("subscribed")
	big := counted("login", model.FlowSuccess)
	big.Error = strings.Repeat("x", 200_000)
	const all = 5000 // a gigabyte: no socket takes it
	for range all - 1 {
		hub.Complete(big, nil)
		hub.Flush()
	}
	hub.Complete(counted("the last", model.FlowSuccess), nil)
	hub.Flush()
	given, dropped, last := 0, 0.0, false
	for !last {
		_, text, err := c.conn.Read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		m := fits(t, c.doc, "SocketMessage", text)
		data, _ := m["data"].(map[string]any)
		switch n, ok := data["count"].(float64); {
		case ok:
			dropped += n
		default:
			given++
			last = data["operationName"] == "the last"
		}
	}
	if float64(given)+dropped != all || dropped < all/2 {
		t.Errorf("given %d, told of %v dropped, of %d", given, dropped, all)
	}
}

func TestSocketEndsWithTheServer(t *testing.T) {
	f := newFixture(t, nil)
	c := dial(t, f)
	c.send(`{"type":"subscribe","id":"all"}`)
	c.next("subscribed")
	f.live.Close()
	if _, _, err := c.conn.Read(t.Context()); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Error(err)
	}
}

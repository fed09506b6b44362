package graphql

import (
	"context"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/coder/websocket"

	"github.com/flowscope/flowscope/internal/api/rest"
)

// pipe is a listener of one connection in memory, which a test's clock can time.
type pipe struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipe) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipe) Close() error   { close(p.closed); return nil }
func (p *pipe) Addr() net.Addr { return &net.IPAddr{} }

// dialInMemory is dial for a bubble of synctest.
func dialInMemory(t *testing.T, f *fake) *client {
	t.Helper()
	theirs, ours := net.Pipe()
	listener := &pipe{make(chan net.Conn, 1), make(chan struct{})}
	listener.conns <- theirs
	server := &http.Server{Handler: newHandler(t, f)} //nolint:gosec // there is no network
	go server.Serve(listener)                         //nolint:errcheck // it is closed
	transport := &http.Transport{DialContext: func(context.Context, string, string) (net.Conn, error) { return ours, nil }}
	conn, _, err := websocket.Dial(t.Context(), "http://memory/", &websocket.DialOptions{ //nolint:bodyclose // the connection closes it
		HTTPClient: &http.Client{Transport: transport}, Subprotocols: []string{Subprotocol}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		conn.CloseNow() //nolint:errcheck // the test is over
		server.Close()
		f.unfollowed()
	})
	return &client{t, conn}
}

// A client that says nothing at first is sent away, one that has begun may be
// silent as long as it answers pings.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		dialInMemory(t, newFake()).closed(4408, "Connection initialisation timeout")
		if took := time.Since(began); took != initTimeout {
			t.Errorf("after %v", took)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		c := dialInMemory(t, newFake())
		c.send(`{"type":"connection_init"}`)
		c.expect(`{"type":"connection_ack"}`)
		began := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour) // reads pings
		defer cancel()
		if _, _, err := c.conn.Read(ctx); ctx.Err() == nil || time.Since(began) != time.Hour {
			t.Errorf("after %v: %v", time.Since(began), err)
		}
	})
}

// A client that reads nothing loses its connection, and what it followed is let go.
func TestDeadClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake()
		c := dialInMemory(t, f)
		c.send(`{"type":"connection_init"}`)
		c.expect(`{"type":"connection_ack"}`)
		c.subscribe("a", `subscription { flowEvents { type } }`)
		feed := <-f.feeds
		began := time.Now()
		go feed.say(`{"type":"heartbeat"}`, `{"type":"heartbeat"}`)
		f.unfollowed()
		if took := time.Since(began); took < rest.SendTimeout || took > rest.SendTimeout+10*time.Second {
			t.Errorf("after %v", took)
		}
	})
}

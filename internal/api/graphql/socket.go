package graphql

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"github.com/flowscope/flowscope/internal/api/rest"
	"github.com/flowscope/flowscope/internal/api/websock"
)

// Limits of connections.
const (
	// maxOperations may be under way on one: as many as a WebSocket of REST has
	// subscriptions.
	maxOperations = 16
	// maxConnections is as many as may follow. A connection need not follow.
	maxConnections = 2000
	// initTimeout is how long a client may take to say connection_init.
	initTimeout = 10 * time.Second
)

// session is a connection and what is under way on it.
type session struct {
	*handler
	conn  *websock.Conn
	ready atomic.Bool // connection_init came
	tasks sync.WaitGroup

	mu      sync.Mutex
	running map[string]*task

	sending sync.Mutex
}

// serveSocket answers operations over a WebSocket until one side ends it.
func (h *handler) serveSocket(w http.ResponseWriter, r *http.Request) {
	if h.connections.Add(1) > maxConnections {
		h.connections.Add(-1)
		write(w, http.StatusServiceUnavailable, refusal(&Error{Code: "too_many_connections", Detail: "too many are connected already"}))
		return
	}
	defer h.connections.Add(-1)
	conn, err := websock.Accept(w, r, maxBody, Subprotocol)
	if err != nil {
		return // Accept has answered
	}
	if conn.Subprotocol() != Subprotocol {
		conn.Close(closeProtocol, "Subprotocol not acceptable: this endpoint speaks "+Subprotocol) //nolint:errcheck // the client has gone
		return
	}
	s := &session{handler: h, conn: conn, running: map[string]*task{}}
	ctx, cancel := context.WithCancel(r.Context())
	s.tasks.Go(func() { s.watch(ctx) })
	var why *closing
	if err := s.read(ctx); errors.As(err, &why) {
		conn.Close(why.code, why.reason) //nolint:errcheck // the client has gone
	}
	cancel()
	conn.CloseNow() //nolint:errcheck // it is closed already
	s.tasks.Wait()
}

// watch ends the connection when the client does not begin or has gone, and when
// the server stops.
func (s *session) watch(ctx context.Context) {
	begin := time.NewTimer(initTimeout)
	defer begin.Stop()
	alive := time.NewTicker(rest.HeartbeatEvery)
	defer alive.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.Stopping:
			s.stop()
			return
		case <-begin.C:
			if !s.ready.Load() {
				s.conn.Close(closeInitTimeout, "Connection initialisation timeout") //nolint:errcheck // the client has gone
				return
			}
		case <-alive.C:
			if !s.alive(ctx) {
				s.conn.CloseNow() //nolint:errcheck // it is closed already
				return
			}
		}
	}
}

// alive reports whether the client is still there. When a message is being sent it
// has until that one's time is up: a ping behind it would not wait as long. Others
// send while the ping is out, for who reads its answer may have to.
func (s *session) alive(ctx context.Context) bool {
	if !s.sending.TryLock() {
		return true
	}
	s.sending.Unlock()
	return s.conn.Alive(ctx) == nil
}

// stop tells the client to come again.
func (s *session) stop() {
	s.conn.Close(websocket.StatusGoingAway, "the server is stopping") //nolint:errcheck // the client has gone
}

// read deals with the client's messages until the connection ends.
func (s *session) read(ctx context.Context) error {
	for {
		kind, text, err := s.conn.Read(ctx)
		if err != nil {
			return err
		}
		m, err := decode(kind, text)
		if err != nil {
			return err
		}
		if err := s.handle(ctx, &m); err != nil {
			return err
		}
	}
}

func (s *session) handle(ctx context.Context, m *inbound) error {
	switch m.Type {
	case typeInit:
		if s.ready.Swap(true) {
			return &closing{closeInitTwice, "Too many initialisation requests"}
		}
		return s.say(ctx, message{Type: typeAck})
	case typePing:
		return s.say(ctx, message{Type: typePong, Payload: m.payload()})
	case typeSubscribe:
		if !s.ready.Load() {
			return &closing{closeEarly, "Unauthorized: connection_init has to come first"}
		}
		return s.begin(ctx, m.ID, m.request)
	case typeComplete:
		s.complete(m.ID)
	}
	return nil // a pong needs no answer
}

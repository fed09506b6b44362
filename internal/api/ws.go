package api

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"

	"github.com/coder/websocket"

	"github.com/flowscope/flowscope/internal/api/rest"
	"github.com/flowscope/flowscope/internal/api/websock"
	"github.com/flowscope/flowscope/internal/live"
)

// maxMessage is how long a client's message may be: filters are short.
const maxMessage = 16 << 10

// socket answers a WebSocket that follows flows through subscriptions.
func (s *server) socket(r *http.Request) (any, error) {
	if !upgrades(r) {
		return nil, &rest.Problem{Status: http.StatusUpgradeRequired, Code: "upgrade_required", Detail: "this endpoint speaks WebSocket"}
	}
	if err := s.checkOrigin(r); err != nil {
		return nil, err
	}
	return rest.Stream(s.serveSocket), nil
}

// upgrades reports whether a request wants a WebSocket.
func upgrades(r *http.Request) bool { return strings.EqualFold(r.Header.Get("Upgrade"), "websocket") }

// checkOrigin refuses pages that browsers would let open a WebSocket whatever
// their origin is.
func (s *server) checkOrigin(r *http.Request) error {
	if s.allowsOrigin(r.Header.Get("Origin"), r.Host) {
		return nil
	}
	return &rest.Problem{Status: http.StatusForbidden, Code: "forbidden_origin",
		Detail: "pages of another origin may not follow flows; allow its host in the configuration if it should"}
}

// allowsOrigin reports whether pages of an origin may connect: those of this
// host and of the hosts that are allowed. Programs that are no browser send no
// origin.
func (s *server) allowsOrigin(origin, host string) bool {
	if origin == "" {
		return true
	}
	from, err := url.Parse(origin)
	if err != nil || from.Host == "" {
		return false
	}
	if strings.EqualFold(from.Host, host) {
		return true
	}
	for _, allowed := range s.AllowedHosts {
		if hostname(allowed) == hostname(from.Host) {
			return true
		}
	}
	return false
}

func (s *server) serveSocket(w http.ResponseWriter, r *http.Request) {
	f, err := rest.Follow(s.Live)
	if err != nil {
		rest.WriteProblem(w, r, err)
		return
	}
	defer f.Close()
	conn, err := websock.Accept(w, r, maxMessage)
	if err != nil {
		return // Accept has answered
	}
	k := &socket{conn: conn, follower: f}
	ctx, cancel := context.WithCancel(r.Context())
	var reader sync.WaitGroup
	reader.Go(func() {
		defer cancel()
		k.read(ctx)
	})
	if err := k.write(ctx); errors.Is(err, live.ErrClosed) {
		conn.Close(websocket.StatusGoingAway, live.ErrClosed.Error()) //nolint:errcheck // the client has gone
	}
	cancel()
	conn.CloseNow() //nolint:errcheck // it is closed already
	reader.Wait()
}

// socket is a connection and what it follows.
type socket struct {
	conn     *websock.Conn
	follower *live.Follower

	turn       sync.Mutex // of who writes: an answer comes before what follows from it
	subscribed bool       // at least once. Of the goroutine that reads
}

// message is what a server sends.
type message struct {
	Type          string   `json:"type"`
	ID            string   `json:"id,omitempty"`            // of the subscription that is answered
	Subscriptions []string `json:"subscriptions,omitempty"` // that select the flow
	Cursor        string   `json:"cursor,omitempty"`
	Data          any      `json:"data,omitempty"`
}

// write sends what the follower is told until one side ends it. With a heartbeat
// it asks whether the client lives.
func (k *socket) write(ctx context.Context) error {
	for {
		page, err := rest.NextPage(ctx, k.follower)
		if err != nil {
			return err
		}
		if err := k.tell(ctx, &page); err != nil {
			return err
		}
		if rest.Quiet(&page) {
			if err := k.conn.Alive(ctx); err != nil {
				return err
			}
		}
	}
}

// tell sends a page, when what the client asked for meanwhile was answered.
func (k *socket) tell(ctx context.Context, page *live.Page) error {
	k.turn.Lock()
	defer k.turn.Unlock()
	k.follower.Retain(page)
	return websock.SendAll(ctx, k.conn, messagesOf(k.follower, page))
}

// messagesOf is what a page of a follower says: a heartbeat when it is empty.
func messagesOf(f *live.Follower, page *live.Page) []message {
	if rest.Quiet(page) {
		return []message{{Type: "heartbeat", Cursor: f.Cursor()}}
	}
	out := make([]message, 0, len(page.Dropped)+len(page.Events))
	for _, d := range page.Dropped {
		out = append(out, message{Type: "dropped", Data: rest.DroppedData(d)})
	}
	for _, e := range page.Events {
		out = append(out, message{
			Type: e.Kind.String(), Subscriptions: e.Subscriptions, Cursor: e.Cursor, Data: rest.EventData(&e.Event),
		})
	}
	return out
}

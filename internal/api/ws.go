package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/flowscope/flowscope/internal/api/rest"
	"github.com/flowscope/flowscope/internal/live"
)

// maxMessage is how long a client's message may be: filters are short.
const maxMessage = 16 << 10

// socket answers a WebSocket that follows flows through subscriptions.
func (s *server) socket(r *http.Request) (any, error) {
	if !strings.EqualFold(r.Header.Get("Upgrade"), "websocket") {
		return nil, &rest.Problem{Status: http.StatusUpgradeRequired, Code: "upgrade_required", Detail: "this endpoint speaks WebSocket"}
	}
	if origin := r.Header.Get("Origin"); !s.allowsOrigin(origin, r.Host) {
		return nil, &rest.Problem{Status: http.StatusForbidden, Code: "forbidden_origin",
			Detail: "pages of another origin may not follow flows; allow its host in the configuration if it should"}
	}
	return rest.Stream(s.serveSocket), nil
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
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{InsecureSkipVerify: true}) // allowsOrigin has verified
	if err != nil {
		return // Accept has answered
	}
	conn.SetReadLimit(maxMessage)
	k := &socket{conn: conn, follower: f, now: s.Now}
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
	conn     *websocket.Conn
	follower *live.Follower
	now      func() time.Time
}

// message is what a server sends.
type message struct {
	Type          string   `json:"type"`
	ID            string   `json:"id,omitempty"`            // of the subscription that is answered
	Subscriptions []string `json:"subscriptions,omitempty"` // that select the flow
	Cursor        string   `json:"cursor,omitempty"`
	Data          any      `json:"data,omitempty"`
}

// send fails when the socket takes nothing for long.
func (k *socket) send(ctx context.Context, m message) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, rest.SendTimeout)
	defer cancel()
	return k.conn.Write(ctx, websocket.MessageText, text)
}

// write sends what the follower is told until one side ends it.
func (k *socket) write(ctx context.Context) error {
	for {
		page, err := rest.NextPage(ctx, k.follower)
		if errors.Is(err, rest.ErrQuiet) {
			err = k.heartbeat(ctx)
		}
		if err != nil {
			return err
		}
		if err := k.sendPage(ctx, &page); err != nil {
			return err
		}
	}
}

// heartbeat says that the connection lives, and asks whether the client does.
func (k *socket) heartbeat(ctx context.Context) error {
	if err := k.send(ctx, message{Type: "heartbeat"}); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, rest.SendTimeout)
	defer cancel()
	return k.conn.Ping(ctx)
}

func (k *socket) sendPage(ctx context.Context, page *live.Page) error {
	for _, d := range page.Dropped {
		if err := k.send(ctx, message{Type: "dropped", Data: rest.DroppedData(d)}); err != nil {
			return err
		}
	}
	for _, e := range page.Events {
		m := message{Type: e.Kind.String(), Subscriptions: e.Subscriptions, Cursor: e.Cursor, Data: rest.EventData(&e.Event, k.now())}
		if err := k.send(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// Package websock is what the WebSockets of the API have in common: messages are
// texts of JSON, one that is too long ends the connection, and a client that
// takes nothing for long loses it instead of holding up the server.
//
// Who may connect is for the caller to check before Accept.
package websock

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"

	"github.com/coder/websocket"

	"github.com/flowscope/flowscope/internal/api/rest"
)

// Conn is a connection. Its methods may be called by several goroutines, except
// that one reads.
type Conn struct {
	*websocket.Conn
	wire *corkable // below it
}

// Accept makes a connection of a request whose origin has been checked. When it
// fails it has answered. maxMessage bounds what the client may send, in bytes;
// protocols are those it may choose from.
func Accept(w http.ResponseWriter, r *http.Request, maxMessage int64, protocols ...string) (*Conn, error) {
	if version := r.Header.Get("Sec-Websocket-Version"); version != "13" {
		w.Header().Set("Sec-Websocket-Version", "13")
		err := &rest.Problem{Status: http.StatusUpgradeRequired, Code: "upgrade_required", Detail: "a WebSocket of version 13 is accepted"}
		rest.WriteProblem(w, r, err)
		return nil, err
	}
	corking := &corking{ResponseWriter: w}
	conn, err := websocket.Accept(corking, r, &websocket.AcceptOptions{Subprotocols: protocols, InsecureSkipVerify: true})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(maxMessage)
	return &Conn{conn, corking.conn}, nil
}

// Send sends a message in JSON. The connection is lost when ctx ends meanwhile,
// and when its socket takes nothing for rest.SendTimeout.
func (c *Conn) Send(ctx context.Context, message any) error {
	ctx, cancel := context.WithTimeout(ctx, rest.SendTimeout)
	defer cancel()
	return c.put(ctx, message)
}

// put is Send while the wire is corked, or ctx ends in time.
func (c *Conn) put(ctx context.Context, message any) error {
	text, err := json.Marshal(message)
	if err != nil {
		return err
	}
	return c.Write(ctx, websocket.MessageText, text)
}

// SendAll sends messages as Send does, together.
func SendAll[T any](ctx context.Context, c *Conn, messages []T) error {
	c.wire.cork()
	var err error
	for i := 0; i < len(messages) && err == nil; i++ {
		err = c.put(ctx, messages[i])
	}
	return errors.Join(err, c.wire.uncork())
}

// Alive asks whether the client is still there. Somebody has to read meanwhile.
func (c *Conn) Alive(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, rest.SendTimeout)
	defer cancel()
	return c.Ping(ctx)
}

package websock

import (
	"bufio"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/flowscope/flowscope/internal/api/rest"
)

// corkable is a connection whose writes can be held back to be sent together: a
// WebSocket writes every message by itself, and a write costs as much as making
// the message. It may be used by several goroutines.
type corkable struct {
	net.Conn
	mu     sync.Mutex
	corked bool
	held   []byte // empty when it is not corked
}

// maxHeld bounds what is held back.
const maxHeld = 64 << 10

func (c *corkable) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.corked {
		return c.Conn.Write(p)
	}
	c.held = append(c.held, p...)
	if len(c.held) < maxHeld {
		return len(p), nil
	}
	return len(p), c.sendLocked()
}

// cork holds back what is written until uncork.
func (c *corkable) cork() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corked = true
}

// uncork sends what was held back. It fails when the socket takes nothing for long.
func (c *corkable) uncork() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.corked = false
	return c.sendLocked()
}

func (c *corkable) sendLocked() error {
	if len(c.held) == 0 {
		return nil
	}
	if err := c.SetWriteDeadline(time.Now().Add(rest.SendTimeout)); err != nil {
		return err
	}
	_, err := c.Conn.Write(c.held)
	if c.held = c.held[:0]; cap(c.held) > maxHeld/4 {
		c.held = nil // a connection mostly sends little, and there may be thousands
	}
	if err == nil {
		err = c.SetWriteDeadline(time.Time{})
	}
	return err
}

// corking gives out the connection of a request as one that can be corked.
type corking struct {
	http.ResponseWriter
	conn *corkable
}

// Hijack implements http.Hijacker.
func (w *corking) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.conn = &corkable{Conn: conn}
	buffered.Writer.Reset(w.conn)
	return w.conn, buffered, nil
}

package client

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"time"
)

const (
	// quietLimit is how long a server that pushes may say nothing: three of its
	// heartbeats.
	quietLimit = 45 * time.Second
	// maxLine bounds a line. A flow with a hundred services is some 5 KB.
	maxLine = 1 << 20
	// maxRemembered bounds the flows that are recognised when late spans make them
	// come again.
	maxRemembered = 10_000
)

// pushed is what is remembered between connections.
type pushed struct {
	cursor       string // goes on behind the last flow or heartbeat
	newer, older map[string]bool
}

// isNew reports whether a flow was not seen among the last, and remembers it.
func (p *pushed) isNew(id string) bool {
	if p.newer[id] || p.older[id] {
		return false
	}
	if p.newer == nil || len(p.newer) >= maxRemembered/2 {
		p.older, p.newer = p.newer, map[string]bool{}
	}
	p.newer[id] = true
	return true
}

// follow prints what the server pushes until the connection ends. It always fails.
func (t *tail) follow(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	quiet := time.AfterFunc(quietLimit, func() { cancel(fmt.Errorf("nothing came for %s", quietLimit)) })
	defer quiet.Stop()

	ask := url.Values{}
	maps.Copy(ask, t.params)
	ask.Set("follow", "true")
	if t.pushed.cursor != "" {
		ask.Set("cursor", t.pushed.cursor)
	}
	endless := &http.Client{Transport: t.client.http.Transport} // without the time limit of an answer
	body, err := t.client.open(ctx, endless, "flows", ask)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, body.Close()) }()
	lines := bufio.NewScanner(body)
	lines.Buffer(nil, maxLine)
	for lines.Scan() {
		quiet.Reset(quietLimit)
		if err := t.line(lines.Bytes()); err != nil {
			return err
		}
	}
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the answer of %s: %w", t.client, err)
	}
	return fmt.Errorf("read the answer of %s: %w", t.client, io.ErrUnexpectedEOF)
}

// line deals with one line. Kinds that it does not know are of a newer server.
func (t *tail) line(text []byte) error {
	var about struct {
		Type   string  `json:"type"`
		Cursor string  `json:"cursor"`
		Count  *uint64 `json:"count"`
		Reason string  `json:"reason"`
	}
	if err := json.Unmarshal(text, &about); err != nil {
		return fmt.Errorf("read the answer of %s: %w", t.client, err)
	}
	if err := t.answered(); err != nil {
		return err
	}
	if about.Cursor != "" {
		t.pushed.cursor = about.Cursor
	}
	switch about.Type {
	case "flow_complete":
		f := &Row[Flow]{}
		if err := json.Unmarshal(text, f); err != nil {
			return fmt.Errorf("read the answer of %s: flow: %w", t.client, err)
		}
		if t.pushed.isNew(f.Of.ID) {
			return t.out.flow(f)
		}
	case "dropped":
		if about.Count == nil {
			return t.out.note("dropped: some flows, nobody knows how many (%s)", cell(about.Reason))
		}
		return t.out.note("dropped: at most %d flows (%s)", *about.Count, cell(about.Reason))
	}
	return nil
}

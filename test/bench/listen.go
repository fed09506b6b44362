package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/coder/websocket"
)

// filters are the conditions of a subscription.
type filters map[string]string

// listener is a WebSocket that reads what it is told and counts it.
type listener struct {
	conn *websocket.Conn

	events  atomic.Int64 // of all kinds
	dropped atomic.Int64 // announced
}

// audience are WebSockets that listen side by side.
type audience struct {
	all     []*listener
	reading sync.WaitGroup
}

// listen opens a WebSocket for each list of filters, with a subscription for
// each of them, and waits until all are confirmed. The audience must be closed.
func (s *server) listen(ctx context.Context, of [][]filters) (*audience, error) {
	a := &audience{}
	for _, subscriptions := range of {
		l, err := s.subscribe(ctx, subscriptions)
		if err != nil {
			a.close()
			return nil, err
		}
		a.all = append(a.all, l)
	}
	for _, l := range a.all {
		a.reading.Go(func() { l.read(ctx) })
	}
	return a, nil
}

func (s *server) subscribe(ctx context.Context, of []filters) (*listener, error) {
	conn, _, err := websocket.Dial(ctx, "http://"+s.http+"/api/v1/ws", nil) //nolint:bodyclose // the connection closes it
	if err != nil {
		return nil, fmt.Errorf("open a WebSocket: %w", err)
	}
	l := &listener{conn: conn}
	for i, f := range of {
		text, err := json.Marshal(map[string]any{"type": "subscribe", "id": fmt.Sprint(i), "filters": f})
		if err == nil {
			err = conn.Write(ctx, websocket.MessageText, text)
		}
		if err != nil {
			return nil, errors.Join(err, conn.CloseNow())
		}
	}
	for confirmed := 0; confirmed < len(of); {
		_, text, err := conn.Read(ctx)
		switch {
		case err != nil:
			return nil, fmt.Errorf("subscribe: %w", err)
		case bytes.HasPrefix(text, []byte(`{"type":"subscribed"`)):
			confirmed++
		default:
			l.hear(text)
		}
	}
	return l, nil
}

func (l *listener) read(ctx context.Context) {
	for {
		_, text, err := l.conn.Read(ctx)
		if err != nil {
			return
		}
		l.hear(text)
	}
}

// hear counts a message. Only what is dropped is looked into: this process
// shares its processors with the server that it measures.
func (l *listener) hear(text []byte) {
	switch {
	case bytes.HasPrefix(text, []byte(`{"type":"flow_`)):
		l.events.Add(1)
	case bytes.HasPrefix(text, []byte(`{"type":"dropped"`)):
		var m struct{ Data struct{ Count int64 } }
		if json.Unmarshal(text, &m) == nil {
			l.dropped.Add(m.Data.Count)
		}
	}
}

// close ends all connections and waits for their readers.
func (a *audience) close() {
	for _, l := range a.all {
		_ = l.conn.CloseNow() // what it was to tell was told
	}
	a.reading.Wait()
}

// heard is what all were told of together.
func (a *audience) heard() (events, dropped int64) {
	for _, l := range a.all {
		events += l.events.Load()
		dropped += l.dropped.Load()
	}
	return events, dropped
}

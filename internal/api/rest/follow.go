package rest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/flowscope/flowscope/internal/live"
	"github.com/flowscope/flowscope/internal/model"
)

const (
	ndjsonType = "application/x-ndjson"
	// HeartbeatEvery is how long nothing may be sent: shorter than proxies wait.
	HeartbeatEvery = 15 * time.Second
	// SendTimeout is how long a client's socket may take nothing.
	SendTimeout = 30 * time.Second
)

// Stream is an answer that goes on until one side ends it. The request has no
// deadline.
type Stream func(w http.ResponseWriter, r *http.Request)

// LiveFilter reads the parameters that select what to follow.
func LiveFilter(values url.Values) (live.Filter, error) {
	p := &params{values: values}
	f := p.liveFilter()
	return f, p.done()
}

// liveFilter reads what selects events, as flowQuery reads what selects flows.
func (p *params) liveFilter() live.Filter {
	q := p.flowFilter()
	if i := p.oneOf("status", flowStatuses()...); i >= 0 {
		status := model.FlowStatus(i)
		q.Status = &status
	}
	return live.Filter{
		Operation: q.Operation, Environment: q.Environment, Service: q.Service, Namespace: q.Namespace,
		Status: q.Status, MinDuration: q.MinDuration, MaxDuration: q.MaxDuration,
	}
}

// Follow begins to follow what happens to flows.
func Follow(hub *live.Hub) (*live.Follower, error) {
	f, err := hub.Follow()
	switch {
	case errors.Is(err, live.ErrFull):
		return nil, &Problem{Status: http.StatusServiceUnavailable, Code: "too_many_followers", Detail: err.Error()}
	case err != nil:
		return nil, &Problem{Status: http.StatusServiceUnavailable, Code: "stopping", Detail: err.Error()}
	}
	return f, nil
}

// FollowOne begins to follow what parameters select, from their cursor on if they
// have one.
func FollowOne(hub *live.Hub, now time.Time, values url.Values) (*live.Follower, error) {
	p := &params{values: values, now: now}
	filter, cursor := p.liveFilter(), p.text("cursor")
	if err := p.done(); err != nil {
		return nil, err
	}
	return followOne(hub, filter, cursor)
}

// followOne begins to follow with one subscription, whose id is empty.
func followOne(hub *live.Hub, filter live.Filter, cursor string) (*live.Follower, error) {
	f, err := Follow(hub)
	if err != nil {
		return nil, err
	}
	if err := f.Subscribe("", filter, cursor); err != nil {
		f.Close()
		return nil, BadParameter("cursor", err.Error())
	}
	return f, nil
}

// followFlows answers with every flow that is counted from now on, a line each.
func (a *API) followFlows(p *params) (any, error) {
	filter, cursor := p.liveFilter(), p.text("cursor")
	if err := p.done(); err != nil {
		return nil, err
	}
	filter.CompleteOnly = true
	return Stream(func(w http.ResponseWriter, r *http.Request) {
		f, err := followOne(a.cfg.Live, filter, cursor)
		if err != nil {
			WriteProblem(w, r, err)
			return
		}
		defer f.Close()
		w.Header().Set("Content-Type", ndjsonType)
		w.WriteHeader(http.StatusOK)
		if r.Method == http.MethodHead {
			return
		}
		first := heartbeatLine{"heartbeat", cmp.Or(cursor, f.Cursor())}
		writeLines(r.Context(), &lines{w, http.NewResponseController(w)}, f, first)
	}), nil
}

// writeLines writes what a follower is told until it ends or the client goes.
func writeLines(ctx context.Context, out *lines, f *live.Follower, first heartbeatLine) {
	err := out.write([]any{first}) // the client knows that it follows
	for err == nil {
		var page live.Page
		if page, err = NextPage(ctx, f); err == nil {
			err = out.write(linesOf(f, &page))
		}
	}
}

// NextPage waits for something to tell a follower. A page with nothing, one that
// is Quiet, says that it is time for a heartbeat.
func NextPage(ctx context.Context, f *live.Follower) (live.Page, error) {
	limited, cancel := context.WithTimeout(ctx, HeartbeatEvery)
	defer cancel()
	page, err := f.Next(limited)
	if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
		return live.Page{}, nil
	}
	return page, err
}

// Quiet reports whether a page tells nothing.
func Quiet(page *live.Page) bool { return len(page.Dropped)+len(page.Events) == 0 }

// heartbeatLine has a cursor for those that nothing has come for: what comes
// while they are cut off is not lost to them either.
type heartbeatLine struct {
	Type   string `json:"type"`
	Cursor string `json:"cursor"`
}

type droppedLine struct {
	Type string `json:"type"`
	dropped
}

// dropped is how many events were left out, and why.
type dropped struct {
	Count  *uint64     `json:"count,omitempty"` // at most so many; absent when nobody can know
	Reason live.Reason `json:"reason"`
}

func droppedOf(d live.Dropped) dropped {
	if d.Reason == live.Gap {
		return dropped{Reason: d.Reason}
	}
	return dropped{&d.Count, d.Reason}
}

type flowLine struct {
	Type   string `json:"type"`
	Cursor string `json:"cursor"`
	countedFlow
}

// countedFlow is a flow that was counted, or counted again.
type countedFlow struct {
	flow
	Revision uint32 `json:"revision"`
}

func countedFlowOf(f *model.FlowSummary) countedFlow { return countedFlow{flowOf(f), f.Revision} }

// DroppedData is how a client is told that events were left out.
func DroppedData(d live.Dropped) any { return droppedOf(d) }

// EventData is how a client is told what happened to a flow.
func EventData(e *live.Event) any {
	if e.Flow != nil {
		return countedFlowOf(e.Flow)
	}
	return openFlowOf(e.Open, max(0, time.Duration(e.At-e.Open.Start)), e.Progress)
}

// linesOf is what a page of a follower says: a heartbeat when it is empty.
func linesOf(f *live.Follower, page *live.Page) []any {
	if Quiet(page) {
		return []any{heartbeatLine{"heartbeat", f.Cursor()}}
	}
	var out []any
	for _, d := range page.Dropped {
		out = append(out, droppedLine{"dropped", droppedOf(d)})
	}
	for _, e := range page.Events {
		out = append(out, flowLine{e.Kind.String(), e.Cursor, countedFlowOf(e.Flow)})
	}
	return out
}

// lines is where JSON lines go.
type lines struct {
	http.ResponseWriter
	control *http.ResponseController
}

// write sends values at once, a line each.
func (l *lines) write(values []any) error {
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	for _, v := range values {
		if err := encoder.Encode(v); err != nil {
			return err
		}
	}
	if err := l.control.SetWriteDeadline(time.Now().Add(SendTimeout)); err != nil && !errors.Is(err, http.ErrNotSupported) {
		return err
	}
	if _, err := l.Write([]byte(text.String())); err != nil {
		return err
	}
	return l.control.Flush()
}

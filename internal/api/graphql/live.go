package graphql

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	gg "github.com/graph-gophers/graphql-go"
)

// Follow begins to follow flows, with the parameters of REST and cursor. An error
// that is an [Error] is shown as it is, others are not.
type Follow func(ctx context.Context, now time.Time, params url.Values) (Feed, error)

// Feed is what a WebSocket of REST sends about one subscription.
type Feed interface {
	// Next waits for messages. It fails when ctx ends, and when the server does.
	Next(ctx context.Context) ([]Message, error)
	Close()
}

// Message is one of REST's WebSocket. Data is in JSON.
type Message struct {
	Type, Cursor string
	Data         []byte
}

type followArgs struct {
	Operation, Environment, Service, Namespace, Status, MinDuration, MaxDuration *string
	After                                                                        *string
}

type flowEvent struct {
	Type     string
	Cursor   *string
	Revision *int32
	Flow     *flow
	OpenFlow *openFlow
	Dropped  *dropped
}

type openFlow struct {
	ID             gg.ID `json:"flowId"`
	TraceID        gg.ID
	OperationName  string
	Environment    string
	StartTime      instant
	ElapsedTime    nanoseconds
	RootService    gg.ID
	RootName       string
	CurrentService gg.ID
	SpanCount      int32
	ServiceCount   int32
	ErrorCount     int32
	Services       []gg.ID
	Partial        bool
	Progress       *int32
	Estimated      bool `json:"progressEstimated"`
}

// ProgressEstimated is whether there is a progress: it is nothing else.
func (f *openFlow) ProgressEstimated() bool { return f.Estimated }

type dropped struct {
	Count  *whole
	Reason string
}

func (m *Message) event() (*flowEvent, error) {
	e := &flowEvent{Type: m.Type}
	if m.Cursor != "" {
		e.Cursor = &m.Cursor
	}
	switch m.Type {
	case "flow_start", "flow_update":
		e.OpenFlow = &openFlow{}
		return e, json.Unmarshal(m.Data, e.OpenFlow)
	case "flow_complete":
		var counted struct {
			flow
			Revision int32
		}
		e.Flow, e.Revision = &counted.flow, &counted.Revision
		return e, json.Unmarshal(m.Data, &counted)
	case "dropped":
		e.Dropped = &dropped{}
		return e, json.Unmarshal(m.Data, e.Dropped)
	}
	return e, nil
}

// FlowEvents begins to follow. What comes is sent to the channel by the
// subscription, which owns the feed.
func (*root) FlowEvents(ctx context.Context, args followArgs) (<-chan *flowEvent, error) {
	s, _ := ctx.Value(subscriptionKey{}).(*subscription) // whoever subscribes has one
	params := paramsOf(args)
	if args.After != nil {
		params.Del("after")
		params.Set("cursor", *args.After)
	}
	feed, err := s.follow(ctx, s.now, params)
	if err != nil {
		return nil, cursorFault(err)
	}
	s.feed = feed
	return s.events, nil
}

// rehearsal has the subscriptions as mutations, each answering with an event that
// says nothing. A subscription that is a mutation of it is one that can be executed,
// and its variables then have their defaults, which the library leaves out when it
// subscribes.
type rehearsal struct{ root }

// rehearsalText is the schema with Subscription for mutations.
func rehearsalText() string {
	return strings.Replace(schemaText, "  subscription: Subscription\n", "  mutation: Subscription\n", 1)
}

// FlowEvents refuses what would read for every event.
func (*rehearsal) FlowEvents(ctx context.Context, _ followArgs) (*flowEvent, error) {
	var ofFlow []string
	for _, path := range gg.SelectedFieldNames(ctx) {
		if name, found := strings.CutPrefix(path, "flow."); found {
			ofFlow = append(ofFlow, name)
		}
	}
	if len(kindsBelow(ofFlow)) > 0 {
		return nil, &Error{Code: tooExpensive,
			Detail: "an event costs no reads: ask for the fields that cost one with flow(flowId:), on the same connection if you like"}
	}
	return &flowEvent{Type: "heartbeat"}, nil
}

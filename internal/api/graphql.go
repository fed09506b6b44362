package api

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"time"

	"github.com/flowscope/flowscope/internal/api/graphql"
	"github.com/flowscope/flowscope/internal/api/rest"
	"github.com/flowscope/flowscope/internal/live"
)

// graphql is the handler of /graphql, over the answers of the REST API and the
// messages of its WebSocket.
func (s *server) graphql() (http.Handler, error) {
	read := func(ctx context.Context, now time.Time, endpoint, name string, values url.Values) ([]byte, error) {
		body, err := s.rest.Read(ctx, now, endpoint, name, values)
		if err != nil {
			return nil, s.graphqlError(ctx, err)
		}
		return body, nil
	}
	h, err := graphql.New(graphql.Config{
		REST: read, Follow: s.feed, Stopping: s.Live.Done(), Logger: s.Logger, Now: s.Now, Timeout: s.Timeout,
	})
	if err != nil {
		return nil, err
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if upgrades(r) {
			if err := s.checkOrigin(r); err != nil {
				rest.WriteProblem(w, r, err)
				return
			}
			rest.NoteStream(r.Context())
		}
		h.ServeHTTP(w, r)
	}), nil
}

// feed is a follower with one subscription, whose messages are what a WebSocket
// is sent.
type feed struct {
	*live.Follower
	began string // a cursor, until it is told
}

// eventCost is what an event costs in GraphQL, in those of a WebSocket: decoding,
// executing and encoding take 30 to 50 µs where encoding takes 5, and both write.
const eventCost = 4

func (s *server) feed(ctx context.Context, now time.Time, values url.Values) (graphql.Feed, error) {
	f, err := rest.FollowOne(s.Live, now, values)
	if err != nil {
		return nil, s.graphqlError(ctx, err)
	}
	f.Weigh(eventCost)
	return &feed{f, cmp.Or(values.Get("cursor"), f.Cursor())}, nil
}

// Next is a page as messages. The first one says that it follows, and where to go on
// when nothing comes before a cut.
func (f *feed) Next(ctx context.Context) ([]graphql.Message, error) {
	if f.began != "" {
		first := graphql.Message{Type: "heartbeat", Cursor: f.began}
		f.began = ""
		return []graphql.Message{first}, nil
	}
	page, err := rest.NextPage(ctx, f.Follower)
	if err != nil {
		return nil, err
	}
	messages := messagesOf(f.Follower, &page)
	out := make([]graphql.Message, len(messages))
	for i, m := range messages {
		out[i] = graphql.Message{Type: m.Type, Cursor: m.Cursor}
		if out[i].Data, err = json.Marshal(m.Data); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// graphqlError is a problem as GraphQL says it. What the client is not told
// goes to the request's log record.
func (s *server) graphqlError(ctx context.Context, err error) error {
	p := rest.ProblemOf(err)
	if p.Status >= http.StatusInternalServerError {
		rest.NoteFailure(ctx, s.Logger, err)
	}
	return &graphql.Error{Code: p.Code, Field: p.Field, Detail: p.Detail}
}

package inprocess

import (
	"context"
	"net/http"
	"sync"
)

// shutdowns ends the requests that follow flows when their server shuts down:
// it waits for its requests, and these would last for ever.
type shutdowns struct {
	mu sync.Mutex
	of map[*http.Server]context.Context // that ends with it
}

// bind is r as it ends with its server. The function is to be called when r has
// been answered.
func (s *shutdowns) bind(r *http.Request) (*http.Request, context.CancelFunc) {
	server, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	if !ok {
		return r, func() {}
	}
	ctx, cancel := context.WithCancel(r.Context())
	stop := context.AfterFunc(s.until(server), cancel)
	return r.WithContext(ctx), func() { stop(); cancel() }
}

func (s *shutdowns) until(server *http.Server) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if ctx, known := s.of[server]; known {
		return ctx
	}
	if s.of == nil {
		s.of = map[*http.Server]context.Context{}
	}
	ctx, end := context.WithCancel(context.Background())
	server.RegisterOnShutdown(func() {
		end()
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.of, server)
	})
	s.of[server] = ctx //nolint:fatcontext // it is of the server, in no other
	return ctx
}

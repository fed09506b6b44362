package graphql

import (
	"context"
	"errors"
	"fmt"

	gg "github.com/graph-gophers/graphql-go"
)

// task is an operation under way on a connection.
type task struct {
	id     string
	cancel context.CancelFunc
}

// begin executes an operation beside the others.
func (s *session) begin(ctx context.Context, id string, q request) error {
	own, cancel := context.WithCancel(ctx)
	t := &task{id, cancel}
	err := s.add(t)
	if err == nil {
		s.tasks.Go(func() {
			defer cancel()
			s.execute(own, t, q)
		})
		return nil
	}
	cancel()
	var fault *Error
	if errors.As(err, &fault) {
		return s.say(ctx, message{Type: typeError, ID: id, Payload: refusal(fault).Errors})
	}
	return err
}

// add refuses an id that is in use, and more operations than are accepted.
func (s *session) add(t *task) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.running[t.id] != nil:
		return &closing{closeDuplicate, "Subscriber for " + t.id + " already exists"}
	case len(s.running) >= maxOperations:
		return &Error{Code: "too_many_operations",
			Detail: fmt.Sprintf("there are %d operations under way already, no more are accepted on a connection", maxOperations)}
	}
	s.running[t.id] = t
	return nil
}

// remove frees a task's id. It reports false when the client has completed it.
func (s *session) remove(t *task) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running[t.id] != t {
		return false
	}
	delete(s.running, t.id)
	return true
}

// complete ends an operation for the client, whose id is free at once.
func (s *session) complete(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.running[id]; t != nil {
		t.cancel()
		delete(s.running, id)
	}
}

// execute answers an operation. Its id is free again before the client can know
// that it has ended.
func (s *session) execute(ctx context.Context, t *task, q request) {
	end := message{Type: typeComplete, ID: t.id}
	failed, err := s.answers(ctx, t, q)
	if failed != nil {
		end = message{Type: typeError, ID: t.id, Payload: failed.Errors}
	}
	switch {
	case err != nil && ctx.Err() == nil:
		s.stop()
	case s.remove(t) && err == nil:
		s.say(ctx, end) //nolint:errcheck // the reader sees it, too
	}
}

// answers gives the client every answer of an operation, or returns that it could
// not be executed. It fails when the operation was ended.
func (s *session) answers(ctx context.Context, t *task, q request) (failed *gg.Response, err error) {
	next := func(answer *gg.Response) error {
		return s.say(ctx, message{Type: typeNext, ID: t.id, Payload: answer})
	}
	fault := q.check()
	switch {
	case fault != nil:
		return refusal(fault), nil
	case q.subscribes():
		return s.subscribe(ctx, q, next)
	}
	answer := s.answer(ctx, q)
	if !executed(answer) {
		return answer, ctx.Err()
	}
	return nil, next(answer)
}

// say sends a message unless ctx has ended: that of an operation, which the client
// may have completed.
func (s *session) say(ctx context.Context, m message) error {
	s.sending.Lock()
	defer s.sending.Unlock()
	if err := ctx.Err(); err != nil {
		return err
	}
	return s.conn.Send(context.WithoutCancel(ctx), m) // or what is under way would be cut, and the connection with it
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/flowscope/flowscope/flow"
)

// partner is a service of another company.
type partner struct {
	name   string // in the flow graph; else its address would be there
	url    string
	client http.Client
}

func newPartner(name, url string) *partner {
	return &partner{name: name, url: url, client: http.Client{
		Transport: flow.Transport(nil), // records each request, and hands the flow on
		Timeout:   time.Second,
	}}
}

// refusedError is a partner's answer that is not a success.
type refusedError struct {
	partner string
	status  int
}

func (e *refusedError) Error() string {
	return fmt.Sprintf("%s answered %d %s", e.partner, e.status, http.StatusText(e.status))
}

// post sends in and waits for an answer. It is an operation by the name of what
// it is for, around that of the request.
func (p *partner) post(ctx context.Context, what, path string, in any) (err error) {
	ctx, op := flow.Start(ctx, what, flow.String("peer.service", p.name))
	defer op.End()
	defer func() { op.Fail(err) }()
	body, err := json.Marshal(in)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	r.Header.Set("Content-Type", "application/json")
	answer, err := p.client.Do(r)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	defer answer.Body.Close()
	if answer.StatusCode >= http.StatusBadRequest {
		return &refusedError{p.name, answer.StatusCode}
	}
	return nil
}

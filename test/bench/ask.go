package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/flowscope/flowscope/internal/load"
)

// get fetches a path of the API. A status other than 200 is an error.
func (s *server) get(ctx context.Context, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.http+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s: %s", path, response.Status, body)
	}
	return body, err
}

// timed is get and how long the round trip took.
func (s *server) timed(ctx context.Context, path string) ([]byte, time.Duration, error) {
	begun := time.Now()
	body, err := s.get(ctx, path)
	return body, time.Since(begun), err
}

// metrics reads unlabelled values of /metrics by name.
func (s *server) metrics(ctx context.Context) (map[string]float64, error) {
	text, err := s.get(ctx, "/metrics")
	if err != nil {
		return nil, err
	}
	values := map[string]float64{}
	for line := range strings.Lines(string(text)) {
		var name string
		var value float64
		if _, err := fmt.Sscan(line, &name, &value); err == nil {
			values[name] = value
		}
	}
	return values, nil
}

func (s *server) usage() (load.Usage, error) { return load.ReadUsage(s.cmd.Process.Pid) }

// poll asks again and again until the answer is yes or ctx ends.
func poll(ctx context.Context, every time.Duration, ask func() (bool, error)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		if yes, err := ask(); yes || err != nil {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

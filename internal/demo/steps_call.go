package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/trace"
)

// retryPause before the first retry, in simulated time; each further one doubles it.
const retryPause = 8 * time.Millisecond

// callStep is an HTTP call to another service.
type callStep struct {
	service, route string
	timeout        time.Duration // of each attempt; 0 is none
	tries          int
	isOptional     bool
	isGuarded      bool
}

// call requests a route, written like "GET /products/{id}", of a service and waits for the answer. The caller fails with it.
func call(service, route string) callStep {
	return callStep{service: service, route: route, tries: 1}
}

// within limits each attempt.
func (s callStep) within(timeout time.Duration) callStep { s.timeout = timeout; return s }

// retried makes up to n further attempts when the service is unavailable.
func (s callStep) retried(n int) callStep { s.tries = 1 + n; return s }

// optional makes the caller go on without the answer when there is none.
func (s callStep) optional() callStep { s.isOptional = true; return s }

// guarded puts the caller's circuit breaker for this service in front.
func (s callStep) guarded() callStep { s.isGuarded = true; return s }

func (s callStep) run(ctx context.Context, x *exec) error {
	err := s.try(ctx, x, 0)
	for n := 1; n < s.tries && worthRetrying(err); n++ {
		if err := x.at.mesh.clock.sleep(ctx, retryPause<<(n-1)); err != nil {
			return err
		}
		err = s.try(ctx, x, n)
	}
	if err != nil && s.isOptional && ctx.Err() == nil {
		trace.SpanFromContext(ctx).AddEvent("fallback: going on without " + s.service)
		return nil
	}
	return err
}

// worthRetrying is true when the service could not take the request at all; after a timeout it may well have.
func worthRetrying(err error) bool {
	if err == nil || errors.Is(err, circuitOpenError{}) {
		return false
	}
	status := asFailure(err).status
	return status == http.StatusServiceUnavailable || status == http.StatusBadGateway
}

func (s callStep) try(ctx context.Context, x *exec, resend int) error {
	if s.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = x.at.mesh.clock.withTimeout(ctx, s.timeout)
		defer cancel()
	}
	req, err := s.request(ctx, x, resend)
	if err != nil {
		return err
	}
	resp, err := x.at.http.Do(req)
	if err != nil {
		return callFailure(s.service, err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return callFailure(s.service, err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return statusFailure(s.service, resp.StatusCode)
	}
	return nil
}

func (s callStep) request(ctx context.Context, x *exec, resend int) (*http.Request, error) {
	target, err := x.at.mesh.pick(s.service, x.rng)
	if err != nil {
		return nil, err
	}
	method, path, _ := strings.Cut(s.route, " ")
	ctx = withAttempt(ctx, attempt{
		service: s.service, addr: target.addr, route: s.route, path: path, resend: resend, guarded: s.isGuarded,
	})
	url := fmt.Sprintf("http://%s.%s.svc:8080%s", s.service, target.service.namespace, fillPath(path, x.rng))
	req, err := http.NewRequestWithContext(ctx, method, url, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("User-Agent", x.at.service.name+"/"+x.at.version)
	req.Header.Set(headerSeed, strconv.FormatUint(x.rng.Uint64(), 16))
	if x.at.service.headless { // the user interface
		req.Header.Set(headerOperation, operationFrom(ctx))
	}
	return req, nil
}

// fillPath puts a number in place of each {parameter}.
func fillPath(path string, rng *rand.Rand) string {
	for {
		open := strings.IndexByte(path, '{')
		end := strings.IndexByte(path, '}')
		if open < 0 || end < open {
			return path
		}
		path = path[:open] + strconv.Itoa(1000+rng.IntN(9000)) + path[end+1:]
	}
}

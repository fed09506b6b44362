package load

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// sender is one connection to the server.
type sender interface {
	// send sends a request once and waits for the answer. It does not keep body.
	send(ctx context.Context, body []byte) answer
	close() error
}

// answer is what became of one attempt.
type answer struct {
	outcome  outcome
	rejected int64         // spans refused one by one, when taken
	after    time.Duration // when to come back, when refused or lost; 0 is not said
	problem  string        // for people, unless taken
}

type outcome uint8

const (
	taken     outcome = iota // acked but for the rejected spans
	throttled                // refused for now
	lost                     // no answer, or one that says nothing about the spans
	refused                  // refused for good
)

const (
	// An attempt without an answer is given up on after what SDKs wait at most.
	attemptTimeout = 30 * time.Second
	// Without a word from the server, attempts are this far apart at first and
	// at most, doubling.
	firstPause, longestPause = 50 * time.Millisecond, 5 * time.Second
)

// deliver sends a body until it is taken, refused for good, or given up on.
func (w *worker) deliver(ctx context.Context, body []byte) answer {
	giveUp := time.Now().Add(w.GiveUpAfter)
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		begun := time.Now()
		a := w.attempt(ctx, body)
		switch a.outcome {
		case taken:
			w.latency.Add(int64(time.Since(begun)))
			return a
		case refused:
			return a
		case throttled:
			w.Throttled++
		}
		wait := a.after
		if wait == 0 { // spread, so that connections do not come back as one
			wait = pause/2 + rand.N(pause/2)
		}
		if w.Impatient {
			wait = 0
		}
		if time.Now().Add(wait).After(giveUp) {
			a.problem = fmt.Sprintf("given up after %v: %s", w.GiveUpAfter, a.problem)
			return a
		}
		if !sleep(ctx, wait) {
			return a
		}
		w.Retries++
	}
}

func (w *worker) attempt(ctx context.Context, body []byte) answer {
	ctx, cancel := context.WithTimeout(ctx, attemptTimeout)
	defer cancel()
	return w.sender.send(ctx, body)
}

// sleep reports whether d passed before ctx ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

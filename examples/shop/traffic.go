package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"sync"
	"time"
)

// maxCustomers bounds the customers who are in the shop at a time.
const maxCustomers = 100

// play sends customers to the shop until ctx ends, so many each second, so
// that there is something to see. They are other programs to it: their client
// records nothing.
func play(ctx context.Context, shop string, perSecond int) {
	if perSecond <= 0 {
		return
	}
	var customers sync.WaitGroup
	defer customers.Wait()
	transport := &http.Transport{MaxIdleConnsPerHost: maxCustomers}
	defer transport.CloseIdleConnections()
	inside := make(chan struct{}, maxCustomers)
	next := time.NewTicker(time.Second / time.Duration(perSecond))
	defer next.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
		}
		select {
		case inside <- struct{}{}:
			customers.Go(func() {
				visit(ctx, shop, transport)
				<-inside
			})
		default: // the shop is full
		}
	}
}

// visit is one customer's way through the shop. It ends where the shop fails.
func visit(ctx context.Context, shop string, transport http.RoundTripper) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return
	}
	client := &http.Client{Transport: transport, Jar: jar}
	steps := []string{"GET /products"}
	buys := false
	for range 1 + rand.IntN(3) {
		id := 1 + rand.IntN(9) // there are eight
		steps = append(steps, fmt.Sprintf("GET /products/%d", id))
		if rand.IntN(2) == 0 {
			steps = append(steps, fmt.Sprintf("POST /cart/%d", id))
			buys = true
		}
	}
	if buys && rand.IntN(4) > 0 {
		steps = append(steps, "POST /checkout")
	}
	for _, step := range steps {
		if !request(ctx, client, shop, step) {
			return
		}
	}
}

// request makes one request and reports whether it was answered with a success.
func request(ctx context.Context, client *http.Client, shop, step string) bool {
	method, path, _ := strings.Cut(step, " ")
	body := ""
	if path == "/checkout" {
		body = fmt.Sprintf(`{"card": %q}`, card())
	}
	r, err := http.NewRequestWithContext(ctx, method, shop+path, strings.NewReader(body))
	if err != nil {
		return false
	}
	answer, err := client.Do(r)
	if err != nil {
		return false
	}
	defer answer.Body.Close()
	_, err = io.Copy(io.Discard, answer.Body)
	return err == nil && answer.StatusCode < http.StatusBadRequest
}

// card is one of those that the payment provider knows.
func card() string {
	switch n := rand.IntN(100); {
	case n < 80:
		return "good"
	case n < 90:
		return "declined"
	case n < 98:
		return "slow"
	default:
		return "stuck"
	}
}

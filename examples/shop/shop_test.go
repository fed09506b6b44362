package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/flowscope/flowscope/flow"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a shop with its flows and one customer.
type bench struct {
	*testing.T
	shop     *shop
	tracker  *flow.Tracker
	url      string
	customer http.Client
}

func open(t *testing.T) *bench {
	t.Helper()
	db, err := openStore(t.Context(), filepath.Join(t.TempDir(), "it's a shop?.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	partners := httptest.NewServer(otherCompanies())
	t.Cleanup(partners.Close)
	b := &bench{T: t, shop: newShop(db, partners.URL), tracker: flow.New(flow.WithService("shop"))}
	server := httptest.NewServer(b.tracker.Middleware(b.shop.routes()))
	b.url = server.URL
	t.Cleanup(func() {
		server.Close()
		b.shop.after.Wait()
		http.DefaultClient.CloseIdleConnections()
	})
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	b.customer = http.Client{Jar: jar, Transport: server.Client().Transport}
	return b
}

// ask makes a request, holds its status to what is wanted and returns the body.
func (b *bench) ask(want int, method, path, body string) string {
	b.Helper()
	r, err := http.NewRequestWithContext(b.Context(), method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.Fatal(err)
	}
	answer, err := b.customer.Do(r)
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	var text json.RawMessage
	if err := json.NewDecoder(answer.Body).Decode(&text); err != nil {
		b.Fatal(err)
	}
	if answer.StatusCode != want {
		b.Fatalf("%s %s answered %d %s, want %d", method, path, answer.StatusCode, text, want)
	}
	return string(text)
}

// newest waits until so many flows have ended and returns the last as text: a
// line an operation, indented below its parent, what it calls, how it failed.
func (b *bench) newest(flows int) string {
	b.Helper()
	ctx, cancel := context.WithTimeout(b.Context(), 10*time.Second)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for len(b.tracker.Flows(0)) < flows {
		select {
		case <-tick.C:
		case <-ctx.Done():
			b.Fatalf("%d flows have ended, want %d", len(b.tracker.Flows(0)), flows)
		}
	}
	return outline(b.tracker.Flows(1)[0])
}

func outline(trace flow.Trace) string {
	var out strings.Builder
	fmt.Fprintf(&out, "%s\n", trace.Operation())
	depth := map[flow.SpanID]int{}
	for _, s := range trace.Spans {
		depth[s.SpanID] = depth[s.ParentID] + 1
		fmt.Fprintf(&out, "%s%s", strings.Repeat("\t", depth[s.SpanID]), s.Name)
		for _, a := range s.Attrs {
			switch a.Key() {
			case "db.system.name", "peer.service":
				fmt.Fprintf(&out, " → %s", a.Text())
			case "http.response.status_code":
				fmt.Fprintf(&out, " %s", a.Text())
			}
		}
		if s.Status == flow.Failed {
			out.WriteString(" FAILED")
		}
		out.WriteString("\n")
	}
	return out.String()
}

func (b *bench) expect(flows int, want string) {
	b.Helper()
	want = strings.TrimPrefix(want, "\n")
	if got := b.newest(flows); got != want {
		b.Errorf("the flow is\n%s\nwant\n%s", got, want)
	}
}

func TestCatalogue(t *testing.T) {
	b := open(t)
	if got := b.ask(200, "GET", "/products", ""); !strings.HasPrefix(got, `[{"id":1,"name":"Espresso cup","cents":900},`) {
		t.Errorf("the products are %s", got)
	}
	b.expect(1, `
GET /products
	GET /products 200
		SELECT products → sqlite
`)
	if got := b.ask(200, "GET", "/products/2", ""); got != `{"id":2,"name":"Moka pot","cents":3400}` {
		t.Errorf("the product is %s", got)
	}
	b.expect(2, `
GET /products/{id}
	GET /products/{id} 200
		SELECT product → sqlite
`)
	b.ask(404, "GET", "/products/99", "")
	b.ask(400, "GET", "/products/moka", "")
}

func TestCheckout(t *testing.T) {
	b := open(t)
	b.ask(200, "POST", "/cart/2", "")
	b.expect(1, `
POST /cart/{id}
	POST /cart/{id} 200
		SELECT product → sqlite
		UPSERT cart_lines → sqlite
`)
	b.ask(200, "POST", "/cart/2", "")
	b.ask(200, "POST", "/cart/1", "")
	if got := b.ask(200, "POST", "/checkout", `{"card": "good"}`); got != `{"id":1,"cents":7700,"state":"paid"}` {
		t.Errorf("the order is %s", got)
	}
	b.expect(4, `
checkout
	POST /checkout 200
		place order
			SELECT cart_lines → sqlite
			INSERT orders → sqlite
			INSERT order_lines → sqlite
			COMMIT → sqlite
		charge card → payments
			POST 201
		settle order
			UPDATE orders → sqlite
			DELETE cart_lines → sqlite
			COMMIT → sqlite
		send receipt
			mail receipt → mail
				POST 202
`)
	b.ask(409, "POST", "/checkout", `{"card": "good"}`) // the cart is empty now
	b.ask(400, "POST", "/checkout", `card=good`)
}

func TestDeclinedCard(t *testing.T) {
	b := open(t)
	b.ask(200, "POST", "/cart/3", "")
	b.ask(402, "POST", "/checkout", `{"card": "declined"}`)
	b.expect(2, `
checkout
	POST /checkout 402
		place order
			SELECT cart_lines → sqlite
			INSERT orders → sqlite
			INSERT order_lines → sqlite
			COMMIT → sqlite
		charge card → payments FAILED
			POST 402 FAILED
		settle order
			UPDATE orders → sqlite
			COMMIT → sqlite
`)
	b.ask(200, "POST", "/checkout", `{"card": "good"}`) // what was in the cart still is
}

func TestPaymentThatDoesNotAnswer(t *testing.T) {
	b := open(t)
	b.shop.payments.client.Timeout = 20 * time.Millisecond
	b.ask(200, "POST", "/cart/3", "")
	b.ask(504, "POST", "/checkout", `{"card": "stuck"}`)
	b.expect(2, `
checkout
	POST /checkout 504 FAILED
		place order
			SELECT cart_lines → sqlite
			INSERT orders → sqlite
			INSERT order_lines → sqlite
			COMMIT → sqlite
		charge card → payments FAILED
			POST FAILED
`)
}

func TestStatementsGoWithoutTheirValues(t *testing.T) {
	b := open(t)
	b.ask(200, "GET", "/products/7", "")
	b.newest(1)
	attrs := map[string]string{}
	for _, a := range b.tracker.Flows(1)[0].Spans[1].Attrs {
		attrs[a.Key()] = a.Text()
	}
	if got, want := attrs["db.query.text"], `SELECT id, name, cents FROM products WHERE id = ?`; got != want {
		t.Errorf("the statement is %q, want %q", got, want)
	}
	if attrs["db.namespace"] != "shop" || attrs["db.response.returned_rows"] != "1" {
		t.Errorf("the attributes are %v", attrs)
	}
}

func TestPlayedCustomersGoAllTheWay(t *testing.T) {
	b := open(t)
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan struct{})
	go func() {
		defer close(left)
		play(ctx, b.url, 500)
	}()
	deadline := time.After(20 * time.Second)
	for seen := map[string]bool{}; len(seen) < 4; {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-deadline:
			t.Fatalf("the customers did %v alone", seen)
		}
		for _, f := range b.tracker.Flows(0) {
			seen[f.Operation()] = true
		}
	}
	leave()
	<-left
}

func TestProgramServesUntilItIsToldToStop(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	lines, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- run(ctx, config{addr: "127.0.0.1:0", traffic: 100}, out) }()
	said := bufio.NewScanner(lines)
	for _, page := range []string{"shop", "dashboard"} {
		said.Scan()
		name, url, _ := strings.Cut(said.Text(), " ")
		answer, err := http.Get(strings.TrimSpace(url))
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if name != page || answer.StatusCode != http.StatusOK {
			t.Errorf("%q answers %s", said.Text(), answer.Status)
		}
	}
	http.DefaultClient.CloseIdleConnections()
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the program ended with %v", err)
	}
}

package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestShop has the example service show its flows itself and send them to a
// server: the flow graph of each operation must be the same in both places, to
// the last figure.
func TestShop(t *testing.T) {
	p := serve(t, t.TempDir(), "--trace-quiet=500ms")
	shop := startShop(t, "-otlp="+p.otlp)
	buys := map[string]int{"good": 12, "slow": 3, "declined": 4, "stuck": 2}
	shop.sell(buys)
	flows := 0
	for _, n := range buys {
		flows += n
	}
	for operation, want := range map[string]struct{ flows, nodes int }{
		"GET /products": {flows, 2}, "GET /products/{id}": {flows, 2}, "POST /cart/{id}": {2 * flows, 2}, "checkout": {flows, 4},
	} {
		path := "/api/v1/operations/" + url.PathEscape(operation) + "/graph?startTime=now-1h"
		eventually(t, operation+" is the same in both", func() error {
			own, err := graphOf(shop.url + "/debug/flow" + path)
			if err != nil {
				return err
			}
			served, err := graphOf(p.api + path)
			if err != nil {
				return err
			}
			if own.FlowCount != float64(want.flows) || len(own.Nodes) != want.nodes || len(own.Edges) != want.nodes-1 {
				return fmt.Errorf("the shop has %v flows, %d nodes and %d edges, want %+v", own.FlowCount, len(own.Nodes), len(own.Edges), want)
			}
			if !reflect.DeepEqual(own, served) {
				return fmt.Errorf("the shop shows\n%s\nthe server\n%s", own, served)
			}
			return nil
		})
	}
	if err := shop.stop(); err != nil {
		t.Errorf("the shop ended with %v", err)
	}
}

// wholeGraph is all that the API says of a flow graph.
type wholeGraph struct {
	FlowCount    float64
	Nodes, Edges []map[string]any
}

func (g wholeGraph) String() string {
	text, err := json.MarshalIndent(g, "", "\t")
	if err != nil {
		panic(err)
	}
	return string(text)
}

func graphOf(address string) (g wholeGraph, err error) {
	answer, err := http.Get(address)
	if err != nil {
		return g, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		return g, fmt.Errorf("GET %s: %s: %s: %w", address, answer.Status, body, err)
	}
	return g, json.Unmarshal(body, &g)
}

// example is the running example service.
type example struct {
	*exec.Cmd
	t   *testing.T
	url string
	log bytes.Buffer
}

// startShop builds examples/shop, which is a module of its own, and runs it.
func startShop(t *testing.T, args ...string) *example {
	t.Helper()
	file := filepath.Join(t.TempDir(), "shop")
	build := exec.Command("go", "build", "-o", file, ".")
	build.Dir = "../../examples/shop"
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the shop: %v\n%s", err, out)
	}
	e := &example{Cmd: exec.Command(file, append(args, "-addr=127.0.0.1:0")...), t: t}
	e.Stderr = &e.log
	stdout, err := e.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.Process.Kill() })
	first, err := bufio.NewReader(stdout).ReadString('\n')
	found := regexp.MustCompile(`^shop +(\S+)/products\n`).FindStringSubmatch(first)
	if found == nil {
		_ = e.Wait()
		t.Fatalf("the shop says %q, %v\n%s", first, err, e.log.String())
	}
	e.url = found[1]
	return e
}

// sell has customers go through the shop at the same time, so many with each card.
func (e *example) sell(cards map[string]int) {
	e.t.Helper()
	var customers sync.WaitGroup
	for card, n := range cards {
		for range n {
			customers.Go(func() {
				if err := e.visit(card); err != nil {
					e.t.Error(err)
				}
			})
		}
	}
	customers.Wait()
}

func (e *example) visit(card string) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	client := http.Client{Jar: jar, Timeout: 30 * time.Second}
	for _, step := range []string{"GET /products", "GET /products/3", "POST /cart/3", "POST /cart/7", "POST /checkout"} {
		method, path, _ := strings.Cut(step, " ")
		r, err := http.NewRequest(method, e.url+path, strings.NewReader(fmt.Sprintf(`{"card": %q}`, card)))
		if err != nil {
			return err
		}
		answer, err := client.Do(r)
		if err != nil {
			return err
		}
		answer.Body.Close()
		if want := wanted(step, card); answer.StatusCode != want {
			return fmt.Errorf("%s with a card that is %s: %s, want %d", step, card, answer.Status, want)
		}
	}
	return nil
}

// wanted is how the shop answers a step of a customer.
func wanted(step, card string) int {
	status := map[string]int{"declined": http.StatusPaymentRequired, "stuck": http.StatusGatewayTimeout}[card]
	if step != "POST /checkout" || status == 0 {
		return http.StatusOK
	}
	return status
}

// stop asks the shop to end and returns how it ended.
func (e *example) stop() error {
	if err := e.Process.Signal(os.Interrupt); err != nil {
		return err
	}
	return e.Wait()
}

// TestDocumentedProgramBuilds builds what docs/flow.md has its readers copy.
func TestDocumentedProgramBuilds(t *testing.T) {
	page, err := os.ReadFile("../../docs/flow.md")
	if err != nil {
		t.Fatal(err)
	}
	program := regexp.MustCompile("(?s)```go\n(package main\n.*?)```").FindSubmatch(page)
	if program == nil {
		t.Fatal("docs/flow.md has no program")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	const module = "github.com/flowscope/flowscope"
	mod := fmt.Sprintf("module hello\n\ngo 1.26\n\nrequire %s v0.0.0\n\nreplace %s => %q\n", module, module, root)
	for name, text := range map[string][]byte{"go.mod": []byte(mod), "main.go": program[1]} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	vet := exec.Command("go", "vet", "-mod=mod", ".")
	vet.Dir = dir
	if out, err := vet.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// shop sends checkouts of an environment and waits until they are counted:
// shop ENVIRONMENT FLOWS CHANGE. Every checkout is
//
//	web: checkout        |------------------|      60 ms
//	  cart: GET /cart      |----|                  20 ms, its client span 24 ms
//	    postgresql          |--|                   10 ms
//	  payment: POST /pay         |------|          20 ms, its client span 24 ms
//
// each span of up to 2 ms more, in turns. The CHANGE "slow" makes the payment
// 100 ms longer, "edge" makes it call fraud, "retry" lets web repeat a failed
// call of it, "same" changes nothing. The payment's version is 1.0, 2.0 with a
// change. $FLOW_ENVIRONMENT is the first flow.
func shop(ts *testscript.TestScript, _ bool, args []string) {
	environment, change := args[0], args[2]
	flows, err := strconv.Atoi(args[1])
	ts.Check(err)
	start := time.Now().Add(-10 * time.Second)
	spans, hash := map[string][]string{}, fnv.New64()
	_, err = hash.Write([]byte(environment))
	ts.Check(err)
	ts.Setenv("FLOW_"+environment, fmt.Sprintf("%016x%016x", hash.Sum64(), 1))
	for i := range flows {
		checkout(spans, fmt.Sprintf("%016x%016x", hash.Sum64(), i+1), i, start.Add(time.Duration(i)*time.Millisecond), change)
	}
	version := "1.0"
	if change != "same" {
		version = "2.0"
	}
	var resources []string
	for service, list := range spans {
		resources = append(resources, fmt.Sprintf(`{"resource":{"attributes":[%s,%s,%s]},"scopeSpans":[{"spans":[%s]}]}`,
			attribute("service.name", service), attribute("service.version", version),
			attribute("deployment.environment.name", environment), strings.Join(list, ",")))
	}
	body := `{"resourceSpans":[` + strings.Join(resources, ",") + `]}`
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, ts.Getenv("OTLP")+"/v1/traces", bytes.NewReader([]byte(body)))
	ts.Check(err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	ts.Check(resp.Body.Close())
	if resp.StatusCode != http.StatusOK {
		ts.Fatalf("the receiver answers %s", resp.Status)
	}
	waitFor(ts, func() bool {
		var profile struct{ Operations []struct{ Flows int } }
		ts.Check(json.Unmarshal(fetch(ts, ts.Getenv("ADDR")+"/api/v1/profile?environment="+environment), &profile))
		return len(profile.Operations) == 1 && profile.Operations[0].Flows == flows
	})
}

// checkout adds the spans of the i-th checkout by service.
func checkout(spans map[string][]string, trace string, i int, start time.Time, change string) {
	more, jitter := 0, i%3
	if change == "slow" {
		more = 100
	}
	add := func(service, name string, id, parent, kind, from, to int, rest ...string) {
		at := func(ms int) int64 { return start.Add(time.Duration(ms) * time.Millisecond).UnixNano() }
		span := fmt.Sprintf(`{"traceId":%q,"spanId":"%016x","name":%q,"kind":%d,"startTimeUnixNano":"%d","endTimeUnixNano":"%d"`,
			trace, id, name, kind, at(from), at(to))
		if parent > 0 {
			span += fmt.Sprintf(`,"parentSpanId":"%016x"`, parent)
		}
		spans[service] = append(spans[service], span+strings.Join(rest, "")+"}")
	}
	const server, client = 2, 3
	pay := 30
	if change == "retry" {
		pay = 34
		add("web", "POST /pay", 10, 1, client, 30, 33, `,"status":{"code":2}`)
		add("payment", "POST /pay", 11, 10, server, 31, 32, `,"status":{"code":2}`)
	}
	add("web", "checkout", 1, 0, server, 0, 60+more+jitter)
	add("web", "GET /cart", 2, 1, client, 4, 28)
	add("cart", "GET /cart", 3, 2, server, 6, 26)
	add("cart", "SELECT", 4, 3, client, 10, 20+jitter, `,"attributes":[`+attribute("db.system.name", "postgresql")+`]`)
	add("web", "POST /pay", 5, 1, client, pay, pay+24+more+jitter)
	add("payment", "POST /pay", 6, 5, server, pay+2, pay+22+more+jitter)
	if change == "edge" {
		add("payment", "POST /check", 7, 6, client, pay+4, pay+10)
		add("fraud", "POST /check", 8, 7, server, pay+5, pay+9)
	}
}

// exits runs a command and holds its exit code: exits CODE COMMAND ARGS...
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var failed *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &failed) {
		got = failed.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

func attribute(key, value string) string {
	return fmt.Sprintf(`{"key":%q,"value":{"stringValue":%q}}`, key, value)
}

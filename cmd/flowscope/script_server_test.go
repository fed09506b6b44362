package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// serverKey is where a script keeps how to stop its server: a *func().
type serverKey struct{}

func setup(env *testscript.Env) error {
	env.Values[serverKey{}] = new(func())
	return nil
}

// halt ends the server that serve runs; testscript has a "stop" of its own, which
// ends the script.
func halt(ts *testscript.TestScript, _ bool, _ []string) { (*ts.Value(serverKey{}).(*func()))() } //nolint:errcheck // setup put it there

// serve runs `flowscope serve` with these flags, on free ports, until "halt" or
// the script's end. $ADDR is its API, $HOST that without http://, $OTLP its
// receiver.
func serve(ts *testscript.TestScript, _ bool, args []string) {
	self, err := os.Executable()
	ts.Check(err)
	log, err := os.Create(ts.MkAbs("serve.log"))
	ts.Check(err)
	server := exec.CommandContext(context.Background(), self)
	server.Args = append([]string{
		"flowscope", "serve", "--http=127.0.0.1:0", "--otlp-grpc=off", "--otlp-http=127.0.0.1:0",
		"--trace-quiet=100ms", "--log-format=json", "--data=" + ts.MkAbs("data"),
	}, args...)
	server.Stderr = log
	ts.Check(server.Start())
	stopped := sync.OnceFunc(func() {
		ts.Check(server.Process.Signal(os.Interrupt))
		ts.Check(server.Wait())
		ts.Check(log.Close())
	})
	ts.Defer(stopped)
	*ts.Value(serverKey{}).(*func()) = stopped //nolint:errcheck // setup put it there
	ts.Setenv("ADDR", "")
	ts.Setenv("OTLP", "")
	address := regexp.MustCompile(`"listener":"(http|otlp-http)","addr":"([^"]+)"`)
	waitFor(ts, func() bool {
		for _, found := range address.FindAllStringSubmatch(ts.ReadFile("serve.log"), -1) {
			ts.Setenv(map[string]string{"http": "ADDR", "otlp-http": "OTLP"}[found[1]], "http://"+found[2])
		}
		return ts.Getenv("ADDR") != "" && ts.Getenv("OTLP") != ""
	})
	ts.Setenv("HOST", strings.TrimPrefix(ts.Getenv("ADDR"), "http://"))
}

// send sends an OTLP JSON file, in which @123 is 123 ms after now, and waits
// until so many flows are listed: send FILE FLOWS.
func send(ts *testscript.TestScript, _ bool, args []string) {
	start := time.Now()
	body := regexp.MustCompile(`@(\d+)`).ReplaceAllFunc([]byte(ts.ReadFile(args[0])), func(at []byte) []byte {
		ms, err := strconv.Atoi(string(at[1:]))
		ts.Check(err)
		return fmt.Append(nil, start.Add(time.Duration(ms)*time.Millisecond).UnixNano())
	})
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, ts.Getenv("OTLP")+"/v1/traces", bytes.NewReader(body))
	ts.Check(err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	ts.Check(resp.Body.Close())
	if resp.StatusCode != http.StatusOK {
		ts.Fatalf("the receiver answers %s", resp.Status)
	}
	want, err := strconv.Atoi(args[1])
	ts.Check(err)
	waitFor(ts, func() bool {
		var list struct{ Total int }
		ts.Check(json.Unmarshal(fetch(ts, ts.Getenv("ADDR")+"/api/v1/flows?graph=false"), &list))
		return list.Total >= want
	})
}

// await waits until a file has a line that matches: await FILE REGEXP.
func await(ts *testscript.TestScript, _ bool, args []string) {
	line := regexp.MustCompile("(?m)" + args[1])
	waitFor(ts, func() bool {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		return err == nil && line.Match(text)
	})
}

// leave follows the demo whose address is in a file, a hundred times at once, and
// goes without having read it all, so that what is written then goes nowhere:
// leave FILE TIMES. The demo has to answer still.
func leave(ts *testscript.TestScript, _ bool, args []string) {
	addr := regexp.MustCompile(`Open +http://(\S+)`).FindStringSubmatch(ts.ReadFile(args[0]))[1]
	times, err := strconv.Atoi(args[1])
	ts.Check(err)
	for range times {
		var conns [100]net.Conn
		for i := range conns {
			conns[i], err = net.Dial("tcp", addr)
			ts.Check(err)
			_, err = fmt.Fprintf(conns[i], "GET /api/v1/flows?follow=true HTTP/1.1\r\nHost: %s\r\n\r\n", addr)
			ts.Check(err)
		}
		_, err = io.CopyN(io.Discard, conns[0], 5000)
		ts.Check(err)
		for _, c := range conns {
			ts.Check(c.Close())
		}
	}
	fetch(ts, "http://"+addr+"/api/v1/status")
}

// waitFor asks 50 times a second, for at most 20 s.
func waitFor(ts *testscript.TestScript, ok func() bool) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for range 1000 {
		if ok() {
			return
		}
		<-tick.C
	}
	ts.Fatalf("waited in vain")
}

func fetch(ts *testscript.TestScript, url string) []byte {
	req, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	ts.Check(err)
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	body, err := io.ReadAll(resp.Body)
	ts.Check(err)
	ts.Check(resp.Body.Close())
	return body
}

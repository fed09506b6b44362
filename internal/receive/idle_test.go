package receive

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
)

// idleClientsOf is set in the environment of a child of the test, which holds connections to that
// address. It is a process of its own because 10,000 connections have 20,000
// ends, and a process may commonly open no more files than that.
const (
	idleClientsOf  = "RECEIVE_TEST_IDLE_CLIENTS_OF"
	idleClientsSay = "RECEIVE_TEST_IDLE_CLIENTS_SAY" // what each writes, quoted
)

const idleConnections = 10_000

// holdIdle opens the connections, says so, and holds them until its input ends.
func holdIdle(addr string) (exit int) {
	hello, err := strconv.Unquote(os.Getenv(idleClientsSay))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	conns := make([]net.Conn, 0, idleConnections)
	for range idleConnections {
		c, err := net.DialTimeout("tcp", addr, 10*time.Second)
		if err != nil {
			fmt.Println(len(conns), err)
			return 1
		}
		if _, err := io.WriteString(c, hello); err != nil {
			fmt.Println(len(conns), err)
			return 1
		}
		conns = append(conns, c)
	}
	fmt.Println("open")
	if _, err := io.Copy(io.Discard, os.Stdin); err != nil {
		return 1
	}
	for _, c := range conns {
		c.Close()
	}
	return 0
}

func TestManyIdleConnections(t *testing.T) {
	t.Run("http", func(t *testing.T) { testIdleConnections(t, "http", "") })
	// An HTTP/2 client says hello first: its preface and empty settings.
	t.Run("grpc", func(t *testing.T) {
		testIdleConnections(t, "grpc", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
	})
}

func testIdleConnections(t *testing.T, transport, hello string) {
	t.Helper()
	sink := new(memSink)
	s, stop := start(t, Config{DrainTimeout: time.Second}, sink)
	child := exec.CommandContext(t.Context(), os.Args[0])
	child.Env = append(os.Environ(), idleClientsOf+"="+s.addr(transport).String(), idleClientsSay+"="+strconv.Quote(hello))
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if line != "open\n" {
		t.Fatalf("the clients stopped: %q, %v", line, err)
	}

	begun := time.Now()
	if err := postOnce(t.Context(), s.tracesURL(), marshal(t, request(1))); err != nil {
		t.Errorf("http: %v", err)
	}
	if _, err := collector.NewTraceServiceClient(connect(t, s)).Export(t.Context(), request(1)); err != nil {
		t.Errorf("grpc: %v", err)
	}
	if took := time.Since(begun); took > 4*helloTimeout { // long after those were closed, on the slowest machine
		t.Errorf("two requests took %v beside idle connections", took)
	}

	begun = time.Now()
	stop()
	if took := time.Since(begun); took > 4*helloTimeout {
		t.Errorf("stopping took %v", took)
	}
	stdin.Close()
	if err := child.Wait(); err != nil {
		t.Errorf("the clients: %v", err)
	}
}

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

// build makes the program as it is released.
func (b *bench) build(ctx context.Context) error {
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", b.binary, "github.com/flowscope/flowscope/cmd/flowscope")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// server is a flowscope running as a child. It dies with the context that it
// was started with.
type server struct {
	cmd  *exec.Cmd
	http string // host:port of the API
	grpc string // of the OTLP/gRPC receiver
	otlp string // of the OTLP/HTTP receiver
	took time.Duration
	done chan struct{} // closed when it has ended

	client *http.Client // one connection

	mu  sync.Mutex
	log []string // what it said last
}

// patience is how long a server may take to become ready, or to end.
const patience = time.Minute

// serve starts a server over a data directory and waits until it is ready; took
// says how long that was.
func (b *bench) serve(ctx context.Context, data string, args ...string) (*server, error) {
	args = append([]string{
		"serve", "--data", filepath.Join(b.temp, data), "--log-format=json",
		"--http=127.0.0.1:0", "--otlp-grpc=127.0.0.1:0", "--otlp-http=127.0.0.1:0",
	}, args...)
	s := &server{cmd: exec.CommandContext(ctx, b.binary, args...), done: make(chan struct{})}
	s.client = &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1, DisableCompression: true}, Timeout: patience}
	stderr, err := s.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	listening := make(chan struct{})
	go s.read(stderr, listening)
	if err := s.ready(ctx, listening); err != nil {
		s.kill()
		return nil, fmt.Errorf("flowscope %s: %w\n%s", strings.Join(args, " "), err, s.logged())
	}
	s.took = time.Since(begun)
	return s, nil
}

func (s *server) ready(ctx context.Context, listening <-chan struct{}) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	select {
	case <-listening:
	case <-s.done:
		return errors.New("ended before it listened")
	case <-ctx.Done():
		return errors.New("does not listen")
	}
	return poll(ctx, time.Millisecond, func() (bool, error) {
		_, err := s.get(ctx, "/readyz")
		return err == nil, nil
	})
}

// read learns from the log where the server listens, until it ends.
func (s *server) read(stderr io.Reader, listening chan<- struct{}) {
	defer close(s.done)
	const kept = 20
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	addrs := 0
	for lines.Scan() {
		s.mu.Lock()
		s.log = append(s.log[max(0, len(s.log)-kept):], lines.Text())
		s.mu.Unlock()
		var entry struct{ Msg, Listener, Addr string }
		if json.Unmarshal(lines.Bytes(), &entry) != nil || entry.Msg != "listening" {
			continue
		}
		switch entry.Listener {
		case "http":
			s.http = entry.Addr
		case "otlp-grpc":
			s.grpc = entry.Addr
		case "otlp-http":
			s.otlp = entry.Addr
		}
		if addrs++; addrs == 3 {
			close(listening)
		}
	}
	_ = s.cmd.Wait() // how it ended shows in what was asked of it
}

func (s *server) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.log, "\n")
}

func (s *server) kill() {
	_ = s.cmd.Process.Kill()
	<-s.done
}

// stop ends the server in order.
func (s *server) stop() error {
	s.client.CloseIdleConnections()
	if err := s.cmd.Process.Signal(os.Interrupt); err != nil {
		s.kill()
		return fmt.Errorf("stop the server: %w\n%s", err, s.logged())
	}
	select {
	case <-s.done:
		return nil
	case <-time.After(patience):
		s.kill()
		return fmt.Errorf("the server does not stop\n%s", s.logged())
	}
}

package e2e

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// binary is the flowscope under test, built once by TestMain.
var binary string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "flowscope-e2e-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "flowscope")
	build := exec.Command("go", "build", "-o", binary, "github.com/flowscope/flowscope/cmd/flowscope")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build flowscope: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// process is a running flowscope and where it listens.
type process struct {
	t     testing.TB
	cmd   *exec.Cmd
	api   string // base URL of dashboard and API
	grpc  string // host:port of the OTLP/gRPC receiver
	otlp  string // base URL of the OTLP/HTTP receiver
	done  chan struct{}
	state error         // of the process, once done is closed
	open  chan struct{} // closed when it listens

	mu  sync.Mutex
	log []byte
}

// serve starts a server over a data directory and waits until it is ready. It
// is killed when the test ends.
func serve(tb testing.TB, data string, args ...string) *process {
	tb.Helper()
	return start(tb, append([]string{"serve", "--data", data}, args...)...)
}

// start runs flowscope with args on free ports and waits until it is ready.
func start(tb testing.TB, args ...string) *process {
	tb.Helper()
	return startWith(tb, nil, args...)
}

// startWith is start with a place for what the process prints. It may be read
// once the process is done.
func startWith(tb testing.TB, stdout *bytes.Buffer, args ...string) *process {
	tb.Helper()
	p := launch(tb, stdout, args...)
	p.await()
	return p
}

// launch runs flowscope with args on free ports and does not wait for it.
func launch(tb testing.TB, stdout *bytes.Buffer, args ...string) *process {
	tb.Helper()
	p := &process{t: tb, done: make(chan struct{}), open: make(chan struct{})}
	args = append(args, "--http=127.0.0.1:0", "--otlp-grpc=127.0.0.1:0", "--otlp-http=127.0.0.1:0", "--log-format=json")
	p.cmd = exec.Command(binary, args...)
	if stdout != nil {
		p.cmd.Stdout = stdout
	}
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go p.read(stderr)
	tb.Cleanup(func() {
		p.kill()
		if tb.Failed() {
			tb.Logf("log of %v:\n%s", args, p.logged())
		}
	})
	return p
}

// await waits until the process is ready.
func (p *process) await() {
	p.t.Helper()
	select {
	case <-p.open:
	case <-p.done:
		p.t.Fatalf("%v ended before it listened: %v\n%s", p.cmd.Args, p.state, p.logged())
	case <-time.After(30 * time.Second):
		p.t.Fatalf("%v does not listen\n%s", p.cmd.Args, p.logged())
	}
	p.eventually("ready", func() error {
		_, err := p.get("/readyz")
		return err
	})
}

// read collects the log and learns from it where the process listens.
func (p *process) read(stderr io.Reader) {
	addrs := 0
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.mu.Lock()
		p.log = append(append(p.log, lines.Bytes()...), '\n')
		p.mu.Unlock()
		var entry struct{ Msg, Listener, Addr string }
		if json.Unmarshal(lines.Bytes(), &entry) != nil || entry.Msg != "listening" {
			continue
		}
		switch entry.Listener {
		case "http":
			p.api = "http://" + entry.Addr
		case "otlp-grpc":
			p.grpc = entry.Addr
		case "otlp-http":
			p.otlp = "http://" + entry.Addr
		}
		if addrs++; addrs == 3 {
			close(p.open)
		}
	}
	p.state = p.cmd.Wait()
	close(p.done)
}

func (p *process) logged() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return string(p.log)
}

// kill ends the process with SIGKILL and waits until it is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill()
	<-p.done
}

// stop asks the process to end and returns how it ended.
func (p *process) stop() error {
	p.t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		p.t.Fatalf("flowscope does not stop\n%s", p.logged())
	}
	return p.state
}

// get fetches a path of the API and returns its body. A status other than 200
// is an error.
func (p *process) get(path string) ([]byte, error) { return p.getAs(path, "application/json") }

// getAs is get for another media type.
func (p *process) getAs(path, accept string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.api+path, nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Accept", accept)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s: %s", path, resp.Status, body)
	}
	return body, err
}

// getJSON decodes a path of the API into v.
func (p *process) getJSON(path string, v any) error {
	body, err := p.get(path)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, v)
}

// eventually retries try until it succeeds, for at most 30 s.
func (p *process) eventually(what string, try func() error) {
	p.t.Helper()
	eventually(p.t, what, try)
}

func eventually(tb testing.TB, what string, try func() error) {
	tb.Helper()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			tb.Fatalf("%s: %v", what, err)
		}
	}
}

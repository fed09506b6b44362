// Command shop is a small web shop that shows its own flows: a JSON API over
// SQLite that calls two services of other companies, and, at /debug/flow, the
// dashboard of what its requests did. It is there to be read and copied.
//
//	go run . -traffic 5
//
// Everything that makes its flows is here: the middleware in this file, one
// helper for SQL (sqlite.go), one for HTTP calls (partner.go), and a goroutine
// that goes on after the answer (checkout.go).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/flowscope/flowscope/flow"
)

func main() {
	var c config
	flag.StringVar(&c.addr, "addr", "127.0.0.1:8080", "where to listen; port 0 takes a free one")
	flag.StringVar(&c.file, "db", "", "the database's file; without it one that ends with the program")
	flag.IntVar(&c.traffic, "traffic", 0, "how many customers to play each second")
	flag.StringVar(&c.otlp, "otlp", "", "where to send the flows, too: http://127.0.0.1:4318")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, c, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "shop:", err)
		os.Exit(1)
	}
}

type config struct {
	addr    string
	file    string
	traffic int
	otlp    string
}

// patience is how long what is under way may take when the program ends.
const patience = 5 * time.Second

// run serves until ctx ends.
func run(ctx context.Context, c config, out io.Writer) (err error) {
	flush, err := record(c.otlp)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, flush()) }()
	file := c.file
	if file == "" {
		dir, err := os.MkdirTemp("", "shop-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir) //nolint:errcheck // it is the system's to tidy what remains
		file = filepath.Join(dir, "shop.db")
	}
	db, err := openStore(ctx, file)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	others, err := listen("127.0.0.1:0", otherCompanies())
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, others.stop()) }()

	shop := newShop(db, others.url)
	mux := shop.routes()
	flow.RegisterHandlers(mux)                              // /debug/flow, for this machine only
	server, err := listen(c.addr, flow.HTTPMiddleware(mux)) // a flow for each request
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "shop       %s/products\ndashboard  %s/debug/flow/\n", server.url, server.url)

	var customers sync.WaitGroup
	ctx, leave := context.WithCancel(ctx)
	customers.Go(func() { play(ctx, server.url, c.traffic) })
	select {
	case <-ctx.Done():
	case <-server.ended: // by itself: something is wrong
	}
	leave()
	customers.Wait()
	err = server.stop()
	shop.after.Wait()
	return err
}

// record has flows sent to a Collector or a Flowscope server as well, if there is
// an endpoint. What it returns sends the last ones. Without this function flows
// are recorded all the same.
func record(endpoint string) (flush func() error, err error) {
	if endpoint == "" {
		return func() error { return nil }, nil
	}
	server := &flow.OTLPExporter{Endpoint: endpoint}
	if err := server.Check(); err != nil {
		return nil, err
	}
	tracker := flow.New(flow.WithExporter(server))
	flow.SetDefault(tracker) // before anything asks for the default
	return func() error {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		return tracker.Shutdown(ctx)
	}, nil
}

// server is an HTTP server that listens.
type server struct {
	http.Server
	url   string
	ended chan struct{}
	err   error // once it has ended
}

func listen(addr string, handler http.Handler) (*server, error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &server{url: "http://" + l.Addr().String(), ended: make(chan struct{})}
	s.Handler, s.ReadHeaderTimeout = handler, patience
	go func() {
		defer close(s.ended)
		s.err = s.Serve(l)
	}()
	return s, nil
}

// stop lets requests that run come to their end, if that is soon.
func (s *server) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	err := s.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.Close())
	}
	<-s.ended
	if !errors.Is(s.err, http.ErrServerClosed) {
		err = errors.Join(err, s.err)
	}
	return err
}

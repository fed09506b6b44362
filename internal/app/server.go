// Package app wires the parts into a server and runs them: what is built on
// what, in which order things start and stop, and which counters are shown.
package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/flowscope/flowscope/internal/analyze"
	"github.com/flowscope/flowscope/internal/api"
	"github.com/flowscope/flowscope/internal/api/rest"
	"github.com/flowscope/flowscope/internal/assemble"
	"github.com/flowscope/flowscope/internal/config"
	"github.com/flowscope/flowscope/internal/live"
	"github.com/flowscope/flowscope/internal/model"
	"github.com/flowscope/flowscope/internal/query"
	"github.com/flowscope/flowscope/internal/receive"
	"github.com/flowscope/flowscope/internal/store"
	"github.com/flowscope/flowscope/web"
)

// Server is a Flowscope that listens. Run makes it answer; a Server that is
// not run must be closed.
type Server struct {
	cfg      config.Serve
	log      *slog.Logger
	began    time.Time
	store    *store.Store
	assemble *assemble.Assembler
	live     *live.Hub
	receive  *receive.Server // nil when both receivers are off
	listener net.Listener
	http     *http.Server
}

// New opens the store and the listeners. It fails with an error that names
// the setting at fault.
func New(ctx context.Context, cfg config.Serve, log *slog.Logger) (_ *Server, err error) {
	s := &Server{cfg: cfg, log: log, began: time.Now(), live: live.New(live.Config{})}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	if s.store, err = store.Open(s.storeConfig()); err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	analysis := s.analyzeConfig()
	s.assemble = assemble.New(
		assemble.Config{Quiet: cfg.TraceQuiet, Deadline: cfg.TraceDeadline}, analyze.New(analysis),
		assemble.Lookup{Fetch: s.store.Trace, Settled: s.store.Settled, Counted: s.store.Flow}, s.store.PutFlow, s.live.Complete)
	s.assemble.ShowTo(s.live)
	if err := s.seed(ctx); err != nil {
		return nil, fmt.Errorf("read what was counted before: %w", err)
	}
	if err := s.listen(ctx); err != nil {
		return nil, err
	}
	handler, err := s.handler(query.New(s.store, analysis, time.Now))
	if err != nil {
		return nil, err
	}
	s.http = newHTTPServer(handler, log)
	return s, nil
}

func (s *Server) storeConfig() store.Config {
	return store.Config{
		Dir:       s.cfg.Data,
		HeadBytes: int64(s.cfg.HeadBytes), HeadAge: s.cfg.HeadAge, MinFree: int64(s.cfg.MinFree),
		Retention: retention(&s.cfg.Retain),
		Logger:    s.log.With("part", "store"),
	}
}

// retention is what the settings say of how long data is kept.
func retention(k *config.Retain) store.Retention {
	out := store.Retention{
		Age: k.RetentionAge, Bytes: int64(k.RetentionBytes),
		ErrorsAge: k.KeepErrorsAge, SlowAge: k.KeepSlowAge, SlowOver: k.KeepSlowOver,
	}
	for _, e := range k.Retention {
		rule := store.EnvironmentRetention{Name: e.Env, Age: k.RetentionAge, Bytes: int64(e.Bytes)}
		if e.Age != nil {
			rule.Age = *e.Age
		}
		out.Environments = append(out.Environments, rule)
	}
	return out
}

func (s *Server) analyzeConfig() analyze.Config {
	return analyze.Config{
		OperationAttributes: s.cfg.OperationAttributes,
		DegradedAt:          s.cfg.DegradedAt, DownAt: s.cfg.DownAt,
	}
}

// seeds is how many counted traces the assembler is told of at the start, so that
// late spans of what was counted before a restart correct it without asking the
// store: those of the last minutes of a busy server.
const seeds = 100_000

func (s *Server) seed(ctx context.Context) error {
	ids, since, err := s.store.Counted(ctx, seeds)
	if err != nil {
		return err
	}
	s.assemble.Seed(since, ids)
	return nil
}

// listen opens all addresses, so that a port that is taken is said before
// anything runs.
func (s *Server) listen(ctx context.Context) (err error) {
	var lc net.ListenConfig
	if s.listener, err = lc.Listen(ctx, "tcp", s.cfg.HTTP); err != nil {
		return fmt.Errorf("--http: %w", err)
	}
	rc := receive.Config{
		BodyLimit: int64(s.cfg.MaxBody), InFlightLimit: int64(s.cfg.MaxInflight),
		Origins: s.cfg.CORSOrigins, Logger: s.log.With("part", "receive"),
	}
	if s.cfg.OTLPGRPC != config.Off {
		rc.GRPCAddr = s.cfg.OTLPGRPC
	}
	if s.cfg.OTLPHTTP != config.Off {
		rc.HTTPAddr = s.cfg.OTLPHTTP
	}
	if rc.GRPCAddr == "" && rc.HTTPAddr == "" {
		return nil
	}
	if s.receive, err = receive.Listen(ctx, rc, s.store); err != nil {
		return fmt.Errorf("--otlp-grpc, --otlp-http: %w", err)
	}
	return nil
}

func (s *Server) handler(q *query.Engine) (http.Handler, error) {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), newCollector(s))
	var guard rest.Guard // nobody is asked who it is
	if s.cfg.Token != nil {
		guard = rest.TokenGuard(*s.cfg.Token)
	}
	return api.New(api.Config{
		Version: Version(), Query: q, Live: s.live, Open: s.assemble.OpenFlows, Counted: s.isCounted,
		Dashboard: web.Files(), Status: s.status, Ready: s.ready,
		Registry: registry, Logger: s.log.With("part", "api"), Pprof: s.cfg.Pprof,
		CheckHost: isLoopback(s.listener.Addr()) || len(s.cfg.AllowedHosts) > 0, AllowedHosts: s.cfg.AllowedHosts, Guard: guard,
	})
}

// isCounted reports whether the store has the flow of a trace.
func (s *Server) isCounted(ctx context.Context, id model.TraceID) (bool, error) {
	_, found, err := s.store.Flow(ctx, id)
	return found, err
}

func isLoopback(addr net.Addr) bool {
	tcp, ok := addr.(*net.TCPAddr)
	return ok && tcp.IP.IsLoopback()
}

const (
	// headerTimeout and idleTimeout free connections of clients that say
	// nothing; 32 KiB of headers hold cookies of other services on localhost.
	headerTimeout  = 10 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10
)

func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(log.With("part", "http").Handler(), slog.LevelDebug),
	}
}

// Listeners, as they are named in the log.
const (
	listenHTTP     = "http"
	listenGRPC     = "otlp-grpc"
	listenOTLPHTTP = "otlp-http"
)

// addr is where a listener really listens, empty when it is off.
func (s *Server) addr(listener string) string {
	var addr net.Addr
	switch {
	case listener == listenHTTP:
		addr = s.listener.Addr()
	case s.receive == nil:
	case listener == listenGRPC:
		addr = s.receive.GRPCAddr()
	case listener == listenOTLPHTTP:
		addr = s.receive.HTTPAddr()
	}
	if addr == nil {
		return ""
	}
	return addr.String()
}

// URL is the dashboard's address.
func (s *Server) URL() string { return "http://" + s.addr(listenHTTP) }

package flow

import (
	"crypto/rand"
	"os"
	"path"
	"runtime/debug"
	"sync"
	"time"
)

// An Option changes how a Tracker is made.
type Option interface{ apply(*config) }

type option func(*config)

func (o option) apply(c *config) { o(c) }

// config is what a Tracker is made of. It does not change afterwards.
type config struct {
	service     string
	version     string
	environment string
	resource    []Attr
	flows       int
	bytes       int
	paths       int
	sampler     Sampler
	slow        time.Duration
	exporters   []Exporter
	clock       func() time.Time
	disabled    bool
	anomalies   bool
}

const (
	defaultFlows = 1000
	defaultBytes = 4 << 20 // 1,000 flows of some forty steps
	// defaultPaths is more than people tell apart. A path takes about 1 KiB,
	// and as much again in each shard that runs it.
	defaultPaths = 2000
	// defaultSlow is when somebody who waits begins to wonder.
	defaultSlow = time.Second
)

func newConfig(options []Option) config {
	c := config{flows: defaultFlows, bytes: defaultBytes, paths: defaultPaths, slow: defaultSlow}
	c.service, c.version = fromBuild()
	if name := os.Getenv("OTEL_SERVICE_NAME"); name != "" {
		c.service = name
	}
	for _, o := range options {
		o.apply(&c)
	}
	return c
}

// fromBuild is the program's name and version as the linker knows them.
func fromBuild() (name, version string) {
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Path == "" {
		return "unknown_service", ""
	}
	if info.Main.Version != "(devel)" {
		version = info.Main.Version
	}
	return path.Base(info.Path), version
}

// instance is the process among others of its service.
//
//nolint:gochecknoglobals // there is one process
var instance = sync.OnceValue(rand.Text)

// attributes describe the process, as OpenTelemetry's resources do.
func (c *config) attributes() []Attr {
	attrs := []Attr{
		String("service.name", c.service),
		String("service.instance.id", instance()),
		String("telemetry.sdk.name", "flowscope"),
		String("telemetry.sdk.language", "go"),
	}
	if c.version != "" {
		attrs = append(attrs, String("service.version", c.version))
	}
	if c.environment != "" {
		attrs = append(attrs, String("deployment.environment.name", c.environment))
	}
	return append(attrs, c.resource...)
}

// WithService names the service. The default is OTEL_SERVICE_NAME, else the
// program's name.
func WithService(name string) Option { return option(func(c *config) { c.service = name }) }

// WithVersion is the service's version. The default is that of the main module.
func WithVersion(v string) Option { return option(func(c *config) { c.version = v }) }

// WithEnvironment is where the service runs: production, staging.
func WithEnvironment(name string) Option { return option(func(c *config) { c.environment = name }) }

// WithResource adds attributes that describe the process, such as service.namespace.
func WithResource(attrs ...Attr) Option {
	return option(func(c *config) { c.resource = append(c.resource, attrs...) })
}

// WithHistory bounds the finished flows that are kept, by number and by bytes.
// The default is 1,000 flows and 4 MiB. With either at 0 none is kept;
// statistics go on, and so do exporters: where the history is smaller than 512
// flows or 2 MiB, they have so much of their own.
func WithHistory(flows, bytes int) Option {
	return option(func(c *config) { c.flows, c.bytes = max(flows, 0), max(bytes, 0) })
}

// WithMaxPaths bounds the distinct paths of names that statistics are kept
// for. The default is 2,000.
func WithMaxPaths(n int) Option { return option(func(c *config) { c.paths = max(n, 1) }) }

// WithSampler has a Sampler decide which flows are kept and exported. Without
// one all are.
func WithSampler(s Sampler) Option { return option(func(c *config) { c.sampler = s }) }

// WithSlow is from which duration a flow is kept whatever the sampler said, as
// failed ones are. The default is 1 s; 0 keeps none for being slow.
func WithSlow(d time.Duration) Option { return option(func(c *config) { c.slow = d }) }

// WithExporter hands finished flows that are kept to an Exporter, in a
// goroutine of its own. An exporter belongs to one tracker, and Shutdown closes
// it if it has a Close method. Nil is none.
func WithExporter(e Exporter) Option {
	return option(func(c *config) {
		if otlp, ok := e.(*OTLPExporter); e != nil && (!ok || otlp != nil) {
			c.exporters = append(c.exporters, e)
		}
	})
}

// WithClock replaces time.Now, for tests.
func WithClock(now func() time.Time) Option { return option(func(c *config) { c.clock = now }) }

// WithEnabled false makes a Tracker that records nothing until SetEnabled.
func WithEnabled(on bool) Option { return option(func(c *config) { c.disabled = !on }) }

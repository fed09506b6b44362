// Package config is what a user may set: one description of every setting,
// read from flags, FLOWSCOPE_* environment variables and a YAML file, which
// all say the same things. A flag wins over the environment, the environment
// over the file, the file over the default.
//
// The reference page docs/config.md is generated from the same description.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/alecthomas/units"
)

// Off as a listen address disables that listener.
const Off = "off"

// Serve is what `flowscope serve` can be told. Kong fills it.
type Serve struct {
	HTTP     string `name:"http" env:"FLOWSCOPE_HTTP" default:"127.0.0.1:4319" placeholder:"ADDR" help:"Address of the dashboard and the API."`
	OTLPGRPC string `name:"otlp-grpc" env:"FLOWSCOPE_OTLP_GRPC" default:"127.0.0.1:4317" placeholder:"ADDR" help:"Address of the OTLP/gRPC receiver; off disables it."`
	OTLPHTTP string `name:"otlp-http" env:"FLOWSCOPE_OTLP_HTTP" default:"127.0.0.1:4318" placeholder:"ADDR" help:"Address of the OTLP/HTTP receiver; off disables it."`
	Data     string `name:"data" env:"FLOWSCOPE_DATA" default:"flowscope-data" placeholder:"DIR" help:"Directory of the store, made when missing. One process at a time uses it."`

	Receive `embed:""`
	Keep    `embed:""`
	Analyze `embed:""`
	Operate `embed:""`
}

// Receive is what receivers accept.
type Receive struct {
	MaxBody     Size     `name:"max-body" env:"FLOWSCOPE_MAX_BODY" default:"16MiB" placeholder:"BYTES" help:"Largest request after decompression; a larger one is answered 413 or RESOURCE_EXHAUSTED."`
	MaxInflight Size     `name:"max-inflight" env:"FLOWSCOPE_MAX_INFLIGHT" default:"128MiB" placeholder:"BYTES" help:"Most request bytes in work at once; above it senders are told to come back later."`
	CORSOrigins []string `name:"cors-origins" env:"FLOWSCOPE_CORS_ORIGINS" placeholder:"ORIGIN" help:"Browser origins that may send spans to the OTLP/HTTP receiver; * allows all."`
}

// Keep is what the store holds and for how long.
type Keep struct {
	Retain    `embed:""`
	MinFree   Size          `name:"min-free" env:"FLOWSCOPE_MIN_FREE" default:"512MiB" placeholder:"BYTES" help:"Disk space that stays free: below it senders are told to come back later. What the newest spans need to become blocks stays free in any case."`
	HeadBytes Size          `name:"head-bytes" env:"FLOWSCOPE_HEAD_BYTES" default:"64MiB" placeholder:"BYTES" help:"Memory of the newest spans before they are written as a block."`
	HeadAge   time.Duration `name:"head-age" env:"FLOWSCOPE_HEAD_AGE" default:"5m" placeholder:"DURATION" help:"Age of the newest spans before they are written as a block."`
}

// Analyze is how traces become flows.
type Analyze struct {
	TraceQuiet          time.Duration `name:"trace-quiet" env:"FLOWSCOPE_TRACE_QUIET" default:"2s" placeholder:"DURATION" help:"A trace whose root has ended is analysed when no span of it came for this long."`
	TraceDeadline       time.Duration `name:"trace-deadline" env:"FLOWSCOPE_TRACE_DEADLINE" default:"30s" placeholder:"DURATION" help:"A trace without an ended root is analysed when no span of it came for this long."`
	OperationAttributes []string      `name:"operation-attributes" env:"FLOWSCOPE_OPERATION_ATTRIBUTES" default:"app.operation,ui.operation" placeholder:"KEY" help:"Span attributes that name the operation, after flow.operation and the x-operation-name header."`
	DegradedAt          float64       `name:"degraded-at" env:"FLOWSCOPE_DEGRADED_AT" default:"0.01" placeholder:"RATE" help:"Error rate from which a service is shown as degraded."`
	DownAt              float64       `name:"down-at" env:"FLOWSCOPE_DOWN_AT" default:"0.5" placeholder:"RATE" help:"Error rate from which a service with at least five calls is shown as down."`
}

// Operate is how the server is watched and reached.
type Operate struct {
	AllowedHosts []string `name:"allowed-hosts" env:"FLOWSCOPE_ALLOWED_HOSTS" placeholder:"HOST" help:"Host names the dashboard answers to besides localhost and addresses; needed when it is reached by name."`
	Token        *string  `name:"token" env:"FLOWSCOPE_TOKEN" placeholder:"SECRET" help:"Secret that the API, the dashboard and /metrics ask for: a bearer token, or the password of HTTP basic authentication. Others on the machine see command lines: use the environment or the file. Senders of spans need none."`
	LogLevel     string   `name:"log-level" env:"FLOWSCOPE_LOG_LEVEL" default:"info" enum:"debug,info,warn,error" placeholder:"LEVEL" help:"Least level that is logged: ${enum}."`
	LogFormat    string   `name:"log-format" env:"FLOWSCOPE_LOG_FORMAT" default:"auto" enum:"auto,text,json" placeholder:"FORMAT" help:"${enum}; auto is text on a terminal and JSON otherwise."`
	Pprof        bool     `name:"pprof" env:"FLOWSCOPE_PPROF" help:"Serve /debug/pprof on the API's address."`
}

// Validate reports every setting that cannot work, by its flag's name.
func (c *Serve) Validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(validAddr(c.HTTP) == nil, "--http: %w", validAddr(c.HTTP))
	for name, addr := range map[string]string{"--otlp-grpc": c.OTLPGRPC, "--otlp-http": c.OTLPHTTP} {
		check(addr == Off || validAddr(addr) == nil, "%s: %w", name, validAddr(addr))
	}
	check(c.Data != "", "--data: must name a directory")
	check(c.MaxBody > 0, "--max-body: must be above zero")
	check(c.MaxInflight >= c.MaxBody, "--max-inflight: must be at least --max-body (%s)", c.MaxBody)
	for _, origin := range c.CORSOrigins {
		check(origin == "*" || validOrigin(origin), "--cors-origins: %q is neither * nor an origin like https://shop.example", origin)
	}
	check(c.Token == nil || validToken(*c.Token), "--token: must be letters, digits and -._~+/= only, and not empty; leave it out to ask for none")
	errs = append(errs, c.Retain.Validate())
	check(c.MinFree >= 0, "--min-free: must not be negative")
	check(c.HeadBytes >= Size(units.MiB), "--head-bytes: must be at least 1MiB")
	check(c.HeadAge > 0, "--head-age: must be above zero")
	check(c.TraceQuiet > 0, "--trace-quiet: must be above zero")
	check(c.TraceDeadline >= c.TraceQuiet, "--trace-deadline: must be at least --trace-quiet (%s)", c.TraceQuiet)
	check(c.DegradedAt > 0 && c.DegradedAt <= 1, "--degraded-at: must be above 0 and at most 1")
	check(c.DownAt >= c.DegradedAt && c.DownAt <= 1, "--down-at: must be from --degraded-at to 1")
	return errors.Join(errs...)
}

// validOrigin reports whether a browser would send it as it stands: a scheme
// and a host, in lower case, with nothing behind them. Any other never matches.
func validOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && origin == strings.ToLower(u.Scheme+"://"+u.Host)
}

// validToken reports whether a secret can be sent as a bearer token (RFC 6750,
// section 2.1).
var validToken = regexp.MustCompile(`^[-A-Za-z0-9._~+/]+=*$`).MatchString

func validAddr(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		return err
	}
	if _, err := net.LookupPort("tcp", port); err != nil {
		return err
	}
	return nil
}

package receive

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"
)

// Config says where to listen and what to let in. The zero value of a field
// that names a default takes it.
type Config struct {
	HTTPAddr string // host:port for OTLP/HTTP, empty for none
	GRPCAddr string // host:port for OTLP/gRPC, empty for none

	// BodyLimit is the largest body in bytes, after decompression. Default 16 MiB.
	BodyLimit int64
	// InFlightLimit bounds the bytes of all requests that are being received
	// or stored. It is at least BodyLimit. Default 128 MiB: a third of a second
	// of 330-byte spans at a million a second.
	InFlightLimit int64
	// Origins are the web origins that browsers may send from: "https://host"
	// exactly, or "*" for every one. None by default.
	Origins []string

	// RequestTimeout is how long a request may take from its first byte until
	// it is stored. Default 30 s.
	RequestTimeout time.Duration
	// IdleTimeout closes a connection that carried nothing for so long. Default
	// 2 min, well above the few seconds between the exports of an SDK.
	IdleTimeout time.Duration
	// DrainTimeout is how long Run lets requests in flight finish after it was
	// told to stop. Default 10 s.
	DrainTimeout time.Duration

	Logger *slog.Logger // default slog.Default()
}

const (
	defaultBodyLimit      = 16 << 20
	defaultInFlightLimit  = 128 << 20
	defaultRequestTimeout = 30 * time.Second
	defaultIdleTimeout    = 2 * time.Minute
	defaultDrainTimeout   = 10 * time.Second

	// A peer that has connected has this long to say what it wants. An SDK
	// needs a round trip.
	helloTimeout = 5 * time.Second
	// Headers carry a token and a trace context, a few kilobytes at most.
	maxHeaderBytes = 32 << 10
)

// withDefaults returns the configuration with every default filled in.
func (c Config) withDefaults() Config {
	c.BodyLimit = cmp.Or(c.BodyLimit, defaultBodyLimit)
	c.InFlightLimit = cmp.Or(c.InFlightLimit, max(defaultInFlightLimit, c.BodyLimit))
	c.RequestTimeout = cmp.Or(c.RequestTimeout, defaultRequestTimeout)
	c.IdleTimeout = cmp.Or(c.IdleTimeout, defaultIdleTimeout)
	c.DrainTimeout = cmp.Or(c.DrainTimeout, defaultDrainTimeout)
	c.Logger = cmp.Or(c.Logger, slog.Default())
	return c
}

// Validate reports every field that cannot be used, defaults applied.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	if c.HTTPAddr == "" && c.GRPCAddr == "" {
		errs = append(errs, errors.New("no address to listen on: neither HTTPAddr nor GRPCAddr is set"))
	}
	if c.BodyLimit < 0 || c.BodyLimit > math.MaxInt32 { // gRPC counts a message's bytes in 32 bits
		errs = append(errs, fmt.Errorf("BodyLimit %d is not between 1 and %d bytes", c.BodyLimit, math.MaxInt32))
	}
	if c.InFlightLimit < c.BodyLimit {
		errs = append(errs, fmt.Errorf("InFlightLimit %d is below BodyLimit %d: no full body would ever fit", c.InFlightLimit, c.BodyLimit))
	}
	if c.RequestTimeout < 0 || c.IdleTimeout < 0 || c.DrainTimeout < 0 {
		errs = append(errs, errors.New("RequestTimeout, IdleTimeout and DrainTimeout cannot be negative"))
	}
	return errors.Join(errs...)
}

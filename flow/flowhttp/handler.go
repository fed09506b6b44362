package flowhttp

import (
	"errors"
	"net/http"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/internal/api/rest"
	"github.com/flowscope/flowscope/internal/inprocess"
)

// An Option changes what Handler returns.
type Option interface{ apply(*inprocess.Config) }

type option func(*inprocess.Config)

func (o option) apply(c *inprocess.Config) { o(c) }

// Handler returns the handler of everything a tracker has to show. It has
// nothing to close.
func Handler(t *flow.Tracker, options ...Option) http.Handler {
	var c inprocess.Config
	for _, o := range options {
		o.apply(&c)
	}
	return inprocess.New(t.View(), c)
}

// WithPrefix says where the handler is mounted: "/internal/flow".
func WithPrefix(prefix string) Option {
	return option(func(c *inprocess.Config) { c.Prefix = prefix })
}

// WithGuard has a function decide who may look, instead of letting only this
// machine. The text of the error it returns is what the client is told.
func WithGuard(guard func(*http.Request) error) Option {
	return option(func(c *inprocess.Config) { c.Guard = guard })
}

// WithToken lets those look who know a secret: as a bearer token, or as the
// password of HTTP basic authentication, which browsers ask for. Use it with TLS.
// An empty token lets nobody in.
func WithToken(token string) Option {
	return WithGuard(rest.TokenGuard(token))
}

var errNoCertificate = errors.New("a client certificate that the server has verified is needed")

// WithClientCertificate lets those look whose client certificate the server
// has verified: its tls.Config has ClientAuth of VerifyClientCertIfGiven or
// stricter.
func WithClientCertificate() Option {
	return WithGuard(func(r *http.Request) error {
		if r.TLS == nil || len(r.TLS.VerifiedChains) == 0 {
			return errNoCertificate
		}
		return nil
	})
}

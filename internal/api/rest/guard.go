package rest

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"net/http"
	"strings"
)

// Guard refuses requests by an error, whose text the client gets. It is called
// by any number of goroutines.
type Guard func(*http.Request) error

// ErrUnauthorized is the error of a Guard that wants to know who asks: a browser
// asks its user for a password.
var ErrUnauthorized = errors.New("a token is needed: as a bearer token, or as the password of HTTP basic authentication")

// TokenGuard lets those pass who know a secret: as a bearer token, or as the
// password of HTTP basic authentication, which browsers ask for. An empty secret
// lets nobody pass. How long it takes to refuse says nothing of the secret.
func TokenGuard(secret string) Guard {
	want := sha256.Sum256([]byte(secret))
	return func(r *http.Request) error {
		scheme, given, _ := strings.Cut(r.Header.Get("Authorization"), " ")
		if !strings.EqualFold(scheme, "Bearer") {
			_, given, _ = r.BasicAuth()
		}
		got := sha256.Sum256([]byte(given))
		if secret == "" || subtle.ConstantTimeCompare(got[:], want[:]) == 0 {
			return ErrUnauthorized
		}
		return nil
	}
}

// Refuse answers a request that a Guard does not let pass.
func Refuse(w http.ResponseWriter, r *http.Request, err error) {
	p := &Problem{Status: http.StatusForbidden, Code: "forbidden", Detail: err.Error()}
	if errors.Is(err, ErrUnauthorized) {
		p.Status, p.Code = http.StatusUnauthorized, "unauthorized"
		w.Header().Set("WWW-Authenticate", `Basic realm="flows", charset="UTF-8"`)
	}
	WriteProblem(w, r, p)
}

package flowhttp_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/flowscope/flowscope/flow"
	"github.com/flowscope/flowscope/flow/flowhttp"
)

func TestThisMachineOnly(t *testing.T) {
	h := mounted(flow.New())
	for _, c := range []struct {
		from, host string
		header     []string
		allowed    bool
	}{
		{"127.0.0.1:1", "localhost:8080", nil, true},
		{"127.0.0.1:1", "LOCALHOST", nil, true},
		{"127.8.9.1:1", "127.0.0.1:8080", nil, true},
		{"[::1]:1", "[::1]:8080", nil, true},
		{"[::1]:1", "[::1]", nil, true},
		{"[::ffff:127.0.0.1]:1", "[::ffff:127.0.0.1]:80", nil, true},
		{"192.0.2.1:1", "localhost:8080", nil, false},
		{"[2001:db8::1]:1", "localhost:8080", nil, false},
		{"[::ffff:192.0.2.1]:1", "localhost:8080", nil, false},
		{"[fe80::1%eth0]:1", "localhost:8080", nil, false},
		{"10.0.0.1:1", "127.0.0.1:8080", nil, false},
		{"", "localhost:8080", nil, false},
		{"@", "localhost:8080", nil, false},
		{"127.0.0.1", "localhost:8080", nil, false},
		// A name that its owner has rebound to 127.0.0.1.
		{"127.0.0.1:1", "evil.example:8080", nil, false},
		{"127.0.0.1:1", "localhost.evil.example", nil, false},
		{"127.0.0.1:1", "127.0.0.1.evil.example", nil, false},
		{"127.0.0.1:1", "192.0.2.1:8080", nil, false},
		{"127.0.0.1:1", "0.0.0.0:8080", nil, false},
		{"127.0.0.1:1", "", nil, false},
		// A proxy on this machine.
		{"127.0.0.1:1", "localhost:8080", []string{"X-Forwarded-For", "192.0.2.1"}, false},
		{"127.0.0.1:1", "localhost:8080", []string{"X-Forwarded-For", "127.0.0.1"}, false},
		{"127.0.0.1:1", "localhost:8080", []string{"X-Forwarded-For", "", "X-Forwarded-For", "192.0.2.1"}, false},
		{"127.0.0.1:1", "localhost:8080", []string{"X-Forwarded-Host", "shop.example"}, false},
		{"127.0.0.1:1", "localhost:8080", []string{"Forwarded", "for=192.0.2.1"}, false},
		{"127.0.0.1:1", "localhost:8080", []string{"X-Real-IP", "192.0.2.1"}, false},
		{"127.0.0.1:1", "localhost:8080", []string{"Via", "1.1 proxy"}, false},
		{"127.0.0.1:1", "localhost:8080", []string{"X-Forwarded-Proto", "https"}, false},
		{"127.0.0.1:1", "localhost:8080", []string{"X-Forwarded-Whatever", ""}, false},
		{"127.0.0.1:1", "localhost:8080", []string{"X-Original-Forwarded-For", "192.0.2.1"}, false},
		{"127.0.0.1:1", "localhost:8080", []string{"CF-Connecting-IP", "192.0.2.1"}, false},
		{"127.0.0.1:1", "localhost:8080", []string{"True-Client-IP", "192.0.2.1"}, false},
		{"127.0.0.1:1", "localhost:8080", []string{"X-Requested-With", "fetch", "X-Forward", "1"}, true},
	} {
		for _, path := range []string{"stats", "", "api/v1/flows", "flows?follow=true", "assets/x.js"} {
			r := request(http.MethodHead, "/debug/flow/"+path, c.header...)
			r.RemoteAddr, r.Host = c.from, c.host
			if w := answer(h, r); (w.Code == http.StatusForbidden) == c.allowed {
				t.Errorf("from %q, host %q, %v: %s is answered %d", c.from, c.host, c.header, path, w.Code)
			}
		}
	}
	r := request(http.MethodGet, "/debug/flow/stats")
	r.Host = "evil.example"
	w := answer(h, r)
	if p := refused(t, w); p.Code != "forbidden" || w.Header().Get("Cache-Control") != "no-store" || w.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%+v %v", p, w.Header())
	}
}

// from elsewhere asks as a browser at another machine does.
func elsewhere(h http.Handler, header ...string) *httptest.ResponseRecorder {
	r := request(http.MethodGet, "/debug/flow/health", header...)
	r.RemoteAddr, r.Host = "192.0.2.1:1", "shop.example"
	return answer(h, r)
}

func TestToken(t *testing.T) {
	basic := func(password string) string {
		r := request(http.MethodGet, "/")
		r.SetBasicAuth("anybody", password)
		return r.Header.Get("Authorization")
	}
	h := mounted(flow.New(), flowhttp.WithToken("s3cret"))
	for given, want := range map[string]int{
		"Bearer s3cret": 200, "bearer s3cret": 200, basic("s3cret"): 200,
		"": 401, "Bearer": 401, "Bearer ": 401, "Bearer s3cre": 401, "Bearer s3cret ": 401, "s3cret": 401, "Digest s3cret": 401,
		basic(""): 401, basic("x"): 401, "Basic !!!": 401,
	} {
		w := elsewhere(h, "Authorization", given)
		if w.Code != want {
			t.Errorf("%q is answered %d", given, w.Code)
		}
		if want == http.StatusUnauthorized {
			if p := refused(t, w); p.Code != "unauthorized" || w.Header().Get("WWW-Authenticate") == "" {
				t.Errorf("%+v %v", p, w.Header())
			}
		}
	}
	if w := elsewhere(h); w.Code != http.StatusUnauthorized {
		t.Errorf("nothing is answered %d", w.Code)
	}
	empty := mounted(flow.New(), flowhttp.WithToken(""))
	for _, given := range []string{"", "Bearer ", basic("")} {
		if w := elsewhere(empty, "Authorization", given); w.Code != http.StatusUnauthorized {
			t.Errorf("with an empty token %q is answered %d", given, w.Code)
		}
	}
}

func TestGuard(t *testing.T) {
	h := mounted(flow.New(), flowhttp.WithGuard(func(r *http.Request) error {
		if r.URL.Path != "/debug/flow/health" { // as the client sent it
			return errors.New("the path is " + r.URL.Path)
		}
		if r.Header.Get("X-Role") != "admin" {
			return errors.New("admins only")
		}
		return nil
	}))
	if p := refused(t, elsewhere(h)); p.Status != http.StatusForbidden || p.Detail != "admins only" {
		t.Errorf("%+v", p)
	}
	if w := elsewhere(h, "X-Role", "admin"); w.Code != http.StatusOK {
		t.Errorf("%d %s", w.Code, w.Body)
	}
	// None is the default one.
	if w := elsewhere(mounted(flow.New(), flowhttp.WithGuard(nil))); w.Code != http.StatusForbidden {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

// certificate is one that signs itself.
func certificate(t *testing.T) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool
}

func TestClientCertificate(t *testing.T) {
	known, pool := certificate(t)
	unknown, _ := certificate(t)
	h := mounted(flow.New(), flowhttp.WithClientCertificate())
	if p := refused(t, elsewhere(h)); p.Status != http.StatusForbidden {
		t.Errorf("without TLS: %+v", p)
	}
	for _, c := range []struct {
		name  string
		auth  tls.ClientAuthType
		certs []tls.Certificate
		want  int // 0 is no connection
	}{
		{"verified", tls.VerifyClientCertIfGiven, []tls.Certificate{known}, http.StatusOK},
		{"none", tls.VerifyClientCertIfGiven, nil, http.StatusForbidden},
		{"unknown", tls.VerifyClientCertIfGiven, []tls.Certificate{unknown}, 0},
		{"given but not verified", tls.RequestClientCert, []tls.Certificate{unknown}, http.StatusForbidden},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := httptest.NewUnstartedServer(h)
			server.TLS = &tls.Config{ClientAuth: c.auth, ClientCAs: pool, MinVersion: tls.VersionTLS12}
			server.Config.ErrorLog = quiet(t)
			server.StartTLS()
			defer server.Close()
			client := server.Client()
			transport, ok := client.Transport.(*http.Transport)
			if !ok {
				t.Fatalf("the transport is a %T", client.Transport)
			}
			transport.TLSClientConfig.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
				if len(c.certs) == 0 {
					return &tls.Certificate{}, nil
				}
				return &c.certs[0], nil
			}
			got, err := client.Get(server.URL + "/debug/flow/health")
			if err != nil {
				if c.want != 0 {
					t.Fatal(err)
				}
				return
			}
			defer got.Body.Close()
			if got.StatusCode != c.want {
				t.Errorf("the answer is %s", got.Status)
			}
		})
	}
}

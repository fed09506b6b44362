package flow

import (
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// target is an OTLPExporter's settings with those of the environment.
type target struct {
	url     string
	headers map[string]string
	timeout time.Duration
	gzip    bool
	client  *http.Client
	zip     *gzip.Writer // nil until it is needed: it takes some 800 KiB
}

func (e *OTLPExporter) resolve() (target, error) {
	t := target{timeout: e.Timeout, gzip: !e.Uncompressed, client: e.Client, headers: map[string]string{}}
	var errs [5]error
	t.url, errs[0] = e.address()
	if e.Timeout <= 0 {
		t.timeout, errs[1] = timeoutOf(setting("TIMEOUT"))
	}
	errs[2] = readHeaders(t.headers, setting("HEADERS"))
	for name, value := range e.Headers {
		t.headers[http.CanonicalHeaderKey(name)] = value
	}
	errs[4] = checkHeaders(t.headers)
	switch c := setting("COMPRESSION"); c {
	case "none":
		t.gzip = false
	case "", "gzip":
	default:
		errs[3] = fmt.Errorf("compression %q is neither gzip nor none", c)
	}
	if t.client == nil {
		// Not http.DefaultTransport: a program may have it record flows.
		// Nor does it follow redirects: a page to log in is no receiver.
		t.client = &http.Client{Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: 1, IdleConnTimeout: 90 * time.Second, TLSHandshakeTimeout: defaultTimeout,
		}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	return t, errors.Join(errs[:]...)
}

// setting is a variable of the environment, as OpenTelemetry names them: the one
// for traces, else the one for all.
func setting(name string) string {
	return strings.TrimSpace(cmp.Or(os.Getenv("OTEL_EXPORTER_OTLP_TRACES_"+name), os.Getenv("OTEL_EXPORTER_OTLP_"+name)))
}

// address is where requests go.
func (e *OTLPExporter) address() (string, error) {
	const path = "/v1/traces"
	base, exact := e.Endpoint, ""
	if base == "" {
		exact = os.Getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
		base = cmp.Or(exact, os.Getenv("OTEL_EXPORTER_OTLP_ENDPOINT"))
	}
	if base == "" {
		return "", errors.New("no endpoint: set Endpoint or OTEL_EXPORTER_OTLP_ENDPOINT")
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return "", fmt.Errorf("endpoint %q is no URL like http://127.0.0.1:4318", base)
	}
	if exact == "" && !strings.HasSuffix(u.Path, path) {
		u = u.JoinPath(path)
	}
	return u.String(), nil
}

// timeoutOf reads milliseconds.
func timeoutOf(text string) (time.Duration, error) {
	if text == "" {
		return defaultTimeout, nil
	}
	ms, err := strconv.ParseInt(text, 10, 32)
	if err != nil || ms <= 0 {
		return 0, fmt.Errorf("timeout %q is no number of milliseconds", text)
	}
	return time.Duration(ms) * time.Millisecond, nil
}

// readHeaders reads headers as W3C Baggage has them: a=b,c=d, values escaped as
// in URLs. What they say is not in the error: that is where tokens are.
func readHeaders(into map[string]string, text string) error {
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, found := strings.Cut(pair, "=")
		name = strings.TrimSpace(name)
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !found || err != nil || !isToken(name) {
			return errors.New("the headers of the environment are not like name=value,name=value")
		}
		into[http.CanonicalHeaderKey(name)] = value
	}
	return nil
}

// checkHeaders finds what no request can carry: sending would fail, and be tried
// again, as if nobody answered. Values are not in the error here either.
func checkHeaders(headers map[string]string) error {
	for name, value := range headers {
		control := func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }
		if !isToken(name) || strings.ContainsFunc(value, control) {
			return fmt.Errorf("header %q has a name or a value that HTTP does not allow", name)
		}
	}
	return nil
}

package receive

import (
	"context"
	"errors"
	"log/slog"
	"math"
	"net"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/flowscope/flowscope/internal/decode"
)

// tracesPath is where OTLP/HTTP sends spans.
const tracesPath = "/v1/traces"

// httpDoor answers OTLP/HTTP.
type httpDoor struct {
	*ingest
	origins origins
	readers decompressors
	server  *http.Server
}

func newHTTPDoor(in *ingest) *httpDoor {
	d := &httpDoor{ingest: in, origins: in.config.Origins}
	d.server = &http.Server{
		Handler:           d,
		ReadHeaderTimeout: min(helloTimeout, in.config.RequestTimeout),
		ReadTimeout:       in.config.RequestTimeout,
		IdleTimeout:       in.config.IdleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(in.config.Logger.Handler(), slog.LevelWarn),
	}
	return d
}

func (d *httpDoor) serve(l net.Listener) error {
	if err := d.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func (d *httpDoor) drain(ctx context.Context) {
	err := d.server.Shutdown(ctx)
	if err != nil {
		err = d.server.Close()
	}
	if err != nil {
		d.config.Logger.Warn("close OTLP/HTTP", "error", err)
	}
}

// ServeHTTP answers one request.
func (d *httpDoor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if d.origins.answer(w, r) {
		return
	}
	d.stats.requests.Add(1)
	form := formatOf(r.Header.Get("Content-Type"))
	if fail := d.check(w, r, form); fail != nil {
		d.refuse(w, r, form, fail)
		return
	}
	report, fail := d.export(w, r, form)
	if fail != nil {
		d.refuse(w, r, form, fail)
		return
	}
	d.write(w, form, http.StatusOK, answer(report))
}

// check refuses what is not OTLP's export of traces.
func (d *httpDoor) check(w http.ResponseWriter, r *http.Request, form format) *failure {
	switch {
	case r.URL.Path != tracesPath:
		return refuse(Unknown, "%s is not served here: this server takes traces, at %s", r.URL.Path, tracesPath)
	case r.Method != http.MethodPost:
		w.Header().Set("Allow", http.MethodPost)
		return refuse(WrongMethod, "method %s: spans are sent with POST", r.Method)
	case form == formatOther:
		return refuse(Unsupported, "Content-Type %q is neither %s nor %s", r.Header.Get("Content-Type"), contentProtobuf, contentJSON)
	}
	return nil
}

// export brings one request's spans from its body to the sink.
func (d *httpDoor) export(w http.ResponseWriter, r *http.Request, form format) (*decode.Report, *failure) {
	lease := lease{budget: d.budget}
	defer lease.release()
	body, fail := d.readBody(w, r, &lease)
	if fail != nil {
		return nil, fail
	}
	return d.take(r.Context(), form, *body, func() { d.buffers.Put(body) }, &lease)
}

// refuse answers with the failure, in the request's own encoding.
func (d *httpDoor) refuse(w http.ResponseWriter, r *http.Request, form format, fail *failure) {
	id := d.refused(r.Context(), r.RemoteAddr, fail)
	w.Header().Set("X-Request-Id", id)
	if fail.retryAfter > 0 {
		w.Header().Set("Retry-After", wholeSeconds(fail.retryAfter))
	}
	d.write(w, form, fail.kind.answers().http, fail.status())
}

func (d *httpDoor) write(w http.ResponseWriter, form format, status int, m proto.Message) {
	body, err := form.marshal(m)
	if err != nil { // the messages are ours: they always encode
		d.config.Logger.Error("encode an OTLP response", "error", err)
		status, body = http.StatusInternalServerError, nil
	}
	w.Header().Set("Content-Type", form.contentType())
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		d.config.Logger.Debug("write an OTLP response", "error", err)
	}
}

// wholeSeconds is a Retry-After header, which has no fractions: rounded up.
func wholeSeconds(d time.Duration) string {
	return strconv.FormatInt(int64(math.Ceil(d.Seconds())), 10)
}

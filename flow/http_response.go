package flow

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
)

// response notes an answer's status and size on its way to the client. It has
// the abilities of the server's own writer: those that its type does not show
// http.ResponseController finds through Unwrap, and those that code asks for by
// type are here and answer http.ErrNotSupported when the server's has them not.
type response struct {
	http.ResponseWriter
	status int
	bytes  int64
	early  string // the operation's name by a route that was looked up before
}

var (
	_ http.Flusher    = (*response)(nil)
	_ http.Hijacker   = (*response)(nil)
	_ http.Pusher     = (*response)(nil)
	_ closeNotifier   = (*response)(nil)
	_ io.ReaderFrom   = (*response)(nil)
	_ io.StringWriter = (*response)(nil)
)

// Unwrap is for http.ResponseController.
func (w *response) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *response) WriteHeader(status int) {
	if w.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) { // others are not the answer yet
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *response) Write(p []byte) (int, error) {
	w.begin()
	n, err := w.ResponseWriter.Write(p)
	w.bytes += int64(n)
	return n, err
}

// WriteString spares the copy that Write costs.
func (w *response) WriteString(s string) (int, error) {
	w.begin()
	n, err := io.WriteString(w.ResponseWriter, s)
	w.bytes += int64(n)
	return n, err
}

// ReadFrom lets files be sent without passing through the program.
func (w *response) ReadFrom(from io.Reader) (int64, error) {
	w.begin()
	n, err := io.Copy(w.ResponseWriter, from)
	w.bytes += n
	return n, err
}

func (w *response) begin() {
	if w.status == 0 {
		w.status = http.StatusOK
	}
}

// code is the answer's status, of a panic's where none was sent.
func (w *response) code(panicked bool) int {
	switch {
	case w.status != 0:
		return w.status
	case panicked:
		return http.StatusInternalServerError
	default:
		return http.StatusOK
	}
}

// Flush sends what is buffered; where the server cannot, it does nothing.
func (w *response) Flush() {
	_ = w.FlushError() // http.Flusher has no way to say so
}

// FlushError is Flush for http.ResponseController.
func (w *response) FlushError() error {
	err := http.NewResponseController(w.ResponseWriter).Flush()
	if !errors.Is(err, http.ErrNotSupported) {
		w.begin()
	}
	return err
}

// Hijack hands over the connection.
func (w *response) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, buffered, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil && w.status == 0 {
		w.status = http.StatusSwitchingProtocols
	}
	return conn, buffered, err
}

// Push is HTTP/2's.
func (w *response) Push(target string, options *http.PushOptions) error {
	if pusher, ok := ability[http.Pusher](w.ResponseWriter); ok {
		return pusher.Push(target, options)
	}
	return http.ErrNotSupported
}

// closeNotifier is http.CloseNotifier, which routers such as gin still ask for.
type closeNotifier interface{ CloseNotify() <-chan bool }

// CloseNotify tells when the client has left. Where the server cannot, it never does.
func (w *response) CloseNotify() <-chan bool {
	if notifier, ok := ability[closeNotifier](w.ResponseWriter); ok {
		return notifier.CloseNotify()
	}
	return make(chan bool)
}

// ability is what a writer can do, or one that it wraps.
func ability[T any](from http.ResponseWriter) (able T, ok bool) {
	for {
		if able, ok = from.(T); ok {
			return able, true
		}
		outer, wraps := from.(interface{ Unwrap() http.ResponseWriter })
		if !wraps {
			return able, false
		}
		from = outer.Unwrap()
	}
}

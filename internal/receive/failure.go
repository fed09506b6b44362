package receive

import (
	"fmt"
	"net/http"
	"time"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
)

// Kind says why a request was refused whole.
type Kind uint8

// The kinds of refusal.
const (
	Malformed   Kind = iota // the body could not be decoded
	TooLarge                // the body passed BodyLimit
	Unsupported             // a content type or encoding that is not OTLP's
	Unknown                 // a path that is not served
	WrongMethod             // a method other than POST
	Busy                    // requests in flight passed InFlightLimit
	Behind                  // the sink asked to come back later
	Failed                  // the sink could not take the batch
	TimedOut                // the request did not arrive in time
	Aborted                 // the client went away, or storing took too long
	Internal                // a fault of the server itself
	kinds                   // how many there are
)

// answers is how each transport tells a kind.
type answers struct {
	name string
	http int
	grpc codes.Code
}

func (k Kind) answers() answers {
	return [kinds]answers{
		Malformed:   {"malformed", http.StatusBadRequest, codes.InvalidArgument},
		TooLarge:    {"too_large", http.StatusRequestEntityTooLarge, codes.ResourceExhausted},
		Unsupported: {"unsupported", http.StatusUnsupportedMediaType, codes.InvalidArgument},
		Unknown:     {"unknown", http.StatusNotFound, codes.Unimplemented},
		WrongMethod: {"wrong_method", http.StatusMethodNotAllowed, codes.Unimplemented},
		Busy:        {"busy", http.StatusServiceUnavailable, codes.ResourceExhausted},
		Behind:      {"behind", http.StatusServiceUnavailable, codes.ResourceExhausted},
		// A sink that fails today may work tomorrow: only these codes make a
		// client keep the spans and try again.
		Failed:   {"failed", http.StatusServiceUnavailable, codes.Unavailable},
		TimedOut: {"timed_out", http.StatusRequestTimeout, codes.DeadlineExceeded},
		// Should the sender still be there, it may try again.
		Aborted:  {"aborted", http.StatusServiceUnavailable, codes.Canceled},
		Internal: {"internal", http.StatusInternalServerError, codes.Internal},
	}[k]
}

// String is the kind as a label: lower case with underscores.
func (k Kind) String() string { return k.answers().name }

// failure is a request refused whole. What it says is for the sender to read.
type failure struct {
	kind       Kind
	message    string
	cause      error         // for the log only
	retryAfter time.Duration // zero: no promise
}

func refuse(k Kind, format string, args ...any) *failure {
	return &failure{kind: k, message: fmt.Sprintf(format, args...)}
}

// status is the failure in the form both transports send.
func (f *failure) status() *spb.Status {
	return &spb.Status{Code: int32(f.kind.answers().grpc), Message: f.message}
}

// shortestRetry is when to come back at the earliest: Retry-After counts whole
// seconds, and a second is enough to sync many groups of requests.
const shortestRetry = time.Second

func busy() *failure {
	f := refuse(Busy, "too many bytes in flight, come back later")
	f.retryAfter = shortestRetry
	return f
}

// RetryAfterer is an error that says when the same request may work. A sink
// that is full or behind returns one, wrapped or not. Senders are told its text,
// without that of the errors around it.
type RetryAfterer interface {
	error
	RetryAfter() time.Duration
}

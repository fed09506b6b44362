package receive

import (
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
)

// usualRatio is how far a compressed request is expected to expand: OTLP
// shrinks to about a tenth. One that expands further costs a larger buffer.
const usualRatio = 16

// readBody reads a request's body, decompressed, into a buffer that the caller
// puts back. The lease is kept as large as the buffer.
func (d *httpDoor) readBody(w http.ResponseWriter, r *http.Request, l *lease) (*[]byte, *failure) {
	wire := &wireReader{from: http.MaxBytesReader(w, r.Body, d.config.BodyLimit)}
	size := int64(receiveAhead)
	if r.ContentLength >= 0 { // a byte more, to see the end without growing
		size = min(size, r.ContentLength+1)
	}
	var plain io.Reader = wire
	switch coding := strings.ToLower(r.Header.Get("Content-Encoding")); coding {
	case "", "identity":
	case "gzip", "zstd":
		size = min(usualRatio*size, receiveAhead)
		reader, err := d.readers.get(coding, wire)
		if err != nil {
			return nil, d.readFailure(wire, err)
		}
		defer reader.release()
		plain = reader
	default:
		w.Header().Set("Accept-Encoding", "gzip, zstd")
		return nil, refuse(Unsupported, "Content-Encoding %q is none of identity, gzip, zstd", coding)
	}
	body, fail := d.readAll(plain, wire, size, l)
	if fail != nil {
		return nil, fail
	}
	d.stats.bytes.Add(int64(len(*body)))
	return body, nil
}

// readAll reads to the end of plain, which draws from wire. Its buffer has size
// bytes at first and doubles, each time once the lease has grown.
func (d *httpDoor) readAll(plain io.Reader, wire *wireReader, size int64, l *lease) (*[]byte, *failure) {
	limit := d.config.BodyLimit
	var body *[]byte
	for n := int64(0); ; {
		if body == nil || n == int64(len(*body)) {
			if body != nil {
				size = min(2*n, limit+1)
			}
			if !l.resize(size) {
				d.putBack(body)
				return nil, busy()
			}
			body = d.grow(body, int(size))
		}
		got, err := plain.Read((*body)[n:])
		n += int64(got)
		switch {
		case n > limit:
			d.putBack(body)
			return nil, d.tooLarge()
		case errors.Is(err, io.EOF):
			*body = (*body)[:n]
			return body, nil
		case err != nil:
			d.putBack(body)
			return nil, d.readFailure(wire, err)
		}
	}
}

// grow moves what is in a buffer to one of the given size.
func (d *httpDoor) grow(old *[]byte, size int) *[]byte {
	body := d.buffers.Get(size)
	if old != nil {
		copy(*body, *old)
		d.buffers.Put(old)
	}
	return body
}

func (d *httpDoor) putBack(body *[]byte) {
	if body != nil {
		d.buffers.Put(body)
	}
}

// readFailure tells a peer that stalled or left from one that sent what cannot
// be decompressed.
func (d *httpDoor) readFailure(wire *wireReader, err error) *failure {
	var fail *failure
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(wire.err, &tooLarge):
		fail = d.tooLarge()
	case errors.Is(wire.err, os.ErrDeadlineExceeded):
		fail = refuse(TimedOut, "the body did not arrive within %v", d.config.RequestTimeout)
	case wire.err != nil:
		fail = refuse(Aborted, "the body ended early")
	default:
		fail = refuse(Malformed, "body: cannot be decompressed: %v", err)
	}
	fail.cause = err
	return fail
}

func (in *ingest) tooLarge() *failure {
	return refuse(TooLarge, "the body is larger than %d bytes after decompression", in.config.BodyLimit)
}

// wireReader remembers how reading from the connection failed, which a
// decompressor on top of it would blur. The end of the body is no failure.
type wireReader struct {
	from io.Reader
	err  error
}

// Read reads from the connection.
func (r *wireReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		r.err = err
	}
	return n, err
}

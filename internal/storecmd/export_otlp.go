package storecmd

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"

	"github.com/flowscope/flowscope/internal/encode"
	"github.com/flowscope/flowscope/internal/model"
)

// sink writes spans in one format.
type sink interface {
	write(spans []model.Span) error
	close() error
}

func newSink(format string, out io.Writer) sink {
	switch format {
	case FormatParquet:
		return newParquetSink(out)
	case FormatOTLP:
		return &otlpSink{out: out, encode: encode.Proto, frame: appendLength}
	default:
		return &otlpSink{out: out, encode: encode.JSON, frame: appendLine}
	}
}

// otlpSink writes requests as the Collector's file exporter does, so that its
// file receivers, and whoever reads its files, read these.
type otlpSink struct {
	out    io.Writer
	encode func(dst []byte, spans []model.Span) []byte
	frame  func(dst, request []byte) ([]byte, error)
	buf    []byte
	framed []byte
}

// maxRequest keeps a request below what receivers accept, 16 MiB here and 4 MiB
// in gRPC's default, unless one span is larger.
const maxRequest = 3 << 20

func (o *otlpSink) write(spans []model.Span) (err error) {
	o.buf = o.encode(o.buf[:0], spans)
	if len(o.buf) > maxRequest && len(spans) > 1 {
		half := len(spans) / 2
		if err := o.write(spans[:half]); err != nil {
			return err
		}
		return o.write(spans[half:])
	}
	if o.framed, err = o.frame(o.framed[:0], o.buf); err != nil {
		return err
	}
	_, err = o.out.Write(o.framed)
	return err
}

func (o *otlpSink) close() error { return nil }

func appendLength(dst, request []byte) ([]byte, error) {
	if len(request) > math.MaxUint32 {
		return nil, fmt.Errorf("a request of %d bytes", len(request))
	}
	return append(binary.BigEndian.AppendUint32(dst, uint32(len(request))), request...), nil
}

func appendLine(dst, request []byte) ([]byte, error) {
	return append(append(dst, request...), '\n'), nil
}

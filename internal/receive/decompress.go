package receive

import (
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxWindow is the largest zstd window let in, which is the memory one decoder
// may hold. 8 MiB is what RFC 8878 asks every decoder to support.
const maxWindow = 8 << 20

// decompressors keeps decoders for reuse: making one costs more than a small
// request.
type decompressors struct {
	gzip, zstd sync.Pool
}

// decompressor is a decoder on loan. It reads decompressed bytes.
type decompressor struct {
	io.Reader
	release func()
}

// get lends a decoder of a coding, gzip or zstd, that reads from src. The
// error says that src does not begin as the coding does, or how reading failed.
func (d *decompressors) get(coding string, src io.Reader) (decompressor, error) {
	if coding == "gzip" {
		return d.getGzip(src)
	}
	return d.getZstd(src)
}

func (d *decompressors) getGzip(src io.Reader) (decompressor, error) {
	z, ok := d.gzip.Get().(*gzip.Reader)
	if !ok {
		z = new(gzip.Reader)
	}
	release := func() { d.gzip.Put(z) }
	if err := z.Reset(src); err != nil {
		release()
		return decompressor{}, err
	}
	return decompressor{z, release}, nil
}

func (d *decompressors) getZstd(src io.Reader) (decompressor, error) {
	z, ok := d.zstd.Get().(*zstd.Decoder)
	if !ok {
		var err error
		// One goroutine, the request's own, so that an idle decoder needs none
		// and can be dropped without being closed.
		if z, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow)); err != nil {
			return decompressor{}, err
		}
	}
	release := func() {
		if z.Reset(nil) == nil { // lets go of src
			d.zstd.Put(z)
		}
	}
	if err := z.Reset(src); err != nil {
		release()
		return decompressor{}, err
	}
	return decompressor{z, release}, nil
}

package receive

import (
	"io"
	"sync"

	"github.com/klauspost/compress/zstd"
	"google.golang.org/grpc/encoding"
)

// gRPC finds compressors only in a registry of its own, which may be written
// only while the program starts.
func init() { //nolint:gochecknoinits // see above: anywhere else is a data race
	encoding.RegisterCompressor(new(grpcZstd))
}

// grpcZstd is zstd for gRPC. It takes messages of any size apart piece by
// piece; gRPC stops reading at MaxRecvMsgSize.
type grpcZstd struct {
	readers decompressors
	writers sync.Pool
}

// Name is what grpc-encoding says.
func (*grpcZstd) Name() string { return "zstd" }

// Decompress reads the message that r holds compressed. gRPC closes it.
func (c *grpcZstd) Decompress(r io.Reader) (io.Reader, error) {
	d, err := c.readers.get("zstd", r)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// Close gives the decoder back.
func (d decompressor) Close() error {
	d.release()
	return nil
}

// Compress writes to w what is written to the result until it is closed.
func (c *grpcZstd) Compress(w io.Writer) (io.WriteCloser, error) {
	z, ok := c.writers.Get().(*zstd.Encoder)
	if !ok {
		var err error
		// Answers are small: the least memory and no goroutine.
		if z, err = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithLowerEncoderMem(true)); err != nil {
			return nil, err
		}
	}
	z.Reset(w)
	return &zstdWriter{z, &c.writers}, nil
}

// zstdWriter is an encoder on loan.
type zstdWriter struct {
	*zstd.Encoder
	pool *sync.Pool
}

// Close ends the stream and gives the encoder back.
func (z *zstdWriter) Close() error {
	err := z.Encoder.Close()
	z.pool.Put(z.Encoder)
	return err
}

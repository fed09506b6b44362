package receive

import (
	"google.golang.org/grpc/encoding"
	protocodec "google.golang.org/grpc/encoding/proto"
	"google.golang.org/grpc/mem"
)

// message receives a gRPC message as the bytes it came in.
type message struct{ mem.Buffer }

// rawCodec hands over a message's bytes to whoever asks for a *message, and is
// gRPC's protobuf codec for everyone else.
type rawCodec struct {
	encoding.CodecV2
	buffers *buffers
}

func newRawCodec(b *buffers) rawCodec {
	return rawCodec{CodecV2: encoding.GetCodecV2(protocodec.Name), buffers: b}
}

// Unmarshal gives a *message its own reference to data, in one piece, which the
// receiver frees.
func (c rawCodec) Unmarshal(data mem.BufferSlice, v any) error {
	m, ok := v.(*message)
	if !ok {
		return c.CodecV2.Unmarshal(data, v)
	}
	m.Buffer = data.MaterializeToBuffer(c.buffers)
	return nil
}

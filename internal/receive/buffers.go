package receive

import (
	"math/bits"
	"sync"

	"google.golang.org/grpc/mem"
)

// buffers lends byte slices whose capacities are powers of two, so that a
// request's body costs no allocation once the server is warm. Slices outside
// smallestBuffer..largestBuffer are rare; they are made to measure and left to
// the garbage collector.
type buffers struct {
	classes [largestBuffer - smallestBuffer + 1]sync.Pool
}

// The capacities that are kept, as powers of two: 16 KiB, the chunk gRPC reads
// in, to 4 MiB.
const (
	smallestBuffer = 14
	largestBuffer  = 22
)

var _ mem.BufferPool = (*buffers)(nil)

// Get returns a slice of length n. What it contains is left over from before.
func (b *buffers) Get(n int) *[]byte {
	class := max(bits.Len(uint(max(n, 1)-1)), smallestBuffer)
	if class > largestBuffer {
		p := make([]byte, n)
		return &p
	}
	p, ok := b.classes[class-smallestBuffer].Get().(*[]byte)
	if !ok {
		made := make([]byte, 1<<class)
		p = &made
	}
	*p = (*p)[:n]
	return p
}

// Put takes back what Get lent.
func (b *buffers) Put(p *[]byte) {
	class := bits.Len(uint(cap(*p))) - 1
	if class < smallestBuffer || class > largestBuffer || cap(*p) != 1<<class {
		return
	}
	b.classes[class-smallestBuffer].Put(p)
}

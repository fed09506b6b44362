package wal

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"

	"github.com/klauspost/compress/s2"

	"github.com/flowscope/flowscope/internal/model"
)

// castagnoli is CRC-32C, which amd64 and arm64 compute in hardware.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

const (
	recordHeader = 8 // length and crc
	flagS2       = 1

	// MaxRecord bounds the body of a record and the batch inside it, in bytes:
	// far above what a receiver lets in (16 MiB), far below what would hurt.
	MaxRecord = 256 << 20
)

// Encoder makes records. It keeps its scratch buffer; it belongs to one
// goroutine at a time. The zero value is ready to use.
type Encoder struct{ raw []byte }

// AppendRecord appends a batch as one record.
func (e *Encoder) AppendRecord(dst []byte, b *model.Batch) ([]byte, error) {
	e.raw = AppendBatch(e.raw[:0], b)
	if len(e.raw) > MaxRecord-1 {
		return dst, fmt.Errorf("wal: a batch of %d encoded bytes is over the limit of %d", len(e.raw), MaxRecord)
	}
	start := len(dst)
	dst = append(dst, 0, 0, 0, 0, 0, 0, 0, 0, flagS2)
	body := len(dst)
	dst = grow(dst, s2.MaxEncodedLen(len(e.raw)))
	packed := s2.Encode(dst[body:cap(dst)], e.raw)
	dst = dst[:body+len(packed)]
	binary.LittleEndian.PutUint32(dst[start:], uint32(len(dst)-start-recordHeader))
	binary.LittleEndian.PutUint32(dst[start+4:], recordCRC(dst[start:]))
	return dst, nil
}

func grow(p []byte, n int) []byte {
	if cap(p)-len(p) >= n {
		return p
	}
	q := make([]byte, len(p), len(p)+n)
	copy(q, p)
	return q
}

// recordCRC is the checksum of a whole record: its length and its body.
func recordCRC(record []byte) uint32 {
	crc := crc32.Update(0, castagnoli, record[:4])
	return crc32.Update(crc, castagnoli, record[recordHeader:])
}

// decodeBody decodes a record's body, whose checksum was right.
func decodeBody(body []byte) (*model.Batch, error) {
	if len(body) == 0 || body[0] > flagS2 {
		return nil, fmt.Errorf("%w: flags", ErrCorrupt)
	}
	payload := body[1:]
	if body[0] == flagS2 {
		n, err := s2.DecodedLen(payload)
		if err != nil || n > MaxRecord {
			return nil, fmt.Errorf("%w: compressed length", ErrCorrupt)
		}
		if payload, err = s2.Decode(nil, payload); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
	}
	return DecodeBatch(payload)
}

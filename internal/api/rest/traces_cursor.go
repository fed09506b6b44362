package rest

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"hash/fnv"

	"github.com/flowscope/flowscope/internal/model"
)

// A cursor is the base64, as URLs have it, of
//
//	version 1 · question, 4 bytes · from · to · low · last start · last duration · last trace id, 16 bytes
//
// where times are varints, and what is about the last trace may be missing.
const cursorVersion = 1

var errCursor = errors.New("not a cursor that this server gave")

// questionOf tells one question from another: a cursor goes on with its own.
func questionOf(f model.Filter, byDuration bool) uint32 {
	h := fnv.New32a()
	text := "time"
	if byDuration {
		text = "duration"
	}
	if f != nil {
		text += f.String()
	}
	h.Write([]byte(text))
	return h.Sum32()
}

func encodeCursor(c *model.TraceCursor, question uint32) string {
	b := binary.BigEndian.AppendUint32([]byte{cursorVersion}, question)
	for _, v := range []int64{c.From, c.To, c.Low} {
		b = binary.AppendVarint(b, v)
	}
	if c.Last != nil {
		b = binary.AppendVarint(binary.AppendVarint(b, c.Last.Start), c.Last.Duration)
		b = append(b, c.Last.TraceID[:]...)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeCursor(text string) (c *model.TraceCursor, question uint32, err error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) < 5 || b[0] != cursorVersion {
		return nil, 0, errCursor
	}
	question, b = binary.BigEndian.Uint32(b[1:]), b[5:]
	next := func() (v int64) {
		v, n := binary.Varint(b)
		if n <= 0 {
			err = errCursor
			return 0
		}
		b = b[n:]
		return v
	}
	c = &model.TraceCursor{From: next(), To: next(), Low: next()}
	if len(b) > 0 {
		c.Last = &model.TracePlace{Start: next(), Duration: next()}
		if len(b) != copy(c.Last.TraceID[:], b) || len(b) < len(c.Last.TraceID) {
			err = errCursor
		}
	}
	if err != nil {
		return nil, 0, err
	}
	return c, question, nil
}

// cursor reads a cursor that belongs to a question.
func (p *params) cursor(name, text string, question uint32) *model.TraceCursor {
	c, of, err := decodeCursor(text)
	switch {
	case err != nil:
		p.fail(name, name+" is "+err.Error())
	case of != question:
		p.fail(name, name+" belongs to a request with other parameters")
	}
	return c
}

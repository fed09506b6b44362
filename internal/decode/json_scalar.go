package decode

import (
	"encoding/base64"
	"encoding/hex"
	"math"
	"strconv"
	"strings"

	"github.com/flowscope/flowscope/internal/model"
)

// quoted passes a string and returns its content.
func (d *jsonDecoder) quoted() ([]byte, *Error) {
	if d.peek() != '"' {
		return nil, &Error{Problem: "not a string"}
	}
	return d.string(), nil
}

func (d *jsonDecoder) textField(r *model.Ref) *Error {
	p, err := d.quoted()
	if err == nil {
		*r = d.text(p)
	}
	return err
}

// idField reads an id of hexadecimal digits. One that is malformed leaves the
// zero id and calls bad, which may be nil.
func (d *jsonDecoder) idField(dst []byte, bad func()) *Error {
	p, err := d.quoted()
	if err != nil {
		return err
	}
	raw := make([]byte, 0, 16)
	raw, notHex := hex.AppendDecode(raw, p)
	if notHex != nil {
		raw = raw[:1] // no id has this length
	}
	if !id(dst, raw) && bad != nil {
		bad()
	}
	return nil
}

// number passes a number, in quotes or without, and returns its text.
func (d *jsonDecoder) number() string {
	if d.peek() == '"' {
		return viewString(d.string())
	}
	return viewString(d.literal())
}

func (d *jsonDecoder) integer() (int64, *Error) {
	text := d.number()
	v, err := strconv.ParseInt(text, 10, 64)
	if err == nil {
		return v, nil
	}
	// Protobuf's JSON allows 1.0 and 1e3 for integers; past 2^53 a float no
	// longer says which integer is meant.
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return 0, &Error{Problem: "not a 64-bit integer"}
	}
	return int64(f), nil
}

func (d *jsonDecoder) uint32Field(dst *uint32) *Error {
	v, err := d.integer()
	if err != nil {
		return err
	}
	if v < 0 || v > math.MaxUint32 {
		return &Error{Problem: "not a 32-bit unsigned integer"}
	}
	*dst = uint32(v)
	return nil
}

// timeField reads an unsigned 64-bit time into the bits of dst.
func (d *jsonDecoder) timeField(dst *int64) *Error {
	start := d.at
	if v, err := strconv.ParseUint(d.number(), 10, 64); err == nil {
		*dst = int64(v)
		return nil
	}
	d.at = start
	v, err := d.integer()
	if err == nil && v < 0 {
		err = &Error{Problem: "a time before 1970"}
	}
	*dst = v
	return err
}

func (d *jsonDecoder) double() (float64, *Error) {
	v, err := strconv.ParseFloat(d.number(), 64)
	if err != nil {
		return 0, &Error{Problem: "not a number"}
	}
	return v, nil
}

func (d *jsonDecoder) boolean() (bool, *Error) {
	switch string(d.literal()) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	return false, &Error{Problem: "not true or false"}
}

// base64 reads either alphabet, padded or not, as protobuf's JSON allows.
func (d *jsonDecoder) base64() (string, *Error) {
	p, err := d.quoted()
	if err != nil {
		return "", err
	}
	text := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(string(p), "="))
	raw, bad := base64.RawStdEncoding.DecodeString(text)
	if bad != nil {
		return "", &Error{Problem: "not base64"}
	}
	return string(raw), nil
}

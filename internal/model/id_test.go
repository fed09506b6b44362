package model

import (
	"errors"
	"strings"
	"testing"
)

func TestParseTraceID(t *testing.T) {
	const text = "0af7651916cd43dd8448eb211c80319c"
	for _, s := range []string{text, strings.ToUpper(text)} {
		if id, err := ParseTraceID(s); err != nil || id.String() != text {
			t.Errorf("%s is %s, %v", s, id, err)
		}
	}
	for _, bad := range []string{"", text[1:], text + "0", "g" + text[1:], strings.Repeat("0", 32), " " + text[1:]} {
		if id, err := ParseTraceID(bad); !errors.Is(err, ErrTraceID) || !id.IsZero() {
			t.Errorf("%q is %s, %v", bad, id, err)
		}
	}
}

func TestSpanID(t *testing.T) {
	if id := (SpanID{0xb7, 7: 0x31}); id.String() != "b700000000000031" || id.IsZero() {
		t.Errorf("id is %s, zero %v", id, id.IsZero())
	}
	if !(SpanID{}).IsZero() {
		t.Error("the zero id is not zero")
	}
}

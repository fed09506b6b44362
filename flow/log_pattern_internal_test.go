package flow

import (
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

func TestPattern(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]string{
		"":                            "",
		"no rows":                     "no rows",
		"user 17 not found":           "user <n> not found",
		"dial tcp 10.0.0.1:5432: i/o": "dial tcp <n>:<n>: i/o",
		"took 1.5s, limit 500ms":      "took <n>, limit <n>",
		"took 1m0.5s":                 "took <n>",
		"order 7d0f3f6a-9b0c-4c57-8f6e-3c1f0c6f2b11 is gone": "order <id> is gone",
		"object 0xc000123456":                                "object <hex>",
		"commit a8e116cf0d1 is bad":                          "commit <hex> is bad",
		"token xK3f9Qz77b":                                   "token <id>",
		`open "/tmp/a b": denied`:                            "open <text>: denied",
		"can't parse 'x y' of `z`":                           "can't parse <text> of <text>",
		`a lone " stays`:                                     `a lone " stays`,
		"node-17 utf8 ipv4 deadbeef facade":                  "node-<n> utf<n> ipv<n> deadbeef facade",
		"two\nlines\tand \x00":                               "two lines and  ",
		"größe 5 überschritten":                              "größe <n> überschritten",
		"year 20260102 and 99999999999":                      "year <n> and <n>",
		strings.Repeat("x", 300):                             strings.Repeat("x", 256),
		"127.0.0.1:8080->127.0.0.1:41234: connection":        "<n>:<n>-><n>:<n>: connection",
	} {
		if got := pattern(message); got != want {
			t.Errorf("%q is %q, want %q", message, got, want)
		}
	}
}

func FuzzPattern(f *testing.F) {
	f.Add("dial tcp 10.0.0.1:5432: 'x' \"y\" 0x12 7d0f3f6a-9b0c-4c57-8f6e-3c1f0c6f2b11")
	f.Fuzz(func(t *testing.T, message string) {
		got := pattern(message)
		if !utf8.ValidString(got) || len(got) > maxPattern || strings.ContainsAny(got, "\n\r\t\x00") {
			t.Errorf("%q is %q", message, got)
		}
	})
}

func TestPatternsAreBounded(t *testing.T) {
	t.Parallel()
	tracker := New()
	letters := func(n int) string { return fmt.Sprintf("kind %c%c", 'g'+n/16, 'g'+n%16) }
	for n := range 256 {
		tracker.observer.patterns.logged(letters(n), TraceID{1}, time.Unix(int64(n), 0))
	}
	all := tracker.ErrorPatterns()
	if len(all) != maxPatterns+1 || all[0].Pattern != otherName || all[0].Logged != 256-maxPatterns || all[0].Message != letters(255) {
		t.Errorf("%d patterns, the first is %+v", len(all), all[0])
	}
}

package rest

import (
	"testing"
	"time"
)

func TestParseTime(t *testing.T) {
	at := time.Date(2026, 5, 4, 3, 2, 1, 123456789, time.UTC)
	for in, want := range map[string]time.Time{
		"now":                                 at,
		"now-1h":                              at.Add(-time.Hour),
		"now-90s":                             at.Add(-90 * time.Second),
		"now-15m":                             at.Add(-15 * time.Minute),
		"now-7d":                              at.Add(-7 * 24 * time.Hour),
		"2026-05-04T03:02:01Z":                at.Truncate(time.Second),
		"2026-05-04T05:02:01.123456789+02:00": at,
		"1777863721":                          at.Truncate(time.Second),
		"1777863721123":                       at.Truncate(time.Millisecond),
		"1777863721123456":                    at.Truncate(time.Microsecond),
		"1777863721123456789":                 at,
		"0":                                   time.Unix(0, 0),
	} {
		if got, err := parseTime(in, at); err != nil || !got.Equal(want) {
			t.Errorf("%s is %v, want %v (%v)", in, got, want, err)
		}
	}
	for _, in := range []string{
		"", "now+1h", "now-", "now-h", "now-1w", "now--1h", "now-1.5h", "-1", "now-99999999d", "now-99999999999999999999s",
		"9223372036854775807", "9223372036854775808", "2026-05-04", "1969-12-31T23:59:59Z", "0x10",
	} {
		if got, err := parseTime(in, at); err == nil {
			t.Errorf("%q is read as %v", in, got)
		}
	}
}

// Whatever is accepted lies in the range that periods can be widened in, and
// is read again from its RFC 3339 form.
func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"now", "now-1h", "2026-05-04T03:02:01.5Z", "1777863721", "1777863721123456789", "now-7d", "-5"} {
		f.Add(seed)
	}
	at := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)
	f.Fuzz(func(t *testing.T, in string) {
		got, err := parseTime(in, at)
		if err != nil {
			return
		}
		if got.Before(earliest) || got.After(latest) {
			t.Fatalf("%q is read as %v", in, got)
		}
		again, err := parseTime(got.UTC().Format(time.RFC3339Nano), at)
		if err != nil || !again.Equal(got) {
			t.Fatalf("%q is read as %v and then as %v (%v)", in, got, again, err)
		}
	})
}

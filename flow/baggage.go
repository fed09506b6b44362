package flow

import (
	"context"
	"iter"
	"net/url"
	"strings"
)

// baggage is what travels with a flow through all services: W3C Baggage.
// It does not change once it is made.
type baggage struct{ members []member }

type member struct{ key, value, properties string }

type baggageKey struct{}

const (
	// W3C Baggage asks for 64 members and 8,192 bytes to be handed on; more are
	// left out.
	maxMembers = 64
	maxBaggage = 8192
)

func baggageOf(ctx context.Context) *baggage {
	b, _ := ctx.Value(baggageKey{}).(*baggage)
	return b
}

// WithBaggage returns a context whose flow hands key and value on to every
// service it reaches. It is for few and short things that are no secret. The
// key is a token as HTTP headers have it; with any other, or when there is no
// more room, ctx is returned.
func WithBaggage(ctx context.Context, key, value string) context.Context {
	old := baggageOf(ctx)
	b := &baggage{}
	size := len(key) + len(url.PathEscape(value)) + 2
	if old != nil {
		for _, m := range old.members {
			if m.key != key {
				b.members = append(b.members, m)
				size += len(m.text()) + 1
			}
		}
	}
	if !isToken(key) || size > maxBaggage || len(b.members) == maxMembers {
		return ctx
	}
	b.members = append(b.members, member{key: key, value: value})
	return context.WithValue(ctx, baggageKey{}, b)
}

// Baggage returns what came with the flow under a key, empty when nothing did.
func Baggage(ctx context.Context, key string) string {
	if b := baggageOf(ctx); b != nil {
		return b.get(key)
	}
	return ""
}

// AllBaggage yields everything that came with the flow.
func AllBaggage(ctx context.Context) iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		b := baggageOf(ctx)
		if b == nil {
			return
		}
		for _, m := range b.members {
			if !yield(m.key, m.value) {
				return
			}
		}
	}
}

func (b *baggage) get(key string) string {
	if b == nil {
		return ""
	}
	for _, m := range b.members {
		if m.key == key {
			return m.value
		}
	}
	return ""
}

// String is the baggage as its header.
func (b *baggage) String() string {
	parts := make([]string, len(b.members))
	for i, m := range b.members {
		parts[i] = m.text()
	}
	return strings.Join(parts, ",")
}

func (m member) text() string {
	text := m.key + "=" + url.PathEscape(m.value)
	if m.properties != "" {
		text += ";" + m.properties
	}
	return text
}

// parseBaggage reads baggage headers. Members that are malformed are left out;
// it returns nil when none is left.
func parseBaggage(headers []string) *baggage {
	b, size := &baggage{}, 0
	for _, header := range headers {
		for text := range strings.SplitSeq(header, ",") {
			m, ok := parseMember(text)
			if size += len(text) + 1; !ok || size > maxBaggage || len(b.members) == maxMembers {
				continue
			}
			b.members = append(b.members, m)
		}
	}
	if len(b.members) == 0 {
		return nil
	}
	return b
}

func parseMember(text string) (member, bool) {
	text, properties, _ := strings.Cut(text, ";")
	key, value, found := strings.Cut(text, "=")
	key = strings.Trim(key, " \t")
	value, err := url.PathUnescape(strings.Trim(value, " \t"))
	properties = strings.Trim(properties, " \t")
	return member{key, value, properties}, found && err == nil && isToken(key) && isPrintable(properties)
}

// isToken reports whether s is a token of RFC 9110.
func isToken(s string) bool {
	for i := range len(s) {
		c := s[i]
		alnum := '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !alnum && !strings.ContainsRune("!#$%&'*+-.^_`|~", rune(c)) {
			return false
		}
	}
	return s != ""
}

// isPrintable reports whether s may be part of a header.
func isPrintable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

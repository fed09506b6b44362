package graphql

import (
	"errors"
	"strings"
	"testing"

	"github.com/coder/websocket"
)

// Whatever a client sends is a message with what its type needs, or ends the
// connection for a reason that fits a frame.
func FuzzDecode(f *testing.F) {
	for _, text := range []string{
		`{"type":"connection_init","payload":{"a":null}}`, `{"type":"ping","payload":null}`, `{"type":"pong"}`,
		`{"type":"subscribe","id":"1","payload":{"query":"{a}","operationName":null,"variables":{"a":[1]},"extensions":{}}}`,
		`{"type":"complete","id":"1"}`, `{"id":1}`, `[]`, `null`, `{"type":"subscribe","id":"x","payload":{"query":null}}`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		m, err := decode(websocket.MessageText, []byte(text))
		if err != nil {
			var why *closing
			if !errors.As(err, &why) || why.code != closeInvalid || len(why.reason) > 123 {
				t.Errorf("%v", err)
			}
			return
		}
		switch m.Type {
		case typeSubscribe, typeComplete:
			if m.ID == "" || len(m.ID) > maxID {
				t.Errorf("id %q", m.ID)
			}
			reason := (&closing{closeDuplicate, "Subscriber for " + m.ID + " already exists"}).reason
			if len(reason) > 123 {
				t.Errorf("%d bytes in a frame", len(reason))
			}
		case typeInit, typePing, typePong:
		default:
			t.Errorf("type %q", m.Type)
		}
	})
}

func TestOutline(t *testing.T) {
	for query, want := range map[string]string{
		`{ a }`:                                  "{ ",
		`subscription { a }`:                     "subscription ",
		`subscription a($b: C = {d: "}"}) { e }`: "subscription a",
		`query @include(if: true) { a } subscription b @c { subscription }`: "query |subscription b",
		"# subscription\nquery subscription { a } fragment b on C { d }":    "query subscription|fragment b",
		`"""subscription {""" subscription a { b(c: "\"") } { d }`:          "subscription a|{ ",
		`subscription ($a: [B!]! = [1]) { a }`:                              "subscription ",
		`} ) ]`:                                                             "", ``: "", `((((`: "( ",
	} {
		var got []string
		for _, o := range outlinesOf(query) {
			got = append(got, o.kind+" "+o.name)
		}
		if strings.Join(got, "|") != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	const both = `subscription a { subscription } query subscription { b }`
	if got := asMutation(both); got != `mutation     a { subscription } query subscription { b }` {
		t.Error(got)
	}
	for name, want := range map[string]bool{"": true, "a": true, "subscription": false, "c": false} {
		q := request{Query: both, OperationName: name}
		if q.subscribes() != want {
			t.Errorf("operation %q: %v", name, !want)
		}
	}
}

// The outline of any text has each definition in its place, and turning
// subscriptions into mutations leaves the rest as it was.
func FuzzOutline(f *testing.F) {
	f.Add(`subscription a($b: C = "d") { e } { f } fragment g on H { i }`)
	f.Add("\"\"\"\n{\"\"\" subscription\u00e9 ({[)]}")
	f.Fuzz(func(t *testing.T, query string) {
		for _, o := range outlinesOf(query) {
			if !strings.HasPrefix(query[o.at:], o.kind) {
				t.Errorf("%q is not at %d", o.kind, o.at)
			}
		}
		if got := asMutation(query); len(got) != len(query) || strings.Count(got, subscriptionWord) > strings.Count(query, subscriptionWord) {
			t.Errorf("%q", got)
		}
	})
}

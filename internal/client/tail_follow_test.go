package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
)

// pushes answers requests with lines, and then stays open like the server, or
// ends.
type pushes struct {
	t     *testing.T
	asked []string
	conns []push
	stop  func() // when there are no more connections
}

type push struct {
	text  string
	hangs bool // after the text, until the client gives up
	err   error
}

func (p *pushes) RoundTrip(r *http.Request) (*http.Response, error) {
	p.asked = append(p.asked, r.URL.RawQuery)
	if len(p.conns) == 0 {
		p.stop()
		return nil, context.Canceled
	}
	conn := p.conns[0]
	p.conns = p.conns[1:]
	if conn.err != nil {
		return nil, conn.err
	}
	body, out := io.Pipe()
	go func() {
		_, _ = io.WriteString(out, conn.text) // fails when the client has had enough
		if conn.hangs {
			<-r.Context().Done()
		}
		_ = out.CloseWithError(io.EOF)
	}()
	status, kind := http.StatusOK, "application/x-ndjson"
	if strings.HasPrefix(conn.text, `{"code"`) {
		status, kind = http.StatusBadRequest, "application/problem+json"
	}
	return &http.Response{StatusCode: status, Status: fmt.Sprint(status), Header: http.Header{"Content-Type": {kind}}, Body: body, Request: r}, nil
}

func follow(t *testing.T, conns ...push) (out, notes string, asked []string, err error) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, newErr := New("server:1", "")
		if newErr != nil {
			t.Fatal(newErr)
		}
		ctx, stop := context.WithCancel(t.Context())
		server := &pushes{t: t, conns: conns, stop: stop}
		c.http.Transport = server
		var outBuf, notesBuf bytes.Buffer
		err = c.Tail(ctx, Output{Out: &outBuf, Notes: &notesBuf}, nil)
		stop()
		synctest.Wait()
		out, notes, asked = outBuf.String(), notesBuf.String(), server.asked
	})
	return out, notes, asked, err
}

const beat = `{"type":"heartbeat"}` + "\n"

// pushedFlows is a line for each letter; its cursor is "at-" and the letter.
func pushedFlows(letters string) (lines string) {
	for _, l := range letters {
		lines += fmt.Sprintf(`{"type":"flow_complete","cursor":"at-%c","flowId":"id-%c","startTime":"2026-11-20T12:00:00Z"}`+"\n", l, l)
	}
	return lines
}

// What is pushed is shown once, though late spans make it come again. After a cut
// or a silence the client goes on behind the last flow.
func TestTailFollows(t *testing.T) {
	out, notes, asked, err := follow(t,
		push{text: beat + pushedFlows("ab") + `{"type":"later_invention"}` + "\n" + pushedFlows("a")},
		push{err: errors.New("refused")},
		push{text: beat + `{"type":"dropped","count":7,"reason":"overtaken"}` + "\n" + `{"type":"dropped","reason":"gap"}` + "\n" + pushedFlows("c"), hangs: true},
		push{text: beat + pushedFlows("bd")},
	)
	if err != nil || shownFlows(out) != "abcd" {
		t.Errorf("%v, shown:\n%s", err, out)
	}
	if want := []string{"follow=true", "cursor=at-a&follow=true", "cursor=at-a&follow=true", "cursor=at-c&follow=true", "cursor=at-d&follow=true"}; strings.Join(asked, " ") != strings.Join(want, " ") {
		t.Errorf("asked %q", asked)
	}
	want := `following the flows of http://server:1
lost the server: read the answer of http://server:1: unexpected EOF; trying again
the server is back
dropped: at most 7 flows (overtaken)
dropped: some flows, nobody knows how many (gap)
lost the server: nothing came for 45s; trying again
the server is back
lost the server: read the answer of http://server:1: unexpected EOF; trying again
`
	if notes != want {
		t.Errorf("notes:\n%s", notes)
	}
}

// Who was shown nothing yet goes on where it was told last: a flow that is
// counted during the cut is shown.
func TestTailGoesOnBehindHeartbeat(t *testing.T) {
	at := func(cursor string) string { return `{"type":"heartbeat","cursor":"` + cursor + "\"}\n" }
	out, _, asked, err := follow(t, push{text: at("at-1") + at("at-2")}, push{text: at("at-2") + pushedFlows("a") + at("at-3")})
	if want := "follow=true cursor=at-2&follow=true cursor=at-3&follow=true"; err != nil || shownFlows(out) != "a" || strings.Join(asked, " ") != want {
		t.Errorf("%v, %q, asked %q", err, out, asked)
	}
}

// A cursor that the server does not take is given up, and that is said.
func TestTailForgetsCursor(t *testing.T) {
	out, notes, asked, err := follow(t, push{text: beat + pushedFlows("a")},
		push{text: `{"code":"invalid_parameter","field":"cursor","detail":"cursor is none"}`}, push{text: beat + pushedFlows("b")})
	if err != nil || shownFlows(out) != "ab" || !strings.Contains(notes, "dropped: what came meanwhile") {
		t.Errorf("%v, %q, %q", err, out, notes)
	}
	if asked[1] != "cursor=at-a&follow=true" || asked[2] != "follow=true" {
		t.Errorf("asked %q", asked)
	}
}

// No server, a refused parameter, and what is no line: the first two end it.
func TestTailFollowFails(t *testing.T) {
	if _, notes, _, err := follow(t, push{err: errors.New("refused")}); err == nil || notes != "" {
		t.Errorf("no server: %v, %q", err, notes)
	}
	var problem *Error
	if _, _, _, err := follow(t, push{text: `{"code":"invalid_parameter","field":"status","detail":"no"}`}); !errors.As(err, &problem) || problem.Field != "status" {
		t.Errorf("refused: %v", err)
	}
	for _, bad := range []string{"nonsense\n", `{"type":"flow_complete","duration":"long"}` + "\n", strings.Repeat("x", maxLine+1)} {
		if _, notes, _, err := follow(t, push{text: beat + bad}); err != nil || !strings.Contains(notes, "lost the server: read the answer") {
			t.Errorf("%.20q: %v, %q", bad, err, notes)
		}
	}
}

// What is remembered of flows is bounded.
func TestPushedIsBounded(t *testing.T) {
	var p pushed
	for i := range 10 * maxRemembered {
		if id := fmt.Sprint(i); !p.isNew(id) || p.isNew(id) {
			t.Fatalf("flow %d is not new once", i)
		}
	}
	if n := len(p.newer) + len(p.older); n > maxRemembered {
		t.Errorf("%d flows are remembered", n)
	}
}

package load

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/flowscope/flowscope/internal/model"
)

// scripted answers with each of its answers in turn, the last one forever, and
// notes when it was asked.
type scripted struct {
	answers []answer
	asked   []time.Duration // since begun
	begun   time.Time
}

func (s *scripted) send(context.Context, []byte) answer {
	s.asked = append(s.asked, time.Since(s.begun))
	a := s.answers[0]
	if len(s.answers) > 1 {
		s.answers = s.answers[1:]
	}
	return a
}

func (s *scripted) close() error { return nil }

// play sends spans through a scripted sender, in virtual time.
func play(t *testing.T, c Config, answers ...answer) (result Result, asked []time.Duration) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &scripted{answers: answers, begun: time.Now()}
		c = c.withDefaults()
		w := &worker{Config: c, sender: s, onAck: func([]model.TraceID) {}, rand: rand.New(rand.NewPCG(1, 2))}
		var err error
		if result, err = sendAll(t.Context(), c, []*worker{w}, c.Spans); err != nil {
			t.Fatal(err)
		}
		asked = s.asked
	})
	return result, asked
}

func TestRateSpacesRequests(t *testing.T) {
	result, asked := play(t, Config{Spans: 50, SpansPerRequest: 10, Rate: 100}, answer{outcome: taken})
	if want := []time.Duration{0, 100 * ms, 200 * ms, 300 * ms, 400 * ms}; !slices.Equal(asked, want) {
		t.Errorf("sent at %v, want %v", asked, want)
	}
	if result.Acked != 50 {
		t.Errorf("%+v", result)
	}
}

func TestNoRateSendsAtOnce(t *testing.T) {
	if _, asked := play(t, Config{Spans: 30, SpansPerRequest: 10}, answer{outcome: taken}); !slices.Equal(asked, []time.Duration{0, 0, 0}) {
		t.Errorf("sent at %v", asked)
	}
}

// The spans of five requests lie over the ten minutes before now, in order; the
// warm-up does not.
func TestSpreadMakesHistory(t *testing.T) {
	const spread = 10 * time.Minute
	var ages []time.Duration
	r := newReceiver()
	r.onSpan = func(s *tracepb.Span) {
		ages = append(ages, time.Since(time.Unix(0, int64(s.GetEndTimeUnixNano()))))
	}
	c := Config{Spans: 5, Warmup: 1, SpansPerRequest: 1, Spread: spread}
	r.listen(t, &c)
	if _, err := Run(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	const slack = 5 * time.Second // a trace has ended up to a second before, and sending takes a moment
	for i, age := range ages {
		want := spread * time.Duration(6-i) / 5
		if i == 0 {
			want = 0
		}
		if age < want-slack || age > want+slack {
			t.Errorf("span %d is %v old, want about %v", i, age, want)
		}
	}
	if len(ages) != 6 {
		t.Errorf("%d spans", len(ages))
	}
}

func TestRetryWaitsAsTold(t *testing.T) {
	result, asked := play(t, Config{Spans: 10},
		answer{outcome: throttled, after: 7 * time.Second}, answer{outcome: throttled, after: time.Second}, answer{outcome: taken, rejected: 2})
	if want := []time.Duration{0, 7 * time.Second, 8 * time.Second}; !slices.Equal(asked, want) {
		t.Errorf("sent at %v, want %v", asked, want)
	}
	want := Counts{Sent: 10, Acked: 8, Rejected: 2, Requests: 1, Retries: 2, Throttled: 2, Bytes: result.Bytes}
	if result.Counts != want {
		t.Errorf("%+v, want %+v", result.Counts, want)
	}
}

func TestRetryBacksOffAndGivesUp(t *testing.T) {
	result, asked := play(t, Config{Spans: 10, GiveUpAfter: 20 * time.Second}, answer{outcome: lost, problem: "no connection"})
	if result.Failed != 10 || result.FirstProblem != "given up after 20s: no connection" {
		t.Errorf("%+v", result)
	}
	for i := 1; i < len(asked); i++ {
		pause, most := asked[i]-asked[i-1], min(firstPause<<(i-1), longestPause)
		if pause < most/2 || pause > most {
			t.Errorf("pause %d is %v, want %v to %v", i, pause, most/2, most)
		}
	}
	if last := asked[len(asked)-1]; len(asked) < 8 || last > 20*time.Second {
		t.Errorf("%d attempts, the last after %v", len(asked), last)
	}
}

package load

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

func decodeSpans(t *testing.T, body []byte) (spans []*tracepb.Span, services map[string]int) {
	t.Helper()
	var request collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(body, &request); err != nil {
		t.Fatal(err)
	}
	services = map[string]int{}
	for _, r := range request.GetResourceSpans() {
		for _, s := range r.GetScopeSpans() {
			spans = append(spans, s.GetSpans()...)
			services[r.GetResource().GetAttributes()[0].GetValue().GetStringValue()] += len(s.GetSpans())
		}
	}
	return spans, services
}

func mustTemplate(tb testing.TB, n int) *template {
	tb.Helper()
	made, err := newTemplate(n, rand.New(rand.NewPCG(1, uint64(n))))
	if err != nil {
		tb.Fatal(err)
	}
	return made
}

func TestTemplateHasExactlyTheSpansAsked(t *testing.T) {
	for n := 1; n <= 60; n++ {
		made := mustTemplate(t, n)
		made.renew(time.Now())
		spans, _ := decodeSpans(t, made.body)
		if len(spans) != n {
			t.Errorf("%d spans, want %d", len(spans), n)
		}
	}
}

func TestTemplateIsRealistic(t *testing.T) {
	made := mustTemplate(t, 1000)
	made.renew(time.Now())
	spans, services := decodeSpans(t, made.body)
	if size := len(made.body) / len(spans); size < 310 || size > 350 {
		t.Errorf("%d bytes a span, want about 330", size)
	}
	if len(services) < 5 {
		t.Errorf("services %v", services)
	}
	failed, coupons := 0, 0
	for _, s := range spans {
		switch attrs := s.GetAttributes(); {
		case len(attrs) == 10 && attrs[9].GetKey() == "shop.coupon":
			coupons++
		case len(attrs) != 9:
			t.Fatalf("%s has %d attributes", s.GetName(), len(attrs))
		}
		if s.GetStatus().GetCode() == tracepb.Status_STATUS_CODE_ERROR {
			failed++
		}
	}
	if failed == 0 || failed > 100 {
		t.Errorf("%d of 1000 spans failed", failed)
	}
	if coupons != 2 {
		t.Errorf("%d of 1000 spans have a coupon, want 2", coupons)
	}
}

// Every trace has one root, and every parent is there and encloses its child.
func TestTemplateTracesAreWhole(t *testing.T) {
	made := mustTemplate(t, 1000)
	for range 3 {
		made.renew(time.Now())
		spans, _ := decodeSpans(t, made.body)
		byID := map[string]*tracepb.Span{}
		roots := map[string]int{}
		for _, s := range spans {
			byID[string(s.GetSpanId())] = s
		}
		for _, s := range spans {
			if len(s.GetParentSpanId()) == 0 {
				roots[string(s.GetTraceId())]++
				continue
			}
			p := byID[string(s.GetParentSpanId())]
			if p == nil || !bytes.Equal(p.GetTraceId(), s.GetTraceId()) {
				t.Fatalf("%s has no parent in its trace", s.GetName())
			}
			if s.GetStartTimeUnixNano() < p.GetStartTimeUnixNano() || p.GetKind() != producer && s.GetEndTimeUnixNano() > p.GetEndTimeUnixNano() {
				t.Errorf("%s leaves the time of its parent %s", s.GetName(), p.GetName())
			}
		}
		if len(roots) != len(made.ids) {
			t.Errorf("%d roots, %d traces", len(roots), len(made.ids))
		}
		for i := range made.ids {
			if roots[string(made.ids[i][:])] != 1 {
				t.Errorf("trace %v has %d roots", made.ids[i], roots[string(made.ids[i][:])])
			}
		}
	}
}

func TestRenewMakesEverythingNew(t *testing.T) {
	made := mustTemplate(t, 500)
	seen := map[string]bool{}
	for round := range 4 {
		now := time.Unix(int64(1_800_000_000+100*round), 0)
		made.renew(now)
		spans, _ := decodeSpans(t, made.body)
		traces := map[string]bool{}
		for _, s := range spans {
			session := s.GetAttributes()[0].GetValue().GetStringValue()
			traces[string(s.GetTraceId())] = true
			for _, id := range []string{string(s.GetSpanId()), session + s.GetName() + string(s.GetSpanId())} {
				if seen[id] {
					t.Fatalf("round %d: %x again", round, id)
				}
				seen[id] = true
			}
			if session == sessionPlaceholder {
				t.Fatal("a session was not replaced")
			}
			end := time.Unix(0, int64(s.GetEndTimeUnixNano()))
			if end.After(now) || now.Sub(end) > 2*time.Second || s.GetEndTimeUnixNano() < s.GetStartTimeUnixNano() {
				t.Fatalf("%s ends at %v, now is %v", s.GetName(), end, now)
			}
		}
		for id := range traces {
			if seen[id] {
				t.Fatalf("round %d: trace %x again", round, id)
			}
			seen[id] = true
		}
	}
}

func BenchmarkRenew(b *testing.B) {
	made := mustTemplate(b, 1000)
	b.SetBytes(int64(len(made.body)))
	for b.Loop() {
		made.renew(time.Now())
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/1000, "ns/span")
}

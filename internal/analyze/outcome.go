package analyze

import (
	"iter"
	"strconv"
	"strings"

	"github.com/flowscope/flowscope/internal/model"
)

// complaints yields what a failed span says is wrong, the best to read first:
// its status message, its exceptions' messages, and the types of both.
func complaints(s model.Span) iter.Seq[string] {
	return func(yield func(string) bool) {
		if m := s.StatusMessage(); m != "" && !yield(m) {
			return
		}
		if !complaintsOfEvents(s, "exception.message", yield) {
			return
		}
		if t, ok := s.Attr("error.type"); ok && t.Type == model.TypeString && t.Str != "" && !yield(t.Str) {
			return
		}
		complaintsOfEvents(s, "exception.type", yield)
	}
}

// complaintsOfEvents yields an attribute of all events that have it.
func complaintsOfEvents(s model.Span, key string, yield func(string) bool) bool {
	for _, e := range s.Events() {
		v, ok := s.Batch.Find(s.Batch.Side(e.Attrs), key)
		if ok && v.Type == model.TypeString && v.Str != "" && !yield(v.Str) {
			return false
		}
	}
	return true
}

// timedOut reports whether a failed span failed by a deadline.
func timedOut(s model.Span) bool {
	for key, want := range map[string][]string{
		"http.response.status_code": {"408", "504"},
		"http.status_code":          {"408", "504"},
		"rpc.grpc.status_code":      {"4"},
		"rpc.response.status_code":  {"4", "DEADLINE_EXCEEDED"},
	} {
		v, ok := s.Attr(key)
		text := v.Str
		if v.Type == model.TypeInt {
			text = strconv.FormatInt(v.Int(), 10)
		}
		for _, w := range want {
			if ok && text == w {
				return true
			}
		}
	}
	for text := range complaints(s) {
		text = strings.ToLower(text)
		for _, sign := range []string{"timeout", "timed out", "time out", "deadline exceeded", "deadline_exceeded", "deadlineexceeded"} {
			if strings.Contains(text, sign) {
				return true
			}
		}
	}
	return false
}

// status is how the flow ended: as its root did. Without one it is as the first
// request did that came in from where no spans are; work that no request is
// known of has a root that never ended.
func (w *work) status() model.FlowStatus {
	head := &w.spans[w.tops[0]]
	switch {
	case w.root == none && head.kind != model.KindServer && head.kind != model.KindConsumer:
		return model.FlowTimeout
	case head.Marks()&model.MarkNoEnd != 0:
		return model.FlowTimeout
	case !head.failed:
		return model.FlowSuccess
	case timedOut(head.Span):
		return model.FlowTimeout
	default:
		return model.FlowError
	}
}

// message is a failed span's error in its own words, else in ours.
func message(s model.Span) string {
	for text := range complaints(s) {
		return text
	}
	for _, key := range []string{"http.response.status_code", "http.status_code"} {
		if v, ok := s.Attr(key); ok && v.Type == model.TypeInt {
			return "HTTP " + strconv.FormatInt(v.Int(), 10)
		}
	}
	return s.Name() + " failed"
}

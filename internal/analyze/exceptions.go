package analyze

import "github.com/flowscope/flowscope/internal/model"

// Failure is why a span failed.
type Failure struct {
	Message    string
	Type       string // "" when the span does not say
	Stacktrace string // "" when there is none
	Time       int64  // Unix ns: of the exception, else the span's end
}

// Failure says why the span failed, from its last exception, its error.type
// and its status. Times are as the span has them; ClockSkew is not added.
func (s *Span) Failure() Failure {
	f := Failure{Message: message(s.Span), Time: s.End()}
	if t, ok := s.Attr("error.type"); ok && t.Type == model.TypeString {
		f.Type = t.Str
	}
	for _, e := range s.Events() {
		if s.Batch.Strings.Get(e.Name) != "exception" {
			continue
		}
		f.Time = e.Time
		attrs := s.Batch.Side(e.Attrs)
		if t, ok := s.Batch.Find(attrs, "exception.type"); ok && t.Type == model.TypeString {
			f.Type = t.Str
		}
		if t, ok := s.Batch.Find(attrs, "exception.stacktrace"); ok && t.Type == model.TypeString {
			f.Stacktrace = t.Str
		}
	}
	return f
}

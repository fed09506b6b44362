package analyze

import "github.com/flowscope/flowscope/internal/model"

// about is what the spans' attributes say about the flow as a whole. The
// strings share the batches' memory.
type about struct {
	operation string
	rank      key // which attribute named the operation, 0 when none has
	fromRoot  bool
	labels    [keySession - keyUIEvent + 1]label
}

// label is an attribute of the flow: the root's, else the earliest span's.
type label struct {
	text     string
	fromRoot bool
}

// scan reads the attributes of a span, once. Spans come in order of start.
func (a *Analyzer) scan(i int32) {
	w := &a.work
	s, isRoot, status := &w.spans[i], i == w.root, int64(0)
	for _, attr := range s.Attrs() {
		k := s.src.keys[attr.Key]
		if k == keyUnseen {
			k = a.key(s.src, attr.Key)
		}
		switch {
		case k == keyOther, k >= firstPeerKey && k <= lastPeerKey:
		case k == keyHTTPStatus:
			status = number(s.Batch, attr)
		case k == keyResend:
			s.resent = number(s.Batch, attr) > 0
		case k == keyMessaging:
			s.markReceive(attr)
		case k >= keyOperation:
			w.about.offerOperation(k, firstText(s.Batch.Value(attr)), isRoot)
		default:
			w.about.labels[k-keyUIEvent].offer(firstText(s.Batch.Value(attr)), isRoot)
		}
	}
	if (s.kind == model.KindServer || s.kind == model.KindClient) && s.Status() == model.StatusUnset && status >= 500 {
		s.failed = true
	}
}

// markReceive makes a consumer of a client span that fetched messages of other
// traces: the queue calls the service then, however it was polled.
func (s *span) markReceive(operation model.Attr) {
	if s.kind == model.KindClient && firstText(s.Batch.Value(operation)) == "receive" &&
		(s.parentID.IsZero() || len(s.Links()) > 0) {
		s.kind = model.KindConsumer
	}
}

func (t *about) offerOperation(rank key, name string, isRoot bool) {
	better := t.rank == 0 || rank < t.rank || (rank == t.rank && isRoot && !t.fromRoot)
	if name != "" && better {
		t.operation, t.rank, t.fromRoot = name, rank, isRoot
	}
}

func (l *label) offer(text string, isRoot bool) {
	if text != "" && (l.text == "" || (isRoot && !l.fromRoot)) {
		l.text, l.fromRoot = text, isRoot
	}
}

func (t *about) label(k key) string { return t.labels[k-keyUIEvent].text }

// number is an attribute that should be an integer, 0 when it is not one.
func number(b *model.Batch, attr model.Attr) int64 {
	if attr.Type != model.TypeInt {
		return 0
	}
	return b.Value(attr).Int()
}

// firstText is a string, or the first element of an array of strings: captured
// headers are arrays.
func firstText(v model.Value) string {
	switch v.Type {
	case model.TypeString:
		return v.Str
	case model.TypeArray:
		for el := range v.Elements {
			if el.Type == model.TypeString {
				return el.Str
			}
			break
		}
	}
	return ""
}

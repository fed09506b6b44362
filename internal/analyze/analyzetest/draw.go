package analyzetest

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"time"

	"github.com/flowscope/flowscope/internal/model"
)

// Epoch is column 0 of every drawing, Unix ns.
const Epoch = int64(1_800_000_000) * int64(time.Second)

// Draw reads a trace drawn as a timeline, one span a line:
//
//	shop/web: GET /cart [server]    |==============
//	  shop/web: GET cart [client]   |  ==========    peer.service=cart
//	    cart: GET /cart [server]    |    xxxxx       @message="no such cart"
//
// On the left are namespace/service, name and kind, indented below the parent
// by two spaces a level; namespace and kind may be missing. The bar says when:
// a column is a millisecond. It is made of "=", of "x" when the span's status
// is ERROR, or is one "." for a span of no duration. Attributes follow, quoted
// as in Go where they have spaces. Those that begin with @ are not attributes:
//
//	@id=NAME           a name for other spans to refer to
//	@parent=NAME       the parent, instead of by indentation; one that is not
//	                   drawn is missing, "none" makes a span without
//	@link=NAME         a link; to another trace when the name is not drawn
//	@message=TEXT      status message
//	@exception=TEXT    an exception's message
//	@ok                status OK
//	@noend             the span has no end
//	@shift=DURATION    moves the bar: for clocks that are far off
//	@host=NAME @env=NAME @version=NAME    of the resource
//	@twice             the span is there two times
//
// Empty lines and lines that begin with # are skipped. name makes the ids.
func Draw(name, text string) ([]Span, error) {
	d := drawing{trace: traceID(name), drawn: map[string]bool{}}
	for n, line := range strings.Split(text, "\n") {
		line = strings.TrimRight(line, " \t\r")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		if err := d.line(line); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", name, n+1, err)
		}
	}
	for i := range d.spans {
		for l := range d.spans[i].Links {
			link := &d.spans[i].Links[l]
			if link.TraceID = d.trace; !d.drawn[d.links[link.SpanID]] {
				link.TraceID = traceID("elsewhere")
			}
		}
	}
	return d.spans, nil
}

type drawing struct {
	trace model.TraceID
	spans []Span
	path  []model.SpanID // of the last line: its span at each level
	drawn map[string]bool
	links map[model.SpanID]string // the names that links go to
	twice bool
}

func (d *drawing) line(line string) error {
	left, right, ok := strings.Cut(line, "|")
	if !ok {
		return errors.New(`no "|"`)
	}
	label := strings.TrimLeft(left, " ")
	level := (len(left) - len(label)) / 2
	if level > len(d.path) {
		return errors.New("indented too far")
	}
	s := Span{TraceID: d.trace, ID: spanID(strconv.Itoa(len(d.spans)))}
	if level > 0 {
		s.Parent = d.path[level-1]
	}
	if err := s.label(strings.TrimSpace(label)); err != nil {
		return err
	}
	rest, err := s.bar(right)
	if err != nil {
		return err
	}
	d.twice = false
	if err := d.fields(&s, rest); err != nil {
		return err
	}
	d.path = append(d.path[:level], s.ID)
	d.spans = append(d.spans, s)
	if d.twice {
		d.spans = append(d.spans, s)
	}
	return nil
}

// label reads "namespace/service: name [kind]".
func (s *Span) label(text string) error {
	service, name, ok := strings.Cut(text, ": ")
	if !ok {
		return errors.New(`no "service: name"`)
	}
	if namespace, rest, ok := strings.Cut(service, "/"); ok {
		s.Resource.Namespace, service = namespace, rest
	}
	if at := strings.LastIndex(name, " ["); at >= 0 && strings.HasSuffix(name, "]") {
		kind, ok := kinds[name[at+2:len(name)-1]]
		if !ok {
			return fmt.Errorf("no kind %q", name[at+1:])
		}
		s.Kind, name = kind, name[:at]
	}
	s.Resource.Service, s.Name = service, name
	return nil
}

var kinds = map[string]model.Kind{
	"internal": model.KindInternal, "server": model.KindServer, "client": model.KindClient,
	"producer": model.KindProducer, "consumer": model.KindConsumer,
}

// bar reads the times off the bar and returns what is after it.
func (s *Span) bar(text string) (rest string, err error) {
	body := strings.TrimLeft(text, " ")
	if body == "" {
		return "", errors.New("no bar")
	}
	length := len(body) - len(strings.TrimLeft(body, body[:1]))
	s.Start = Epoch + int64(len(text)-len(body))*int64(time.Millisecond)
	s.End = s.Start + int64(length)*int64(time.Millisecond)
	switch body[0] {
	case '=':
	case 'x':
		s.Status = model.StatusError
	case '.':
		s.End = s.Start
	default:
		return "", fmt.Errorf("a bar of %q", body[0])
	}
	return body[length:], nil
}

// fields reads attributes and @fields.
func (d *drawing) fields(s *Span, text string) error {
	for text = strings.TrimSpace(text); text != ""; text = strings.TrimSpace(text) {
		end := strings.IndexAny(text, "= ")
		if end < 0 {
			end = len(text)
		}
		key, value := text[:end], ""
		text = text[end:]
		if strings.HasPrefix(text, "=") {
			var err error
			if value, text, err = fieldValue(text[1:]); err != nil {
				return fmt.Errorf("%s: %w", key, err)
			}
		}
		if !strings.HasPrefix(key, "@") {
			s.Attrs = append(s.Attrs, Attr{key, value})
		} else if err := d.special(s, key, value); err != nil {
			return err
		}
	}
	return nil
}

// fieldValue takes a value, quoted or not, off the front of text.
func fieldValue(text string) (value, rest string, err error) {
	if strings.HasPrefix(text, `"`) {
		quoted, err := strconv.QuotedPrefix(text)
		if err != nil {
			return "", "", err
		}
		value, err = strconv.Unquote(quoted)
		return value, text[len(quoted):], err
	}
	value, rest, _ = strings.Cut(text, " ")
	return value, rest, nil
}

func (d *drawing) special(s *Span, key, value string) error {
	switch key {
	case "@id":
		s.ID, d.drawn[value] = spanID(value), true
	case "@parent":
		s.Parent = spanID(value)
		if value == "none" {
			s.Parent = model.SpanID{}
		}
	case "@link":
		if d.links == nil {
			d.links = map[model.SpanID]string{}
		}
		d.links[spanID(value)] = value
		s.Links = append(s.Links, Link{SpanID: spanID(value)})
	case "@message":
		s.Message = value
	case "@exception":
		s.Exceptions = append(s.Exceptions, value)
	case "@ok":
		s.Status = model.StatusOK
	case "@noend":
		s.End, s.Marks = s.Start, model.MarkNoEnd
	case "@shift":
		by, err := time.ParseDuration(value)
		s.Start, s.End = s.Start+int64(by), s.End+int64(by)
		return err
	case "@host":
		s.Resource.Host = value
	case "@env":
		s.Resource.Environment = value
	case "@version":
		s.Resource.Version = value
	case "@twice":
		d.twice = true
	default:
		return fmt.Errorf("no field %s", key)
	}
	return nil
}

func traceID(name string) model.TraceID {
	h := fnv.New128a()
	h.Write([]byte(name))
	return model.TraceID(h.Sum(nil))
}

func spanID(name string) model.SpanID {
	h := fnv.New64a()
	h.Write([]byte(name))
	var id model.SpanID
	binary.BigEndian.PutUint64(id[:], h.Sum64())
	return id
}

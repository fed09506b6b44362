package api

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/coder/websocket"

	"github.com/flowscope/flowscope/internal/api/rest"
)

// request is what a client sends.
type request struct {
	Type    string                     `json:"type"`
	ID      string                     `json:"id"`
	Filters map[string]json.RawMessage `json:"filters"`
	Cursor  string                     `json:"cursor"`
}

// maxID bounds what a client calls a subscription.
const maxID = 64

// read deals with the client's messages until the connection ends. What is
// wrong with one is said and does not end it.
func (k *socket) read(ctx context.Context) {
	for {
		kind, text, err := k.conn.Read(ctx)
		if err != nil {
			return
		}
		if k.respond(ctx, kind, text) != nil {
			return
		}
	}
}

// respond does what a message asks for and says so, before anything that comes
// of it.
func (k *socket) respond(ctx context.Context, kind websocket.MessageType, text []byte) error {
	k.turn.Lock()
	defer k.turn.Unlock()
	answer, err := k.answer(kind, text)
	if err != nil {
		p := rest.ProblemOf(err)
		answer.Type, answer.Data = "error", errorData{p.Code, p.Detail, p.Field}
	}
	return k.conn.Send(ctx, answer)
}

type errorData struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
	Field  string `json:"field,omitempty"`
}

// answer does what a message asks for.
func (k *socket) answer(kind websocket.MessageType, text []byte) (message, error) {
	var m request
	if err := decode(text, &m); err != nil || kind != websocket.MessageText {
		return message{}, &rest.Problem{Status: http.StatusBadRequest, Code: "invalid_message",
			Detail: `a message is a JSON object such as {"type":"subscribe","id":"a","filters":{"operation":"login"}}`}
	}
	if len(m.ID) > maxID {
		return message{}, rest.BadParameter("id", "id has more than 64 bytes")
	}
	switch m.Type {
	case "subscribe":
		return k.begin(&m)
	case "unsubscribe":
		if !k.follower.Unsubscribe(m.ID) {
			return message{ID: m.ID}, rest.BadParameter("id", "there is no subscription of that id")
		}
		return message{Type: "unsubscribed", ID: m.ID}, nil
	default:
		return message{ID: m.ID}, rest.BadParameter("type", "type is neither subscribe nor unsubscribe")
	}
}

// decode reads a message that is one JSON object of known fields and nothing more.
func decode(text []byte, m *request) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(m); err != nil {
		return err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) { // More takes a stray bracket for an end
		return errors.New("there is something behind it")
	}
	return nil
}

// begin subscribes. The answer to the first subscription says where it begins:
// a client that is cut off before anything comes for it goes on from there.
// Later ones do not say, for what others select may still be on its way and come
// after the answer.
func (k *socket) begin(m *request) (message, error) {
	cursor := ""
	if !k.subscribed {
		cursor = cmp.Or(m.Cursor, k.follower.Cursor())
	}
	if err := k.subscribe(m); err != nil {
		return message{ID: m.ID}, err
	}
	k.subscribed = true
	return message{Type: "subscribed", ID: m.ID, Cursor: cursor}, nil
}

func (k *socket) subscribe(m *request) error {
	values := url.Values{}
	for name, value := range m.Filters {
		if string(value) == "null" {
			continue // as good as left out
		}
		text, err := filterText(name, value)
		if err != nil {
			return rest.BadParameter("filters."+name, "filters."+name+" is no text, nor, of a duration, a whole number of nanoseconds")
		}
		values.Set(name, text)
	}
	filter, err := rest.LiveFilter(values)
	if err != nil {
		p := rest.ProblemOf(err)
		p.Field = "filters." + p.Field
		return &p
	}
	if err := k.follower.Subscribe(m.ID, filter, m.Cursor); err != nil {
		return &rest.Problem{Status: http.StatusBadRequest, Code: "invalid_subscription", Detail: err.Error()}
	}
	return nil
}

// filterText is a filter as a query parameter has it.
func filterText(name string, value json.RawMessage) (text string, err error) {
	var ns int64
	if strings.HasSuffix(name, "Duration") && json.Unmarshal(value, &ns) == nil {
		return string(value) + "ns", nil
	}
	err = json.Unmarshal(value, &text)
	return text, err
}

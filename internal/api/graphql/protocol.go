package graphql

import (
	"encoding/json"
	"fmt"

	"github.com/coder/websocket"
)

// Subprotocol is the WebSocket's: that of graphql-ws, of Apollo's and of urql's
// clients today.
const Subprotocol = "graphql-transport-ws"

// Types of message. A client sends the first five; a server all but
// connection_init and subscribe.
const (
	typeInit      = "connection_init"
	typePing      = "ping"
	typePong      = "pong"
	typeSubscribe = "subscribe"
	typeComplete  = "complete"
	typeAck       = "connection_ack"
	typeNext      = "next"
	typeError     = "error"
)

// Codes that a connection is closed with, as the protocol has them.
const (
	closeInvalid     websocket.StatusCode = 4400
	closeEarly       websocket.StatusCode = 4401
	closeProtocol    websocket.StatusCode = 4406
	closeInitTimeout websocket.StatusCode = 4408
	closeDuplicate   websocket.StatusCode = 4409
	closeInitTwice   websocket.StatusCode = 4429
)

// maxID bounds what a client calls an operation; a UUID has 36.
const maxID = 64

// message is what both sides send.
type message struct {
	Type    string `json:"type"`
	ID      string `json:"id,omitempty"`
	Payload any    `json:"payload,omitempty"`
}

// closing is why a connection is ended, told to the client.
type closing struct {
	code   websocket.StatusCode
	reason string // at most 123 bytes go into a frame
}

func (c *closing) Error() string { return c.reason }

func invalid(reason string) error {
	return &closing{closeInvalid, "Invalid message: " + reason}
}

// inbound is a client's message.
type inbound struct {
	Type    string
	ID      string
	Payload json.RawMessage
	request request // of subscribe
}

// decode reads a client's message. What is not as the protocol says ends the
// connection; the query itself is looked at later.
func decode(kind websocket.MessageType, text []byte) (inbound, error) {
	var m inbound
	if kind != websocket.MessageText {
		return m, invalid("it is not a text")
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, invalid("it is no JSON object with type, id and payload as the protocol has them")
	}
	switch m.Type {
	case typeInit, typePing, typePong:
		var payload map[string]json.RawMessage
		if len(m.Payload) > 0 && json.Unmarshal(m.Payload, &payload) != nil {
			return m, invalid("its payload is no object")
		}
		return m, nil
	case typeSubscribe:
		if err := m.checkID(); err != nil {
			return m, err
		}
		return m, m.decodeRequest()
	case typeComplete:
		return m, m.checkID()
	default:
		return m, invalid("its type is none that a client sends")
	}
}

func (m *inbound) checkID() error {
	if m.ID == "" || len(m.ID) > maxID {
		return invalid(fmt.Sprintf("its id has %d bytes, not 1 to %d", len(m.ID), maxID))
	}
	return nil
}

func (m *inbound) decodeRequest() error {
	var payload *struct {
		request
		Query *string `json:"query"`
	}
	if json.Unmarshal(m.Payload, &payload) != nil || payload == nil || payload.Query == nil {
		return invalid("its payload is no object with query, operationName and variables")
	}
	m.request = payload.request
	m.request.Query = *payload.Query
	return nil
}

// payload is sent back with a pong; none is left out.
func (m *inbound) payload() any {
	if len(m.Payload) == 0 {
		return nil
	}
	return m.Payload
}

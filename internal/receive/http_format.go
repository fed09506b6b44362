package receive

import (
	"mime"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/flowscope/flowscope/internal/decode"
	"github.com/flowscope/flowscope/internal/model"
)

// format is how a request writes its messages, and wants its answer.
type format uint8

const (
	formatOther format = iota // not OTLP; it is answered in JSON, for people
	formatProtobuf
	formatJSON
)

const (
	contentProtobuf = "application/x-protobuf"
	contentJSON     = "application/json"
)

// formatOf reads a Content-Type header. Parameters do not matter.
func formatOf(contentType string) format {
	switch contentType { // what SDKs send, without parsing it
	case contentProtobuf:
		return formatProtobuf
	case contentJSON:
		return formatJSON
	}
	media, _, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil:
		return formatOther
	case media == contentProtobuf:
		return formatProtobuf
	case media == contentJSON:
		return formatJSON
	}
	return formatOther
}

// reader appends a body's spans to a batch.
type reader func(*model.Batch, []byte) (decode.Report, error)

func (f format) reader() reader {
	if f == formatProtobuf {
		return decode.Proto
	}
	return decode.JSON
}

func (f format) contentType() string {
	if f == formatProtobuf {
		return contentProtobuf
	}
	return contentJSON
}

func (f format) marshal(m proto.Message) ([]byte, error) {
	if f == formatProtobuf {
		return proto.Marshal(m)
	}
	return protojson.Marshal(m)
}

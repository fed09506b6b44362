package graphql

import (
	"encoding/json"
	"errors"
	"testing"

	gg "github.com/graph-gophers/graphql-go"
)

// BenchmarkEvent is what an event of REST's WebSocket costs to be said in GraphQL,
// down to the text that is sent.
func BenchmarkEvent(b *testing.B) {
	const data = `{"flowId":"00112233445566778899aabbccddeeff","traceId":"00112233445566778899aabbccddeeff",` +
		`"operationName":"checkout","environment":"production","startTime":"2027-01-15T08:00:00.123456789Z","endTime":"2027-01-15T08:00:00.223456789Z","duration":100000000,` +
		`"status":"success","rootService":"shop/web","rootName":"POST /checkout","spanCount":12,"serviceCount":4,"errorCount":0,"orphanCount":0,"complete":true,` +
		`"services":["shop/web","shop/cart","pay/payment","database:postgresql"],"revision":0}`
	f := newFake()
	h := newHandler(b, f)
	for name, query := range map[string]string{
		"few":  `subscription { flowEvents { type cursor flow { id operationName duration status } openFlow { id currentService progress } dropped { count reason } } }`,
		"most": `subscription { flowEvents { type cursor revision flow { id traceId operationName environment startTime endTime duration status rootService rootName spanCount serviceCount errorCount orphanCount complete error services } } }`,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			page := make([]Message, 200)
			for i := range page {
				page[i] = Message{Type: "flow_complete", Cursor: "ABCDEFGH.2s", Data: []byte(data)}
			}
			go func() {
				feed := <-f.feeds
				for range b.N/len(page) + 1 {
					feed.messages <- page
				}
				close(feed.messages)
			}()
			_, err := h.subscribe(b.Context(), request{Query: query}, func(answer *gg.Response) error {
				_, err := json.Marshal(message{Type: typeNext, ID: "1", Payload: answer})
				return err
			})
			if !errors.Is(err, errEnded) {
				b.Fatal(err)
			}
		})
	}
}
